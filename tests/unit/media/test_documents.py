"""The process that reads files: what it gives, and what it bears."""

import asyncio
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from handlers.errors import (
    DocumentEmptyError,
    DocumentEncryptedError,
    DocumentError,
    DocumentTooLargeError,
    DocumentUnreadableError,
    DocumentUnsupportedError,
)
from handlers.media.documents.studio import Bounds, DocumentStudio, short_name
from handlers.media.documents.values import MAX_CHARACTERS, Document
from tests import document_samples as documents
from tests import samples


async def read(data: bytes, name: str) -> Document:
    return await DocumentStudio().read(data, name)


async def parts(data: bytes, name: str) -> list[tuple[str, str]]:
    return [(one.label, one.text) for one in (await read(data, name)).sections]


async def test_a_pdf_is_read_page_by_page() -> None:
    document = await read(documents.pdf("One.\nTwo (2).", "", "Three."), "a.pdf")
    assert (document.kind, document.unit, document.count) == ("pdf", "page", 3)
    assert [(one.label, one.text) for one in document.sections] == [
        ("p. 1", "One.\nTwo (2)."),
        ("p. 3", "Three."),
    ]
    assert [one.label for one in document.passages] == ["p. 1", "p. 3"]


async def test_500_pages_are_read_to_the_last() -> None:
    pages = [
        "\n".join(f"Page {page} line {row} of many" for row in range(45)) for page in range(500)
    ]
    document = await read(documents.pdf(*pages), "a.pdf")
    assert (document.count, document.is_cut, document.sections) == (500, False, ())
    assert document.passages[-1].label == "p. 500"
    assert "Page 499 line 44" in document.passages[-1].text


async def test_a_scan_has_no_text_and_its_pages_are_drawn_at_the_size_asked_for() -> None:
    scan = documents.scanned_pdf(samples.jpeg(colour="red"), 3)
    studio = DocumentStudio()
    document = await studio.read(scan, "a.pdf")
    drawn = await studio.draw(scan, "a.pdf", [3, 1, 7], 1000)
    assert (document.kind, document.count, document.passages) == ("scan", 3, ())
    assert [one.page for one in drawn] == [3, 1]
    with Image.open(BytesIO(drawn[0].jpeg)) as picture:
        assert picture.size == (773, 1000)
        assert picture.getpixel((700, 900)) == pytest.approx((254, 0, 0), abs=8)


async def test_word_is_read_with_headings_lists_and_tables() -> None:
    [(_, text)] = await parts(documents.docx(), "a.docx")
    assert text == "# Guinea pigs\n\nThey eat hay.\n\n- parsley\n\nname | age\nFlöckchen | 4"
    [passage] = (await read(documents.docx(), "a.docx")).passages
    assert passage.label == "Guinea pigs"


async def test_slides_are_read_one_by_one_with_their_notes() -> None:
    assert await parts(documents.pptx(), "a.pptx") == [
        ("slide 1", "# Plans\nbuy a boat"),
        ("slide 2", "# Costs\nten thousand\nNotes: do not mention the anchor"),
    ]


async def test_a_sheet_is_read_in_blocks_that_each_name_the_columns() -> None:
    rows: list[tuple[str, str | float]] = [("town", "sold")]
    rows += [(f"Town {number}", number) for number in range(60)]
    found = await parts(documents.xlsx(rows), "a.xlsx")
    assert [label for label, _ in found] == ["sheet Sales, rows 1-41", "sheet Sales, rows 42-61"]
    assert found[1][1].startswith("town | sold\nTown 40 | 40\n")


async def test_of_a_million_rows_the_beginning_is_read() -> None:
    document = await read(documents.towns(1_000_000), "a.xlsx")
    assert document.is_cut
    assert document.characters == MAX_CHARACTERS
    assert document.passages[0].text.startswith("town | town\nOslo | Oslo")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße 你好".encode(), "Grüße 你好"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("plain words".encode("utf-16-le"), "plain words"),
        ("Grüße aus Köln".encode("cp1252"), "Grüße aus Köln"),
        (("Привет, как дела? " * 9).encode("cp1251"), "Привет, как дела? " * 9),
        (
            ("これは日本語のテキストです。" * 5).encode("shift_jis"),
            "これは日本語のテキストです。" * 5,
        ),
        (b"a\r\nb\rc\x00".replace(b"\x00", b"\x0b"), "a\nb\nc"),
    ],
)
async def test_text_is_read_in_whatever_encoding(data: bytes, text: str) -> None:
    assert await parts(data, "a.txt") == [("", text)]


async def test_a_table_of_text_is_read_whatever_stands_between_its_cells() -> None:
    assert await parts("Ort;Zahl\nKöln;1\n".encode("cp1252"), "a.csv") == [
        ("rows 1-2", "Ort | Zahl\nKöln | 1")
    ]


async def test_of_a_web_page_its_text_is_read() -> None:
    page = (
        b"<html><head><title>T</title><script>bad()</script></head><body><h1>Head</h1><p>one <b>two"
        b"</b> three<br>four</p><!-- no --><ul><li>a</li><li>b</li></ul><pre>x\n  y</pre></body>"
    )
    [(_, text)] = await parts(page, "a.html")
    assert text == "# T\n\n# Head\n\none two three\nfour\n\n- a\n- b\n\nx\n  y"


async def test_of_a_page_that_is_deeply_nested_or_large_the_end_is_read_too() -> None:
    deep = b"<p>intro</p>" + b"<div>" * 300 + b"deep" + b"</div>" * 300 + b"<p>after</p>"
    large = b"<p>intro</p><p hidden>" + b"\n" * 11_000_000 + b"</p><p>after</p>"
    for page, text in ((deep, "intro\n\ndeep\n\nafter"), (large, "intro\n\nafter")):
        document = await read(b"<html><body>" + page, "a.html")
        assert document.sections[0].text == text
        assert not document.is_cut


async def test_of_a_page_that_is_nested_without_end_it_is_said_that_there_is_more() -> None:
    page = b"<html><body><p>intro</p>" + b"<div>" * 5_000 + b"deep"
    document = await read(page, "a.html")
    assert document.sections[0].text == "intro"
    assert document.is_cut
    assert (await read(documents.zipped({"a.html": page}), "a.zip")).is_cut


@pytest.mark.parametrize("pack", [documents.zipped, documents.tarred])
async def test_the_files_of_an_archive_are_read_under_their_names(
    pack: Callable[[dict[str, bytes]], bytes],
) -> None:
    files = {
        "x/a.pdf": documents.pdf("in it"),
        "../../etc/b.txt": b"two\nlines",
        "c.bin": b"\0\1\2",
        "__MACOSX/d.txt": b"nobody wrote this",
    }
    document = await read(pack(files), "a.zip")
    assert [(one.label, one.text) for one in document.sections] == [
        ("x/a.pdf, p. 1", "in it"),
        ("etc/b.txt", "two\nlines"),
    ]
    assert [one.label for one in document.passages] == ["x/a.pdf, p. 1", "etc/b.txt, lines 1-2"]
    assert (document.count, document.unread) == (2, ("c.bin",))


async def test_what_a_name_says_does_not_matter() -> None:
    assert await parts(documents.pdf("really"), "a.txt") == [("p. 1", "really")]
    assert await parts(documents.gzipped(documents.docx()), "a.gz") == await parts(
        documents.docx(), "a.docx"
    )


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (documents.encrypted_pdf, DocumentEncryptedError),
        (documents.encrypted_office, DocumentEncryptedError),
        (lambda: documents.pdf("x")[:60], DocumentUnreadableError),
        (lambda: documents.docx()[:3000], DocumentUnreadableError),
        (lambda: documents.zipped({"word/document.xml": b"<no"}), DocumentUnreadableError),
        (samples.png, DocumentUnsupportedError),
        (lambda: b" \n", DocumentEmptyError),
        (lambda: documents.zipped({"a.bin": b"\0"}), DocumentEmptyError),
        (documents.zip_bomb, DocumentTooLargeError),
        (lambda: documents.zip_bomb(30), DocumentTooLargeError),  # by how small it is packed
        (documents.gzip_bomb, DocumentTooLargeError),
        (lambda: documents.nested_zip(3), DocumentTooLargeError),
        (documents.sparse_xlsx, DocumentTooLargeError),
        (lambda: documents.zipped({f"{n}.txt": b"x" for n in range(501)}), DocumentTooLargeError),
    ],
)
async def test_what_cannot_be_read_has_its_error(
    make: Callable[[], bytes], error: type[DocumentError]
) -> None:
    with pytest.raises(error) as raised:
        await read(make(), "a file.x")
    assert raised.value.values == {"name": "a file.x"}


async def test_an_archive_that_lies_about_its_sizes_gives_no_more_than_it_says() -> None:
    with pytest.raises(DocumentError):
        await read(documents.lying_zip_bomb(), "a.zip")


@pytest.mark.parametrize(
    "bounds", [Bounds(memory_bytes=200_000_000), Bounds(cpu_s=1), Bounds(wall_s=0.3)]
)
async def test_a_file_that_takes_too_much_is_given_up(bounds: Bounds) -> None:
    with pytest.raises(DocumentTooLargeError):
        await DocumentStudio(bounds).read(documents.towns(400_000, 8), "a.xlsx")


async def test_nothing_is_left_of_work_that_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    work = asyncio.create_task(DocumentStudio().read(documents.towns(400_000, 8), "a.xlsx"))
    await _begun()
    left = await asyncio.to_thread(os.listdir, tmp_path)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert left
    assert await asyncio.to_thread(os.listdir, tmp_path) == []
    assert await asyncio.to_thread(_children) == {}


async def test_the_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    work = asyncio.create_task(DocumentStudio().read(documents.towns(400_000, 8), "a.xlsx"))
    environment = await _begun()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert b"sk-secret" not in environment


async def _begun() -> bytes:
    """The environment of the process that reads, once there is one."""
    async with asyncio.timeout(20):
        while True:
            for environment in (await asyncio.to_thread(_children)).values():
                if b"PYTHONUTF8" in environment:
                    return environment


def _children() -> dict[str, bytes]:
    """The environments of processes of ours that read documents, by their ids."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if b"handlers.media.documents" in command:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if parent == str(os.getpid()):
                    found[entry.name] = (entry / "environ").read_bytes()
        except OSError:
            continue  # it has ended
    return found


def test_names_are_told_in_one_short_line() -> None:
    assert short_name("a\nb\x00 [c].pdf") == "a b (c).pdf"
    assert len(short_name("x" * 500 + ".pdf")) == 80
    assert short_name("x" * 500 + ".pdf").endswith(".pdf")
    assert short_name("") == "file"
