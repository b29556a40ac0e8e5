using System.Management.Automation;

namespace StackNet.Binding;

/// <summary>A number within limits. Nothing is allowed too: a field that another tool left empty is one that was left out.</summary>
internal sealed class ValidateBetweenAttribute(int from, int to) : ValidateArgumentsAttribute
{
    protected override void Validate(object? arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is null)
            return;
        int number = LanguagePrimitives.ConvertTo<int>(arguments);
        if (number < from || number > to)
            throw new ValidationMetadataException($"{arguments} is not between {from} and {to}.");
    }
}
