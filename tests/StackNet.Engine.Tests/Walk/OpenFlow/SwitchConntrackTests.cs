using StackNet.Engine.Facts;
using StackNet.Engine.Facts.OpenFlow;
using StackNet.Engine.Walk;
using StackNet.Engine.Walk.OpenFlow;
using Xunit;

namespace StackNet.Engine.Tests.Walk.OpenFlow;

/// <summary>The userspace datapath's own tracker (lib/conntrack.c), where it differs from the kernel's and where it does not.</summary>
public sealed class SwitchConntrackTests
{
    private static readonly Ip Inside = Ip.Parse("10.0.0.5");
    private static readonly Ip Outside = Ip.Parse("192.0.2.9");
    private static readonly Ip Public = Ip.Parse("203.0.113.7");

    [Fact]
    public void ARequestIsNewAndItsAnswerEstablished()
    {
        SwitchConntrack table = new();
        Assert.Equal("new|trk", State(table, Echo(Inside, Outside, 8), commit: true));
        Assert.Equal("new|trk", State(table, Echo(Inside, Outside, 8), commit: false));
        Assert.Equal("est|rpl|trk", State(table, Echo(Outside, Inside, 0), commit: false));
        Assert.Equal("est|trk", State(table, Echo(Inside, Outside, 8), commit: false));
    }

    [Fact]
    public void WithoutCommitNothingIsKept()
    {
        SwitchConntrack table = new();
        Assert.Equal("new|trk", State(table, Tcp(Inside, Outside, 1000, 80, TcpFlags.Syn), commit: false));
        Assert.Equal(0, table.Count);
        Assert.Equal("inv|trk", State(table, Tcp(Outside, Inside, 80, 1000, TcpFlags.Syn | TcpFlags.Ack), commit: false));
        Assert.Equal("inv|trk", State(table, Echo(Outside, Inside, 0), commit: false));
    }

    [Fact]
    public void ZonesAreSeparate()
    {
        SwitchConntrack table = new();
        Assert.Equal("new|trk", State(table, Tcp(Inside, Outside, 1000, 80, TcpFlags.Syn), commit: true, zone: 1));
        Assert.Equal("inv|trk", State(table, Tcp(Outside, Inside, 80, 1000, TcpFlags.Syn | TcpFlags.Ack), commit: false, zone: 2));
        Assert.Equal("est|rpl|trk", State(table, Tcp(Outside, Inside, 80, 1000, TcpFlags.Syn | TcpFlags.Ack), commit: false, zone: 1));
    }

    [Fact]
    public void SourceNatIsUndoneForTheAnswer()
    {
        SwitchConntrack table = new();
        NatAction nat = new(Source: true, Destination: false) { First = Public, Last = Public };
        Packet request = Tcp(Inside, Outside, 1000, 80, TcpFlags.Syn);
        Assert.Equal("new|trk|snat", State(table, request, commit: true, nat: nat));
        Assert.Equal(Public, request.Source);
        Packet answer = Tcp(Outside, Public, 80, 1000, TcpFlags.Syn | TcpFlags.Ack);
        Assert.Equal("est|rpl|trk|dnat", State(table, answer, commit: false, nat: new NatAction(Source: false, Destination: false)));
        Assert.Equal(Inside, answer.Destination);
    }

    [Fact]
    public void ATakenPortIsNotUsedTwice()
    {
        SwitchConntrack table = new();
        NatAction nat = new(Source: true, Destination: false) { First = Public, Last = Public };
        State(table, Tcp(Inside, Outside, 1000, 80, TcpFlags.Syn), commit: true, nat: nat);
        Packet second = Tcp(Ip.Parse("10.0.0.6"), Outside, 1000, 80, TcpFlags.Syn);
        State(table, second, commit: true, nat: nat);
        Assert.Equal(Public, second.Source);
        Assert.NotEqual(1000, second.SourcePort);
    }

    [Fact]
    public void DestinationNatWithAPort()
    {
        SwitchConntrack table = new();
        NatAction nat = new(Source: false, Destination: true)
        {
            First = Inside,
            Last = Inside,
            FirstPort = 8080,
            LastPort = 8080,
        };
        Packet request = Tcp(Outside, Public, 5555, 80, TcpFlags.Syn);
        Assert.Equal("new|trk|dnat", State(table, request, commit: true, nat: nat));
        Assert.Equal(Inside, request.Destination);
        Assert.Equal(8080, request.DestinationPort);
        Packet answer = Tcp(Inside, Outside, 8080, 5555, TcpFlags.Syn | TcpFlags.Ack);
        Assert.Equal("est|rpl|trk|snat", State(table, answer, commit: false, nat: new NatAction(Source: false, Destination: false)));
        Assert.Equal(Public, answer.Source);
        Assert.Equal(80, answer.SourcePort);
    }

    [Fact]
    public void AnErrorIsRelatedAndItsQuoteTranslatedBack()
    {
        SwitchConntrack table = new();
        NatAction nat = new(Source: true, Destination: false) { First = Public, Last = Public };
        Packet request = Tcp(Inside, Outside, 1000, 80, TcpFlags.Syn);
        State(table, request, commit: true, nat: nat);
        Packet error = new()
        {
            Source = Ip.Parse("192.0.2.1"),
            Destination = Public,
            Protocol = IpProtocols.Icmp,
            IcmpType = 3,
            IcmpCode = 4,
            Inner = request.Clone(),
        };
        Assert.Equal("rel|rpl|trk|dnat", State(table, error, commit: false, nat: new NatAction(Source: false, Destination: false)));
        Assert.Equal(Inside, error.Destination);
        Assert.Equal(Inside, error.Inner!.Source);
        Assert.Equal(1000, error.Inner.SourcePort);
        Packet stray = error.Clone();
        stray.Inner = Tcp(Inside, Outside, 1, 2, TcpFlags.Ack);
        Assert.Equal("inv|trk", State(table, stray, commit: false));
    }

    [Fact]
    public void MarksStayWithTheConnection()
    {
        SwitchConntrack table = new();
        CtRequest request = new(1, Commit: true, Force: false) { Mark = 1, MarkMask = uint.MaxValue };
        Assert.Equal(1u, table.Execute(Echo(Inside, Outside, 8), CtMetadata.None, request).Mark);
        Assert.Equal(1u, table.Execute(Echo(Outside, Inside, 0), CtMetadata.None, new CtRequest(1, Commit: false, Force: false)).Mark);
    }

    [Fact]
    public void ACopyGoesItsOwnWay()
    {
        SwitchConntrack table = new();
        SwitchConntrack copy = table.Clone();
        State(copy, Echo(Inside, Outside, 8), commit: true);
        Assert.Equal(0, table.Count);
        Assert.NotEqual(0, copy.Count);
    }

    [Fact]
    public void ReadsWhatTheSwitchPrints()
    {
        SwitchConnection plain = SwitchConntrackText.Parse(
            "icmp,orig=(src=192.168.66.198,dst=192.168.66.103,id=145,type=8,code=0),reply=(src=192.168.66.103,dst=192.168.66.198,id=145,type=0,code=0),zone=1"
        )!;
        Assert.Equal(1, plain.Forward.Zone);
        Assert.False(plain.NatSource || plain.NatDestination);
        SwitchConnection translated = SwitchConntrackText.Parse(
            "tcp,orig=(src=10.0.0.5,dst=192.0.2.9,sport=41148,dport=80),reply=(src=192.0.2.9,dst=203.0.113.7,sport=80,dport=41148),zone=9,mark=2,labels=0x10,protoinfo=(state=TIME_WAIT)"
        )!;
        Assert.True(translated.NatSource);
        Assert.True(translated.Closing);
        Assert.Equal(2u, translated.Mark);
        Assert.Null(SwitchConntrackText.Parse("tcp,orig=(src=1.2.3.4"));
        Assert.Null(SwitchConntrackText.Parse(""));
    }

    private static string State(SwitchConntrack table, Packet packet, bool commit, ushort zone = 1, NatAction? nat = null) =>
        Translation.Describe(table.Execute(packet, CtMetadata.None, new CtRequest(zone, commit, Force: false) { Nat = nat }).State);

    private static Packet Echo(Ip from, Ip to, byte type) =>
        new()
        {
            Source = from,
            Destination = to,
            Protocol = IpProtocols.Icmp,
            IcmpType = type,
            IcmpId = 42,
        };

    private static Packet Tcp(Ip from, Ip to, ushort source, ushort target, TcpFlags flags) =>
        new()
        {
            Source = from,
            Destination = to,
            Protocol = IpProtocols.Tcp,
            SourcePort = source,
            DestinationPort = target,
            TcpFlags = flags,
        };
}
