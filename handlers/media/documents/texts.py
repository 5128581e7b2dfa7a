"""Plain text of any encoding, tables in it, and web pages."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from handlers.media.documents.values import DocumentFault, Fault, Section

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSED_FROM = 256 * 1024
"""Bytes: more tell nothing new about an encoding, and take long."""
_FEW = 24
"""Signs outside ASCII: of fewer no guess is better than what Western machines write."""
ROWS = 40
"""Of a table in one section, each with the names of the columns above it."""
MAX_CELL = 2_000
MAX_COLUMNS = 500
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe]")
_MANY_BLANKS = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_BLOCK_NAMES = (
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure"
    " footer form header hr html li main nav ol p pre section summary table tbody tfoot thead tr"
    " ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_SILENT = frozenset({"head", "script", "style", "noscript", "template", "svg", "iframe", "object"})
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


def decode(data: bytes) -> str:
    """Text of whatever encoding, as one kind of lines. DocumentFault if it is none."""
    return clean(data.decode(_encoding(data), errors="replace"))


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8" if b"\0" not in data else _utf16_of(data)
    return _utf16_of(data) if b"\0" in data[:_GUESSED_FROM] else _guess(data[:_GUESSED_FROM])


def _utf16_of(data: bytes) -> str:
    sample = data[:_GUESSED_FROM]
    return "utf-16-le" if sample[1::2].count(0) >= sample[0::2].count(0) else "utf-16-be"


def _guess(sample: bytes) -> str:
    if len(sample) - len(sample.translate(None, bytes(range(128, 256)))) < _FEW:
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415  # most text is UTF-8

    best = from_bytes(sample).best()
    if best is None:
        raise DocumentFault(Fault.UNREADABLE, "no encoding makes text of it")
    return best.encoding


def clean(text: str) -> str:
    """Without what no chat or model can show; lines end in one way."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n\n")
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode()


def read_text(data: bytes) -> list[Section]:
    return [Section("", decode(data), has_lines=True)]


# ---------------------------------------------------------------- tables


def read_csv(data: bytes) -> Iterator[Section]:
    text = decode(data)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:16_384], delimiters=",;\t|")
    except csv.Error:
        dialect = "excel-tab" if "\t" in text.partition("\n")[0] else "excel"
    csv.field_size_limit(10_000_000)
    try:
        yield from table_sections("", csv.reader(StringIO(text), dialect))
    except csv.Error:
        yield Section("", text)  # not a table after all


def table_sections(prefix: str, rows: Iterator[Sequence[object]]) -> Iterator[Section]:
    """``rows`` in blocks, numbered as table programs do: from 1, the empty ones too."""
    header = ""
    block: list[str] = []
    first = last = 0
    for number, row in enumerate(rows, 1):
        line = " | ".join(_cell(value) for value in row[:MAX_COLUMNS]).rstrip(" |")
        if not line:
            continue
        if not header:
            header = line
        if not block:
            first = number
            if line is not header:
                block.append(header)
        block.append(line)
        last = number
        if len(block) > ROWS:
            yield Section(_rows_label(prefix, first, last), "\n".join(block))
            block = []
    if block:
        yield Section(_rows_label(prefix, first, last), "\n".join(block))


def _rows_label(prefix: str, first: int, last: int) -> str:
    rows = f"row {first}" if first == last else f"rows {first}-{last}"
    return f"{prefix}, {rows}" if prefix else rows


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return " ".join(clean(str("" if value is None else value)).split())[:MAX_CELL]


# ---------------------------------------------------------------- web pages


def read_html(data: bytes) -> tuple[list[Section], bool]:
    """The text, and whether there is more of it, too deep in the page to be found."""
    from lxml import etree, html  # noqa: PLC0415  # heavy

    text = decode(data)
    # Without the declaration, which names an encoding that the text has no more.
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    # Else 256 levels, or 10 MB of text, silently end the page.
    parser = html.HTMLParser(huge_tree=True)  # type: ignore[no-untyped-call]  # it ships no types
    try:
        root: Any = html.fromstring(text or " ", parser=parser)  # type: ignore[no-untyped-call]
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as exc:
        raise DocumentFault(Fault.EMPTY, str(exc)) from exc
    title = root.findtext(".//title") or ""
    pieces = [f"# {' '.join(title.split())}\n\n"] if title.strip() else []
    _walk(root, pieces)
    is_cut = any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log)
    return [Section("", tidy("".join(pieces)))], is_cut


def tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.split("\n"))
    return _MANY_BLANKS.sub("\n\n", "\n".join(lines)).strip()


def _walk(root: Any, pieces: list[str]) -> None:
    """In the order of reading, without recursion: pages of programs are nested without end."""
    from lxml import etree  # noqa: PLC0415  # heavy

    silent = 0
    kept = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            silent += tag in _SILENT or not tag
            kept += tag == "pre"
            if not silent:
                pieces.append(_opening(tag))
                pieces.append(_words(node.text, is_kept=kept > 0))
        else:
            if not silent:
                pieces.append(_closing(tag))
            silent -= tag in _SILENT or not tag
            kept -= tag == "pre"
            if not silent:
                pieces.append(_words(node.tail, is_kept=kept > 0))


def _opening(tag: str) -> str:
    if tag in _HEADINGS:
        return f"\n\n{_HEADINGS[tag]} "
    if tag == "li":
        return "\n- "
    if tag == "br":
        return "\n"
    return "\n" if tag in _BLOCKS else ""


def _closing(tag: str) -> str:
    if tag in ("td", "th"):
        return " | "
    if tag in ("p", "ul", "ol", "table", "blockquote", "pre") or tag in _HEADINGS:
        return "\n\n"
    return "\n" if tag in _BLOCKS and tag != "li" else ""


def _words(text: str | None, *, is_kept: bool) -> str:
    if not text or is_kept:
        return text or ""
    return re.sub(r"\s+", " ", text)
