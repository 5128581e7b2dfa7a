"""Letters of many scripts, drawn into pictures. Blocks.

A packaged font has Latin, Greek, Cyrillic, Chinese, Japanese and Korean. Others come from the
system's fonts, where it has them. A symbol that no font has is spelled out, a letter is a box.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from noto_cjk_sans_otc import FONT_PATH
from PIL import ImageFont

BOX = "□"
_JAPANESE, _KOREAN, _CHINESE = 0, 1, 2
"""Faces in the packaged collection: the same letter is written differently in each country."""
_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoEmoji-Regular.ttf",
    "FreeSans.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
    "seguisym.ttf",
    "Nirmala.ttf",
)
_NO_LETTER = "\uffff"
_UNSEEN = frozenset(("Cf", "Cc", "Cs", "Co", "Cn"))
_SYMBOLS = frozenset(("So", "Sk", "Sm"))

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one font."""

    text: str
    font: Font

    @property
    def width(self) -> float:
        return self.font.getlength(self.text)


@dataclass(slots=True)
class _Face:
    font: Font
    known: dict[str, bool] = field(default_factory=dict)
    missing: bytes = b""

    def has(self, letter: str) -> bool:
        """Whether it draws anything else than what it draws for no letter."""
        if letter not in self.known:
            self.missing = self.missing or bytes(self.font.getmask(_NO_LETTER))
            self.known[letter] = bytes(self.font.getmask(letter)) != self.missing
        return self.known[letter]


class Lettering:
    """Letters of one size. Used by one thread."""

    def __init__(self, size: int, sample: str = "") -> None:
        """``sample``: the text; it tells of which country the characters are."""
        self._size = size
        self._faces = [_Face(ImageFont.truetype(str(FONT_PATH), size, index=_country(sample)))]
        self._has_system_fonts = False
        self.has_boxes = False
        """A letter was drawn as a box."""

    @property
    def font(self) -> Font:
        return self._faces[0].font

    def runs(self, text: str) -> Iterator[Run]:
        """The text in the fonts that have its letters; what nobody sees is left out."""
        letters, current = "", self._faces[0]
        for letter in text:
            shown, face = self._shown(letter)
            if shown and unicodedata.category(letter).startswith("M"):
                # It belongs to the letter before, and to a box nothing does.
                shown, face = ("" if letters.endswith(BOX) else letter), current
            if not shown:
                continue
            if face is not current and letters:
                yield Run(letters, current.font)
                letters = ""
            letters, current = letters + shown, face
        if letters:
            yield Run(letters, current.font)

    def _shown(self, letter: str) -> tuple[str, _Face]:
        first = self._faces[0]
        kind = unicodedata.category(letter)
        if kind in _UNSEEN or "\ufe00" <= letter <= "\ufe0f":
            return "", first
        if first.has(letter):
            return letter, first
        self._find_system_fonts()
        for face in self._faces[1:]:
            if face.has(letter):
                return letter, face
        name = unicodedata.name(letter, "")
        if kind in _SYMBOLS and name:
            return f":{name.lower()}:", first
        self.has_boxes = True
        return BOX, first

    def _find_system_fonts(self) -> None:
        if self._has_system_fonts:
            return
        self._has_system_fonts = True
        for name in _SYSTEM_FONTS:
            try:
                self._faces.append(_Face(ImageFont.truetype(name, self._size)))
            except OSError:
                continue  # this system has another selection


def _country(text: str) -> int:
    if any("\u3040" <= letter <= "\u30ff" for letter in text):
        return _JAPANESE
    if any("\uac00" <= letter <= "\ud7a3" for letter in text):
        return _KOREAN
    return _CHINESE
