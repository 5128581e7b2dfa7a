import pytest

from bot.discord.markup import plain_parts, render_parts, words
from tests.unit.discord.markup_rules import bare, check_part, code_blocks, shown
from tests.unit.markdown_samples import source_words

AS_IT_IS = [
    "**b** *i* ***x*** ~~s~~ `c` _i_, a**b**c, ~5 to ~6",
    "# One\n\n## Two\ntext\n### Three",
    "- a\n  - b\n    * c\n- [x] d\n\n1. e\n1. f\n+ g",
    "> a\n> > b\n\nc",
    "see [w](https://e.org/a_(b)), <https://e.org/x_y_z> and https://e.org/__init__.py",
    "Note: *see https://e.org/a_b*. **https://e.org/__init__.py**.",
    "[`f()` a](https://e.org 'T') [b](https://e.org \"T_t\") [c](./x) [1]: d[^1]",
    "```py\nx = 1\n```\nafter\n```\ny\n```",
    "1. Do:\n   ```sh\n   ls\n\n   cd\n   ```\n2. Done",
    "`a || b` ``c ` d`` `<@1>` `>>> x`",
    "```\n||x||\n>>> y\n-# z\n\n<@1> \\* # a\n\tif a < b && c:\n```",
    "<b>x</b> &amp; a < b, List<int> x, $5 and $6",
    "\\*a\\* 1\\. \\`b\\` C:\\dir",
    "a\n\n---\n\nb  \nc",
    "my_var and other_var, a * b",
    "**注意：**请看 **단어(word)**는 **שלום** 👨‍👩‍👧 **🙂x**",
    "@everyone and @here",
]


@pytest.mark.parametrize("markdown", AS_IT_IS)
def test_what_discord_reads_as_it_was_meant_is_sent_as_it_is(markdown: str) -> None:
    expected = markdown.replace("a * b", "a \\* b")
    assert render_parts(markdown) == [expected]
    check_part(expected)


CHANGED = {
    "small headings": (
        "#### Two **b** `c` *i*\ntext\n###### X #",
        "**Two b `c` *i***\ntext\n**X**",
    ),
    "underlined heading": ("One\n===\ntext", "# One\ntext"),
    "indented heading": ("  ## a", "## a"),
    "heading in a list": ("- # a\n- b", "- **a**\n- b"),
    "heading with a sharp": ("# About C#\n## b ##", "# About C#\n## b"),
    "empty heading": ("#\na", "a"),
    "rules": ("***\na\n\n* * *\n_____", "---\na\n\n---\n---"),
    "image": ("![alt](https://e.org/p.png)", "[alt](https://e.org/p.png)"),
    "image without words": ("a ![](https://e.org/p.png)", "a https://e.org/p.png"),
    "linked image": (
        "[![alt](https://e.org/p.png)](https://e.org)",
        "[alt](https://e.org/p.png) (https://e.org)",
    ),
    "underlining": ("__a__ and ___b___", "**a** and _**b**_"),
    "gap in a quote": ("> a\n>\n> b", "> a\n> \n> b"),
    "line break": ("a\\\nb", "a\nb"),
    "spoilers": ("a || b ||c||", "a \\|\\| b \\|\\|c\\|\\|"),
    "quote to the end": (">>> x\n - >>> y", "\\>>> x\n - \\>>> y"),
    "subtext": ("-# x\n> -# y", "\\-# x\n> \\-# y"),
    "references": (
        "<@1> <@!2> <@&3> <#4> <:a:5> <a:b:6> <t:7:R> </c:8>",
        "\\<@1> \\<@!2> \\<@&3> \\<#4> \\<:a:5> \\<a:b:6> \\<t:7:R> \\</c:8>",
    ),
    "stray marks": ("**kwargs and *args", "\\*\\*kwargs and \\*args"),
    "marks in words": ("foo__bar__baz qux_", "foo\\_\\_bar\\_\\_baz qux\\_"),
    "ticks that close nothing": ("a ` b\n\nc ` d", "a \\` b\n\nc \\` d"),
    "products and powers": ("2*3*4, x**2 + y**2", "2\\*3\\*4, x\\*\\*2 + y\\*\\*2"),
    "formulas": (
        "\\(a_1*b|x||\\) and $x_1$\n\\[\n- y\n\\]",
        "\\\\(a\\_1\\*b\\|x\\|\\|\\\\) and $x\\_1$\n\\\\[\n\\- y\n\\\\]",
    ),
    "bars in a link": ("[||a||](https://e.org/||)", "[\\|\\|a\\|\\|](https://e.org/||)"),
    "code of many ticks": ("```a``` ````b`c````", "`a` `` b`c ``"),
    "fence in inline code": ("`a```b`", "`` a`\u200b`\u200b`b ``"),
    "tildes": ("~~~py\nx\n~~~", "```py\nx\n```"),
    "fence in a longer fence": (
        "````md\n```py\nx\n```\n````",
        "```md\n`\u200b`\u200b`py\nx\n`\u200b`\u200b`\n```",
    ),
    "words beside the language": (
        "```python title=a\nx\n```",
        "```\npython title=a\nx\n```",
    ),
    "language after a space": ("``` py\nx\n```", "```py\nx\n```"),
    "code by indentation": ("a\n\n    **x**\n\n      y\n\nb", "a\n\n```\n**x**\n\n  y\n```\n\nb"),
    "code by indentation in a list": (
        "- a\n\n      # x\n- b",
        "- a\n\n  ```\n  # x\n  ```\n- b",
    ),
    "code outside its list": ("1. a\n   ```sh\nls\n   ```", "1. a\n   ```sh\n   ls\n   ```"),
    "code in an item": ("- ```sh\n  ls\n  ```", "- ```sh\n  ls\n  ```"),
    "code that ends with its quote": ("> ```py\n> x\nb", "> ```py\n> x\n> ```\nb"),
    "unclosed fence": ("a\n```py\nx", "a\n```py\nx\n```"),
    "fence without code yet": ("a\n```py", "a\n```\npy\n```"),
    "fence without anything yet": ("a\n```", "a"),
    "only a fence": ("```", "\\`\\`\\`"),
    "controls": ("a\x00b\r\nc\u2028d\ud800\ufeff", "a b\nc\nd\ufffd"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_discord_reads_in_another_way_is_changed(case: str) -> None:
    markdown, expected = CHANGED[case]
    assert render_parts(markdown) == [expected]
    check_part(expected)
    delivered = expected.replace("\u200b", "")
    assert source_words(delivered) == source_words(markdown)


TABLES = {
    "marks in cells": (
        "| a | bb |\n|---|:-:|\n| **x** | `y` |\n| [z](https://e.org/) | ~~w~~ ~5 |",
        (
            "a                  | bb\n-------------------+-----\n"
            "x                  | y\nz (https://e.org/) | w ~5"
        ),
    ),
    "wide letters": ("|名|b|\n|-|-|\n|x|y|", "名 | b\n---+--\nx  | y"),
    "a cell too many": ("|a|\n|-|\n|x|y|", "a\n--+--\nx | y"),
    "no outer bars": ("a | b\n- | -\nx | y", "a | b\n--+--\nx | y"),
    "products and tags": ("|a|\n|-|\n|2*3*4 <br> &amp;|", "a\n----------------\n2*3*4 <br> &amp;"),
    "bars in cells": ("|a|\n|-|\n|x \\| y|", "a\n-----\nx | y"),
    "ticks in a cell": ("|a|\n|-|\n|```x|", "a\n----\n`\u200b`\u200b`x"),
    "only its head yet": ("| a | b |\n|---|---|", "a | b"),
    "half of its second line": ("| a | b |\n|--", "a | b"),
    "half of a row": ("| a | b |\n|---|---|\n| x", "a | b\n--+--\nx"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_is_code_in_columns(case: str) -> None:
    markdown, code = TABLES[case]
    (part,) = render_parts(f"before\n{markdown}")
    assert part == f"before\n```\n{code}\n```"
    check_part(part)
    assert source_words(part.replace("\u200b", "")) == source_words(f"before\n{markdown}")


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (
            "> | a |\n> |---|\n> | x |\nafter",
            "> ```\n> a\n> -\n> x\n> ```\nafter",
        ),
        ("1. a\n   | b |\n   |---|\n2. c", "1. a\n   ```\n   b\n   ```\n2. c"),
        ("| a |\n|---|\nafter | b\nno bar", "```\na\n------+--\nafter | b\n```\nno bar"),
        ("| a |\n| b |", "| a |\n| b |"),
        ("| a | b |\n|---|\n| c |", "| a | b |\n|---|\n| c |"),
    ],
)
def test_a_table_ends_with_its_rows_and_stays_where_it_is(markdown: str, expected: str) -> None:
    assert render_parts(markdown) == [expected]


def test_code_keeps_what_it_says() -> None:
    (part,) = render_parts("```py\n\tif a < b:\n\n\t    **x** || `y`\n```")
    assert code_blocks(part) == [("py", "\tif a < b:\n\n\t    **x** || `y`")]


@pytest.mark.parametrize("markdown", ["", "  \n\n", "\u200b", "\x00", "\u202e", "\ufeff"])
def test_what_nobody_can_see_is_no_message(markdown: str) -> None:
    assert render_parts(markdown) == []
    assert plain_parts(markdown) == []


def test_an_escape_is_not_shown() -> None:
    (part,) = render_parts("a ||b|| <@1> 2*3 \\(x_1\\) **kwargs")
    assert shown(part) == "a ||b|| <@1> 2*3 \\(x_1\\) **kwargs"


# ---------------------------------------------------------------- notices


def test_a_notice_stands_small_under_the_last_message() -> None:
    assert render_parts("a\n```py\nx", "Stopped *here*.") == [
        "a\n```py\nx\n```\n\n-# Stopped \\*here\\*."
    ]


@pytest.mark.parametrize("markdown", ["a" * 1990, "```\n" + "a\n" * 995 + "```"])
def test_a_notice_without_room_is_a_message_of_its_own(markdown: str) -> None:
    parts = render_parts(markdown)
    assert render_parts(markdown, "Stopped here.") == [*parts, "-# Stopped here."]


def test_a_notice_alone_is_a_message() -> None:
    assert render_parts("", "Two\n\n lines.") == ["-# Two\n-# lines."]
    assert render_parts("a", " ") == ["a"]


def test_a_notice_longer_than_a_message_is_sent_whole() -> None:
    parts = render_parts("a", "word " * 500)
    assert source_words("".join(parts)) == "a" + "word" * 500
    for part in parts:
        check_part(part)


# ---------------------------------------------------------------- plain text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "**a** __b__ `c` ||d|| ~~e~~",
            "\\*\\*a\\*\\* \\_\\_b\\_\\_ \\`c\\` \\|\\|d\\|\\| \\~\\~e\\~\\~",
        ),
        ("# a\n  ## b\n-# c\n> d\n>>> e", "\\# a\n  \\## b\n\\-# c\n\\> d\n\\>>> e"),
        ("- a\n* b\n3. c\n3.5 d, e - f", "\\- a\n\\* b\n3\\. c\n3.5 d, e - f"),
        ("[a](https://e.org/b_c)", "\\[a](https://e.org/b_c)"),
        ("[1] a # b", "[1] a # b"),
        ("<@1> <#2> a < b", "\\<@1> \\<#2> a < b"),
        ("https://e.org/a_b*c and <https://e.org/_>", "https://e.org/a_b*c and <https://e.org/_>"),
        ("*https://e.org/a*. `https://e.org`", "\\*<https://e.org/a>\\*. \\`<https://e.org>\\`"),
        ("a\\b ```\nc\n```", "a\\\\b \\`\\`\\`\nc\n\\`\\`\\`"),
    ],
)
def test_plain_text_is_shown_literally(text: str, expected: str) -> None:
    assert plain_parts(text) == [expected]
    check_part(expected)
    assert "**" not in bare(expected)
    assert source_words(expected) == source_words(text)


# ---------------------------------------------------------------- words


def test_words_leave_out_marks_white_space_and_escapes() -> None:
    text = "# a \\*b\\*\n\n- [x](https://e.org) `1 < 2` \u200b||c||"
    assert words(text) == "abxhttps//e.org12c"


def test_words_leave_out_what_opens_code_again() -> None:
    markdown = "a\n```python\n" + "x = 1\n" * 1000 + "```\n" + "```python\ny\n```\n" * 200
    parts = render_parts(markdown)
    assert len(parts) > 4
    assert words("".join(parts)) == words(markdown) == source_words(markdown)
