"""A text on its way to Discord: what is written so far, and what of it should stay whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.markdown.shield import Shielded

_MEANT_LITERALLY = "\\*_|#+-"
"""Of what the shield keeps from a parser: what Discord would read as marks all the same."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Code between fences; indexes of the text. A message that begins in it opens it again."""

    start: int
    """Of the line that opens it, behind its indentation."""
    code: int
    end: int
    opening: str
    """The fence with its language, if any."""
    lead: str
    """What every line begins with: the marks of the quotes or the indentation of the list."""


@dataclass(frozen=True, slots=True)
class Style:
    """Inline code, bold, and so on; ``start`` and ``end`` are outside the marks."""

    start: int
    end: int
    mark: str

    @property
    def width(self) -> int:
        return len(self.mark)


@dataclass(slots=True)
class Written:
    text: str
    fences: list[Fence] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)
    """Sorted by where they begin; none crosses another."""
    links: list[tuple[int, int]] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)
    """What reads better in one piece."""


FENCE = "```"
MAX_SPAN = 1500
"""The longest formula, inline code or emphasis, in characters of its source. What is marked over a
longer way is left as it stands: the end of a growing text must not change its beginning."""


def defuse(code: str, ticks: int = len(FENCE)) -> str:
    """So many ticks in a row, which would end the code, have something invisible between them."""
    return re.sub(f"`{{{ticks},}}", lambda found: "\u200b".join(found[0]), code)


class Page:
    def __init__(self, shielded: Shielded) -> None:
        self.length = 0
        self._parts: list[str] = []
        self._fences: list[Fence] = []
        self._styles: list[Style] = []
        self._links: list[tuple[int, int]] = []
        self._kept: list[tuple[int, int]] = []
        self.less = next(chr(swap) for swap, char in shielded.originals.items() if char == "<")
        """What stands for ``<``, which ends an address."""
        self._written = shielded.originals
        self._escaped = {
            swap: f"\\{char}" if char in _MEANT_LITERALLY else char.replace("||", r"\|\|")
            for swap, char in shielded.originals.items()
        }

    def finish(self) -> Written:
        styles = sorted(self._styles, key=lambda style: (style.start, -style.end))
        return Written("".join(self._parts).rstrip(), self._fences, styles, self._links, self._kept)

    def restore(self, text: str) -> str:
        """What the model wrote, for where Discord reads no marks: code and addresses."""
        return text if text.isascii() else text.translate(self._written)

    def restore_escaped(self, text: str) -> str:
        """What the model wrote, with escapes where it meant no marks."""
        return text if text.isascii() else text.translate(self._escaped)

    def write(self, text: str) -> int:
        """Append, and tell where it begins."""
        start = self.length
        self._parts.append(text)
        self.length += len(text)
        return start

    def write_link(self, text: str) -> None:
        self._links.append((self.write(text), self.length))

    def keep(self, start: int, end: int) -> None:
        self._kept.append((start, end))

    def mark(self, start: int, end: int, mark: str) -> None:
        self._styles.append(Style(start, end, mark))

    def write_fence(
        self, code: Sequence[str], language: str = "", prefix: str = "", lead: str = ""
    ) -> None:
        """On lines of its own after ``prefix``; ``code`` is its lines, without their ``lead``."""
        start = self.write(prefix) + len(prefix) - len(prefix.lstrip())
        opening = f"{FENCE}{language}"
        self.write(f"{opening}\n")
        at = self.length
        bare = lead if lead.strip() else ""
        self.write("\n".join(f"{lead if line else bare}{defuse(line)}" for line in code))
        self.write(f"\n{lead}{FENCE}")
        self._fences.append(Fence(start, at, self.length, opening, lead))
        self.write("\n")
