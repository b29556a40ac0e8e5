using System.Globalization;
using System.Management.Automation;
using System.Text;
using System.Xml;

namespace StackNet.HelpBuilder;

/// <summary>Writes help as Get-Help reads it (MAML): text from the topics, everything else from the cmdlets.</summary>
internal sealed class MamlWriter(IEnumerable<(CmdletShape Shape, HelpTopic Topic)> topics)
{
    private const string Maml = "http://schemas.microsoft.com/maml/2004/10";
    private const string Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private const string Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    private XmlWriter _xml = null!;

    public void Save(string path)
    {
        XmlWriterSettings settings = new()
        {
            Indent = true,
            Encoding = new UTF8Encoding(false),
            NewLineChars = "\n",
        };
        using (_xml = XmlWriter.Create(path, settings))
        {
            _xml.WriteStartElement("helpItems", "http://msh");
            _xml.WriteAttributeString("schema", "maml");
            foreach ((CmdletShape shape, HelpTopic topic) in topics)
                WriteCommand(shape, topic);
            _xml.WriteEndElement();
        }
    }

    private void WriteCommand(CmdletShape shape, HelpTopic topic)
    {
        string[] name = shape.Name.Split('-', 2);
        _xml.WriteStartElement("command", "command", Command);
        _xml.WriteAttributeString("xmlns", "maml", null, Maml);
        _xml.WriteAttributeString("xmlns", "dev", null, Dev);
        Nest(
            "command:details",
            () =>
            {
                Text("command:name", shape.Name);
                Text("command:verb", name[0]);
                Text("command:noun", name[1]);
                Paragraphs("maml:description", [topic.Synopsis]);
            }
        );
        Paragraphs("maml:description", topic.Description);
        Nest(
            "command:syntax",
            () =>
            {
                foreach (string set in shape.Sets)
                    WriteSyntax(shape, topic, set);
            }
        );
        Nest(
            "command:parameters",
            () =>
            {
                foreach (ParameterShape parameter in shape.Parameters)
                    WriteParameter(parameter, parameter.Uses.Values.First(), topic, values: true);
            }
        );
        WriteTypes("command:inputTypes", "command:inputType", topic.Inputs);
        WriteTypes("command:returnValues", "command:returnValue", topic.Outputs);
        Nest("maml:alertSet", () => Paragraphs("maml:alert", topic.Notes));
        Nest(
            "command:examples",
            () =>
            {
                for (int i = 0; i < topic.Examples.Count; i++)
                    WriteExample(i + 1, topic.Examples[i]);
            }
        );
        Nest(
            "command:relatedLinks",
            () =>
            {
                foreach ((string text, string uri) in topic.Links)
                {
                    Nest(
                        "maml:navigationLink",
                        () =>
                        {
                            Text("maml:linkText", text);
                            Text("maml:uri", uri.StartsWith("http", StringComparison.Ordinal) ? uri : "");
                        }
                    );
                }
            }
        );
        _xml.WriteEndElement();
    }

    private void WriteSyntax(CmdletShape shape, HelpTopic topic, string set) =>
        Nest(
            "command:syntaxItem",
            () =>
            {
                Text("maml:name", shape.Name);
                foreach ((ParameterShape parameter, ParameterAttribute use) in shape.InSet(set))
                    WriteParameter(parameter, use, topic, values: true);
            }
        );

    private void WriteParameter(ParameterShape parameter, ParameterAttribute use, HelpTopic topic, bool values)
    {
        _xml.WriteStartElement("command", "parameter", Command);
        _xml.WriteAttributeString("required", Word(use.Mandatory));
        _xml.WriteAttributeString("variableLength", Word(parameter.Type.IsArray));
        _xml.WriteAttributeString("globbing", Word(parameter.Wildcards));
        _xml.WriteAttributeString("pipelineInput", PipelineInput(use));
        _xml.WriteAttributeString("position", use.Position < 0 ? "named" : use.Position.ToString(CultureInfo.InvariantCulture));
        _xml.WriteAttributeString("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases));
        Text("maml:name", parameter.Name);
        Paragraphs("maml:description", topic.Parameters.GetValueOrDefault(parameter.Name) ?? []);
        if (!parameter.IsSwitch)
        {
            if (values && parameter.Values.Count > 0)
            {
                Nest(
                    "command:parameterValueGroup",
                    () =>
                    {
                        foreach (string value in parameter.Values)
                            Value("command:parameterValue", value, required: false);
                    }
                );
            }
            Value("command:parameterValue", parameter.TypeName, required: true);
        }
        Nest(
            "dev:type",
            () =>
            {
                Text("maml:name", parameter.TypeName);
                Text("maml:uri", "");
            }
        );
        Text("dev:defaultValue", parameter.IsSwitch ? "False" : "None");
        _xml.WriteEndElement();
    }

    private void WriteExample(int number, HelpExample example) =>
        Nest(
            "command:example",
            () =>
            {
                Text("maml:title", $"--------- Example {number}: {example.Title} ---------");
                Text("dev:code", example.Code);
                Nest(
                    "dev:remarks",
                    () =>
                    {
                        foreach (string paragraph in example.Remarks.Split("\n\n"))
                            Text("maml:para", paragraph);
                    }
                );
            }
        );

    private void WriteTypes(string outer, string inner, IReadOnlyList<(string Type, string Text)> types) =>
        Nest(
            outer,
            () =>
            {
                foreach ((string type, string text) in types)
                {
                    Nest(
                        inner,
                        () =>
                        {
                            Nest("dev:type", () => Text("maml:name", type));
                            Paragraphs("maml:description", [text]);
                        }
                    );
                }
            }
        );

    private static string PipelineInput(ParameterAttribute use) =>
        (use.ValueFromPipeline, use.ValueFromPipelineByPropertyName) switch
        {
            (true, true) => "True (ByValue, ByPropertyName)",
            (true, false) => "True (ByValue)",
            (false, true) => "True (ByPropertyName)",
            _ => "False",
        };

    private void Value(string element, string text, bool required)
    {
        Start(element);
        _xml.WriteAttributeString("required", Word(required));
        _xml.WriteString(text);
        _xml.WriteEndElement();
    }

    private void Paragraphs(string element, IReadOnlyList<string> paragraphs) =>
        Nest(
            element,
            () =>
            {
                foreach (string paragraph in paragraphs)
                    Text("maml:para", paragraph);
            }
        );

    private void Nest(string element, Action content)
    {
        Start(element);
        content();
        _xml.WriteEndElement();
    }

    private void Text(string element, string text)
    {
        Start(element);
        _xml.WriteString(text);
        _xml.WriteEndElement();
    }

    private void Start(string element)
    {
        string[] parts = element.Split(':');
        string space = parts[0] switch
        {
            "maml" => Maml,
            "dev" => Dev,
            _ => Command,
        };
        _xml.WriteStartElement(parts[0], parts[1], space);
    }

    private static string Word(bool value) => value ? "true" : "false";
}
