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
        Thread thread = new(() =>
        {
            try
            {
                source.SetResult(work());
            }
            catch (OperationCanceledException cancelled)
            {
                source.TrySetCanceled(cancelled.CancellationToken);
            }
            catch (Exception error)
            {
                source.TrySetException(error);
            }
        })
        {
            IsBackground = true,
            Name = name,
        };
        thread.Start();
        return source.Task;
    }
}
