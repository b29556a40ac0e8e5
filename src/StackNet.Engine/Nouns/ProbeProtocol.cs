namespace StackNet;

/// <summary>What is sent to find out whether a way is open.</summary>
public enum ProbeProtocol
{
    /// <summary>Echo request and reply, as ping sends.</summary>
    Icmp,

    /// <summary>A connection: SYN, SYN-ACK and ACK.</summary>
    Tcp,

    /// <summary>One datagram and one back.</summary>
    Udp,
}
