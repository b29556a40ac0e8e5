using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text.Json;

namespace StackNet.Shell.Commands;

/// <summary>Writes any object as JSON, to a depth, without following an object into itself.</summary>
internal sealed class JsonObjects(Utf8JsonWriter writer, int maximumDepth)
{
    private readonly HashSet<object> _open = new(ReferenceEqualityComparer.Instance);

    public void Write(object? value) => Write(value, depth: value is IList ? -1 : 0);

    private void Write(object? value, int depth)
    {
        object? plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        if (WriteSimple(plain))
            return;
        if (depth > maximumDepth || !_open.Add(plain!))
        {
            writer.WriteStringValue(LanguagePrimitives.ConvertTo<string>(value));
            return;
        }
        switch (plain)
        {
            case IDictionary table:
                writer.WriteStartObject();
                foreach (DictionaryEntry entry in table)
                {
                    writer.WritePropertyName(entry.Key.ToString() ?? "");
                    Write(entry.Value, depth + 1);
                }
                writer.WriteEndObject();
                break;
            case IEnumerable list:
                writer.WriteStartArray();
                foreach (object? item in list)
                    Write(item, depth + 1);
                writer.WriteEndArray();
                break;
            default:
                WriteProperties(PSObject.AsPSObject(value!), depth);
                break;
        }
        _open.Remove(plain!);
    }

    private void WriteProperties(PSObject item, int depth)
    {
        writer.WriteStartObject();
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (PSPropertyInfo property in item.Properties)
        {
            if (!property.IsGettable || !names.Add(property.Name))
                continue;
            object? value;
            try
            {
                value = property.Value;
            }
            catch (GetValueException)
            {
                value = null;
            }
            writer.WritePropertyName(property.Name);
            Write(value, depth + 1);
        }
        writer.WriteEndObject();
    }

    private bool WriteSimple(object? value)
    {
        switch (value)
        {
            case null or DBNull:
                writer.WriteNullValue();
                return true;
            case bool flag:
                writer.WriteBooleanValue(flag);
                return true;
            case Enum name:
                writer.WriteStringValue(name.ToString());
                return true;
            case string or char:
                writer.WriteStringValue(value.ToString());
                return true;
            case sbyte or byte or short or ushort or int or uint or long:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                return true;
            case ulong number:
                writer.WriteNumberValue(number);
                return true;
            case decimal number:
                writer.WriteNumberValue(number);
                return true;
            case double or float:
                double real = Convert.ToDouble(value, CultureInfo.InvariantCulture);
                if (double.IsFinite(real))
                    writer.WriteNumberValue(real);
                else
                    writer.WriteStringValue(real.ToString(CultureInfo.InvariantCulture));
                return true;
            case DateTime time:
                writer.WriteStringValue(time);
                return true;
            case DateTimeOffset time:
                writer.WriteStringValue(time);
                return true;
            case SwitchParameter flag:
                writer.WriteBooleanValue(flag.IsPresent);
                return true;
            case Guid or Uri or Version or TimeSpan or System.Net.IPAddress or Type or ScriptBlock:
                writer.WriteStringValue(value.ToString());
                return true;
            default:
                return false;
        }
    }
}
