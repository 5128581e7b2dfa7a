"""PDF by pdfium: its text page by page, and its pages as pictures."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from typing import Any

from handlers.media.documents.texts import clean, tidy
from handlers.media.documents.values import DocumentFault, Fault, Section

MAX_PAGES = 5_000
_PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD."""


def open_pdf(data: bytes) -> Any:
    import pypdfium2  # noqa: PLC0415  # heavy

    try:
        return pypdfium2.PdfDocument(data)  # type: ignore[no-untyped-call]  # it ships none
    except pypdfium2.PdfiumError as exc:
        is_locked = getattr(exc, "err_code", None) == _PASSWORD_ERROR or "password" in str(exc)
        fault = Fault.ENCRYPTED if is_locked else Fault.UNREADABLE
        raise DocumentFault(fault, str(exc)) from exc


def read_pdf(pdf: Any) -> Iterator[Section]:
    """The pages that have text. Of a page that is damaged the others are read all the same."""
    import pypdfium2  # noqa: PLC0415  # heavy

    for number in range(min(len(pdf), MAX_PAGES)):
        try:
            with closing(pdf[number]) as page, closing(page.get_textpage()) as text_page:
                text = text_page.get_text_bounded()
        except pypdfium2.PdfiumError:
            continue
        # A word that is divided at the end of a line is marked by pdfium with this sign.
        text = clean(text.replace("\ufffe\r\n", "").replace("\ufffe\n", "").replace("\ufffe", ""))
        if text := tidy(text):
            yield Section(f"p. {number + 1}", text)


def draw(data: bytes, pages: Sequence[int], side: int) -> Iterator[tuple[int, bytes]]:
    """Pages, counted from 1, as JPEGs whose longer side is ``side``; those there are."""
    import pypdfium2  # noqa: PLC0415  # heavy

    with closing(open_pdf(data)) as pdf:
        for number in pages:
            if not 1 <= number <= len(pdf):
                continue
            try:
                with closing(pdf[number - 1]) as page:
                    longest = max(*page.get_size(), 1.0)
                    picture = page.render(scale=side / longest).to_pil()
            except pypdfium2.PdfiumError:
                continue
            out = BytesIO()
            picture.convert("RGB").save(out, "JPEG", quality=85)
            yield number, out.getvalue()
