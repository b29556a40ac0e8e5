using System.Management.Automation;

namespace StackNet.Commands;

/// <summary>A cmdlet about labs: what goes wrong with one becomes an error record.</summary>
public abstract class LabCommand : StackNetCommand
{
    /// <summary>Runs work on a lab; false after an error. What no other lab would mend ends the command.</summary>
    private protected bool Try<T>(string activity, string lab, Func<CancellationToken, Task<T>> work, out T? result)
    {
        result = default;
        try
        {
            result = Run(activity, lab, work);
            return true;
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
