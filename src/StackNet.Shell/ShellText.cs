using System.Management.Automation;
using System.Reflection;

namespace StackNet.Shell;

/// <summary>What the shell says about itself.</summary>
internal static class ShellText
{
    public static string Version =>
        $"StackNet Shell {typeof(ShellText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}"
        + $" on PowerShell {typeof(PSObject).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split(' ')[0]}";

    public static string Banner =>
        Version
        + Environment.NewLine
        + "The PowerShell engine with the StackNet module. Get-Command -Module StackNet lists its commands, Get-Help NAME explains one."
        + Environment.NewLine
        + "Everyday commands such as Get-ChildItem, Get-Content, Group-Object, Measure-Object, Export-Csv and Out-String are not in the"
        + Environment.NewLine
        + "engine: full PowerShell (pwsh 7.6, then Import-Module ./StackNet.psd1) has them all."
        + Environment.NewLine;

    public const string Usage = """
        Usage: StackNet.Shell [-NoLogo] [-NonInteractive] [-NoExit] [-Command TEXT | -File SCRIPT [ARGUMENTS] | -]

          -Command TEXT    Run TEXT and exit: 0, 1 when its last statement failed, or N after 'exit N'.
          -File SCRIPT     Run a script with its arguments and exit with its exit code.
          -                Read the script from standard input (also when that is not a terminal).
          -NonInteractive  Never ask: a question becomes an error.
          -NoExit          Stay at the prompt afterwards.
          -Help, -Version

        Without arguments on a terminal: a prompt with history and tab completion. Objects go to standard output, formatted by the
        module's views; errors, warnings, verbose and debug text and progress go to standard error.

        The shell is the PowerShell engine with the StackNet module and a few small helpers (ConvertTo-Json, Select-Object,
        Sort-Object, Format-List, Format-Table). Full PowerShell (pwsh 7.6) has the rest: Import-Module ./StackNet.psd1 there.
        """;
}
