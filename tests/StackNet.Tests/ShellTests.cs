using System.Diagnostics;
using StackNet.Shell;
using Xunit;

namespace StackNet.Tests;

/// <summary>The shell as a process: what it prints where, and its exit code.</summary>
public sealed class ShellTests
{
    private sealed record Outcome(int Code, string Output, string Error);

    [Theory]
    [InlineData("'x'", 0)]
    [InlineData("Get-Module Nope; 1", 0)]
    [InlineData("1; Get-NoSuchCommand", 1)]
    [InlineData("Get-NoSuchCommand; 1", 0)]
    [InlineData("throw 'x'", 1)]
    [InlineData("exit 7", 7)]
    [InlineData("exit", 0)]
    [InlineData("if (", 1)]
    public async Task The_exit_code_of_a_command_is_that_of_pwsh(string command, int code) =>
        Assert.Equal(code, (await RunAsync(["-Command", command])).Code);

    [Fact]
    public async Task Objects_go_to_standard_output_and_errors_to_standard_error()
    {
        Outcome outcome = await RunAsync(["-NonInteractive", "-Command", "'one'; Get-NoSuchCommand; 'two'"]);
        Assert.Equal("one\ntwo\n", outcome.Output);
        Assert.Contains("Get-NoSuchCommand", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', outcome.Output + outcome.Error);
    }

    [Fact]
    public async Task A_script_file_gets_its_arguments_and_gives_its_exit_code()
    {
        string script = Path.Combine(Path.GetTempPath(), $"stacknet-{Guid.NewGuid():N}.ps1");
        await File.WriteAllTextAsync(
            script,
            "param($Name, [switch]$Flag, [Parameter(ValueFromRemainingArguments)]$Rest) \"$Name|$Flag|$Rest\"; exit 4"
        );
        try
        {
            Outcome outcome = await RunAsync(["-File", script, "-Name", "a b", "c", "$(d)", "-Flag"]);
            Assert.Equal("a b|True|c $(d)\n", outcome.Output);
            Assert.Equal(4, outcome.Code);
            Assert.Equal(64, (await RunAsync(["-File", script + ".none"])).Code);
        }
        finally
        {
            File.Delete(script);
        }
    }

    [Fact]
    public async Task Standard_input_is_a_script()
    {
        Outcome outcome = await RunAsync([], "$x = 20\n$x + 1\nforeach ($i in 1..2) {\n  $i\n}\nexit 3\n");
        Assert.Equal("21\n1\n2\n", outcome.Output);
        Assert.Equal(3, outcome.Code);
        Assert.Equal("5\n", (await RunAsync(["-Command", "-"], "2 + 3")).Output);
    }

    [Fact]
    public async Task A_question_is_an_error_when_nobody_may_be_asked()
    {
        Outcome outcome = await RunAsync(["-NonInteractive", "-Command", "Get-Command | Invoke-Command"]);
        Assert.Equal(1, outcome.Code);
        Assert.NotEqual("", outcome.Error);
    }

    [Fact]
    public async Task The_small_helpers_work()
    {
        Outcome json = await RunAsync([
            "-c",
            "[pscustomobject]@{ A = 1; B = @('x', $null); C = [ipaddress]'10.0.0.1'; D = [StackNet.Verdict]::Fail } | ConvertTo-Json -Compress",
        ]);
        Assert.Equal("{\"A\":1,\"B\":[\"x\",null],\"C\":\"10.0.0.1\",\"D\":\"Fail\"}\n", json.Output);
        Outcome cycle = await RunAsync(["-c", "$a = @{}; $a.Self = $a; $a | ConvertTo-Json -Compress -Depth 90"]);
        Assert.Equal("{\"Self\":\"System.Collections.Hashtable\"}\n", cycle.Output);
        Outcome sort = await RunAsync(["-c", "3, 1, 2 | Sort-Object -Descending | Select-Object -First 2; 'b', 'A' | Sort-Object"]);
        Assert.Equal("3\n2\nA\nb\n", sort.Output);
        Outcome select = await RunAsync([
            "-c",
            "[pscustomobject]@{ A = 1; B = 2 } | Select-Object B, @{ n = 'C'; e = { $_.A + 5 } } | ConvertTo-Json -Compress",
        ]);
        Assert.Equal("{\"B\":2,\"C\":6}\n", select.Output);
        Outcome list = await RunAsync([
            "-c",
            "[pscustomobject]@{ A = 1; B = 2 } | Format-List B; [pscustomobject]@{ A = 1; B = 2 } | Format-Table A -HideTableHeaders",
        ]);
        Assert.Contains("B : 2", list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("A :", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Select_Object_First_ends_the_commands_before_it()
    {
        Outcome outcome = await RunAsync(["-c", "& { for ($i = 1; $true; $i++) { $i } } | Select-Object -First 3"]);
        Assert.Equal("1\n2\n3\n", outcome.Output);
    }

    [Fact]
    public async Task Help_and_version_say_what_this_is()
    {
        Assert.Contains("-NonInteractive", (await RunAsync(["-Help"])).Output, StringComparison.Ordinal);
        Assert.Contains("full powershell", (await RunAsync(["-Help"])).Output, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("StackNet Shell", (await RunAsync(["-Version"])).Output, StringComparison.Ordinal);
        Assert.Equal(64, (await RunAsync(["-Nonsense"])).Code);
    }

    [Fact]
    public void Arguments_are_read_as_pwsh_reads_them()
    {
        Assert.Equal(ShellMode.Interactive, ShellArguments.Parse([], inputRedirected: false).Mode);
        Assert.Equal(ShellMode.Input, ShellArguments.Parse([], inputRedirected: true).Mode);
        ShellArguments command = ShellArguments.Parse(["-noni", "-com", "a", "-File", "b"], inputRedirected: false);
        Assert.Equal((ShellMode.Command, "a -File b", true), (command.Mode, command.Text, command.NonInteractive));
        ShellArguments file = ShellArguments.Parse(["x.ps1", "-Command", "y"], inputRedirected: true);
        Assert.Equal((ShellMode.File, "x.ps1", 2), (file.Mode, file.Text, file.Rest.Count));
        Assert.Throws<ArgumentException>(() => ShellArguments.Parse(["-no"], inputRedirected: false));
        Assert.Throws<ArgumentException>(() => ShellArguments.Parse(["-Command"], inputRedirected: false));
    }

    /// <summary>Starts the shell with all of its streams redirected.</summary>
    internal static Process Start(string[] arguments)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string shell = Path.Combine(Repository.Root, "src", "StackNet.Shell", "bin", configuration, "net10.0", "StackNet.Shell.dll");
        ProcessStartInfo start = new(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet"
        )
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(shell);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task<Outcome> RunAsync(string[] arguments, string input = "")
    {
        using Process process = Start(arguments);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return new(process.ExitCode, await output, await error);
    }
}
