"""Keep from the Markdown parser what a model does not mean as Markdown.

Every shielded character is swapped for one of Unicode's private use that the text does not have,
which the parser takes for a letter, and is swapped back in whatever the parser returns. So a tag,
an entity or a formula comes through as it was written, inside code and outside it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

_MARKS = "\\`*_{}[]()#+-.!|~^<>&=:\"'%?"
_WIDE_CLOSERS = "、。！，．：；？」』】）》〉”’"
_WIDE_OPENERS = "（「『【《〈“‘"
_SHIELDABLE = _MARKS + _WIDE_CLOSERS + _WIDE_OPENERS
_BLOCK = 64
"""More than the characters above and the two spoiler marks."""

_FORMULA_MARKS = "\\*_{}[]()#+-.!|^=:\"'"
_FORMULA_CLOSERS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_FORMULA_EDGE = re.compile(r"\\\\|\\[()\[\]]|\$\$|`|\n[ \t]*\n")
_DOLLAR_FORMULA = re.compile(r"(?<![\w$\\])\$(?=\S)([^$\n`]{1,200})(?<=\S)\$(?![\w$])")
_FORMULA_SIGN = re.compile(r"[\\^_={}]")

_LETTERS = r"\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts without spaces round emphasis, which CommonMark's rules for ``**`` overlook."""

_LITERAL = re.compile(
    r"&"
    r"|(?<!\]\()<(?!https?://[^\s<>]*>)"  # but for links in angle brackets
    r"|\[(?=[^\[\]\n]{1,200}\]:)"  # a definition would vanish, with the address in it
    r"|(?:(?<=[0-9)])|(?<=\b[A-Za-z]))\*(?=[0-9(]|[A-Za-z]\b)"  # 2*x
    r"|(?:(?<=[0-9)])|(?<=\b[A-Za-z]))\*\*(?=\d)"  # x**2
    rf"|[{_WIDE_CLOSERS}](?=\*)"
    rf"|(?<=\*)[{_WIDE_OPENERS}]"
    rf"|[:.!?%\"'](?=\*\*?[{_LETTERS}])"
    rf"|(?<=[{_LETTERS}]\*\*)[\"'(]"
)
_BRACKETED = re.compile(rf"(?<!\])\([^()\n]{{1,100}}\)(?=\*\*[{_LETTERS}])")
_SPOILER = re.compile(r"(?<![^\s(\[{\"'*_~])(?<!\|)\|\|(?=[^\s|])([^|`\n]*)(?<=\S)\|\|(?![\w|])")


@dataclass(frozen=True, slots=True)
class Shielded:
    text: str
    spoiler_open: str
    spoiler_close: str
    originals: dict[int, str]

    def restore(self, text: str) -> str:
        """What the model wrote for a part of ``text``."""
        return text if text.isascii() else text.translate(self.originals)


def shield(markdown: str, max_formula_chars: int = sys.maxsize) -> Shielded | None:
    """None if the text uses so much of the private area that nothing is left to swap with.

    What looks like a longer formula is none. Without a limit one mark can change what a whole
    paragraph before it is.
    """
    base = _free_block(markdown)
    if base is None:
        return None
    spoiler_open, spoiler_close = chr(base), chr(base + 1)
    swaps = {ord(char): base + 2 + index for index, char in enumerate(_SHIELDABLE)}
    originals = {swap: chr(char) for char, swap in swaps.items()}
    in_formula = {ord(char): swaps[ord(char)] for char in _FORMULA_MARKS}

    text = _shield_formulas(markdown, in_formula, max_formula_chars)
    text = _DOLLAR_FORMULA.sub(
        lambda found: (
            found[0].translate(in_formula) if _FORMULA_SIGN.search(found[1]) else found[0]
        ),
        text,
    )
    text = _SPOILER.sub(rf"{spoiler_open}\1{spoiler_close}", text)
    text = _BRACKETED.sub(lambda found: found[0][:-1] + chr(swaps[ord(")")]), text)
    text = _LITERAL.sub(lambda found: found[0].translate(swaps), text)
    for mark in (base, base + 1):
        originals[mark] = "||"
    return Shielded(text, spoiler_open, spoiler_close, originals)


def _free_block(text: str) -> int | None:
    used = {ord(char) // _BLOCK for char in set(text) if "\ue000" <= char <= "\uf8ff"}
    blocks = range(0xE000 // _BLOCK, 0xF900 // _BLOCK)
    return next((block * _BLOCK for block in blocks if block not in used), None)


def _shield_formulas(text: str, in_formula: dict[int, int], max_chars: int) -> str:
    parts: list[str] = []
    done = 0
    opened: re.Match[str] | None = None
    for edge in _FORMULA_EDGE.finditer(text):
        mark = edge[0]
        if opened and edge.end() - opened.start() > max_chars:
            opened = None
        if opened and mark == _FORMULA_CLOSERS[opened[0]]:
            parts.append(text[done : opened.start()])
            parts.append(text[opened.start() : edge.end()].translate(in_formula))
            done, opened = edge.end(), None
        elif mark in _FORMULA_CLOSERS:
            opened = edge
        elif mark == "`" or mark.startswith("\n"):
            opened = None
    parts.append(text[done:])
    return "".join(parts)
