using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text;

namespace StackNet.Shell.Hosting;

/// <summary>A small line editor: moving, deleting, history by arrows, completion by Tab. Without a terminal it just reads lines.</summary>
internal sealed class LineEditor(Runspace runspace)
{
    private readonly List<string> _history = [];
    private readonly StringBuilder _line = new();
    private string _prompt = "";
    private int _cursor;
    private int _recalled;
    private int _row;
    private CommandCompletion? _completion;

    private static bool IsTerminal => !Console.IsInputRedirected && !Console.IsOutputRedirected;

    /// <summary>The line; empty after Ctrl+C, null at the end of input.</summary>
    public string? Read(string prompt)
    {
        Console.Out.Write(prompt);
        if (!IsTerminal)
            return Console.In.ReadLine();
        Start(prompt);
        bool treated = Console.TreatControlCAsInput;
        Console.TreatControlCAsInput = true;
        try
        {
            while (true)
            {
                ConsoleKeyInfo key = Console.ReadKey(intercept: true);
                if (key.Key != ConsoleKey.Tab)
                    _completion = null;
                switch (Handle(key))
                {
                    case Outcome.Done:
                        return Finish();
                    case Outcome.Cancelled:
                        _line.Clear();
                        return Finish();
                    case Outcome.EndOfInput:
                        Console.Out.WriteLine();
                        return null;
                    default:
                        Show();
                        break;
                }
            }
        }
        finally
        {
            Console.TreatControlCAsInput = treated;
        }
    }

    private enum Outcome
    {
        GoOn,
        Done,
        Cancelled,
        EndOfInput,
    }

    private void Start(string prompt)
    {
        // Only what follows the last newline of a prompt stands before the text.
        _prompt = prompt[(prompt.LastIndexOf('\n') + 1)..];
        _line.Clear();
        _cursor = 0;
        _row = 0;
        _recalled = _history.Count;
        _completion = null;
    }

    private string Finish()
    {
        _cursor = _line.Length;
        Show();
        Console.Out.WriteLine();
        string text = _line.ToString();
        if (text.Trim().Length > 0 && (_history.Count == 0 || _history[^1] != text))
            _history.Add(text);
        return text;
    }

    private Outcome Handle(ConsoleKeyInfo key)
    {
        if (key.Modifiers.HasFlag(ConsoleModifiers.Control))
            return HandleControl(key.Key);
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                return Outcome.Done;
            case ConsoleKey.Backspace:
                Remove(_cursor - 1, 1);
                break;
            case ConsoleKey.Delete:
                Remove(_cursor, 1);
                break;
            case ConsoleKey.LeftArrow:
                _cursor = Math.Max(0, _cursor - 1);
                break;
            case ConsoleKey.RightArrow:
                _cursor = Math.Min(_line.Length, _cursor + 1);
                break;
            case ConsoleKey.Home:
                _cursor = 0;
                break;
            case ConsoleKey.End:
                _cursor = _line.Length;
                break;
            case ConsoleKey.UpArrow:
                Recall(-1);
                break;
            case ConsoleKey.DownArrow:
                Recall(1);
                break;
            case ConsoleKey.Escape:
                Remove(0, _line.Length);
                break;
            case ConsoleKey.Tab:
                Complete(key.Modifiers.HasFlag(ConsoleModifiers.Shift));
                break;
            default:
                if (!char.IsControl(key.KeyChar))
                    _line.Insert(_cursor++, key.KeyChar);
                break;
        }
        return Outcome.GoOn;
    }

    private Outcome HandleControl(ConsoleKey key)
    {
        switch (key)
        {
            case ConsoleKey.C:
                return Outcome.Cancelled;
            case ConsoleKey.D when _line.Length == 0:
                return Outcome.EndOfInput;
            case ConsoleKey.A:
                _cursor = 0;
                break;
            case ConsoleKey.E:
                _cursor = _line.Length;
                break;
            case ConsoleKey.U:
                Remove(0, _cursor);
                break;
            case ConsoleKey.K:
                Remove(_cursor, _line.Length - _cursor);
                break;
            case ConsoleKey.W or ConsoleKey.Backspace:
                int start = _cursor;
                while (start > 0 && _line[start - 1] == ' ')
                    start--;
                while (start > 0 && _line[start - 1] != ' ')
                    start--;
                Remove(start, _cursor - start);
                break;
            case ConsoleKey.L:
                Console.Clear();
                _row = 0;
                break;
            case ConsoleKey.P:
                Recall(-1);
                break;
            case ConsoleKey.N:
                Recall(1);
                break;
            default:
                break;
        }
        return Outcome.GoOn;
    }

    private void Remove(int start, int count)
    {
        if (start < 0 || count <= 0 || start >= _line.Length)
            return;
        _line.Remove(start, Math.Min(count, _line.Length - start));
        _cursor = start;
    }

    private void Recall(int step)
    {
        int wanted = _recalled + step;
        if (wanted < 0 || wanted > _history.Count)
            return;
        _recalled = wanted;
        _line.Clear().Append(wanted < _history.Count ? _history[wanted] : "");
        _cursor = _line.Length;
    }

    private void Complete(bool backwards)
    {
        if (_completion is null)
        {
            using PowerShell shell = PowerShell.Create(runspace);
            _completion = CommandCompletion.CompleteInput(_line.ToString(), _cursor, null, shell);
        }
        CompletionResult? match = _completion.CompletionMatches.Count == 0 ? null : _completion.GetNextResult(!backwards);
        if (match is null)
            return;
        _line
            .Remove(_completion.ReplacementIndex, _completion.ReplacementLength)
            .Insert(_completion.ReplacementIndex, match.CompletionText);
        _completion.ReplacementLength = match.CompletionText.Length;
        _cursor = _completion.ReplacementIndex + match.CompletionText.Length;
    }

    /// <summary>Draws prompt and text anew from the row where the prompt began, and puts the cursor where it is in the text.</summary>
    private void Show()
    {
        int width = Math.Max(1, Console.WindowWidth);
        StringBuilder text = new();
        if (_row > 0)
            text.Append("\u001b[").Append(_row).Append('A');
        text.Append("\r\u001b[J").Append(_prompt).Append(_line);
        int end = _prompt.Length + _line.Length;
        // A terminal wraps only when the next character comes: force it, so that rows can be counted.
        if (end % width == 0)
            text.Append(" \r");
        int cursor = _prompt.Length + _cursor;
        _row = cursor / width;
        if (end / width - _row is > 0 and int up)
            text.Append("\u001b[").Append(up).Append('A');
        text.Append('\r');
        if (cursor % width is > 0 and int right)
            text.Append("\u001b[").Append(right).Append('C');
        Console.Out.Write(text);
    }
}
