using System.Management.Automation;
using StackNet.Engine.Labs;

namespace StackNet.Commands;

/// <summary>A cmdlet about labs: what goes wrong with one becomes an error record.</summary>
public abstract class LabCommand : StackNetCommand
{
    /// <summary>Runs work on a lab; false after an error. What no other lab would mend ends the command.</summary>
    private protected bool Try<T>(string activity, string lab, Func<CancellationToken, Task<T>> work, out T? result)
    {
        result = default;
        Task<T>? started = null;
        try
        {
            result = Run(activity, lab, token => started = work(token));
            return true;
        }
        catch (PipelineStoppedException)
        {
            // What was begun is taken back (that takes a blink); a shell that ends with this command must not cut it off.
            Linger(started);
            throw;
        }
        catch (LabException error) when (error.Reason is LabFailure.NotRoot or LabFailure.MissingPackage)
        {
            ThrowTerminatingError(Errors.Lab(error));
        }
        catch (LabException error)
        {
            WriteError(Errors.Lab(error));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            WriteError(Errors.LabFailed(lab, error));
        }
        return false;
    }

    private static void Linger(Task? work)
    {
        try
        {
            work?.Wait(TimeSpan.FromSeconds(5));
        }
        catch (AggregateException)
        {
            // It was stopped, and nobody asks why.
        }
    }

    /// <summary>Ends the command when a fault is named that no lab can have.</summary>
    private protected void RequireFaults(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (!LabManager.Faults.Any(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                ThrowTerminatingError(Errors.LabFaultNotFound(name));
        }
    }

    private protected bool Try(string activity, string lab, Func<CancellationToken, Task> work) =>
        Try(
            activity,
            lab,
            async token =>
            {
                await work(token).ConfigureAwait(false);
                return true;
            },
            out _
        );
}
