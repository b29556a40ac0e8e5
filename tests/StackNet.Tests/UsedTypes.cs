using System.Reflection;
using System.Reflection.Emit;

namespace StackNet.Tests;

/// <summary>All types that a type mentions: in its declaration, its members, its attributes and the code of its methods.</summary>
internal static class UsedTypes
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => (int)(ushort)o.Value);

    public static IReadOnlySet<Type> Of(Type type)
    {
        HashSet<Type> found = [];
        Add(found, type.BaseType);
        foreach (Type used in type.GetInterfaces())
            Add(found, used);
        foreach (CustomAttributeData attribute in type.GetCustomAttributesData())
            Add(found, attribute.AttributeType);
        foreach (FieldInfo field in type.GetFields(Declared))
            Add(found, field.FieldType);
        foreach (MethodBase method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)))
            AddMethod(found, method);
        // Lambdas, iterators and local functions are nested types of the compiler.
        foreach (Type nested in type.GetNestedTypes(Declared))
            found.UnionWith(Of(nested));
        found.Remove(type);
        return found;
    }

    private static void AddMethod(HashSet<Type> found, MethodBase method)
    {
        foreach (ParameterInfo parameter in method.GetParameters())
            Add(found, parameter.ParameterType);
        if (method is MethodInfo function)
            Add(found, function.ReturnType);
        if (method.GetMethodBody() is not { } body)
            return;
        foreach (LocalVariableInfo local in body.LocalVariables)
            Add(found, local.LocalType);
        foreach (ExceptionHandlingClause clause in body.ExceptionHandlingClauses)
        {
            if (clause.Flags == ExceptionHandlingClauseOptions.Clause)
                Add(found, clause.CatchType);
        }
        foreach (int token in Tokens(body.GetILAsByteArray() ?? []))
            AddMember(found, Resolve(method, token));
    }

    private static void AddMember(HashSet<Type> found, MemberInfo? member)
    {
        switch (member)
        {
            case Type type:
                Add(found, type);
                break;
            case FieldInfo field:
                Add(found, field.DeclaringType);
                Add(found, field.FieldType);
                break;
            case MethodBase method:
                Add(found, method.DeclaringType);
                if (method is MethodInfo { IsGenericMethod: true } generic)
                {
                    foreach (Type argument in generic.GetGenericArguments())
                        Add(found, argument);
                }
                if (method is MethodInfo function)
                    Add(found, function.ReturnType);
                break;
            default:
                break;
        }
    }

    private static MemberInfo? Resolve(MethodBase method, int token)
    {
        try
        {
            Type[] ofType = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : [];
            Type[] ofMethod = method is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericArguments() : [];
            return method.Module.ResolveMember(token, ofType, ofMethod);
        }
        catch (ArgumentException)
        {
            // A string or a signature: no member.
            return null;
        }
    }

    private static IEnumerable<int> Tokens(byte[] code)
    {
        int at = 0;
        while (at < code.Length)
        {
            int value = code[at++];
            if (value == 0xfe)
                value = (value << 8) | code[at++];
            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    yield return BitConverter.ToInt32(code, at);
                    at += 4;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    at += 1;
                    break;
                case OperandType.InlineVar:
                    at += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    at += 8;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(code, at));
                    break;
                default:
                    at += 4;
                    break;
            }
        }
    }

    private static void Add(HashSet<Type> found, Type? type)
    {
        if (type is null || type.IsGenericParameter)
            return;
        if (type.HasElementType)
        {
            Add(found, type.GetElementType());
            return;
        }
        if (type.IsFunctionPointer)
        {
            foreach (Type parameter in type.GetFunctionPointerParameterTypes().Append(type.GetFunctionPointerReturnType()))
                Add(found, parameter);
            return;
        }
        if (!type.IsGenericType)
        {
            found.Add(type);
            return;
        }
        found.Add(type.GetGenericTypeDefinition());
        foreach (Type argument in type.GetGenericArguments())
            Add(found, argument);
    }
}
