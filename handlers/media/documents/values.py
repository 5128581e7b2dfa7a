"""What is read of a file, and the bounds of reading."""

from dataclasses import dataclass
from enum import StrEnum

MAX_CHARACTERS = 3_000_000
"""Of text, of one file: two thick books. What is beyond is cut off, and said to be."""
MAX_WHOLE_CHARACTERS = 200_000
"""The text of a shorter file is given whole, too."""
MAX_SECTIONS = 20_000


SCAN = "scan"
"""The kind of a PDF whose pages are pictures without text."""


class Fault(StrEnum):
    """Why a file cannot be read."""

    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"
    """Nobody here reads this kind."""
    TOO_LARGE = "too large"
    """It unpacks to more than there is room or time for."""
    EMPTY = "empty"
    """There is no text in it."""


class DocumentFault(Exception):  # noqa: N818  # not an error of ours; the studio maps it
    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document that can be named: a page, a slide, rows of a sheet, a file."""

    label: str
    """``p. 3``; empty for a document that has no parts."""
    text: str
    has_lines: bool = False
    """It is told by its lines where it has to be cut, as code and notes are."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part that is short enough to be one of several in a question."""

    label: str
    text: str
    words: str
    """By which a search by words finds it: see ``words``."""


@dataclass(frozen=True, slots=True)
class Document:
    kind: str
    """``pdf``, ``docx``, ``text`` ...: what it is, whatever its name says."""
    unit: str = ""
    """``page``, ``slide``, ``sheet``, ``file``: what ``count`` counts; empty for nothing."""
    count: int = 0
    is_cut: bool = False
    """There was more than ``MAX_CHARACTERS``."""
    unread: tuple[str, ...] = ()
    """Names of an archive's files that could not be read."""
    characters: int = 0
    sections: tuple[Section, ...] = ()
    """The whole text, unless it is over ``MAX_WHOLE_CHARACTERS``."""
    passages: tuple[Passage, ...] = ()
    """The whole text, cut; neighbours overlap a little."""
