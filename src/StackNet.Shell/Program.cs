using System.Globalization;

namespace StackNet.Shell;

internal static class Program
{
    private const int BadArguments = 64;

    public static int Main(string[] args)
    {
        // Help files lie in en-US; the invariant culture would not find them.
        CultureInfo.CurrentUICulture = CultureInfo.DefaultThreadCurrentUICulture = new CultureInfo("en-US");
        ShellArguments arguments;
        try
        {
            arguments = ShellArguments.Parse(args, Console.IsInputRedirected);
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine(error.Message);
            Console.Error.WriteLine(ShellText.Usage);
            return BadArguments;
        }
        switch (arguments.Mode)
        {
            case ShellMode.Help:
                Console.Out.WriteLine(ShellText.Usage);
                return 0;
            case ShellMode.Version:
                Console.Out.WriteLine(ShellText.Version);
                return 0;
            default:
                using (ShellSession session = new(arguments))
                    return session.Run();
        }
    }
}
