using System.Management.Automation;

namespace StackNet.Binding;

/// <summary>A port is 1 to 65535. Nothing is allowed too: results of pings come down the pipeline without a port.</summary>
internal sealed class ValidatePortAttribute : ValidateArgumentsAttribute
{
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is not null && LanguagePrimitives.ConvertTo<int>(arguments) is < 1 or > 65535)
            throw new ValidationMetadataException($"{arguments} is no port: ports are 1 to 65535.");
    }
}
