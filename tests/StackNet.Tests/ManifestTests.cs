using System.Management.Automation;
using StackNet.HelpBuilder;
using Xunit;

namespace StackNet.Tests;

[Collection(ModuleTests.Name)]
public sealed class ManifestTests(ModuleFixture module)
{
    [Fact]
    public void The_manifest_exports_every_cmdlet_and_nothing_else()
    {
        PSModuleInfo info = (PSModuleInfo)
            module.Invoke("Test-ModuleManifest $manifest", ("manifest", Repository.Manifest)).Clean()[0].BaseObject;
        Assert.Equal(CmdletShape.All.Select(s => s.Name).Order(), info.ExportedCmdlets.Keys.Order());
        Assert.Empty(info.ExportedFunctions);
        Assert.Empty(info.ExportedAliases);
        Assert.Empty(info.ExportedVariables);
        Assert.Equal(new Version(7, 6), info.PowerShellVersion);
        Assert.Equal(["Core"], info.CompatiblePSEditions);
        Assert.False(string.IsNullOrWhiteSpace(info.ReleaseNotes));
        Assert.Equal(info.Version.ToString(3), typeof(ComputeNode).Assembly.GetName().Version!.ToString(3));
    }

    [Fact]
    public void The_module_is_imported_and_its_types_have_names()
    {
        Assert.Equal(
            CmdletShape.All.Select(s => s.Name),
            module.Invoke("(Get-Command -Module StackNet).Name").Clean().Select(o => o.ToString()).Order(StringComparer.Ordinal)
        );
        Assert.Equal("Pass", module.Invoke("[StackNet.Verdict]::Pass").Clean()[0].ToString());
    }

    [Fact]
    public void Verbs_are_approved_and_nouns_singular()
    {
        HashSet<string> approved =
        [
            .. new[]
            {
                typeof(VerbsCommon),
                typeof(VerbsData),
                typeof(VerbsDiagnostic),
                typeof(VerbsCommunications),
                typeof(VerbsLifecycle),
                typeof(VerbsOther),
                typeof(VerbsSecurity),
            }.SelectMany(t => t.GetFields().Select(f => (string)f.GetValue(null)!)),
        ];
        Assert.All(CmdletShape.All, s => Assert.Contains(s.Name.Split('-')[0], approved));
        Assert.All(CmdletShape.All, s => Assert.False(s.Name.EndsWith('s') && !s.Name.EndsWith("ss", StringComparison.Ordinal), s.Name));
    }
}
