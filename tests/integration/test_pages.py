"""Pages of the web, read over sockets; and addresses that nobody may read."""

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from bot.internet.pages import MAX_BYTES, WebPages
from handlers.errors import PageFailedError, PageRefusedError
from tests.emulators.pages import Names, Page, PagesEmulator


@pytest.fixture
async def server() -> AsyncIterator[PagesEmulator]:
    async with PagesEmulator() as emulator:
        yield emulator


@pytest.fixture
async def pages(server: PagesEmulator) -> AsyncIterator[WebPages]:
    async with WebPages(frozenset({server.host})) as fetcher:
        yield fetcher


async def test_a_page_comes_with_its_kind_and_its_place(
    server: PagesEmulator, pages: WebPages
) -> None:
    headers = {"Content-Type": "text/html; charset=ISO-8859-1"}
    server.pages["/new"] = Page("<p>Größe</p>".encode("latin-1"), headers=headers)
    server.pages["/old"] = Page(status=301, headers={"Location": "/new?a=1"})

    found = await pages.fetch(server.url("/old#part"))

    assert found.url == server.url("/new?a=1")
    assert (found.mime, found.charset.lower()) == ("text/html", "iso-8859-1")
    assert found.data.decode("latin-1") == "<p>Größe</p>"
    assert not found.is_cut
    assert all("Cookie" not in one and "Authorization" not in one for one in server.headers)


@pytest.mark.parametrize("packed", ["gzip", "deflate"])
async def test_a_packed_page_is_unpacked_and_a_bomb_is_cut(
    server: PagesEmulator, pages: WebPages, packed: str
) -> None:
    pack = gzip.compress if packed == "gzip" else zlib.compress
    server.pages["/page"] = Page(pack(b"words"), headers={"Content-Encoding": packed})
    bomb = pack(bytes(64 * MAX_BYTES))
    assert len(bomb) < MAX_BYTES
    server.pages["/bomb"] = Page(bomb, headers={"Content-Encoding": packed})

    assert (await pages.fetch(server.url("/page"))).data == b"words"
    cut = await pages.fetch(server.url("/bomb"))

    assert cut.is_cut
    assert len(cut.data) == MAX_BYTES


async def test_a_page_without_an_end_is_cut(server: PagesEmulator, pages: WebPages) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50 * MAX_BYTES:
            sent += 65536
            yield b"x" * 65536

    server.pages["/"] = Page(chunks=endless())

    found = await pages.fetch(server.url("/"))

    assert found.is_cut
    assert len(found.data) == MAX_BYTES
    assert sent < 10 * MAX_BYTES


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://evil.test/",
        "http://mixed.test/",
        "http://mapped.test/",
        "http://localhost/",
        "http://public.test:25/",
        "http://name:secret@public.test/",
        "file:///etc/passwd",
        "ftp://public.test/",
        "gopher://public.test/",
        "//public.test/",
        "http://",
        "no address",
        "http://a/" + "b" * 5000,
    ],
)
async def test_what_is_not_public_is_refused_and_never_asked(
    server: PagesEmulator, url: str
) -> None:
    names = Names(
        evil=[["127.0.0.1"]],
        mixed=[["93.184.215.14", "10.0.0.1"]],
        mapped=[["::ffff:127.0.0.1"]],
        public=[["93.184.215.14"]],
    )
    names._addresses["localhost"] = [["127.0.0.1"]]
    async with WebPages(resolver=names) as fetcher:
        with pytest.raises(PageRefusedError):
            await fetcher.fetch(url)

    assert server.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://evil.test:{port}/secret",
        "http://[::1]:{port}/secret",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_to_what_is_not_public_is_refused(
    server: PagesEmulator, target: str
) -> None:
    server.pages["/start"] = Page(status=302, headers={"Location": target.format(port=server.port)})
    server.pages["/secret"] = Page(b"the secret")
    names = Names(own=[["127.0.0.1"]], evil=[["127.0.0.1"]])
    async with WebPages(frozenset({f"own.test:{server.port}"}), resolver=names) as fetcher:
        with pytest.raises(PageRefusedError):
            await fetcher.fetch(f"http://own.test:{server.port}/start")

    assert server.requests == [f"own.test:{server.port}/start"]


async def test_a_name_cannot_lead_elsewhere_once_it_was_looked_at(server: PagesEmulator) -> None:
    server.pages["/"] = Page(b"the secret")
    names = Names(turning=[["93.184.215.14"], ["127.0.0.1"]])
    async with WebPages(resolver=names) as fetcher:
        await names.resolve("turning.test")  # somebody looked: it was public
        with pytest.raises(PageRefusedError):
            await fetcher.fetch(f"http://turning.test:{server.port}/")

    assert server.requests == []


async def test_what_cannot_be_had_is_told_in_a_line(server: PagesEmulator, pages: WebPages) -> None:
    server.pages["/loop"] = Page(status=302, headers={"Location": "/loop"})
    server.pages["/odd"] = Page(b"??", headers={"Content-Encoding": "br"})
    server.pages["/torn"] = Page(b"??", headers={"Content-Encoding": "gzip"})

    for path in ("/loop", "/odd", "/torn", "/missing"):
        with pytest.raises(PageFailedError):
            await pages.fetch(server.url(path))
    assert len([one for one in server.requests if one.endswith("/loop")]) == 6
