"""The tool that reads a page: in whatever encoding, and nothing that is none."""

import time

import pytest

from handlers.media.documents.studio import DocumentStudio
from handlers.media.memory import MemoryGate
from handlers.messages import ChatSettings, Pending
from handlers.ports.internet import Fetched
from handlers.tools.web_page import WebPage
from handlers.turn import Turn
from tests import document_samples as documents
from tests.fakes import FakePlatform, FakeStore, message

URL = "https://example.org/page"


class FakePages:
    def __init__(self, fetched: Fetched) -> None:
        self._fetched = fetched

    async def fetch(self, url: str) -> Fetched:
        assert url == URL
        return self._fetched


async def told(data: bytes, mime: str = "text/html", charset: str = "") -> str:
    fetched = Fetched(URL, mime, data, charset)
    asked = Pending(message())
    turn = Turn(
        asked, ChatSettings(), FakePlatform(), FakeStore(), lambda _: None, MemoryGate(1_000_000)
    )
    output = await WebPage(FakePages(fetched), DocumentStudio()).call(turn, {"url": URL})
    return output.text


async def work_of(page: bytes, charset: str) -> float:
    """Seconds of the processor in this process."""
    start = time.process_time()
    await told(page, charset=charset)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("ISO-8859-1", "cp1252", "Café – 5 €"),
        ("windows-1251", "cp1251", "Привет"),
        ("KOI8-R", "koi8-r", "Привет"),
        ("Shift_JIS", "cp932", "これは①"),
        ("euc-jp", "euc-jp", "これは"),
        ("GB2312", "gb18030", "你好鎔"),
        ("big5", "big5", "你好"),
        ("EUC-KR", "cp949", "한국어"),
        ("utf-16le", "utf-16-le", "Grüße"),
        ("macintosh", "mac-roman", "Grüße"),
    ],
)
async def test_a_page_is_read_in_the_encoding_that_its_server_names(
    charset: str, codec: str, text: str
) -> None:
    page = f"<html><body><p>{text}</p></body></html>".encode(codec)
    assert (await told(page, charset=charset)).endswith(f"\n\n{text}")


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "hex", "x\0", "\udcff"])
async def test_what_is_no_encoding_of_the_web_is_not_decoded_by_it(charset: str) -> None:
    page = b"<html><body><p>plain-\\x41</p></body></html>"
    assert (await told(page, charset=charset)).endswith("\n\nplain-\\x41")


async def test_a_page_that_names_a_slow_codec_costs_no_more_than_any_other() -> None:
    page = b"<html><body><p>" + b"a" * 200_000 + b"-" + b"a" * 200_000
    plain, slow = [await work_of(page, charset) for charset in ("windows-1252", "punycode")]
    assert slow < 10 * plain


async def test_what_is_no_text_is_left_as_it_is() -> None:
    """Servers name an encoding for everything they have."""
    packed = documents.zipped({"a.txt": b"The bridge is open."})
    assert "The bridge is open." in await told(packed, "application/zip", "ISO-8859-1")


async def test_of_a_page_that_is_nested_without_end_the_cut_is_told() -> None:
    page = b"<html><body><p>intro</p>" + b"<div>" * 5_000 + b"deep"
    assert "this is its beginning" in await told(page)
