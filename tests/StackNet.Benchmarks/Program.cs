using System.Diagnostics;
using BenchmarkDotNet.Running;
using StackNet.Benchmarks;

// "bignode [N]" builds the node and measures the reading of it; anything else is BenchmarkDotNet's ("--filter *").
if (args is not ["bignode", ..])
{
    BenchmarkSwitcher.FromAssembly(typeof(NetlinkParsing).Assembly).Run(args);
    return 0;
}
int instances = args.Length > 1 ? int.Parse(args[1]) : 1000;
BigNodePlan plan = new(instances, Math.Max(1, instances / 10));
Stopwatch watch = Stopwatch.StartNew();
using BigNode node = BigNode.Build(plan, what => Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds, 6:0.0} s  {what}"));
Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds, 6:0.0} s  built");
return await Measurement.RunAsync(node, plan);
