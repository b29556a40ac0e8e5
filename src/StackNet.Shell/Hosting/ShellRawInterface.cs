using System.Management.Automation.Host;

namespace StackNet.Shell.Hosting;

/// <summary>Size and colours of the terminal; 120 columns when output goes to a file or pipe, as pwsh assumes.</summary>
internal sealed class ShellRawInterface : PSHostRawUserInterface
{
    private const int RedirectedWidth = 120;
    private const int RedirectedHeight = 50;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;
    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;
    public override Size BufferSize
    {
        get => WindowSize;
        set { }
    }
    public override Coordinates CursorPosition { get; set; }
    public override int CursorSize { get; set; } = 25;
    public override bool KeyAvailable => false;
    public override Size MaxPhysicalWindowSize => WindowSize;
    public override Size MaxWindowSize => WindowSize;
    public override Coordinates WindowPosition { get; set; }
    public override Size WindowSize
    {
        get =>
            Console.IsOutputRedirected || Console.WindowWidth <= 0
                ? new(RedirectedWidth, RedirectedHeight)
                : new(Console.WindowWidth, Console.WindowHeight);
        set { }
    }
    public override string WindowTitle { get; set; } = "StackNet";

    public override void FlushInputBuffer() { }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw new HostException("This shell cannot read the screen.");

    public override KeyInfo ReadKey(ReadKeyOptions options) => throw new HostException("This shell reads lines, not keys.");

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) { }

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill)
    {
        // Clear-Host asks for the whole screen with this rectangle.
        if (rectangle is { Left: -1, Top: -1, Right: -1, Bottom: -1 } && !Console.IsOutputRedirected)
            Console.Clear();
    }

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) { }
}
