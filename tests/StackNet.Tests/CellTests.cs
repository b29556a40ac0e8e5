using StackNet.Output;
using Xunit;

namespace StackNet.Tests;

/// <summary>Text of a node never reaches the terminal as it is.</summary>
public sealed class CellTests
{
    [Theory]
    [InlineData("tap12345678-9a", "tap12345678-9a")]
    [InlineData("web server ü 漢", "web server ü 漢")]
    [InlineData("\u001b[31mred\u001b[0m", "␛[31mred␛[0m")]
    [InlineData("a\nb\tc\r", "a␊b␉c␍")]
    [InlineData("\u009b31m", "<U+009B>31m")]
    [InlineData("a\u007fb", "a␡b")]
    [InlineData("a\u202eb", "a<U+202E>b")]
    [InlineData("", "")]
    public void Control_characters_are_shown(string text, string shown) => Assert.Equal(shown, Cell.Text(text));

    [Fact]
    public void A_list_is_cleaned_and_cut()
    {
        Assert.Equal("a, b, c", Cell.List(new[] { "a", "b", "c" }));
        Assert.Equal("a, b +1", Cell.List(new[] { "a", "b", "c" }, 2));
        Assert.Equal("␛a", Cell.List(new[] { "\u001ba" }));
        Assert.Equal("", Cell.List(null));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "(root)")]
    [InlineData("qrouter-1", "qrouter-1")]
    public void A_namespace_has_a_name(string? name, string shown) => Assert.Equal(shown, Cell.Namespace(name));

    [Theory]
    [InlineData(true, "Yes")]
    [InlineData(false, "No")]
    [InlineData(null, "?")]
    public void What_was_not_read_is_a_question_mark(bool? value, string shown) => Assert.Equal(shown, Cell.YesNo(value));

    [Theory]
    [InlineData("qrouter-0123456789", 9, "qrou…6789")]
    [InlineData("short", 9, "short")]
    public void A_long_text_keeps_both_ends(string text, int width, string shown) => Assert.Equal(shown, Cell.Short(text, width));

    [Theory]
    [InlineData("no masquerade for it", 10, "no\nmasquerade\nfor it")]
    [InlineData("short", 10, "short")]
    [InlineData("averyveryverylongword and", 10, "averyveryverylongword and")]
    public void A_long_cause_breaks_between_words(string text, int width, string shown) => Assert.Equal(shown, Cell.Wrapped(text, width));
}
