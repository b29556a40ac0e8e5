namespace StackNet.Engine.Causes;

/// <summary>A cause met on a node, with what is quoted for it.</summary>
internal sealed record Finding(string CauseId, string Evidence, string Device, string Namespace);
