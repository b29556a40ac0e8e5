using System.Globalization;
using StackNet.Engine.Facts;

namespace StackNet.Engine.Sources.Text;

/// <summary>
/// <c>ovs-vsctl show</c>: the weak form of the database. It lacks OpenFlow numbers, external_ids and the state of interfaces, so it only
/// serves where the database was not captured.
/// </summary>
internal static class OvsVsctlShowText
{
    public static OvsFacts Parse(ReadOnlySpan<char> text)
    {
        State state = new();
        Lines lines = new(text);
        while (lines.NextFilled())
        {
            Words words = new(lines.Current);
            words.Next();
            ReadOnlySpan<char> rest = words.Rest;
            switch (words.Current)
            {
                case "Bridge":
                    state.OpenBridge(Unquote(rest));
                    break;
                case "Port":
                    state.OpenPort(Unquote(rest), lines.Number);
                    break;
                case "Interface":
                    state.AddInterface(Unquote(rest), lines.Number);
                    break;
                case "Controller":
                    state.AddController(Unquote(rest), lines.Number);
                    break;
                default:
                    if (words.Current[^1] == ':')
                        state.Set(words.Current[..^1], rest);
                    break;
            }
        }
        return state.Facts();
    }

    private static string Unquote(ReadOnlySpan<char> text) =>
        text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1].ToString() : text.ToString();

    private static Dictionary<string, string> Map(ReadOnlySpan<char> text)
    {
        Dictionary<string, string> map = [];
        foreach (string pair in text.Trim("{}").ToString().Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                map[Unquote(pair.AsSpan(0, equals))] = Unquote(pair.AsSpan(equals + 1));
        }
        return map;
    }

    private static int[] Numbers(ReadOnlySpan<char> text) =>
        [
            .. text.Trim("[]")
                .ToString()
                .Split(", ", StringSplitOptions.RemoveEmptyEntries)
                .Select(t => int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : -1)
                .Where(n => n >= 0),
        ];

    private sealed class State
    {
        private readonly List<OvsBridgeFacts> _bridges = [];
        private readonly List<OvsPortFacts> _ports = [];
        private readonly List<OvsInterfaceFacts> _interfaces = [];
        private readonly List<OvsController> _controllers = [];
        private string? _version;
        private bool _inController;

        public void OpenBridge(string name)
        {
            CloseBridge();
            _bridges.Add(new OvsBridgeFacts { Name = name });
        }

        public void OpenPort(string name, int line)
        {
            if (_bridges.Count == 0)
                throw new TextFormatException("a port outside a bridge", line);
            ClosePort();
            _inController = false;
            _ports.Add(new OvsPortFacts { Name = name });
        }

        public void AddInterface(string name, int line)
        {
            if (_ports.Count == 0)
                throw new TextFormatException("an interface outside a port", line);
            _interfaces.Add(new OvsInterfaceFacts { Name = name });
        }

        public void AddController(string target, int line)
        {
            if (_bridges.Count == 0)
                throw new TextFormatException("a controller outside a bridge", line);
            _inController = true;
            _controllers.Add(new OvsController(target, null));
        }

        public void Set(ReadOnlySpan<char> key, ReadOnlySpan<char> value)
        {
            switch (key)
            {
                case "ovs_version":
                    _version = Unquote(value);
                    break;
                case "is_connected" when _inController:
                    _controllers[^1] = _controllers[^1] with { IsConnected = value is "true" };
                    break;
                case "fail_mode" when _bridges.Count > 0:
                    _bridges[^1] = _bridges[^1] with { FailMode = Unquote(value) };
                    break;
                case "datapath_type" when _bridges.Count > 0:
                    _bridges[^1] = _bridges[^1] with { DatapathType = Unquote(value) };
                    break;
                case "tag" when _ports.Count > 0:
                    _ports[^1] = _ports[^1] with { Tag = Numbers(value) is [int tag] ? tag : null };
                    break;
                case "trunks" when _ports.Count > 0:
                    _ports[^1] = _ports[^1] with { Trunks = Numbers(value) };
                    break;
                case "type" when _interfaces.Count > 0:
                    _interfaces[^1] = _interfaces[^1] with { Type = Unquote(value) };
                    break;
                case "options" when _interfaces.Count > 0:
                    _interfaces[^1] = _interfaces[^1] with { Options = Map(value) };
                    break;
                case "error" when _interfaces.Count > 0:
                    _interfaces[^1] = _interfaces[^1] with { Error = Unquote(value) };
                    break;
            }
        }

        public OvsFacts Facts()
        {
            CloseBridge();
            return new OvsFacts
            {
                Version = _version,
                Bridges = [.. _bridges.OrderBy(b => b.Name, StringComparer.Ordinal)],
                SwitchAnswered = false,
            };
        }

        private void ClosePort()
        {
            if (_ports.Count > 0)
                _ports[^1] = _ports[^1] with { Interfaces = [.. _interfaces] };
            _interfaces.Clear();
        }

        private void CloseBridge()
        {
            ClosePort();
            if (_bridges.Count > 0)
                _bridges[^1] = _bridges[^1] with
                {
                    Ports = [.. _ports.OrderBy(p => p.Name, StringComparer.Ordinal)],
                    Controllers = [.. _controllers],
                };
            _ports.Clear();
            _controllers.Clear();
            _inController = false;
        }
    }
}
