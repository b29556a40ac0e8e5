namespace StackNet.Engine.Sources.Live;

/// <summary>
/// Runs work on a thread of its own that ends afterwards. Namespaces belong to a thread (setns(2)), so a thread that entered one
/// must never go back to a pool.
/// </summary>
internal static class DedicatedThread
{
    public static Task<T> Run<T>(string name, Func<T> work)
    {
        TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        // Telling that the work is done queues work to the pool, and a pool thread born of a thread that is in another namespace would
        // stay there for good. So the thread that tells is not the one that works.
        Thread teller = new(() => Tell(source, name, work)) { IsBackground = true, Name = name + " (waits)" };
        teller.Start();
        return source.Task;
    }

    private static void Tell<T>(TaskCompletionSource<T> source, string name, Func<T> work)
    {
        Exception? failure = null;
        T? result = default;
        Thread worker = new(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception error)
            {
                failure = error;
            }
        })
        {
            IsBackground = true,
            Name = name,
        };
        worker.Start();
        worker.Join();
        if (failure is null)
            source.SetResult(result!);
        else if (failure is OperationCanceledException cancelled)
            source.SetCanceled(cancelled.CancellationToken);
        else
            source.SetException(failure);
    }
}
