using System.Collections.Concurrent;
using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace StackNet.Commands;

/// <summary>What every cmdlet of the module shares: cancellation, progress of slow work, errors.</summary>
public abstract class StackNetCommand : PSCmdlet, IDisposable
{
    private const int ActivityId = 0x5AC7;

    // Results that may wait for a slow reader of the pipeline.
    private const int Ahead = 64;

    // A walk goes as deep as the rules of a node jump; what PowerShell gives its own threads.
    private const int StackSize = 10 << 20;
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _source = new();

    /// <summary>Cancelled by Ctrl+C and when the pipeline ends early.</summary>
    protected CancellationToken Token => _source.Token;

    /// <inheritdoc />
    protected override void StopProcessing() => _source.Cancel();

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary><c>| Select-Object -First 1</c> ends a cmdlet here: StopProcessing is not called then.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _source.Cancel();
        _source.Dispose();
    }

    /// <summary>
    /// Does slow work away from the pipeline thread, so that Ctrl+C answers at once, and shows progress after a second.
    /// </summary>
    internal T Run<T>(string activity, string status, Func<CancellationToken, T> work) =>
        Run(activity, status, token => Task.Run(() => work(token), token));

    /// <inheritdoc cref="Run{T}(string, string, Func{CancellationToken, T})" />
    internal T Run<T>(string activity, string status, Func<CancellationToken, Task<T>> work)
    {
        Task<T> task = work(Token);
        ProgressRecord? progress = null;
        TimeSpan pause = QuietTime;
        try
        {
            while (!Wait(task, pause))
            {
                progress ??= new ProgressRecord(ActivityId, activity, status.Length > 0 ? status : activity); // an empty one is refused
                WriteProgress(progress);
                pause = Beat;
            }
            return task.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (Token.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        finally
        {
            if (progress is not null)
            {
                progress.RecordType = ProgressRecordType.Completed;
                WriteProgress(progress);
            }
        }
    }

    /// <summary>
    /// Work that gives one object after another: done on a thread of its own, so that Ctrl+C answers at once also while the first one
    /// is not there yet; each is written when it is ready, and progress is shown after a second.
    /// </summary>
    internal void WriteEach<T>(string activity, IEnumerable<T> items, Func<T, string> status)
    {
        CancellationToken token = Token;
        BlockingCollection<T> ready = new(Ahead);
        Exception? failure = null;
        Thread worker = new(Produce, StackSize) { IsBackground = true, Name = activity };
        worker.Start();
        long start = Environment.TickCount64;
        long shown = 0;
        string last = "";
        try
        {
            while (!ready.IsCompleted)
            {
                if (ready.TryTake(out T? item, (int)Beat.TotalMilliseconds, token))
                {
                    WriteObject(item);
                    last = status(item);
                }
                long elapsed = Environment.TickCount64 - start;
                if (elapsed < QuietTime.TotalMilliseconds || elapsed - shown < Beat.TotalMilliseconds)
                    continue;
                shown = elapsed;
                WriteProgress(new ProgressRecord(ActivityId, activity, last.Length == 0 ? activity : last));
            }
            if (failure is not null)
                ExceptionDispatchInfo.Throw(failure);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        finally
        {
            if (shown > 0)
                WriteProgress(new ProgressRecord(ActivityId, activity, "Done") { RecordType = ProgressRecordType.Completed });
        }

        void Produce()
        {
            try
            {
                foreach (T item in items)
                    ready.Add(item, token);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                // Nobody waits for the rest.
            }
            catch (Exception error)
            {
                failure = error;
            }
            finally
            {
                ready.CompleteAdding();
            }
        }
    }

    /// <summary>Waits without wrapping the task's exception; the cancelled wait itself is left to the task.</summary>
    private bool Wait(Task task, TimeSpan pause)
    {
        try
        {
            // The work gets the same token; when it hangs in a call that does not listen, Ctrl+C still answers here.
            return task.Wait((int)pause.TotalMilliseconds, Token);
        }
        catch (AggregateException)
        {
            return true;
        }
    }
}
