"""What a file is by what is in it; its name only decides between kinds of text."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import PurePath

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_WITHIN = 1024
"""A PDF may begin with so much else, by its own specification."""
_TEXT_SAMPLE = 64 * 1024
_MEDIA = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"\x1aE\xdf\xa3",
    b"\x7fELF",
    b"MZ\x90",
    b"Rar!",
    b"7z\xbc\xaf",
    b"BZh",
    b"\xfd7zXZ",
    b"SQLite format 3\0",
    b"PK\x05\x06",  # an archive with nothing in it
)
_TABLES = {".csv": "csv", ".tsv": "csv"}
_PAGES = frozenset({".html", ".htm", ".xhtml"})


def sniff(data: bytes, name: str) -> str:
    """pdf, docx, pptx, sheets, zip, tar, gzip, csv, html, text; empty for what nobody reads here.

    ``encrypted`` for an Office file with a password.
    """
    head = data[:_PDF_WITHIN]
    for start, sniffer in _BEGINNINGS.items():
        if head.startswith(start):
            return sniffer(data)
    if data[257:262] == b"ustar":
        return "tar"
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(_MEDIA) or data[4:8] == b"ftyp" or _is_binary(data):
        return ""
    return _sniff_text(head, name)


def _sniff_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, ValueError):
        return "zip"  # whoever opens it says what is wrong
    if "word/document.xml" in names:
        return "docx"
    if "ppt/presentation.xml" in names:
        return "pptx"
    if names & {"xl/workbook.xml", "xl/workbook.bin"} or b"spreadsheet" in kind:
        return "sheets"
    return "" if kind else "zip"  # other formats of the kind of OpenDocument


def _sniff_ole(data: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "encrypted"
    is_table = any(name.encode("utf-16-le") in data for name in ("Workbook", "Book"))
    return "sheets" if is_table else ""


def _is_binary(data: bytes) -> bool:
    sample = data[:_TEXT_SAMPLE]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False  # UTF-16, which has zeros
    if b"\0" in sample:
        # UTF-16 without its mark: every other byte of plain English is zero.
        zeros = (sample[0::2].count(0), sample[1::2].count(0))
        is_wide = max(zeros) > len(sample) // 3 and min(zeros) <= len(sample) // 50
        return len(sample) < 4 or not is_wide
    odd = sum(sample.count(byte) for byte in range(32) if byte not in b"\t\n\r\f\x1b")
    return odd > max(2, len(sample) // 50)


def _sniff_text(head: bytes, name: str) -> str:
    ending = PurePath(name.lower()).suffix
    if ending in _TABLES:
        return _TABLES[ending]
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_page = start.startswith((b"<!doctype html", b"<html"))
    return "html" if is_page or ending in _PAGES else "text"


_BEGINNINGS: dict[bytes, Callable[[bytes], str]] = {
    b"PK\x03\x04": _sniff_zip,
    OLE: _sniff_ole,
    b"\x1f\x8b": lambda _: "gzip",
}
