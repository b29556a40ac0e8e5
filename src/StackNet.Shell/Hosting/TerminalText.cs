using System.Text;

namespace StackNet.Shell.Hosting;

/// <summary>
/// Text for a terminal: colours and line feeds stay, every other control character is shown as a picture. Where objects of different
/// kinds follow each other, the engine prints the later ones by their plain properties and not by the module's views, so that names
/// read from a node arrive here as they are.
/// </summary>
internal static class TerminalText
{
    public static string Harmless(string text)
    {
        int at = FirstBad(text, 0);
        if (at < 0)
            return text;
        StringBuilder clean = new(text.Length + 16);
        int done = 0;
        for (; at >= 0; at = FirstBad(text, done))
        {
            clean.Append(text, done, at - done).Append(Picture(text[at]));
            done = at + 1;
        }
        return clean.Append(text, done, text.Length - done).ToString();
    }

    private static int FirstBad(string text, int from)
    {
        for (int i = from; i < text.Length; i++)
        {
            char c = text[i];
            if (c is (>= ' ' and < '\u007f') or (> '\u009f' and not (>= '\u202a' and <= '\u202e')) or '\n' or '\r' or '\t')
                continue;
            int colour = c == '\u001b' ? ColourLength(text, i) : 0;
            if (colour == 0)
                return i;
            i += colour - 1;
        }
        return -1;
    }

    /// <summary>Length of "ESC [ numbers m" (Select Graphic Rendition, ECMA-48 8.3.117) at a place; 0 when it is something else.</summary>
    private static int ColourLength(string text, int at)
    {
        int i = at + 1;
        if (i >= text.Length || text[i] != '[')
            return 0;
        i++;
        while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] is ';' or ':'))
            i++;
        return i < text.Length && text[i] == 'm' ? i - at + 1 : 0;
    }

    private static char Picture(char c) =>
        c switch
        {
            < ' ' => (char)(0x2400 + c),
            '\u007f' => '\u2421',
            _ => '\ufffd',
        };
}
