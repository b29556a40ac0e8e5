using StackNet.Engine.Walk.Conntrack;

namespace StackNet.Engine.Walk;

/// <summary>What nf_conntrack says of a packet (enum ip_conntrack_info, plus none, untracked and invalid).</summary>
internal enum ConntrackInfo
{
    /// <summary>Conntrack has not looked at it (yet).</summary>
    None,
    Untracked,
    Invalid,
    New,
    Established,
    EstablishedReply,
    Related,
    RelatedReply,
}

/// <summary>A packet's connection: skb->_nfct and its ctinfo.</summary>
internal readonly record struct ConntrackLink(ConntrackEntry? Entry, ConntrackInfo Info)
{
    /// <summary>The packet travels in the reply direction of its connection.</summary>
    public bool IsReply => Info is ConntrackInfo.EstablishedReply or ConntrackInfo.RelatedReply;
}
