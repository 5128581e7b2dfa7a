"""What a model writes pings nobody, and stays a message that Telegram takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.markup import Entity, Rendered, render
from bot.telegram.mentions import silence
from bot.telegram.splitting import split
from tests.unit.telegram.markup_rules import check_message, marked, part_of

INERT = {"code", "pre", "text_link"}
PIECES = st.sampled_from(
    [
        "@alice_b",
        "@bob99",
        " ",
        "\n\n",
        "word",
        "🙂",
        "**",
        "_",
        "`",
        "> ",
        "[x](https://e.test) ",
        "@",
        "```\n",
        "~~",
        "(",
        "a@bcde",
        "https://e.test/@name",
        ", ",
        "**@carol** ",
        "[@dave](https://e.test)",
    ]
)


def pings(message: Rendered) -> list[str]:
    """By Telegram's rule: an @ after no letter, and letters after it, in no code and no link."""
    offsets = [0]
    for char in message.text:
        offsets.append(offsets[-1] + (2 if ord(char) > 0xFFFF else 1))
    silent = [
        (entity.offset, entity.offset + entity.length)
        for entity in message.entities
        if entity.type in INERT
    ]
    return [
        found[0]
        for found in re.finditer(r"(?<!\w)@[A-Za-z0-9_]{2,}", message.text)
        if "https://" not in message.text[: found.start()].split(" ")[-1]
        and not any(
            first <= offsets[found.start()] and offsets[found.end()] <= last
            for first, last in silent
        )
    ]


def test_a_name_becomes_code_and_the_text_stays() -> None:
    message = silence(Rendered("Ask @alice_b, or 🙂 @bob."))

    assert message.text == "Ask @alice_b, or 🙂 @bob."
    assert marked(message) == [("code", "@alice_b"), ("code", "@bob")]


@pytest.mark.parametrize(
    "markdown",
    [
        "mail a@example.com",
        "`@alice`",
        "```\n@alice\n```",
        "[@alice](https://e.test)",
        "@ alice",
        "https://medium.com/@alice/story",
    ],
)
def test_what_is_no_mention_stays_as_it_is(markdown: str) -> None:
    message = render(markdown)

    assert silence(message) == message


def test_in_other_formatting_the_sign_is_widened() -> None:
    message = silence(render("Ask **@alice now**."))

    assert marked(message) == [("bold", "＠alice now")]  # the wide sign is meant


def test_beyond_the_bound_on_entities_the_sign_is_widened() -> None:
    message = silence(Rendered(" ".join(["@alice"] * 101)))

    assert len(message.entities) == 100
    assert message.text.endswith(" ＠alice")  # the wide sign is meant


def test_a_name_in_a_quote_is_code_in_the_quote() -> None:
    message = silence(Rendered("@alice", (Entity("blockquote", 0, 6),)))

    assert marked(message) == [("blockquote", "@alice"), ("code", "@alice")]


@given(st.lists(PIECES, max_size=80).map("".join))
def test_nothing_pings_and_telegram_takes_it(markdown: str) -> None:
    for part in split(render(markdown), max_units=300, max_entities=100):
        message = silence(part)
        check_message(message)
        assert pings(message) == []
        assert message.units == part.units
        assert set(part.entities) <= set(message.entities)
        assert all(
            part_of(message, added).startswith("@")
            for added in set(message.entities) - set(part.entities)
        )
