using System.ComponentModel;
using System.Diagnostics;

namespace StackNet.Engine.Labs;

/// <summary>Runs the tools that a lab is made with: argument lists only, a mark in the environment, cancellable.</summary>
internal static class LabProcess
{
    /// <summary>Environment entry by which what is left of a lab is found after its maker died.</summary>
    public const string Mark = "STACKNET_LAB";
    private static readonly string[] Folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    public static string? Find(string name) => Array.Find([.. Folders.Select(f => Path.Join(f, name))], File.Exists);

    public static Process Start(string lab, string tool, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Find(tool) ?? throw new LabException(LabFailure.MissingPackage, $"{tool} is not installed.", lab))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear(); // nothing of the caller's (OVS_RUNDIR, PERL5LIB, …) may lead a tool astray
        start.Environment["PATH"] = string.Join(':', Folders);
        start.Environment["LC_ALL"] = "C";
        start.Environment[Mark] = lab;
        try
        {
            return Process.Start(start) ?? throw new LabException(LabFailure.Failed, $"{tool} could not be started.", lab);
        }
        catch (Win32Exception error)
        {
            throw new LabException(LabFailure.Failed, $"{tool} could not be started: {error.Message}", lab, error);
        }
    }

    /// <summary>Standard output; anything but success is a <see cref="LabException"/> that quotes what the tool said.</summary>
    public static async Task<string> RunAsync(
        string lab,
        string tool,
        IReadOnlyList<string> arguments,
        string? input,
        string shown,
        CancellationToken token
    )
    {
        using Process process = Start(lab, tool, arguments);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        using CancellationTokenRegistration kill = limit.Token.Register(() => Kill(process));
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read everything; its exit code tells.
        }
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        string text = await output.ConfigureAwait(false);
        token.ThrowIfCancellationRequested();
        if (limit.IsCancellationRequested)
            throw new LabException(LabFailure.Failed, $"{shown}: did not end in time.", lab);
        if (process.ExitCode != 0)
        {
            string reason = (await errors.ConfigureAwait(false)).Trim().ReplaceLineEndings("; ");
            throw new LabException(LabFailure.Failed, $"{shown}: exit code {process.ExitCode}: {reason}", lab);
        }
        return text;
    }

    public static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // It ended by itself meanwhile.
        }
    }
}
