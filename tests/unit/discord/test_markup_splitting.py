import pytest

from bot.discord.markup import plain_parts, render_parts, words
from tests.unit.discord.markup_rules import check_part, code_blocks, units

FAMILY = "👨‍👩‍👧"
FLAG = "🇩🇪"
WAVE = "👋🏽"
ACCENTED = "e\u0301\u0323"
FILL = "x" * 900
"""More than would fit twice beside what a test is about."""


def rendered(markdown: str) -> list[str]:
    parts = render_parts(markdown)
    for part in parts:
        check_part(part)
    assert words("".join(parts)) == words(markdown)
    return parts


def test_what_fits_stays_whole() -> None:
    assert rendered("a " * 999 + "b") == ["a " * 999 + "b"]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (f"{FILL}\n{FILL}\n\n", f"aa\n{FILL}"),
        (f"{FILL} {FILL} aa\n", f"aa bb. cc {FILL}"),
        (f"{FILL} {FILL} aa. ", f"bb 1.5 cc {FILL}"),
        (f"{FILL} {FILL} aa ", f"b{FILL}"),
        ("第一句很长。" * 300, "第二句也很长" * 50),
    ],
)
def test_a_cut_is_made_at_the_best_place_in_the_last_part(before: str, behind: str) -> None:
    assert rendered(before + behind) == [before.rstrip(), behind]


def test_a_word_longer_than_a_message_is_cut() -> None:
    assert rendered("b" * 4500) == ["b" * 2000, "b" * 2000, "b" * 500]


@pytest.mark.parametrize("cluster", [FAMILY, FLAG, WAVE, ACCENTED, "🙂", "한"])
@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_what_looks_like_one_character_is_never_cut(cluster: str, before: str) -> None:
    parts = rendered(before + cluster * 2100)
    assert len(parts) > 1
    for part in parts:
        assert part.removeprefix(before).replace(cluster, "") == ""


@pytest.mark.parametrize(
    "text", ["a" + "*" * 1999, "a" + "\\" * 3000, "||" * 1100 + "a" + "`" * 1001]
)
def test_an_escape_is_never_cut(text: str) -> None:
    parts = plain_parts(text)
    assert len(parts) > 1
    for part in parts:
        assert (len(part) - len(part.rstrip("\\"))) % 2 == 0
        check_part(part)


# ---------------------------------------------------------------- code


@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_code_is_cut_between_lines_and_goes_on_in_its_language(fence: str) -> None:
    code = "\n".join(f"    line {number}" for number in range(400))
    parts = rendered(f"Look:\n{fence}python\n{code}\n{fence}\nDone.")
    assert len(parts) > 2
    blocks = [block for part in parts for block in code_blocks(part)]
    assert {language for language, _ in blocks} == {"python"}
    assert "\n".join(body for _, body in blocks) == code
    assert parts[0].startswith("Look:\n```python\n    line 0\n")
    assert parts[-1].endswith("\n```\nDone.")


def test_code_that_fills_a_message_to_its_last_unit_is_closed_within_it() -> None:
    for missing in range(8):
        line = "y" * (1988 - missing)
        parts = rendered(f"```py\n{line}\nz\n```")
        assert [body for part in parts for _, body in code_blocks(part)] in (
            [f"{line}\nz"],
            [line, "z"],
        )


def test_code_that_begins_in_the_last_part_moves_to_the_next_message() -> None:
    code = "```py\n" + "z = 1\n" * 150 + "```"
    text = ("word " * 300).strip()
    assert rendered(f"{text}\n\n{code}") == [text, code]


def test_code_in_a_quote_goes_on_as_a_quote() -> None:
    source = "> a\n> ```py\n" + "".join(f">     line {n}\n" for n in range(300)) + "> ```\n> b"
    parts = rendered(source)
    assert len(parts) > 1
    for part in parts:
        assert all(line.startswith("> ") for line in part.split("\n"))
        assert part.count("> ```") == 2
    assert parts[1].startswith("> ```py\n> \n>     line")


def test_code_of_a_list_goes_on_without_the_indentation_of_the_list() -> None:
    lines = [f"  line {number}" for number in range(400)]
    source = "1. a\n   ```py\n" + "".join(f"   {line}\n" for line in lines) + "   ```\n2. b"
    parts = rendered(source)
    assert parts[0].startswith("1. a\n   ```py\n     line 0\n")
    assert parts[0].endswith("\n   ```")
    bodies = [code_blocks(part)[0][1].rstrip().split("\n") for part in parts]
    assert [line for body in bodies[1:] for line in body] == lines[len(bodies[0]) :]
    assert parts[-1].endswith("\n```\n2. b")


def test_a_line_of_code_longer_than_a_message_is_cut_in_its_fence() -> None:
    parts = rendered("```\n" + "ab " * 1500 + "\n```")
    assert len(parts) == 3
    for part in parts:
        assert part.startswith("```\n")
        assert part.endswith("\n```")


def test_a_long_table_is_laid_out_in_parts() -> None:
    rows = "".join(f"| name {number} | **{number * number}** |\n" for number in range(400))
    parts = render_parts(f"| a | b |\n|---|---|\n{rows}")
    assert len(parts) > 2
    for part in parts:
        check_part(part)
        ((language, body),) = code_blocks(part)
        assert language is None
        assert len({line.index("|") for line in body.split("\n") if "|" in line}) == 1
    assert words("".join(parts)) == words(f"| a | b |\n{rows}")


# ---------------------------------------------------------------- marks


def test_bold_over_a_cut_goes_on_behind_it() -> None:
    parts = rendered(f"{'word ' * 150}**{'bold ' * 280}end** x")
    assert len(parts) == 2
    assert parts[0].endswith(" bold**")
    assert parts[1].startswith("**bold ")
    assert parts[1].endswith(" end** x")


def test_styles_in_each_other_are_closed_and_opened_in_order() -> None:
    parts = rendered(f"{'word ' * 150}**a *b ~~{'c ' * 650}d~~*** x")
    assert parts[0].endswith(" c~~***")
    assert parts[1].startswith("***~~c ")


def test_short_bold_is_not_cut() -> None:
    parts = rendered(f"{'word ' * 395}**two three four five six seven** x")
    assert parts[1] == "**two three four five six seven** x"


@pytest.mark.parametrize("whole", ["`two three four five six`", "[a b c](https://e.org/d-e-f)"])
def test_inline_code_and_links_are_not_cut(whole: str) -> None:
    assert rendered(f"{'word ' * 396}{whole} x")[1] == f"{whole} x"


def test_long_inline_code_goes_on_as_code() -> None:
    parts = rendered(f"{'x' * 700}(`{'code ' * 280}end`) y")
    assert parts[0].endswith(" code`")
    assert parts[1].startswith("`code ")


@pytest.mark.parametrize("mark", ["**", "`", "_", "$$"])
def test_a_late_mark_changes_nothing_far_before_it(mark: str) -> None:
    text = f"x {mark}{chr(92)}frac_ {'wo_ ' * 1000}end"
    before, after = rendered(text), rendered(f"{text}{mark} y")
    assert before[:-1] == after[:-1]


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        (f"{'x' * 1990}` {'a' * 1400}` z", ["x" * 1990, f"` {'a' * 1400}` z"]),
        (f"{'x' * 700}`{'a' * 1298} ` z", [f"{'x' * 700}`{'a' * 1298}`", "z"]),
    ],
)
def test_a_cut_beside_the_ticks_of_inline_code_leaves_none_alone(
    source: str, parts: list[str]
) -> None:
    assert rendered(source) == parts


def test_a_quote_that_is_cut_goes_on_as_a_quote() -> None:
    parts = rendered(f"> {'word ' * 500}end")
    assert parts[1].startswith("> word ")


def test_a_heading_stays_with_what_it_is_above_of() -> None:
    text = ("word " * 390).strip()
    assert rendered(f"{text}\n\n## Next\n\n{text}") == [text, f"## Next\n\n{text}"]


# ---------------------------------------------------------------- growing


def test_the_first_messages_of_a_growing_answer_stay() -> None:
    code = "".join(f"    line_{number} = {number}\n" for number in range(80))
    row = "| **x** | `y` and more |\n"
    section = (
        "# One\n\nSome **bold words**, `code` and [a link](https://e.org).\n\n"
        f"```py\n{code}```\n\n| a | b |\n|---|---|\n{row * 60}\n"
        f"> {'quoted words ' * 60}\n\n**{'bold ' * 100}end** {'字' * 300}。\n"
    )
    text = section * 3
    whole = render_parts(text)
    assert len(whole) > 6
    for end in range(0, len(text), 37):
        parts = render_parts(text[:end])
        assert parts[:-2] == whole[: max(len(parts) - 2, 0)]
        for part in parts:
            assert units(part) <= 2000
