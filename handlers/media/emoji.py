"""Emoji in what is read aloud: pictures between words are passed over."""

import re
import unicodedata

_JOINERS = "\u200d\ufe0e\ufe0f\u20e3"
# Dingbats without the figures among them, which are read.
_PICTURES = (
    "\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\U0001f000-\U0001f0ff"
    "\u2600-\u2775\u2794-\u27bf\u2b00-\u2bff\u231a-\u231b\u23e9-\u23fa"
)
_EMOJI = re.compile(f"[ \t]?[{_PICTURES}][{_PICTURES}{_JOINERS}\U000e0020-\U000e007f]*")
_STOPS = frozenset(".,;:!?…")
_LEFT_OVER = re.compile(f"[{_JOINERS}](?!\\w)|\ufe0f|\u20e3")
_NAMELESS = re.compile("[\U0001f3fb-\U0001f3ff\u2640\u2642]")
"""Colours of skin, and the signs that tell a man from a woman."""


def without_emoji(text: str) -> str:
    """The text without them; a keycap's figure stays."""
    return text if text.isascii() else _LEFT_OVER.sub("", _EMOJI.sub(_gap, text))


def _gap(found: re.Match[str]) -> str:
    return "" if found.string[found.end() : found.end() + 1] in _STOPS else " "


def name_emoji(text: str) -> str:
    """What is nothing but emoji by their names, in English, each once; else the text as it is."""
    if text.isascii() or has_words(without_emoji(text)) or not _EMOJI.search(text):
        return text if has_words(text) else ""
    found = dict.fromkeys(char for emoji in _EMOJI.findall(text) for char in emoji.strip())
    names = (unicodedata.name(char, "").lower() for char in found if not _NAMELESS.match(char))
    return ", ".join(name for name in names if name and "selector" not in name)


def has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)
