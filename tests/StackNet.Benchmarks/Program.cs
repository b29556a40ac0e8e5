using System.Diagnostics;
using System.Globalization;
using BenchmarkDotNet.Running;
using StackNet.Benchmarks;

// "bignode [N]" builds the node and measures the reading of it; "hold [N]" builds it and keeps it until standard input ends;
// "once ..." is one job in a process of its own (MemoryRun); anything else is BenchmarkDotNet's ("--filter *").
switch (args)
{
    case ["once", .. string[] job]:
        return await MemoryRun.RunAsync(job);
    case ["bignode" or "hold", ..]:
        int instances = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1000;
        BigNodePlan plan = new(instances, Math.Max(1, instances / 10));
        Stopwatch watch = Stopwatch.StartNew();
        using (BigNode node = BigNode.Build(plan, what => Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds, 6:0.0} s  {what}")))
        {
            Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds, 6:0.0} s  built");
            if (args[0] == "bignode")
                return await Measurement.RunAsync(node, plan);
            Console.WriteLine(node.Pid);
            while (Console.ReadLine() is not null) { }
        }
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(NetlinkParsing).Assembly).Run(args);
        return 0;
}
