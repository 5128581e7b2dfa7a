import pytest
import telegram

from bot.telegram.markup import Entity, Rendered, message_entities, plain, render, words
from tests.unit.markdown_samples import source_words
from tests.unit.telegram.markup_rules import (
    check_message,
    marked,
    part_of,
    reader_words,
)

TABLE = """\
a                  | bb
-------------------+---
x                  | y
z (https://e.org/) |"""

CASES = {
    "heading": ("# One\n\ntext", "One\n\ntext", [("bold", "One")]),
    "heading right above text": ("## Two\ntext", "Two\ntext", [("bold", "Two")]),
    "underlined heading": ("One\n===\ntext", "One\ntext", [("bold", "One")]),
    "heading in bold": ("# **One** two", "One two", [("bold", "One two")]),
    "styles": (
        "**b** *i* ~~s~~ `c`",
        "b i s c",
        [("bold", "b"), ("italic", "i"), ("strikethrough", "s"), ("code", "c")],
    ),
    "bold and italic": ("***x***", "x", [("bold", "x"), ("italic", "x")]),
    "code in bold": ("**a `b` c**", "a b c", [("bold", "a"), ("code", "b"), ("bold", "c")]),
    "nested list": (
        "- a\n  - b\n    - c\n- d",
        "• a\n  • b\n    • c\n• d",
        [],
    ),
    "numbers as written": ("1. a\n1. b\n\n7) c\n8) d", "1. a\n1. b\n\n7) c\n8) d", []),
    "tasks": ("- [x] a\n- [ ] b", "• [x] a\n• [ ] b", []),
    "code in a list": (
        "1. a\n   ```sh\n   ls\n   ```\n2. b",
        "1. a\nls\n2. b",
        [("pre", "ls")],
    ),
    "rule": ("a\n\n---\n\nb", "a\n\n———\n\nb", []),
    "quote": ("> a\n> > b\n\nc", "a\nb\n\nc", [("blockquote", "a\nb")]),
    "code in a quote": (
        "> a\n> ```\n> b\n> ```",
        "a\nb",
        [("blockquote", "a\nb"), ("pre", "b")],
    ),
    "table": (
        "| a | bb |\n|---|:-:|\n| **x** | `y` |\n| [z](https://e.org/) ||",
        TABLE,
        [("pre", TABLE)],
    ),
    "table with a cell too many": (
        "| a |\n|---|\n| x | y |\n\nand *so*",
        "| a |\n|---|\n| x | y |\n\nand so",
        [("italic", "so")],
    ),
    "wide letters in a table": (
        "|名|b|\n|-|-|\n|x|y|",
        "名 | b\n---+--\nx  | y",
        [("pre", "名 | b\n---+--\nx  | y")],
    ),
    "fence in a longer fence": (
        "````\n```py\nx = 1\n```\n````",
        "```py\nx = 1\n```",
        [("pre", "```py\nx = 1\n```")],
    ),
    "unclosed fence": ("```\nx", "x", [("pre", "x")]),
    "fence without code yet": ("a\n```pyth", "a\npyth", [("pre", "pyth")]),
    "only a fence": ("```", "```", []),
    "code keeps its looks": (
        "```\n\tif a < b && c:\n\n        **x**\n```",
        "    if a < b && c:\n\n        **x**",
        [("pre", "    if a < b && c:\n\n        **x**")],
    ),
    "tags": ("<b>x</b> and <br/> <T>", "<b>x</b> and <br/> <T>", []),
    "block of HTML": (
        "<details>\n<summary>**s**</summary>\n\n- a\n</details>\n<!-- note -->",
        "<details>\n<summary>s</summary>\n\n• a\n</details>\n<!-- note -->",
        [("bold", "s")],
    ),
    "tag in code": ("`<i>` &amp; `&lt;`", "<i> &amp; &lt;", [("code", "<i>"), ("code", "&lt;")]),
    "less than": ("a < b, List<int> x", "a < b, List<int> x", []),
    "address in brackets": ("see <https://x.org/a_b>", "see https://x.org/a_b", []),
    "prices": ("costs $5 and $6, *not* $7", "costs $5 and $6, not $7", [("italic", "not")]),
    "formulas": (
        "\\(a_1*b_2*c\\), $x_1*y*z$ and\n\\[\n\\frac{a}{b} \\\\\n- *y*\n\\]",
        "\\(a_1*b_2*c\\), $x_1*y*z$ and\n\\[\n\\frac{a}{b} \\\\\n- *y*\n\\]",
        [],
    ),
    "formula in a table": (
        "|a|\n|-|\n|$|x|_2$|",
        "a\n-------\n$|x|_2$",
        [("pre", "a\n-------\n$|x|_2$")],
    ),
    "products and powers": ("2*3*4, a*b*c, x**2 + y**2", "2*3*4, a*b*c, x**2 + y**2", []),
    "about": ("~5 to ~6", "~5 to ~6", []),
    "escapes": ("\\*a\\* 1\\. b", "*a* 1. b", []),
    "no spoilers": ("a || b|| c, x||y||z", "a || b|| c, x||y||z", []),
    "spoiler": ("so ||b **c**||.", "so b c.", [("spoiler", "b c"), ("bold", "c")]),
    "spoiler across bold": (
        "||a **b|| c** d",
        "a b c d",
        [("spoiler", "a b"), ("bold", "b"), ("bold", "c")],
    ),
    "bars in code": ("`a ||b|| c`", "a ||b|| c", [("code", "a ||b|| c")]),
    "bars in a table": (
        "|a|b|\n|-|-|\n| x || ",
        "a | b\n--+--\nx |",
        [("pre", "a | b\n--+--\nx |")],
    ),
    "Korean bold": ("**단어(word)**는", "단어(word)는", [("bold", "단어(word)")]),
    "Chinese bold": ("**注意：**请", "注意：请", [("bold", "注意：")]),
    "right to left": ("**שלום** עולם", "שלום עולם", [("bold", "שלום")]),
    "emoji": ("👨‍👩‍👧 **🙂x** 🇩🇪", "👨‍👩‍👧 🙂x 🇩🇪", [("bold", "🙂x")]),
    "definition of a link": (
        "see [x][1]\n\n[1]: https://e.org 'T'",
        "see [x][1]\n\n[1]: https://e.org 'T'",
        [],
    ),
    "controls": ("a\x00b\r\nc\rd\u2028e", "a b\nc\nd\ne", []),
    "line breaks": ("a  \nb\\\nc\nd", "a\nb\nc\nd", []),
}


@pytest.mark.parametrize("case", CASES)
def test_markdown_is_shown_as_text_and_entities(case: str) -> None:
    markdown, text, entities = CASES[case]
    rendered = render(markdown)
    assert rendered.text == text
    assert marked(rendered) == entities
    check_message(rendered)
    assert reader_words(rendered) == source_words(markdown)


@pytest.mark.parametrize(
    ("info", "language", "text"),
    [
        ("python", "python", "x"),
        ("c++", "c++", "x"),
        ("", None, "x"),
        ("python title=a", None, "python title=a\nx"),
    ],
)
def test_a_fence_carries_its_language_and_shows_what_else_it_says(
    info: str, language: str | None, text: str
) -> None:
    rendered = render(f"```{info}\nx\n```\nafter")
    (entity,) = rendered.entities
    assert (entity.language, part_of(rendered, entity)) == (language, text)


@pytest.mark.parametrize(
    ("markdown", "text", "url"),
    [
        ("[w](https://en.org/wiki/A_(b)?c=1&amp;d)", "w", "https://en.org/wiki/A_(b)?c=1&amp;d"),
        ("[w](<https://en.org/a>)", "w", "https://en.org/a"),
        ("![alt](https://e.org/p.png)", "alt", "https://e.org/p.png"),
        ('[w](https://e.org "T")', "w (T)", "https://e.org"),
        ("[`f()`](https://e.org:80/f)", "f()", "https://e.org:80/f"),
        (
            "[![alt](https://e.org/p.png)](https://e.org)",
            "alt (https://e.org/p.png)",
            "https://e.org",
        ),
    ],
)
def test_a_link_becomes_an_entity_with_its_address(markdown: str, text: str, url: str) -> None:
    rendered = render(markdown)
    assert rendered.text == text
    assert [(entity.type, entity.url) for entity in rendered.entities] == [("text_link", url)]
    check_message(rendered)


@pytest.mark.parametrize(
    "url",
    [
        *("./notes.md", "#part", "http://localhost:8080/x", "mailto:a@b.org", "tg://user?id=1"),
        *("https://e.org/" + "x" * 3000, "https://user@e.org", "javascript:alert", "e.org"),
    ],
)
def test_an_address_that_telegram_refuses_is_written_out(url: str) -> None:
    rendered = render(f"[w]({url})")
    assert rendered == Rendered(f"w ({url})")


def test_a_link_without_text_shows_its_address() -> None:
    assert render("a [](https://e.org) b").text == "a https://e.org b"


def test_a_title_in_a_spoiler_crosses_nothing() -> None:
    check_message(render("x **||a** b|| ||c [d|| e](https://e.org) f||"))


@pytest.mark.parametrize("markdown", ["", "  \n\n", "\u200b", "\x00", "\u202e", "\ufeff"])
def test_what_nobody_can_see_is_empty(markdown: str) -> None:
    assert words(render(markdown).text).strip("\u200b") == ""
    assert render(markdown).entities == ()


@pytest.mark.parametrize(
    "markdown",
    [
        *(
            "*" * 10_000,
            "[" * 10_000,
            "> " * 10_000,
            "- " * 5_000 + "x",
            "`" * 9_999,
            "||a" * 5_000,
        ),
        *("**a *b " * 2_000 + "`c` " * 2_000 + "x* y**" * 2_000, "![a" * 5_000 + "](b)" * 5_000),
        *(
            "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + "|b\n" * 2_000,
            "\\(" * 5_000,
            "$x_" * 5_000,
        ),
        *(
            "\ud83d",
            "a\udc00\ud800b",
            "".join(map(chr, range(0xE000, 0xF900))),
            "<!--\n**a**",
            "[a\nb]: https://e.org\n\n*x*",
        ),
    ],
)
def test_hostile_text_is_rendered_without_loss(markdown: str) -> None:
    rendered = render(markdown)
    assert reader_words(rendered) == source_words(markdown)


def test_private_characters_of_the_text_come_through() -> None:
    assert render("\ue000 **<b>** \ue001 `\ue041`").text == "\ue000 <b> \ue001 \ue041"


def test_words_leave_out_marks_and_white_space() -> None:
    assert words("# a *b*\n\n- [x](https://e.org) `1 < 2`") == "abxhttps//e.org12"


def test_plain_text_is_left_alone() -> None:
    assert plain(" *a* <b>\n") == Rendered("*a* <b>")
    assert plain("🙂 a", "italic") == Rendered("🙂 a", (Entity("italic", 0, 4),))


def test_entities_become_those_of_the_library() -> None:
    assert message_entities(render("**a** [b](https://e.org)\n```py\nc\n```")) == [
        telegram.MessageEntity("bold", 0, 1),
        telegram.MessageEntity("text_link", 2, 1, url="https://e.org"),
        telegram.MessageEntity("pre", 4, 1, language="py"),
    ]
