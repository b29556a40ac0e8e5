using System.Management.Automation;
using Xunit;

namespace StackNet.Tests;

/// <summary>Get-ComputeNode and Export-ComputeNode.</summary>
[Collection(ModuleTests.Name)]
public sealed class ComputeNodeCmdletTests(ModuleFixture module) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stacknet-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_first_sample_is_the_default_and_wildcards_give_more()
    {
        ComputeNode first = Assert.IsType<ComputeNode>(Assert.Single(module.Invoke("Get-ComputeNode -Sample").Clean()).BaseObject);
        ComputeNode[] all = [.. module.Invoke("Get-ComputeNode -Sample *").All<ComputeNode>()];
        Assert.True(all.Length >= 3);
        Assert.Equal(first.Source, all[0].Source);
        Assert.All(all, n => Assert.Equal(NodeSourceKind.Sample, n.SourceKind));
        Assert.All(all, n => Assert.True(n.InstanceCount > 0, n.Source));
        Assert.Equal(all.Length, all.Select(n => n.Source).Distinct().Count());
    }

    [Fact]
    public void A_sample_that_is_not_there_is_an_error_and_the_others_go_on()
    {
        ScriptResult result = module.Invoke("Get-ComputeNode -Sample -Name nonsense, hybrid-healthy");
        Assert.Single(result.Output);
        Assert.Equal("nonsense", result.OnlyError("SampleNotFound", ErrorCategory.ObjectNotFound).TargetObject);
        Assert.Empty(module.Invoke("Get-ComputeNode -Sample -Name nonsense*").Clean());
    }

    [Fact]
    public void An_exported_node_reads_back_and_is_the_same_file_again()
    {
        string one = Path.Combine(_folder, "one.json");
        string two = Path.Combine(_folder, "two.json");
        module.Invoke($"Get-ComputeNode -Sample hybrid-healthy | Export-ComputeNode '{one}'").Clean();
        ComputeNode node = (ComputeNode)Assert.Single(module.Invoke($"Get-ComputeNode '{one}'").Clean()).BaseObject;
        Assert.Equal((NodeSourceKind.Capture, one, 2), (node.SourceKind, node.Source, node.InstanceCount));
        module.Invoke($"Get-ComputeNode '{one}' | Export-ComputeNode '{two}'").Clean();
        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(two));
    }

    [Fact]
    public void A_file_that_exists_is_overwritten_only_by_force()
    {
        string path = Path.Combine(_folder, "node.json.gz");
        File.WriteAllText(path, "mine");
        ScriptResult refused = module.Invoke($"Get-ComputeNode -Sample | Export-ComputeNode '{path}'");
        Assert.Equal(path, refused.OnlyError("FileExists", ErrorCategory.ResourceExists).TargetObject);
        Assert.Equal("mine", File.ReadAllText(path));
        module.Invoke($"Get-ComputeNode -Sample | Export-ComputeNode '{path}' -Force -WhatIf").Clean();
        Assert.Equal("mine", File.ReadAllText(path));
        FileInfo file = (FileInfo)
            Assert.Single(module.Invoke($"Get-ComputeNode -Sample | Export-ComputeNode '{path}' -Force -PassThru").Clean()).BaseObject;
        Assert.Equal(path, file.FullName);
        Assert.NotEqual("mine", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Two_nodes_do_not_fall_into_one_file()
    {
        string path = Path.Combine(_folder, "both.json");
        ScriptResult result = module.Invoke($"Get-ComputeNode -Sample -Name hybrid* | Export-ComputeNode '{path}' -Force");
        Assert.Contains(result.Errors, e => e.FullyQualifiedErrorId.StartsWith("FileExists,", StringComparison.Ordinal));
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void A_folder_gets_a_file_named_after_the_node()
    {
        FileInfo file = (FileInfo)
            Assert
                .Single(module.Invoke($"Get-ComputeNode -Sample hybrid-healthy | Export-ComputeNode '{_folder}' -PassThru").Clean())
                .BaseObject;
        Assert.Equal(_folder, file.DirectoryName);
        Assert.EndsWith(".json.gz", file.Name, StringComparison.Ordinal);
        ScriptResult lost = module.Invoke($"Get-ComputeNode -Sample | Export-ComputeNode '{_folder}/no/such/node.json'");
        lost.OnlyError("FolderNotFound", ErrorCategory.ObjectNotFound);
    }

    [Fact]
    public void Paths_take_wildcards_lists_and_the_pipeline()
    {
        foreach (string name in new[] { "a.json", "b.json", "[c].json" })
            module.Invoke($"Get-ComputeNode -Sample hybrid-healthy | Export-ComputeNode '{_folder}/{name}'").Clean();
        Assert.Equal(2, module.Invoke($"Get-ComputeNode -Path '{_folder}/?.json'").Clean().Count);
        Assert.Equal(2, module.Invoke($"'{_folder}/a.json', '{_folder}/b.json' | Get-ComputeNode").Clean().Count);
        Assert.Single(module.Invoke($"Get-ComputeNode -LiteralPath '{_folder}/[c].json'").Clean());
        Assert.Single(module.Invoke($"[pscustomobject]@{{ FullName = '{_folder}/[c].json' }} | Get-ComputeNode").Clean());
        Assert.Single(module.Invoke($"[IO.FileInfo]'{_folder}/a.json' | Get-ComputeNode").Clean());
    }

    [Theory]
    [InlineData("missing.json", null, "PathNotFound", ErrorCategory.ObjectNotFound)]
    [InlineData("empty.json", "", "CaptureCorrupt", ErrorCategory.InvalidData)]
    [InlineData("half.json", "{\"format\": \"stacknet-capture/1\", \"node\": {\"Ho", "CaptureCorrupt", ErrorCategory.InvalidData)]
    [InlineData("other.json", "{\"name\": \"left-pad\"}", "CaptureForeign", ErrorCategory.InvalidData)]
    [InlineData("text.json", "hello", "CaptureCorrupt", ErrorCategory.InvalidData)]
    public void Bad_files_are_errors_that_name_them(string name, string? content, string id, ErrorCategory category)
    {
        string path = Path.Combine(_folder, name);
        if (content is not null)
            File.WriteAllText(path, content);
        module.Invoke($"Get-ComputeNode -Sample hybrid-healthy | Export-ComputeNode '{_folder}/z-good.json'").Clean();
        ScriptResult result = module.Invoke($"Get-ComputeNode -Path '{path}', '{_folder}/z-good.json'");
        Assert.Single(result.Output);
        ErrorRecord error = result.OnlyError(id, category);
        Assert.Equal(path, error.TargetObject);
        Assert.Contains(name, error.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_of_others_are_errors()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
        Directory.CreateDirectory(Path.Combine(_folder, "other"));
        File.WriteAllText(Path.Combine(_folder, "other", "readme.txt"), "hello");
        ScriptResult result = module.Invoke($"Get-ComputeNode '{_folder}/*'");
        Assert.Empty(result.Output);
        Assert.Equal(2, result.Errors.Count);
        Assert.All(result.Errors, e => Assert.StartsWith("CaptureForeign,", e.FullyQualifiedErrorId, StringComparison.Ordinal));
    }

    [Fact]
    public void A_path_of_another_provider_is_refused() =>
        module.Invoke("Get-ComputeNode -Path Env:PATH").OnlyError("PathNotOnDisk", ErrorCategory.InvalidArgument);

    [Fact]
    public void Select_Object_First_ends_the_reading()
    {
        Assert.Single(module.Invoke("Get-ComputeNode -Sample * | Select-Object -First 1").Clean());
        Assert.Single(module.Invoke("Get-ComputeNode -Sample * | Get-TapDevice | Select-Object -First 1").Clean());
    }

    [Fact]
    public void What_was_not_read_is_told_by_Verbose()
    {
        ScriptResult result = module.Invoke("$n = Get-ComputeNode -Sample -Verbose; $n.UnreadSources");
        Assert.NotEmpty(result.Output);
        Assert.True(result.Verbose.Count(v => v.Contains("not read", StringComparison.Ordinal)) >= result.Output.Count);
    }
}
