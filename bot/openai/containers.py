"""Containers: where the service runs code, and the files in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.fields import find, find_count, find_list, find_text
from handlers.errors import (
    CodeMissingError,
    ContainerGoneError,
    FileUnavailableError,
    ModelMissingError,
    ServiceDownError,
)
from handlers.messages import Capability, UsageEntry
from handlers.ports.code import ContainerFile, MadeFile, Opened

SESSION = "code-interpreter"
"""What a container is called in the price list."""
_ACTIVE = frozenset({"", "active", "running", "idle"})
_PAGE = 100
_MAX_PAGES = 10


class Containers:
    def __init__(self, client: Client, catalogue: ModelCatalogue) -> None:
        self._client = client
        self._catalogue = catalogue

    async def open(self, name: str) -> Opened:
        """CodeMissingError where the server has no containers."""
        body = {"name": name}
        try:
            made = await self._client.ask(
                lambda: self._client.post("/containers", body), model=SESSION
            )
        except ModelMissingError as exc:
            raise CodeMissingError(str(exc), model=SESSION) from exc
        container = find_text(made, "id")
        if not container:
            raise ServiceDownError("a container came without its id")
        usage = UsageEntry(Capability.CODE, SESSION)
        return Opened(container, self._catalogue.price(usage))

    async def is_alive(self, container: str) -> bool:
        try:
            with _gone(container):
                told = await self._get(f"/containers/{container}")
        except ContainerGoneError:
            return False
        return find_text(told, "status").lower() in _ACTIVE

    async def upload(self, container: str, name: str, data: bytes, mime: str) -> str:
        path = f"/containers/{container}/files"
        file = [("file", (name, data, mime))]
        with _gone(container):
            made = await self._client.ask(lambda: self._client.post(path, {}, file), model=SESSION)
        return find_text(made, "path") or f"/mnt/data/{name}"

    async def list_files(self, container: str) -> tuple[ContainerFile, ...]:
        found: list[ContainerFile] = []
        after = ""
        for _ in range(_MAX_PAGES):
            query = f"?limit={_PAGE}" + (f"&after={after}" if after else "")
            with _gone(container):
                page = await self._get(f"/containers/{container}/files{query}")
            found += [_read_file(one) for one in find_list(page, "data")]
            if find(page, "has_more") is not True or not found or found[-1].id == after:
                break
            after = found[-1].id
        return tuple(found)

    async def fetch(self, file: MadeFile, max_bytes: int) -> bytes | None:
        """None if it is larger; what is larger is not fetched."""
        path = f"/containers/{file.container}/files/{file.id}"
        try:
            told = await self._get(path)
            size = find_count(told, "bytes")
            if size is not None and size > max_bytes:
                return None
            data = await self._content(f"{path}/content")
        except ModelMissingError as exc:
            raise FileUnavailableError(f"{file.name} is gone from its container") from exc
        return data if len(data) <= max_bytes else None

    async def _content(self, path: str) -> bytes:
        import openai  # noqa: PLC0415  # loaded long since: create_client does

        async def read() -> bytes:
            kind = openai.HttpxBinaryResponseContent
            headers: Any = {"headers": {"Accept": "application/binary"}}
            answer = await self._client.patient_sdk.get(path, cast_to=kind, options=headers)
            return answer.content

        return await self._client.ask(read, model=SESSION)

    async def _get(self, path: str) -> object:
        return await self._client.ask(lambda: self._client.get(path), model=SESSION)


@contextmanager
def _gone(container: str) -> Iterator[None]:
    try:
        yield
    except ModelMissingError as exc:
        raise ContainerGoneError(f"{container}: {exc}") from exc


def _read_file(told: Any) -> ContainerFile:
    return ContainerFile(
        find_text(told, "id"),
        find_text(told, "path"),
        find_count(told, "bytes") or 0,
        is_ours=find_text(told, "source") == "user",
    )
