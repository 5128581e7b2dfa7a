"""A file's bytes become a Document. Blocks, and trusts nothing: run in a process of its own."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace

from handlers.media.documents import archives, office, pdf, texts
from handlers.media.documents.passages import cut
from handlers.media.documents.sniffing import sniff
from handlers.media.documents.values import (
    MAX_CHARACTERS,
    MAX_SECTIONS,
    MAX_WHOLE_CHARACTERS,
    SCAN,
    Document,
    DocumentFault,
    Fault,
    Section,
)

Reader = Callable[[bytes], Document]


def extract(data: bytes, name: str) -> Document:
    """DocumentFault if there is nothing to read in it."""
    document = _read(data, name, archives.Room(), 0)
    if document.kind == SCAN:
        return document
    sections, is_cut = _bounded(document.sections)
    if not sections:
        raise DocumentFault(Fault.EMPTY, document.kind)
    characters = sum(len(section.text) for section in sections)
    return replace(
        document,
        is_cut=document.is_cut or is_cut,
        characters=characters,
        sections=tuple(sections) if characters <= MAX_WHOLE_CHARACTERS else (),
        passages=tuple(cut(sections)),
    )


def _bounded(sections: Iterable[Section]) -> tuple[list[Section], bool]:
    """Those with text, until there is enough; and whether there was more."""
    kept: list[Section] = []
    left = MAX_CHARACTERS
    for section in sections:
        if not section.text.strip():
            continue
        if left <= 0 or len(kept) >= MAX_SECTIONS:
            return kept, True
        kept.append(replace(section, text=section.text[:left]))
        left -= len(section.text)
    return kept, left < 0


def _read(data: bytes, name: str, room: archives.Room, depth: int) -> Document:
    kind = sniff(data, name)
    if kind == "encrypted":
        raise DocumentFault(Fault.ENCRYPTED)
    if kind == "gzip":
        return _read_gzip(data, name, room, depth)
    if kind in ("zip", "tar"):
        return _read_archive(data, kind, room, depth)
    reader = _READERS.get(kind)
    if reader is None:
        raise DocumentFault(Fault.UNSUPPORTED, name)
    try:
        return reader(data)
    except (DocumentFault, MemoryError):
        raise
    except Exception as exc:  # libraries fail in many ways over a damaged file
        raise DocumentFault(Fault.UNREADABLE, f"{type(exc).__name__}: {exc}"[:300]) from exc


def _read_pdf(data: bytes) -> Document:
    with closing(pdf.open_pdf(data)) as opened:
        sections, is_cut = _bounded(pdf.read_pdf(opened))
        if not sections and len(opened):
            # A scan: the studio can still draw its pages.
            return Document(SCAN, "page", len(opened))
        return Document("pdf", "page", len(opened), is_cut, sections=tuple(sections))


def _read_docx(data: bytes) -> Document:
    sections = office.read_docx(data)
    pages = len(sections) if sections and sections[-1].label else 0
    return Document("docx", "page" if pages else "", pages, sections=tuple(sections))


def _read_pptx(data: bytes) -> Document:
    sections, is_cut = _bounded(office.read_pptx(data))
    return Document("pptx", "slide", len(sections), is_cut, sections=tuple(sections))


def _read_sheets(data: bytes) -> Document:
    workbook = office.open_sheets(data)
    sections, is_cut = _bounded(office.read_sheets(workbook))
    return Document("sheets", "sheet", len(workbook.sheet_names), is_cut, sections=tuple(sections))


def _read_csv(data: bytes) -> Document:
    sections, is_cut = _bounded(texts.read_csv(data))
    return Document("csv", is_cut=is_cut, sections=tuple(sections))


def _read_html(data: bytes) -> Document:
    sections, is_cut = texts.read_html(data)
    return Document("html", is_cut=is_cut, sections=tuple(sections))


def _read_text(data: bytes) -> Document:
    return Document("text", sections=tuple(texts.read_text(data)))


_READERS: dict[str, Reader] = {
    "pdf": _read_pdf,
    "docx": _read_docx,
    "pptx": _read_pptx,
    "sheets": _read_sheets,
    "csv": _read_csv,
    "html": _read_html,
    "text": _read_text,
}


# ---------------------------------------------------------------- archives


def _read_gzip(data: bytes, name: str, room: archives.Room, depth: int) -> Document:
    content = archives.gunzip(data)
    inner = name.removesuffix(".gz").removesuffix(".tgz") or "file"
    if sniff(content, inner) == "tar":
        return _read_archive(content, "tar", room, depth)
    room.take(len(content))
    return _read(content, inner, room, depth + 1)


def _read_archive(data: bytes, kind: str, room: archives.Room, depth: int) -> Document:
    """The files in it, one after the other, each under its name."""
    if depth > archives.MAX_NESTING:
        raise DocumentFault(Fault.TOO_LARGE, "archives in archives")
    unpack = archives.unzip if kind == "zip" else archives.untar
    sections: list[Section] = []
    unread: list[str] = []
    faults: set[Fault] = set()
    count = left = 0
    is_cut = False
    for packed in unpack(data, room):
        found, fault = _read_packed(packed, room, depth)
        if found is None:
            faults.add(fault)
            unread.append(packed.name)
            continue
        count += 1
        is_cut = is_cut or found.is_cut
        unread += [f"{packed.name}/{name}" for name in found.unread]
        if not found.sections:
            unread.append(packed.name)
        sections += [
            replace(one, label=f"{packed.name}, {one.label}" if one.label else packed.name)
            for one in found.sections
        ]
        left += sum(len(one.text) for one in found.sections)
        if left > MAX_CHARACTERS:
            break
    if not sections:
        fault = Fault.ENCRYPTED if faults == {Fault.ENCRYPTED} else Fault.EMPTY
        raise DocumentFault(fault, kind)
    names = tuple(unread[:50])
    return Document("archive", "file", count, is_cut, names, sections=tuple(sections))


def _read_packed(
    packed: archives.Packed, room: archives.Room, depth: int
) -> tuple[Document | None, Fault]:
    """A file of an archive, or why it cannot be read. DocumentFault for a bomb."""
    if packed.fault is not None:
        return None, packed.fault
    try:
        return _read(packed.data, packed.name, room, depth + 1), Fault.EMPTY
    except DocumentFault as failure:
        if failure.fault is Fault.TOO_LARGE:
            raise
        return None, failure.fault
