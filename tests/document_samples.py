"""Real files for tests: PDF written by hand, Office files by their libraries, archives, bombs."""

import functools
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence

PDF_PASSWORD_RULES = "/Filter /Standard /V 1 /R 2 /Length 40 /P -4"


def pdf(*pages: str, encryption: str = "", picture: bytes = b"") -> bytes:
    """A page a text, its lines one below the other. ``picture``: a JPEG that fills each page."""
    body: list[bytes] = []

    def add(content: bytes) -> int:
        body.append(content)
        return len(body)

    catalog, tree = add(b""), add(b"")
    font = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    resources = f"/Font << /F1 {font} 0 R >>"
    if picture:
        told = "/Type /XObject /Subtype /Image /Width 640 /Height 480 /BitsPerComponent 8"
        image = add(_stream(f"{told} /ColorSpace /DeviceRGB /Filter /DCTDecode", picture))
        resources += f" /XObject << /Im1 {image} 0 R >>"
    kids: list[int] = []
    for text in pages:
        content = add(_stream("", _page(text, has_picture=bool(picture))))
        kids.append(
            add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] "
                f"/Resources << {resources} >> /Contents {content} 0 R >>".encode()
            )
        )
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    body[catalog - 1] = f"<< /Type /Catalog /Pages {tree} 0 R >>".encode()
    body[tree - 1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    return _assembled(body, catalog, encryption)


def encrypted_pdf() -> bytes:
    """Its password is known to nobody."""
    key = "<" + "5a" * 32 + ">"
    return pdf("secret", encryption=f"<< {PDF_PASSWORD_RULES} /O {key} /U {key} >>")


def scanned_pdf(jpeg: bytes, pages: int = 1) -> bytes:
    return pdf(*[""] * pages, picture=jpeg)


def _page(text: str, *, has_picture: bool) -> bytes:
    drawn = b"q 612 0 0 792 0 0 cm /Im1 Do Q " if has_picture else b""
    lines = text.splitlines()
    if not lines:
        return drawn
    escaped = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
    shown = " ".join(f"({line}) Tj T*" for line in escaped)
    return drawn + f"BT /F1 11 Tf 14 TL 50 740 Td {shown} ET".encode("latin-1", "replace")


def _stream(about: str, data: bytes) -> bytes:
    return f"<< {about} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _assembled(body: Sequence[bytes], catalog: int, encryption: str) -> bytes:
    out = io.BytesIO(b"")
    out.write(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(body, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(body) + 1}\n0000000000 65535 f \n".encode())
    for place in places:
        out.write(f"{place:010d} 00000 n \n".encode())
    locked = f" /Encrypt {encryption} /ID [<{'ab' * 16}> <{'ab' * 16}>]" if encryption else ""
    out.write(f"trailer\n<< /Size {len(body) + 1} /Root {catalog} 0 R{locked} >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


@functools.cache
def docx() -> bytes:
    """A heading, a paragraph, a list and a table."""
    import docx as library  # noqa: PLC0415  # heavy

    document = library.Document()
    document.add_heading("Guinea pigs", 1)
    document.add_paragraph("They eat hay.")
    document.add_paragraph("parsley", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("name", "age"), ("Flöckchen", "4")), strict=True):
        for cell, words in zip(row.cells, cells, strict=True):
            cell.text = words
    return _saved(document)


@functools.cache
def pptx() -> bytes:
    """Two slides, the second with notes."""
    import pptx as library  # noqa: PLC0415  # heavy

    deck = library.Presentation()
    for title, words in (("Plans", "buy a boat"), ("Costs", "ten thousand")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = words
    slide.notes_slide.notes_text_frame.text = "do not mention the anchor"
    return _saved(deck)


def _saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]  # two libraries, one method
    return out.getvalue()


_XLSX = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Sales" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@functools.cache
def towns(rows: int, columns: int = 2) -> bytes:
    """A large sheet, made in a moment: the same row again and again, under one that names them."""
    cells = "".join('<c t="inlineStr"><is><t>Oslo</t></is></c>' for _ in range(columns))
    head = cells.replace("Oslo", "town")
    return _with_sheet(f"<row>{head}</row>" + f"<row>{cells}</row>" * rows)


def xlsx(rows: Sequence[Sequence[str | float]], first_row: int = 1) -> bytes:
    """One sheet, ``Sales``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, text in _XLSX.items():
            package.writestr(name, text)
        with package.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{_SHEET}"><sheetData>'.encode())
            for number, row in enumerate(rows, first_row):
                cells = "".join(map(_cell, row))
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
    return out.getvalue()


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def sparse_xlsx() -> bytes:
    """Two cells, at the opposite corners of the largest sheet there can be."""
    near, far = '<row r="1"><c r="A1"><v>1</v></c></row>', '<c r="XFD1048576"><v>2</v></c>'
    return _with_sheet(f"{near}<row r='1048576'>{far}</row>")


def _with_sheet(rows: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _XLSX.items():
            package.writestr(name, text)
        sheet = f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>'
        package.writestr("xl/worksheets/sheet1.xml", sheet)
    return out.getvalue()


def encrypted_office() -> bytes:
    """What Office writes for any file with a password begins and is named so."""
    name = "EncryptedPackage".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + name + bytes(512)


# ---------------------------------------------------------------- archives


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]  # a str
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


@functools.cache
def zip_bomb(megabytes: int = 100) -> bytes:
    """One file of zeros."""
    out = io.BytesIO()
    zeros = bytes(1024 * 1024)
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("zeros.txt", "w") as file,
    ):
        for _ in range(megabytes):
            file.write(zeros)
    return out.getvalue()


def lying_zip_bomb() -> bytes:
    """It says that it unpacks to 10 bytes."""
    whole = bytearray(zip_bomb())
    size = (100 * 1024 * 1024).to_bytes(4, "little")
    while (at := whole.find(size)) != -1:
        whole[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(whole)


def gzip_bomb(megabytes: int = 100) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1024 * 1024)
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


def nested_zip(depth: int) -> bytes:
    data = zipped({"inner.txt": b"deep"})
    for _ in range(depth):
        data = zipped({"inner.zip": data})
    return data


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)
