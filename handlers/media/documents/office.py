"""Word, PowerPoint, and tables of Excel and its like."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from handlers.media.documents.texts import clean, table_sections
from handlers.media.documents.values import DocumentFault, Fault, Section

MAX_UNPACKED = 600 * 1024 * 1024
"""Of an Office file. A sheet of a million rows is about 100 MB; trees of more do not fit anyway."""
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def require_sane(data: bytes) -> None:
    """DocumentFault for a package that unpacks to more than any honest one."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            unpacked = sum(entry.file_size for entry in package.infolist())
    except (zipfile.BadZipFile, ValueError) as exc:
        raise DocumentFault(Fault.UNREADABLE, str(exc)) from exc
    if unpacked > MAX_UNPACKED:
        raise DocumentFault(Fault.TOO_LARGE, f"unpacks to {unpacked} bytes")


# ---------------------------------------------------------------- Word


def read_docx(data: bytes) -> list[Section]:
    """By pages where Word left their borders in the file, else as one."""
    import docx  # noqa: PLC0415  # heavy

    require_sane(data)
    document = docx.Document(BytesIO(data))
    pages: list[list[str]] = [[]]
    for block in document.iter_inner_content():
        is_table = hasattr(block, "rows")
        pages.extend([] for _ in range(_page_breaks(block)))
        pages[-1].append(_table(block) if is_table else _paragraph(block))
    if len(pages) == 1:
        return [Section("", "\n\n".join(filter(None, pages[0])))]
    texts = ("\n\n".join(filter(None, page)) for page in pages)
    return [Section(f"p. {number}", text) for number, text in enumerate(texts, 1) if text]


def _paragraph(paragraph: Any) -> str:
    text = clean(str(paragraph.text)).strip()
    style = str(getattr(paragraph.style, "name", "") or "")
    if text and style.startswith("Heading ") and style[8:9].isdigit():
        return f"{'#' * min(int(style[8]), 6)} {text}"
    if text and style == "Title":
        return f"# {text}"
    return f"- {text}" if text and style.startswith("List") else text


def _page_breaks(block: Any) -> int:
    """How often a new page begins in it, as Word last laid it out."""
    return sum(1 for _ in block._element.iter(f"{_WORD}lastRenderedPageBreak"))  # noqa: SLF001  # no other way


def _table(table: Any) -> str:
    lines = []
    for row in table.rows:
        # A cell that spans several columns is told once.
        cells = {id(cell._tc): cell for cell in row.cells}  # noqa: SLF001  # its identity
        lines.append(" | ".join(" ".join(clean(cell.text).split()) for cell in cells.values()))
    return "\n".join(lines)


# ---------------------------------------------------------------- PowerPoint


def read_pptx(data: bytes) -> Iterator[Section]:
    """Slide by slide, each with its notes."""
    import pptx  # noqa: PLC0415  # heavy

    require_sane(data)
    for number, slide in enumerate(pptx.Presentation(BytesIO(data)).slides, 1):
        lines = [line for shape in slide.shapes for line in _shape(shape)]
        title = slide.shapes.title
        if title is not None and title.has_text_frame and (words := clean(title.text).strip()):
            lines = [f"# {words}", *(line for line in lines if line != words)]
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        if notes is not None and notes.text.strip():
            lines.append(f"Notes: {clean(notes.text).strip()}")
        if lines:
            yield Section(f"slide {number}", "\n".join(lines))


def _shape(shape: Any) -> Iterator[str]:
    if hasattr(shape, "shapes"):  # a group
        for inner in shape.shapes:
            yield from _shape(inner)
    elif getattr(shape, "has_table", False):
        for row in shape.table.rows:
            yield " | ".join(" ".join(clean(cell.text).split()) for cell in row.cells)
    elif shape.has_text_frame and (text := clean(shape.text_frame.text).strip()):
        yield text


# ---------------------------------------------------------------- tables


def open_sheets(data: bytes) -> Any:
    import python_calamine  # noqa: PLC0415  # heavy

    if data.startswith(b"PK"):
        require_sane(data)
    try:
        return python_calamine.CalamineWorkbook.from_filelike(BytesIO(data))
    except python_calamine.PasswordError as exc:
        raise DocumentFault(Fault.ENCRYPTED, str(exc)) from exc
    except python_calamine.CalamineError as exc:
        raise DocumentFault(Fault.UNREADABLE, str(exc)) from exc


def read_sheets(workbook: Any) -> Iterator[Section]:
    """Sheet by sheet, hidden ones too: what is in the file was sent."""
    import python_calamine  # noqa: PLC0415  # heavy

    for name in workbook.sheet_names:
        try:
            sheet = workbook.get_sheet_by_name(name)
        except python_calamine.CalamineError:
            continue  # a chart on a sheet of its own, or a damaged one
        rows = sheet.iter_rows() if sheet.height else iter(())
        yield from table_sections(f"sheet {clean(name)[:60]}", rows)
