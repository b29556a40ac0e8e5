using System.Management.Automation.Language;
using StackNet.HelpBuilder;
using Xunit;

namespace StackNet.Tests;

/// <summary>The help says what the cmdlets are, and its examples work.</summary>
[Collection(ModuleTests.Name)]
public sealed class HelpTests(ModuleFixture module)
{
    private static readonly string Folder = Path.Combine(Repository.Root, "src", "StackNet", "Help");

    public static TheoryData<string> Cmdlets => [.. CmdletShape.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void The_help_of_a_cmdlet_is_complete(string name)
    {
        CmdletShape shape = CmdletShape.All.Single(s => s.Name == name);
        HelpTopic topic = Topic(name);
        Assert.Equal(name, topic.Name);
        Assert.EndsWith(".", topic.Synopsis, StringComparison.Ordinal);
        Assert.NotEmpty(topic.Description);
        Assert.Equal(shape.Parameters.Select(p => p.Name).Order(), topic.Parameters.Keys.Order());
        Assert.All(topic.Parameters, p => Assert.False(string.IsNullOrWhiteSpace(string.Concat(p.Value)), p.Key));
        Assert.NotEmpty(topic.Inputs);
        Assert.NotEmpty(topic.Outputs);
        Assert.NotEmpty(topic.Links);
        Assert.All(topic.Links, l => Assert.Contains(CmdletShape.All, s => s.Name == l.Text));
        Assert.True(topic.Examples.Count >= 2, "at least two examples");
        Assert.All(topic.Examples, e => Assert.False(string.IsNullOrWhiteSpace(e.Remarks), e.Title));
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void The_checked_in_Markdown_carries_the_metadata_of_the_code(string name)
    {
        string path = Path.Combine(Folder, name + ".md");
        string copy = Path.GetTempFileName();
        try
        {
            File.Copy(path, copy, overwrite: true);
            MarkdownUpdate.Apply(copy, CmdletShape.All.Single(s => s.Name == name));
            Assert.Equal(File.ReadAllText(copy), File.ReadAllText(path));
        }
        finally
        {
            File.Delete(copy);
        }
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Get_Help_shows_synopsis_parameters_and_examples(string name)
    {
        HelpTopic topic = Topic(name);
        ScriptResult result = module.Invoke(
            "$h = Get-Help $name -Full; $h.Synopsis; @($h.examples.example).Count; @($h.parameters.parameter | ForEach-Object { $_.name }) -join ','",
            ("name", name)
        );
        result.Clean();
        Assert.Equal(topic.Synopsis, result.Output[0].ToString().Trim());
        Assert.Equal(topic.Examples.Count, result.Output[1].BaseObject);
        Assert.Equal(topic.Parameters.Keys.Order(), result.Output[2].ToString().Split(',').Order());
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Examples_parse_and_use_parameters_that_exist(string name)
    {
        foreach (HelpExample example in Topic(name).Examples)
        {
            ScriptBlockAst script = Parser.ParseInput(example.Code, out _, out ParseError[] errors);
            Assert.True(errors.Length == 0, $"{example.Title}: {string.Join("; ", errors.Select(e => e.Message))}");
            foreach (CommandAst command in script.FindAll(a => a is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
            {
                CmdletShape? shape = CmdletShape.All.SingleOrDefault(s => s.Name == command.GetCommandName());
                foreach (CommandParameterAst parameter in shape is null ? [] : command.CommandElements.OfType<CommandParameterAst>())
                {
                    Assert.True(
                        shape!.Parameters.Any(p => p.Name.Equals(parameter.ParameterName, StringComparison.OrdinalIgnoreCase))
                            || parameter.ParameterName is "Verbose" or "ErrorAction",
                        $"{example.Title}: {shape.Name} has no -{parameter.ParameterName}"
                    );
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Examples_that_need_no_root_run(string name)
    {
        string folder = Directory.CreateTempSubdirectory("stacknet-help-").FullName;
        try
        {
            module.Runspace.SessionStateProxy.Path.SetLocation(folder);
            foreach (HelpExample example in Topic(name).Examples.Where(CanRun))
            {
                ScriptResult result = module.Invoke(example.Code);
                Assert.True(result.Errors.Count == 0, $"{example.Title}: {string.Join("; ", result.Errors)}");
            }
        }
        finally
        {
            module.Runspace.SessionStateProxy.Path.SetLocation(Repository.Root);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_about_topic_is_found()
    {
        string text = string.Concat(module.Invoke("Get-Help about_StackNet").Clean());
        Assert.Contains("Test-InstanceEgress", text, StringComparison.Ordinal);
    }

    /// <summary>Examples on samples run anywhere; those about labs or files of somebody else do not.</summary>
    private static bool CanRun(HelpExample example) =>
        example.Code.Contains("-Sample", StringComparison.Ordinal) && !example.Code.Contains("Lab", StringComparison.Ordinal);

    private static HelpTopic Topic(string name)
    {
        string path = Path.Combine(Folder, name + ".md");
        return HelpTopic.Parse(path, File.ReadAllText(path));
    }
}
