"""docs/openai.md, as it can be tried: what people send, and what comes back.

Its blocks marked ``parley`` are conversations. ``>`` stands before what is sent, ``<`` before what
comes back, in any order: words that a message holds, or in [brackets] what is no text. Words in
“quotes” are the service's. What follows ``parley`` are settings by their PARLEY_ names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "openai.md"

_BLOCK = re.compile(r"^```parley *(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BRACKETS = re.compile(r"^((?:\[[^]]*\] *)*)(.*)$", re.DOTALL)
_BRACKET = re.compile(r"\[([^]]*)\]")


@dataclass(frozen=True, slots=True)
class Step:
    line: str
    """As it stands on the page, without the mark."""
    enclosed: tuple[str, ...]
    """What stands in brackets before the words: a file, a reply, or a button that is pressed."""
    text: str
    texts: tuple[str, ...]
    """What messages that come back hold."""
    things: tuple[str, ...]
    """What stands in brackets of that which comes back."""
    told: str
    """What the service says; empty if nothing is quoted."""

    @property
    def command(self) -> str:
        return self.text[1:].split(maxsplit=1)[0] if self.text.startswith("/") else ""


@dataclass(frozen=True, slots=True)
class Block:
    settings: Mapping[str, str]
    steps: tuple[Step, ...]


def sections(page: str) -> dict[str, tuple[Block, ...]]:
    """By headings: those that have something to try."""
    _, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    found = {part.partition("\n")[0]: _blocks(part) for part in parts}
    return {title: blocks for title, blocks in found.items() if blocks}


def _blocks(part: str) -> tuple[Block, ...]:
    return tuple(
        Block(dict(word.split("=", 1) for word in settings.split()), _steps(inside))
        for settings, inside in _BLOCK.findall(part)
    )


def _steps(inside: str) -> tuple[Step, ...]:
    _, *exchanges = re.split(r"^> ", inside, flags=re.MULTILINE)
    return tuple(_step(*exchange.splitlines()) for exchange in exchanges)


def _step(line: str, *answers: str) -> Step:
    strange = [answer for answer in answers if not answer.startswith("< ")]
    if strange:
        raise ValueError(f"neither sent nor come back: {strange}")
    brackets, text = _BRACKETS.fullmatch(line).groups()  # type: ignore[union-attr]  # it fits all
    came = [answer.removeprefix("< ") for answer in answers]
    quoted = [answer[1:-1] for answer in came if answer.startswith("“")]
    return Step(
        line,
        tuple(_BRACKET.findall(brackets)),
        text,
        tuple(one.strip("“”") for one in came if not one.startswith("[")),
        tuple(one[1:-1] for one in came if one.startswith("[")),
        "\n".join(quoted),
    )
