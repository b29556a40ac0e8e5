using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace StackNet.ImportTime;

/// <summary>
/// How long Import-Module and the first answer take in a process that already runs PowerShell: "ImportTime MANIFEST [RUNS]". Each run is a
/// process of its own, since a second import in one finds everything loaded and compiled.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is ["one", string module])
            return RunOnce(module);
        if (args.Length == 0)
        {
            Console.Error.WriteLine("ImportTime MANIFEST [RUNS]");
            return 2;
        }
        int runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
        List<double[]> times = [];
        for (int i = 0; i < runs; i++)
            times.Add(RunInOwnProcess(args[0]));
        Print("Import-Module", times, 0);
        Print("processor time of it", times, 3);
        Print("first Get-ComputeNode -Sample | Test-InstanceEgress", times, 1);
        Print("second", times, 2);
        return 0;
    }

    private static double[] RunInOwnProcess(string module)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(Program).Assembly.Location);
        start.ArgumentList.Add("one");
        start.ArgumentList.Add(module);
        using Process process = Process.Start(start)!;
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? [.. line.Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException(line);
    }

    private static int RunOnce(string module)
    {
        using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        // What any session has done before: commands were looked up, a pipeline ran, a manifest was read.
        Invoke(runspace, "Get-Command Get-Module | ForEach-Object { $_.Name } | Where-Object { $_ } | Out-Null");
        Invoke(runspace, "New-Module -Name Warm { function Get-Warm { 1 } } | Import-Module; Get-Warm | Out-Null");
        const string question = "Get-ComputeNode -Sample | Test-InstanceEgress";
        TimeSpan spent = Environment.CpuUsage.TotalTime;
        double import = Time(() => Invoke(runspace, $"Import-Module '{module.Replace("'", "''", StringComparison.Ordinal)}'"));
        double processor = (Environment.CpuUsage.TotalTime - spent).TotalMilliseconds;
        int answers = 0;
        double first = Time(() => answers = Invoke(runspace, question));
        double second = Time(() => Invoke(runspace, question));
        if (answers == 0)
            return 1;
        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{import} {first} {second} {processor}"));
        return 0;
    }

    private static double Time(Action work)
    {
        long begin = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }

    private static int Invoke(Runspace runspace, string script)
    {
        using PowerShell shell = PowerShell.Create(runspace);
        int count = shell.AddScript(script).Invoke().Count;
        return shell.HadErrors ? throw new InvalidOperationException($"{script}: {shell.Streams.Error[0]}") : count;
    }

    private static void Print(string what, List<double[]> times, int column)
    {
        double[] sorted = [.. times.Select(t => t[column]).Order()];
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{what, -55} median {sorted[sorted.Length / 2], 6:0} ms, best {sorted[0], 6:0} ms")
        );
    }
}
