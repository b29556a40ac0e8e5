using System.Text.Json;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary><c>ip -j neigh</c> and <c>ip -j netns list-id</c>.</summary>
internal static class IpNeighJson
{
    public static IReadOnlyList<NeighbourFacts> Parse(ReadOnlyMemory<byte> json)
    {
        List<NeighbourFacts> neighbours = [];
        JsonText.ForEachObject(
            json,
            "ip -j neigh",
            item =>
            {
                if (item.Text("dst") is not { } address || item.Text("dev") is not { } device || !Ip.TryParse(address, out Ip ip))
                    return;
                IReadOnlyList<string> states = item.Strings("state");
                neighbours.Add(
                    new NeighbourFacts
                    {
                        Device = device,
                        Address = ip,
                        Mac = Mac.TryParse(item.Text("lladdr"), out Mac mac) ? mac : null,
                        State = states.Count > 0 ? states[0] : "NONE",
                        IsProxy = item.TryGetProperty("proxy", out _),
                        IsRouter = item.TryGetProperty("router", out _),
                    }
                );
            }
        );
        return neighbours;
    }

    public static IReadOnlyList<NetnsId> ParseNetnsIds(ReadOnlyMemory<byte> json)
    {
        List<NetnsId> ids = [];
        JsonText.ForEachObject(
            json,
            "ip -j netns list-id",
            item =>
            {
                if (item.Integer("nsid") is int id)
                    ids.Add(new NetnsId(id, item.Text("name")));
            }
        );
        return ids;
    }
}
