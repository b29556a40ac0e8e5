using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace StackNet.Engine.Sources.Live;

/// <summary>
/// JSON-RPC 1.0 over a unix socket, as ovsdb-server (RFC 7047) and the control sockets of Open vSwitch's daemons speak it.
/// The path is resolved by the calling thread, so in its mount namespace.
/// </summary>
internal sealed class JsonRpcSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly string _path;
    private readonly CancellationTokenRegistration _cancel;
    private readonly CancellationToken _token;
    private readonly long _limit;
    private readonly long _deadline;
    private byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;
    private int _next;

    public JsonRpcSocket(string path, LiveOptions options, CancellationToken token)
    {
        _path = path;
        _token = token;
        _limit = options.OutputLimit;
        _deadline = Environment.TickCount64 + (long)options.SourceLimit.TotalMilliseconds;
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // The send limit is also that of connect(2) when the listener's queue is full (unix_stream_connect()).
            _socket.SendTimeout = (int)options.SourceLimit.TotalMilliseconds;
            _cancel = token.Register(_socket.Dispose);
            _socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (Exception error)
        {
            Dispose();
            token.ThrowIfCancellationRequested();
            if (error is SocketException { SocketErrorCode: SocketError.WouldBlock or SocketError.TryAgain } or ObjectDisposedException)
                throw new TimeoutException($"{path}: no answer to connect within {options.SourceLimit.TotalSeconds:0.#} seconds", error);
            throw;
        }
    }

    /// <summary>Calls a method; its whole answer. The bytes of the answer live as long as the document.</summary>
    public JsonDocument Call(string method, string parameters) => Finish(Start(method, parameters), method);

    /// <summary>
    /// Sends a request and does not wait: a daemon that looks at its sockets once a turn of its main loop answers many in one turn.
    /// </summary>
    public int Start(string method, string parameters)
    {
        int id = ++_next;
        Send($$"""{"method":"{{JsonEncodedText.Encode(method)}}","params":{{parameters}},"id":{{id}}}""");
        return id;
    }

    /// <summary>Waits for the answer to a request. Answers come in the order of the requests and are to be taken in it.</summary>
    public JsonDocument Finish(int id, string method)
    {
        while (true)
        {
            JsonDocument document = JsonDocument.Parse(ReadObject());
            JsonElement root = document.RootElement;
            // The server may probe an idle connection; it hangs up when nobody answers.
            if (root.TryGetProperty("method", out JsonElement ask) && ask.ValueKind == JsonValueKind.String)
            {
                if (ask.GetString() == "echo")
                    Send(
                        $$"""{"result":{{root.GetProperty("params").GetRawText()}},"error":null,"id":{{root.GetProperty("id").GetRawText()}}}"""
                    );
                continue;
            }
            if (
                !root.TryGetProperty("id", out JsonElement answered)
                || answered.ValueKind != JsonValueKind.Number
                || answered.GetInt32() != id
            )
                continue;
            if (root.TryGetProperty("error", out JsonElement error) && error.ValueKind != JsonValueKind.Null)
                throw new IOException($"{_path}: {method}: {Shorten(error)}");
            return document;
        }
    }

    public void Dispose()
    {
        _cancel.Dispose();
        _socket.Dispose();
    }

    private static string Shorten(JsonElement error)
    {
        string text = error.ValueKind == JsonValueKind.String ? error.GetString()! : error.GetRawText();
        text = text.Trim();
        return text.Length <= 300 ? text : text[..300];
    }

    private void Send(string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty)
            bytes = bytes[SendSome(bytes)..];
    }

    private int SendSome(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _socket.Send(bytes);
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException)
        {
            _token.ThrowIfCancellationRequested();
            throw new IOException($"{_path}: {error.Message}", error);
        }
    }

    /// <summary>One whole top-level object: the end is where its brackets close, strings aside.</summary>
    private ReadOnlyMemory<byte> ReadObject()
    {
        int depth = 0;
        bool inText = false;
        bool escaped = false;
        int at = _start;
        while (true)
        {
            for (; at < _end; at++)
            {
                byte c = _buffer[at];
                if (inText)
                {
                    if (escaped)
                        escaped = false;
                    else if (c == (byte)'\\')
                        escaped = true;
                    else if (c == (byte)'"')
                        inText = false;
                    else
                    {
                        // Most of an answer is the inside of strings: jump to what can end one.
                        int skip = _buffer.AsSpan(at, _end - at).IndexOfAny((byte)'"', (byte)'\\');
                        at = skip < 0 ? _end - 1 : at + skip - 1;
                    }
                    continue;
                }
                switch (c)
                {
                    case (byte)'"':
                        inText = true;
                        break;
                    case (byte)'{' or (byte)'[':
                        depth++;
                        break;
                    case (byte)'}' or (byte)']':
                        if (--depth == 0)
                        {
                            ReadOnlyMemory<byte> whole = _buffer.AsMemory(_start, at + 1 - _start).ToArray();
                            _start = at + 1;
                            return whole;
                        }
                        break;
                }
            }
            at -= Fill();
        }
    }

    /// <summary>Reads more; gives by how much the kept bytes moved to the front.</summary>
    private int Fill()
    {
        int moved = 0;
        if (_end == _buffer.Length)
        {
            if (_start > 0)
            {
                moved = _start;
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }
            else if (_buffer.Length >= _limit)
                throw new ToolException(Facts.UnreadKind.Failed, $"{_path}: the answer is longer than {_limit} bytes");
            else
                Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        long left = _deadline - Environment.TickCount64;
        try
        {
            if (left <= 0 || !_socket.Poll(TimeSpan.FromMilliseconds(left), SelectMode.SelectRead))
            {
                _token.ThrowIfCancellationRequested();
                throw new TimeoutException($"{_path}: no answer within the time limit");
            }
            int got = _socket.Receive(_buffer.AsSpan(_end));
            if (got == 0)
                throw new IOException($"{_path}: the daemon closed the connection");
            _end += got;
            return moved;
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException)
        {
            _token.ThrowIfCancellationRequested();
            throw new IOException($"{_path}: {error.Message}", error);
        }
    }
}
