"""A code interpreter in memory, which does what a test tells it."""

import itertools
from collections.abc import Awaitable, Callable

from handlers.errors import ContainerGoneError, FileUnavailableError, ParleyError
from handlers.messages import Capability, ChatKey, UsageEntry
from handlers.ports.chat import ChatRequest
from handlers.ports.code import Container, ContainerFile, Look, MadeFile, Opened, RunState

DONE = Look(RunState.COMPLETED, "done", usage=(UsageEntry(Capability.CODE, "fake", 1, 0, 1),))


class FakeCode:
    def __init__(self) -> None:
        self.looks: list[Look | ParleyError] = []
        """What each look at a run gives; the last again and again, without any it is done."""
        self.uploads: dict[str, list[str]] = {}
        """Names, by container."""
        self.data: dict[str, bytes] = {}
        """Of uploads, by name."""
        self.files: dict[str, bytes] = {}
        """That a run made, by id."""
        self.expired: set[str] = set()
        self.begins_badly: list[ParleyError] = []
        self.fetches_badly: dict[str, ParleyError] = {}
        """By the file's id."""
        self.forgets_badly: list[ParleyError] = []
        self.requests: list[ChatRequest] = []
        self.cancelled: list[str] = []
        self.forgotten: list[str] = []
        self.on_begin: Callable[[], Awaitable[None]] | None = None
        self._numbers = itertools.count(1)

    async def open(self, name: str) -> Opened:
        container = f"container{next(self._numbers)}"
        self.uploads[container] = []
        return Opened(container, UsageEntry(Capability.CODE, "session", cost_usd=0.03))

    async def is_alive(self, container: str) -> bool:
        return container in self.uploads and container not in self.expired

    async def upload(self, container: str, name: str, data: bytes, mime: str) -> str:
        if not await self.is_alive(container):
            raise ContainerGoneError(container)
        self.uploads[container].append(name)
        self.data[name] = data
        return f"/data/{name}"

    async def list_files(self, container: str) -> tuple[ContainerFile, ...]:
        return tuple(
            ContainerFile(name, f"/data/{name}", len(data), is_ours=False)
            for name, data in self.files.items()
        )

    async def begin(self, request: ChatRequest, container: str, key: str) -> str:
        if self.on_begin is not None:
            await self.on_begin()
        if self.begins_badly:
            raise self.begins_badly.pop(0)
        self.requests.append(request)
        return f"run{len(self.requests)}"

    async def look(self, run: str) -> Look:
        if not self.looks:
            return DONE
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, ParleyError):
            raise look
        return look

    async def cancel(self, run: str) -> None:
        self.cancelled.append(run)

    async def forget(self, run: str) -> None:
        if self.forgets_badly:
            raise self.forgets_badly.pop(0)
        self.forgotten.append(run)

    async def fetch(self, file: MadeFile, max_bytes: int) -> bytes | None:
        if file.id in self.fetches_badly:
            raise self.fetches_badly[file.id]
        if file.id not in self.files:
            raise FileUnavailableError(file.name)
        data = self.files[file.id]
        return data if len(data) <= max_bytes else None


class FakeContainers:
    def __init__(self) -> None:
        self.kept: dict[ChatKey, Container] = {}

    async def load(self, chat: ChatKey) -> Container | None:
        return self.kept.get(chat)

    async def save(self, chat: ChatKey, container: Container) -> None:
        self.kept[chat] = container


class FakeRuns:
    def __init__(self) -> None:
        self.kept: dict[str, float] = {}
        """When each is to be forgotten."""

    async def save(self, run: str, forget_at: float) -> None:
        self.kept[run] = forget_at

    async def due(self, now: float, most: int) -> tuple[str, ...]:
        return tuple(run for run, at in self.kept.items() if at <= now)[:most]

    async def drop(self, run: str) -> None:
        self.kept.pop(run, None)
