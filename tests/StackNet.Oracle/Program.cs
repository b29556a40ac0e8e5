using System.Globalization;
using StackNet.Engine.Sources.Capture;
using StackNet.Oracle;
using StackNet.Oracle.Comparing;

const string usage = """
    StackNet.Oracle kernel [--minutes N] [--nodes N] [--seed S] [--into FOLDER] [--workers N]   random nodes, the real kernel beside the walk (root)
    StackNet.Oracle cases FOLDER                                      measured cases: a line for each packet that differs
    StackNet.Oracle explain FILE                                      one case: every step of the walk
    StackNet.Oracle corpus FOLDER                                     rulesets: round trip, raw rest, time
    """;

try
{
    switch (args)
    {
        case ["kernel", .. var options]:
            return Kernel(options);
        case ["cases", string folder]:
            return Cases(folder);
        case ["explain", string file]:
            Explain(file);
            return 0;
        case ["corpus", string folder]:
            return CorpusRun.Run(folder) ? 0 : 1;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }
}
catch (Exception e) when (e is FormatException or CaptureException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"StackNet.Oracle: {e.Message}");
    return 2;
}

static int Kernel(string[] options)
{
    double minutes = 1;
    int nodes = int.MaxValue;
    int seed = Environment.TickCount & 0xffffff;
    int workers = Math.Min(2, Environment.ProcessorCount);
    string into = Path.Combine(Directory.GetCurrentDirectory(), "TestResults", "oracle");
    for (int i = 0; i + 1 < options.Length; i += 2)
    {
        string value = options[i + 1];
        switch (options[i])
        {
            case "--minutes":
                minutes = double.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "--nodes":
                nodes = int.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "--seed":
                seed = int.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "--workers":
                workers = int.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "--into":
                into = value;
                break;
            default:
                throw new FormatException($"no option {options[i]}");
        }
    }
    if (!Environment.IsPrivilegedProcess)
    {
        Console.Error.WriteLine("StackNet.Oracle: kernel needs root: it makes network namespaces.");
        return 3;
    }
    Console.WriteLine($"seed {seed}, {minutes} minutes, {workers} workers");
    return new Hunt(TimeSpan.FromMinutes(minutes), nodes, seed, into, workers).Run() ? 0 : 1;
}

static int Cases(string folder)
{
    int agree = 0;
    int wrong = 0;
    int unknown = 0;
    int allowed = 0;
    foreach (string path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
    {
        CaseReplay replay = CaseReplay.Of(KernelCase.Read(path));
        agree += replay.Agree;
        unknown += replay.Unknown;
        allowed += replay.Allowed;
        wrong += replay.WrongPackets.Count;
        foreach (string line in replay.Wrong)
            Console.WriteLine(line);
    }
    Console.WriteLine($"agree {agree}, wrong {wrong}, unknown {unknown} (allowed {allowed})");
    return wrong == 0 && unknown == allowed && agree > 0 ? 0 : 1;
}

static void Explain(string file)
{
    KernelCase kernelCase = KernelCase.Read(file);
    foreach (string line in CaseReplay.Of(kernelCase, Console.WriteLine).Wrong)
        Console.WriteLine("!!! " + line);
}
