"""Reads files in processes of their own, a few at a time."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handlers.errors import (
    DocumentEmptyError,
    DocumentEncryptedError,
    DocumentTooLargeError,
    DocumentUnreadableError,
    DocumentUnsupportedError,
    DocumentWorkError,
    ParleyError,
)
from handlers.media.documents.archives import printable
from handlers.media.documents.values import Document, Fault, Passage, Section
from handlers.media.processes import Ended, run, temporary_folder
from handlers.media.threads import run_to_end

_ROOT = Path(__file__).parents[3]
_MAX_OUT = 64 * 1024 * 1024
_KILLED_FOR_ROOM = (-6, -9, -11, -24, -25)
"""Signals by which a process ends that has no memory, no time or no room on the disk left."""
_ERRORS: dict[Fault, type[ParleyError]] = {
    Fault.ENCRYPTED: DocumentEncryptedError,
    Fault.UNREADABLE: DocumentUnreadableError,
    Fault.UNSUPPORTED: DocumentUnsupportedError,
    Fault.TOO_LARGE: DocumentTooLargeError,
    Fault.EMPTY: DocumentEmptyError,
}
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one process."""

    memory_bytes: int = 1024 * 1024 * 1024
    cpu_s: int = 60
    wall_s: float = 120.0


@dataclass(frozen=True, slots=True)
class PagePicture:
    page: int
    jpeg: bytes


class DocumentStudio:
    def __init__(self, bounds: Bounds | None = None, at_once: int = 2) -> None:
        self._bounds = bounds or Bounds()
        self._turns = asyncio.Semaphore(at_once)

    async def read(self, data: bytes, name: str) -> Document:
        """The text. PersonError with the file's name if there is none to be had.

        A PDF of pictures alone has the kind ``scan`` and no text.
        """
        async with self._turns:
            try:
                async with temporary_folder() as folder:
                    path = await _placed(folder, data)
                    ended = await self._run("read", str(path), printable(name))
            except OSError as exc:
                raise DocumentWorkError(str(exc)) from exc
        return await run_to_end(_decode, ended, short_name(name))

    async def draw(
        self, data: bytes, name: str, pages: Sequence[int], side: int
    ) -> list[PagePicture]:
        """Pages of a PDF, counted from 1, in the order asked for; those there are."""
        async with self._turns:
            try:
                async with temporary_folder() as folder:
                    path = await _placed(folder, data)
                    ended = await self._run("draw", str(path), str(side), *map(str, pages))
                    return await run_to_end(_collect, ended, folder, short_name(name))
            except OSError as exc:
                raise DocumentWorkError(str(exc)) from exc

    async def _run(self, verb: str, *arguments: str) -> Ended:
        bounds = self._bounds
        command = (
            *(sys.executable, "-P", "-m", "handlers.media.documents"),
            *(verb, str(bounds.memory_bytes), str(bounds.cpu_s), *arguments),
        )
        try:
            async with asyncio.timeout(bounds.wall_s):
                return await run(command, _MAX_OUT, environment=_environment())
        except TimeoutError:
            return Ended(b"", b"took too long", -9)


def short_name(name: str) -> str:
    """A file's name as people and models are told it: one short line, its ending kept."""
    told = printable(name) or "file"
    if len(told) <= MAX_NAME:
        return told
    return f"{told[: MAX_NAME - 21]}…{told[-20:]}"


async def _placed(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    await run_to_end(path.write_bytes, data)
    return path


def _environment() -> dict[str, str]:
    """What Python needs and no more: the process reads files of strangers, and has no secrets."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ
    }
    return {**kept, "PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}


def _decode(ended: Ended, name: str) -> Document:
    document: Document | None = None
    sections: list[Section] = []
    passages: list[Passage] = []
    for line in _lines(ended, name):
        if "document" in line:
            told = line["document"]
            document = Document(**{**told, "unread": tuple(told["unread"])})
            document = replace(document, sections=(), passages=())
        elif "section" in line:
            sections.append(Section(**line["section"]))
        else:
            passages.append(Passage(**line["passage"]))
    if document is None:
        raise DocumentWorkError("nothing was told of the document")
    return replace(document, sections=tuple(sections), passages=tuple(passages))


def _collect(ended: Ended, folder: Path, name: str) -> list[PagePicture]:
    pages = [int(line["page"]) for line in _lines(ended, name)]
    return [PagePicture(page, (folder / f"{page}.jpg").read_bytes()) for page in pages]


def _lines(ended: Ended, name: str) -> list[dict[str, Any]]:
    """What the process wrote. The error that it named, or that its end means."""
    if ended.code in _KILLED_FOR_ROOM or len(ended.out) > _MAX_OUT:
        raise DocumentTooLargeError(f"ended by {ended.code}", name=name)
    if ended.code:
        told = ended.told.decode(errors="replace").strip().splitlines()
        raise DocumentWorkError(f"exit {ended.code}: {told[-1] if told else ''}")
    lines = [json.loads(line) for line in ended.out.split(b"\n") if line]
    for line in lines:
        if "fault" in line:
            raise _ERRORS[Fault(line["fault"])](str(line["detail"]), name=name)
    return lines
