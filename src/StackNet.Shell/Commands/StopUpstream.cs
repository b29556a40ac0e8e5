using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Reflection;

namespace StackNet.Shell.Commands;

/// <summary>Ends the commands before this one, as Select-Object -First does. The engine knows how; its exception is internal.</summary>
internal static class StopUpstream
{
    public static void From(PSCmdlet command)
    {
        Type type = typeof(PSCmdlet).Assembly.GetType("System.Management.Automation.StopUpstreamCommandsException", throwOnError: true)!;
        object exception = Activator.CreateInstance(
            type,
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic,
            binder: null,
            [(InternalCommand)command],
            culture: null
        )!;
        throw (Exception)exception;
    }
}
