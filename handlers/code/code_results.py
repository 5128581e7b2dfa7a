"""What a run of code came to: its steps, its pictures and its files, kept before they are sent."""

import asyncio
import json
import mimetypes
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

import structlog

from handlers.errors import ParleyError, ServiceError
from handlers.media.canvases import read_size
from handlers.media.photos import PhotoStudio
from handlers.media.sizes import human_size
from handlers.messages import AnswerFile, MediaRef, Step
from handlers.ports.code import CodeCall, CodeInterpreter, Look, MadeFile
from handlers.ports.stores import MediaStore
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

MAX_FILE_BYTES = 50 * 1024 * 1024
"""What the widest platform takes of a file."""
MAX_FILES = 20
MAX_LOGS = 100_000
_STEP = "made"
_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a run beside its text."""

    pictures: tuple[MediaRef, ...] = ()
    files: tuple[AnswerFile, ...] = ()
    lines: tuple[str, ...] = ()
    """For people, about what cannot be sent."""


class CodeResults:
    def __init__(self, code: CodeInterpreter, media: MediaStore, photos: PhotoStudio) -> None:
        self._code = code
        self._media = media
        self._photos = photos

    async def keep(self, turn: Turn, look: Look, container: str) -> Made:
        """Fetched and kept with what the run cost; found again after a crash."""
        known = turn.step(_STEP)
        if known:
            return _decode(known)
        pictures: dict[str, MediaRef] = {}
        files: dict[str, AnswerFile] = {}
        lines: list[str] = []
        wanted = await self._wanted(look, container)
        for made in wanted[:MAX_FILES]:
            await self._fetch(made, pictures, files, lines)
        for data in (data for call in look.calls for data in call.pictures):
            await self._sort(data, "chart.png", pictures, files)
        if len(wanted) > MAX_FILES:
            lines.append(say("analysis_more_files", count=len(wanted) - MAX_FILES))
        result = Made(tuple(pictures.values()), tuple(files.values()), tuple(lines))
        turn.spent(*look.usage)
        await turn.save_step(_STEP, json.dumps(asdict(result)))
        return result

    async def forget(self, turn: Turn) -> None:
        """Let the next try begin anew."""
        if turn.step(_STEP):
            await turn.save_step(_STEP, "")

    async def _wanted(self, look: Look, container: str) -> list[MadeFile]:
        """The files that the answer names, and those that it only speaks of."""
        wanted = list(look.files)
        names = {one.name.rpartition("/")[2] for one in wanted}
        missing = [path for path in look.named if path.rpartition("/")[2] not in names]
        if missing:
            try:
                there = await self._code.list_files(container)
            except ParleyError as failure:
                log.warning("what was made could not be listed", error=type(failure).__name__)
                there = ()
            wanted += [
                MadeFile(container, one.id, one.path)
                for one in there
                if one.path in missing and not one.is_ours
            ]
        return wanted

    async def _fetch(
        self,
        made: MadeFile,
        pictures: dict[str, MediaRef],
        files: dict[str, AnswerFile],
        lines: list[str],
    ) -> None:
        name = PurePosixPath(made.name).name or "file"
        try:
            data = await self._code.fetch(made, MAX_FILE_BYTES)
        except ServiceError as failure:
            # What is there is paid: one file less is better than none of it.
            log.warning("a file that code made cannot be fetched", detail=str(failure))
            lines.append(say("analysis_file_gone", name=name))
            return
        if data is None:
            limit = human_size(MAX_FILE_BYTES)
            lines.append(say("analysis_file_too_large", name=name, limit=limit))
        elif data:
            await self._sort(data, name, pictures, files)

    async def _sort(
        self, data: bytes, name: str, pictures: dict[str, MediaRef], files: dict[str, AnswerFile]
    ) -> None:
        """A picture that can be shown is one; all else is a file. The same bytes are one."""
        mime = _picture_mime(data)
        if mime:
            try:
                size = await self._photos.lend(0, read_size, data)
            except ParleyError:
                log.info("a picture cannot be shown, so it is a file")
            else:
                ref = await self._media.put(data, mime, *size)
                pictures.setdefault(ref.sha256, ref)
                return
        # In a thread: the first time it reads the system's list.
        told, _ = await asyncio.to_thread(mimetypes.guess_type, name)
        mime = told or "application/octet-stream"
        ref = await self._media.put(data, mime)
        files.setdefault(f"{name} {ref.sha256}", AnswerFile(name, ref))


def steps_of(look: Look) -> tuple[Step, ...]:
    return tuple(
        Step(
            title=say("analysis_title", line=first_line(call)),
            input=call.code,
            output=call.logs[:MAX_LOGS],
            language="python",
            is_failed=call.is_failed,
        )
        for call in look.calls
        if call.code or call.logs
    )


def first_line(call: CodeCall) -> str:
    """What says best what the code does: its first comment, else its first line."""
    lines = [line.strip() for line in call.code.splitlines() if line.strip()]
    told = next((line.lstrip("# ") for line in lines if line.startswith("#")), "")
    chosen = told or (lines[0] if lines else "…")
    return chosen if len(chosen) <= 60 else f"{chosen[:60].rstrip()} …"


def _picture_mime(data: bytes) -> str:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for start, mime in _PICTURES.items() if data.startswith(start)), "")


def _decode(text: str) -> Made:
    told = json.loads(text)
    return Made(
        tuple(MediaRef(**ref) for ref in told["pictures"]),
        tuple(AnswerFile(one["name"], MediaRef(**one["ref"])) for one in told["files"]),
        tuple(told["lines"]),
    )
