"""What a file of sound really is, told by its bytes: names and MIME types are often wrong."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.errors import SoundUnreadableError

MIME_TYPES = {
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "amr": "audio/amr",
    "avi": "video/x-msvideo",
    "caf": "audio/x-caf",
    "flac": "audio/flac",
    "flv": "video/x-flv",
    "m4a": "audio/mp4",
    "mkv": "video/x-matroska",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpg": "video/mpeg",
    "ogg": "audio/ogg",
    "ts": "video/mp2t",
    "wav": "audio/wav",
    "webm": "video/webm",
    "wma": "audio/x-ms-wma",
}

_MAGIC = (
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"caff\0", "caf"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wma"),
    (b"\0\0\x01\xba", "mpg"),
)
_FORMS = {
    b"RIFF": {b"WAVE": "wav", b"AVI ": "avi"},
    b"RF64": {b"WAVE": "wav"},
    b"FORM": {b"AIFF": "aiff", b"AIFC": "aiff"},
}
_TS_PACKET, _TS_SYNC = 188, b"G"
_EBML = b"\x1a\x45\xdf\xa3"
_MP4_ATOMS = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip"))
_OPUS_RATE = 48_000
_LONGEST_OPUS_PACKET_S = 0.12
_IS_FIRST_PAGE = 0x02
_NO_POSITION = -1


def true_format(data: bytes) -> str:
    """One of MIME_TYPES; empty if it is none of them."""
    if data.startswith(b"ID3"):
        start = _id3_length(data)
        after = data[start : start + 64]
        return "mp3" if after.startswith(b"ID3") else true_format(after) or "mp3"
    if data[:4] in _FORMS:
        return _FORMS[data[:4]].get(data[8:12], "")
    if data.startswith(_EBML):
        return "webm" if b"webm" in data[:64] else "mkv"
    if data[4:8] in _MP4_ATOMS:
        return "m4a" if data[8:12] in (b"M4A ", b"M4B ") else "mp4"
    return _by_magic(data) or _mpeg_format(data[:3])


def _by_magic(data: bytes) -> str:
    if [data[at : at + 1] for at in range(0, 3 * _TS_PACKET, _TS_PACKET)] == [_TS_SYNC] * 3:
        return "ts"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), "")


def _id3_length(data: bytes) -> int:
    """A tag of notes may stand before MP3, AAC and even FLAC."""
    length = 0
    for byte in data[6:10]:
        length = length << 7 | byte & 0x7F
    return length + 10


def _mpeg_format(head: bytes) -> str:
    """MP3 and ADTS share eleven set bits; the layer tells them apart, and from UTF-16 text."""
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if version >= 2 and layer == 0:
        return "aac"
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version != 1 and layer in (1, 2) and bitrate != 15 and rate != 3:
        return "mp3"
    return ""


@dataclass(frozen=True, slots=True)
class _Page:
    serial: int
    position: int
    """How many samples are heard by the end of the page; -1 if no packet ends on it."""
    is_first: bool
    packets: int
    """How many end on the page."""
    body: bytes


def is_ogg_opus(data: bytes) -> bool:
    page = next(_pages(data), None)
    return page is not None and page.body.startswith(b"OpusHead")


def ogg_opus_duration(data: bytes) -> float:
    """Seconds, by the last position that the pages tell; nothing is decoded.

    SoundUnreadableError if there is no whole page of sound. A file cut short is as long as its
    whole pages; one that claims more than its packets can hold is as long as they can be.
    """
    heard_s = 0.0
    serial: int | None = None
    skipped = position = packets = 0
    for page in _pages(data):
        if page.is_first and page.body.startswith(b"OpusHead"):
            heard_s += _length_s(position - skipped, packets)
            serial, position, packets = page.serial, 0, 0
            skipped = struct.unpack_from("<H", page.body, 10)[0] if len(page.body) >= 12 else 0
        elif page.serial == serial and page.position != _NO_POSITION:
            position = page.position
            packets += page.packets
    heard_s += _length_s(position - skipped, packets)
    if heard_s <= 0:
        raise SoundUnreadableError("an OGG without sound")
    return heard_s


def _length_s(samples: int, packets: int) -> float:
    return max(0.0, min(samples / _OPUS_RATE, packets * _LONGEST_OPUS_PACKET_S))


def _pages(data: bytes) -> Iterator[_Page]:
    """The whole pages of an OGG, up to the first broken one."""
    at = 0
    while data.startswith(b"OggS", at) and at + 27 <= len(data):
        flags, position, serial = struct.unpack_from("<xBqI", data, at + 4)
        body = at + 27 + data[at + 26]
        lengths = data[at + 27 : body]
        end = body + sum(lengths)
        if end > len(data):
            return
        packets = len(lengths) - lengths.count(255)
        first = bool(flags & _IS_FIRST_PAGE)
        yield _Page(serial, position, first, packets, data[body : min(end, body + 64)])
        at = end
