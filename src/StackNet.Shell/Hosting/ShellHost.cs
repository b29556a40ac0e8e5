using System.Globalization;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;

namespace StackNet.Shell.Hosting;

/// <summary>The host that the engine talks to: console streams, exit code, culture.</summary>
internal sealed class ShellHost(bool nonInteractive) : PSHost
{
    private readonly ShellInterface _interface = new(nonInteractive);

    /// <summary>Set by <c>exit N</c>.</summary>
    public int? ExitCode { get; private set; }

    public Runspace Runspace { get; set; } = null!;

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;
    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;
    public override Guid InstanceId { get; } = Guid.NewGuid();
    public override string Name => "StackNetShell";
    public override PSHostUserInterface UI => _interface;

    public ShellInterface Interface => _interface;

    public override Version Version => typeof(ShellHost).Assembly.GetName().Version ?? new Version(0, 0);

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => throw new NotSupportedException("This shell has no nested prompt.");

    public override void ExitNestedPrompt() => throw new NotSupportedException("This shell has no nested prompt.");

    public override void NotifyBeginApplication() { }

    public override void NotifyEndApplication() { }
}
