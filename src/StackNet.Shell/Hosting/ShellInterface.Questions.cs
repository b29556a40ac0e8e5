using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace StackNet.Shell.Hosting;

/// <summary>Questions: missing mandatory parameters, -Confirm, Read-Host.</summary>
internal sealed partial class ShellInterface
{
    public override string ReadLine()
    {
        RefuseWhenNonInteractive("a line of input");
        return Console.In.ReadLine() ?? "";
    }

    public override SecureString ReadLineAsSecureString() => throw new HostException("This shell reads no secrets.");

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        RefuseWhenNonInteractive(string.Join(", ", descriptions.Select(d => d.Name)));
        WriteQuestion(caption, message);
        Dictionary<string, PSObject> answers = [];
        foreach (FieldDescription field in descriptions)
        {
            bool many =
                field.ParameterAssemblyFullName.Contains("[]", StringComparison.Ordinal)
                || field.ParameterTypeName.EndsWith("[]", StringComparison.Ordinal);
            answers[field.Name] = PSObject.AsPSObject(many ? ReadList(field.Name) : ReadField(field.Name + ": "));
        }
        return answers;
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        RefuseWhenNonInteractive(message);
        WriteQuestion(caption, message);
        string[] keys = [.. choices.Select(Key)];
        string line = string.Join("  ", choices.Select((c, i) => $"[{keys[i]}] {c.Label.Replace("&", "", StringComparison.Ordinal)}"));
        while (true)
        {
            string answer = ReadField($"{line}  [?] Help (default is \"{(defaultChoice >= 0 ? keys[defaultChoice] : "")}\"): ").Trim();
            if (answer.Length == 0 && defaultChoice >= 0)
                return defaultChoice;
            if (answer == "?")
            {
                for (int i = 0; i < keys.Length; i++)
                    Console.Error.WriteLine($"{keys[i]} - {choices[i].HelpMessage}");
                continue;
            }
            for (int i = 0; i < keys.Length; i++)
            {
                string label = choices[i].Label.Replace("&", "", StringComparison.Ordinal);
                if (answer.Equals(keys[i], StringComparison.OrdinalIgnoreCase) || answer.Equals(label, StringComparison.OrdinalIgnoreCase))
                    return i;
            }
        }
    }

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        throw new HostException("This shell asks for no credentials.");

    public override PSCredential PromptForCredential(
        string caption,
        string message,
        string userName,
        string targetName,
        PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options
    ) => throw new HostException("This shell asks for no credentials.");

    private static string Key(ChoiceDescription choice)
    {
        int mark = choice.Label.IndexOf('&', StringComparison.Ordinal);
        return mark >= 0 && mark + 1 < choice.Label.Length
            ? choice.Label[mark + 1].ToString(CultureInfo.InvariantCulture).ToUpperInvariant()
            : choice.Label;
    }

    private static void WriteQuestion(string caption, string message)
    {
        foreach (string text in (string[])[caption, message])
        {
            if (!string.IsNullOrEmpty(text))
                Console.Error.WriteLine(text);
        }
    }

    private static string ReadField(string prompt)
    {
        Console.Error.Write(prompt);
        // The end of input is nobody who says yes.
        return Console.In.ReadLine() ?? throw new HostException("The input ended before the question was answered.");
    }

    private static string[] ReadList(string name)
    {
        List<string> values = [];
        while (ReadField($"{name}[{values.Count}]: ") is { Length: > 0 } value)
            values.Add(value);
        return [.. values];
    }

    private void RefuseWhenNonInteractive(string what)
    {
        if (nonInteractive)
            throw new PSInvalidOperationException($"The shell runs with -NonInteractive and cannot ask for: {what}");
    }
}
