"""A font that writes Chinese, Japanese and Korean, as one file that programs elsewhere can load.

The packaged collection holds a face for each country over common outlines; matplotlib reads only
the first face of a collection, so the one that is wanted is taken out of it. Blocks.
"""

import re
import struct
from pathlib import Path

from noto_cjk_sans_otc import FONT_PATH

JAPANESE, KOREAN, CHINESE, TRADITIONAL = 0, 1, 2, 3
"""Faces: the same letter is written differently in each country. Each has the letters of all."""
FONT_NAME = "NotoSansCJK-Regular.otf"
_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u2fdf\u3040-\u318f\u31a0-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_NAMED = re.compile(
    r"\b(chinese|mandarin|cantonese|japanese|korean|kanji|kana|hiragana|katakana|hanzi|hangul"
    r"|chinesisch|japanisch|koreanisch|chinois|japonais|coréen|chino|japonés|coreano)",
    re.IGNORECASE,
)
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\u1100-\u11ff\uac00-\ud7ff]")
_LOOKED_AT = 4 * 1024 * 1024
_HEADER = struct.Struct(">4sHHHH")
_RECORD = struct.Struct(">4sIII")


def speaks_of_cjk(text: str) -> bool:
    """Whether a text has such letters, or names one of the languages."""
    return bool(_CJK.search(text) or _NAMED.search(text))


def may_hold_cjk(data: bytes) -> bool:
    """Whether a file may have such letters: plain text tells, of anything else nobody knows."""
    head = data[:_LOOKED_AT]
    if b"\0" in head:
        return True
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as exc:
        if len(head) - exc.start > 3:  # not a letter that the cut went through
            return True
        text = head[: exc.start].decode("utf-8")
    return bool(_CJK.search(text))


def face_for(text: str, language: str = "") -> int:
    """``language``: a BCP 47 tag, which tells where the text does not."""
    tag = language.lower()
    if _KANA.search(text):
        return JAPANESE
    if _HANGUL.search(text):
        return KOREAN
    if tag.startswith("ja"):
        return JAPANESE
    if tag.startswith("ko"):
        return KOREAN
    is_traditional = tag.startswith(("zh-hant", "zh-tw", "zh-hk", "yue"))
    return TRADITIONAL if is_traditional else CHINESE


def read_face(face: int, path: Path | None = None) -> bytes:
    """One face of the collection as a font file of its own (16 MB)."""
    collection = (path or Path(str(FONT_PATH))).read_bytes()
    (start,) = struct.unpack_from(">I", collection, 12 + 4 * face)
    version, count, *searching = _HEADER.unpack_from(collection, start)
    records = [
        _RECORD.unpack_from(collection, start + _HEADER.size + _RECORD.size * number)
        for number in range(count)
    ]
    place = _HEADER.size + _RECORD.size * count
    table, tables = [_HEADER.pack(version, count, *searching)], []
    for tag, checksum, offset, length in records:
        table.append(_RECORD.pack(tag, checksum, place, length))
        padding = -length % 4
        tables.append(collection[offset : offset + length] + b"\0" * padding)
        place += length + padding
    return b"".join((*table, *tables))
