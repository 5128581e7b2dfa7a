"""How Discord's app reads a message, as far as the tests need it, written on its own."""

from __future__ import annotations

import re
import unicodedata

MAX_UNITS = 2000

_READ = re.compile(
    r"(?P<escape>\\[^0-9A-Za-z\s])"
    r"|(?P<block>```(?:(?P<language>[A-Za-z0-9_+\-.#]+?)\n)?\n*(?P<body>[^\n][\s\S]*?)\n*```)"
    r"|(?P<inline>(?P<ticks>`+)(?P<code>[\s\S]*?[^`])(?P=ticks)(?!`))"
    r"|(?P<link>\[(?:[^\[\]\\\n]|\\.)*\]\(https?://(?:[^\s()<]|\([^\s()<]*\))+(?: \"[^\"\n]*\")?\))"
    r"|(?P<url><https?://[^\s<>]+>|https?://[^\s<]+[^<.,:;\"'\]\s])"
    r"|(?P<other>[\s\S])"
)
_CODE = "\ue000"
"""Stands for code and addresses, in which nothing is read as Markdown."""
_ESCAPED = "\ue001"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def bare(part: str) -> str:
    """What is left for Discord to read as marks."""
    return "".join(
        _ESCAPED if found["escape"] else found["other"] or _CODE for found in _READ.finditer(part)
    )


def code_blocks(part: str) -> list[tuple[str | None, str]]:
    """Language and code."""
    return [(found["language"], found["body"]) for found in _READ.finditer(part) if found["block"]]


def shown(part: str) -> str:
    """The text without the backslashes that Discord takes out."""
    return "".join(found[0][1:] if found["escape"] else found[0] for found in _READ.finditer(part))


def check_part(part: str, max_units: int = MAX_UNITS) -> None:
    """What Discord takes as it is, and shows no other way than it was meant."""
    assert 0 < units(part) <= max_units
    assert part == part.strip()
    assert any(
        not char.isspace() and unicodedata.category(char) not in {"Cf", "Cc"} for char in part
    )
    text = bare(part)
    assert "```" not in text, "a fence without its other end"
    assert "`" not in text
    assert "||" not in text
    assert not re.search(r"^ *>>> ", text, re.MULTILINE)
    assert not re.search(r"^(?:> )?-# ", text, re.MULTILINE)
    assert not re.search(r"<(?:@[!&]?|#)\d+>", text)
