using System.Diagnostics;
using StackNet.Benchmarks;
using StackNet.Engine.Facts;
using StackNet.Engine.Sources.Live;

int instances = args.Length > 1 ? int.Parse(args[1]) : 1000;
BigNodePlan plan = new(instances, Math.Max(1, instances / 10));
Stopwatch watch = Stopwatch.StartNew();
using BigNode node = BigNode.Build(plan, what => Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds, 6:0.0} s  {what}"));
Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds, 6:0.0} s  built");
return await Measurement.RunAsync(node, plan);
