"""The port HostedSearch against the emulated service."""

from collections.abc import AsyncIterator

import pytest

from bot.openai.file_search import MAX_QUESTION, MAX_RESULTS
from handlers.errors import (
    HostedGoneError,
    RouteMissingError,
    ServiceDownError,
    ServiceSilentError,
)
from handlers.ports.documents import HostedSearch, Rubbish, RubbishKind
from tests.emulators.openai import Fail, OpenAIEmulator
from tests.integration.openai_room import Pauses, open_room

TEXT = b"[p. 1 #0]\nVolcanoes erupt.\n[p. 2 #1]\nBees dance."


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=None) as emulator:
        yield emulator
        assert emulator.violations == []


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def search(emulator: OpenAIEmulator, pauses: Pauses) -> AsyncIterator[HostedSearch]:
    async with open_room(emulator.base_url, pauses) as room:
        yield room.file_search


async def shelved(search: HostedSearch, *texts: bytes) -> tuple[str, list[str]]:
    """A vector store with files, of the documents 1, 2, ..."""
    store, files = await search.open(), []
    for number, text in enumerate(texts, 1):
        files.append(await search.upload(f"{number}.txt", text))
        assert await search.add(store, files[-1], number)
    return store, files


async def test_what_is_added_is_found_with_its_file_and_score(
    emulator: OpenAIEmulator, search: HostedSearch
) -> None:
    store, [file] = await shelved(search, TEXT)
    [found] = await search.search(store, "Which volcanoes are tall?", 10)

    assert (found.file, found.text.encode()) == (file, TEXT)
    assert 0 < found.score < 1
    upload, added = emulator.requests[1], emulator.requests[2]
    assert upload.body == {"purpose": "assistants"}
    assert [(one.filename, one.content_type) for one in upload.files] == [("1.txt", "text/plain")]
    assert added.body["attributes"] == {"document": 1}


async def test_only_the_documents_asked_for_are_searched(search: HostedSearch) -> None:
    store, files = await shelved(search, b"bees one", b"bees two", b"bees three")
    found = await search.search(store, "bees", 10, [1, 3])
    assert {one.file for one in found} == {files[0], files[2]}


async def test_a_question_and_a_limit_beyond_the_services_bounds_are_cut(
    emulator: OpenAIEmulator, search: HostedSearch
) -> None:
    store, _ = await shelved(search, TEXT)
    await search.search(store, "bees " * MAX_QUESTION, 500)
    body = emulator.requests[-1].body
    assert (len(body["query"]), body["max_num_results"]) == (MAX_QUESTION, MAX_RESULTS)


async def test_a_file_that_is_worked_on_is_waited_for(
    emulator: OpenAIEmulator, search: HostedSearch, pauses: Pauses
) -> None:
    emulator.file_search.looks = 6
    await shelved(search, TEXT)
    assert pauses.waited_s == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


async def test_a_file_that_is_never_done_is_given_up(
    emulator: OpenAIEmulator, search: HostedSearch
) -> None:
    emulator.file_search.looks = 10_000
    with pytest.raises(ServiceSilentError):
        await shelved(search, TEXT)


async def test_a_file_that_cannot_be_indexed_is_told_from_a_service_that_failed(
    emulator: OpenAIEmulator, search: HostedSearch
) -> None:
    emulator.file_search.error = "invalid_file"
    store, file = await search.open(), await search.upload("a.txt", TEXT)
    assert not await search.add(store, file, 1)
    emulator.file_search.error = "server_error"
    with pytest.raises(ServiceDownError):
        await search.add(store, file, 1)


async def test_what_is_removed_is_gone_and_may_be_removed_again(
    emulator: OpenAIEmulator, search: HostedSearch
) -> None:
    store, [file] = await shelved(search, TEXT)
    for _ in range(2):
        await search.remove(Rubbish(file, RubbishKind.FILE))
    assert await search.search(store, "bees", 5) == ()
    for _ in range(2):
        await search.remove(Rubbish(store, RubbishKind.STORE))
    assert (emulator.file_search.files.all, emulator.file_search.stores) == ({}, {})
    with pytest.raises(HostedGoneError):
        await search.search(store, "bees", 5)
    with pytest.raises(HostedGoneError):
        await search.add(store, file, 1)


async def test_a_server_without_vector_stores_or_without_their_search_is_known_as_such(
    emulator: OpenAIEmulator, search: HostedSearch
) -> None:
    store, _ = await shelved(search, TEXT)
    emulator.script("POST /vector_stores/{id}/search", Fail(404, "Invalid URL"))
    with pytest.raises(RouteMissingError):
        await search.search(store, "bees", 5)
    emulator.retired_routes |= {"/vector_stores": 404, "/files": 404}
    with pytest.raises(RouteMissingError):
        await search.open()
    with pytest.raises(RouteMissingError):
        await search.upload("a.txt", TEXT)
