using System.Diagnostics;
using System.Globalization;
using System.Net;
using StackNet.Engine.Causes;
using StackNet.Engine.Facts;
using StackNet.Engine.Labs;
using StackNet.Engine.Topology;
using Xunit;

namespace StackNet.Engine.Tests.Labs;

/// <summary>A lab that somebody changes by hand: what is said of it stays what its packets do.</summary>
public sealed class LabByHandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LabLayout.Hybrid)]
    [InlineData(LabLayout.HostNat)]
    public async Task WhatPacketsDoIsSaidAfterEveryChange(LabLayout layout)
    {
        LabSkip.UnlessPossible();
        await using LabFixture lab = await LabFixture.CreateAsync(layout, 2);
        (string, string)[] words = await WordsAsync(lab.Lab);
        List<string> wrong = [];
        int refused = 0;
        foreach ((string change, string inverse) in layout == LabLayout.Hybrid ? HandMadeBreaks.Hybrid : HandMadeBreaks.HostNat)
        {
            await RunAsync(lab.Lab, Fill(change, words));
            refused += await CompareAsync(lab, change, wrong);
            await RunAsync(lab.Lab, Fill(inverse, words));
        }
        int left = await CompareAsync(lab, "everything taken back", wrong);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(0, left);
        Assert.True(refused > 10, "the changes stop nothing");
    }

    /// <summary>Sends and judges; gives how many packets got no answer.</summary>
    private static async Task<int> CompareAsync(LabFixture lab, string label, List<string> wrong)
    {
        ComputeNode node = ComputeNodes.Create(await LabManager.ReadAsync(lab.Name, Token), "lab:" + lab.Name, NodeSourceKind.Lab);
        IPAddress internet = lab.Lab.InternetAddress!;
        LabInstance[] instances = lab.Lab.Instance;
        bool[] replies = await Task.WhenAll(
            instances
                .SelectMany(i =>
                    new[]
                    {
                        (i, internet, ProbeProtocol.Icmp, 56),
                        (i, internet, ProbeProtocol.Icmp, 1400),
                        (i, internet, ProbeProtocol.Tcp, 56),
                    }
                )
                .Append((instances[1], instances[0].Address, ProbeProtocol.Icmp, 56))
                .Select(async flow =>
                {
                    (LabInstance instance, IPAddress to, ProbeProtocol protocol, int size) = flow;
                    LabPing ping = await lab.PingAsync(
                        instance.Name,
                        to,
                        protocol.ToString(),
                        protocol == ProbeProtocol.Tcp ? 80 : null,
                        size,
                        size > 1000
                    );
                    EgressRequest request = new()
                    {
                        Instances = [instance.Name],
                        Destinations = [Ip.Parse(to.ToString())],
                        Protocol = protocol,
                        Port = protocol == ProbeProtocol.Tcp ? 80 : null,
                        Size = size,
                        DontFragment = size > 1000,
                    };
                    EgressResult said = Assert.Single(EgressTest.Run(node, request, Token));
                    if (said.Verdict != (ping.Replied ? Verdict.Pass : Verdict.Fail))
                    {
                        string more = $"{said.CauseId} {said.Device} {said.Evidence}{said.UnknownBecause}";
                        lock (wrong)
                            wrong.Add(
                                $"{label}: {instance.Name} > {to} {protocol} {size}: real {ping.Replied}, said {said.Verdict} {more}"
                            );
                    }
                    return ping.Replied;
                })
        );
        return replies.Count(r => !r);
    }

    private static string Fill(string line, (string Name, string Text)[] words)
    {
        foreach ((string name, string text) in words)
            line = line.Replace("{" + name + "}", text, StringComparison.Ordinal);
        return line;
    }

    private static async Task<(string, string)[]> WordsAsync(Lab lab)
    {
        LabInstance first = lab.Instance[0];
        string router = lab.RouterNamespace is { } ns ? $"ip netns exec {ns}" : "";
        string links = await RunAsync(lab, $"{router} ip -o link".Trim());
        string Port(string prefix) =>
            links
                .Split('\n')
                .Select(l => l.Split(": ", 3))
                .Where(l => l.Length == 3 && l[1].StartsWith(prefix, StringComparison.Ordinal))
                .Select(l => l[1].Split('@')[0])
                .FirstOrDefault("");
        return
        [
            ("R", router),
            ("QR", Port("qr-")),
            ("QG", Port("qg-")),
            ("T1", first.TapDevice),
            ("P1", first.TapDevice["tap".Length..]),
            ("A1", first.Address.ToString()),
            ("M1", first.MacAddress),
            ("INET", lab.InternetAddress!.ToString()),
            ("GW", lab.ExternalGateway!.ToString()),
        ];
    }

    private static async Task<string> RunAsync(Lab lab, string commands)
    {
        string all = "";
        foreach (string command in commands.Split(" && "))
        {
            ProcessStartInfo start = new("nsenter")
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (string word in (string[])["-t", lab.NodePid!.Value.ToString(CultureInfo.InvariantCulture), "-n", "-m", "--"])
                start.ArgumentList.Add(word);
            foreach (string word in command.Split(' '))
                start.ArgumentList.Add(word);
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync(Token);
            all += await process.StandardOutput.ReadToEndAsync(Token);
            await process.WaitForExitAsync(Token);
            Assert.True(process.ExitCode == 0, $"{command}: {await errors}");
        }
        return all;
    }
}
