"""A chat's container, with the files and the font that are needed in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from handlers.errors import ContainerGoneError, FileUnavailableError
from handlers.media.fonts import (
    FONT_NAME,
    face_for,
    may_hold_cjk,
    read_face,
    speaks_of_cjk,
)
from handlers.media.threads import run_to_end
from handlers.messages import Attachment, AttachmentKind
from handlers.ports.code import CodeInterpreter, Container, ContainerStore, KeptUpload
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

MAX_UPLOADS = 50
"""That are remembered of a container, the newest."""
MAX_BROUGHT_AGAIN = 10
_UNSAFE = re.compile(r"[^\w.()+=@ -]", re.UNICODE)
_ENDINGS = {
    AttachmentKind.PHOTO: ".jpg",
    AttachmentKind.VOICE: ".ogg",
    AttachmentKind.AUDIO: ".mp3",
    AttachmentKind.VIDEO: ".mp4",
    AttachmentKind.VIDEO_NOTE: ".mp4",
    AttachmentKind.ANIMATION: ".mp4",
    AttachmentKind.STICKER: ".webp",
    AttachmentKind.PASTE: ".txt",
}
_STEP = "container"


@dataclass(frozen=True, slots=True)
class Prepared:
    container: Container
    new: tuple[KeptUpload, ...]
    """Those of this message."""

    @property
    def old(self) -> tuple[KeptUpload, ...]:
        return tuple(one for one in self.container.uploads if one not in self.new)


class Workbench:
    def __init__(self, code: CodeInterpreter, store: ContainerStore) -> None:
        self._code = code
        self._store = store

    async def prepare(self, turn: Turn, files: Sequence[Attachment], words: str) -> Prepared:
        """The chat's container, or a new one where that has ended, with ``files`` in it.

        ``words``: all that is said about them; they tell whether the font is needed.
        """
        try:
            return await self._prepare(turn, files, words)
        except ContainerGoneError as gone:
            log.info("a container ended while it was filled", detail=str(gone))
            return await self._prepare(turn, files, words)

    async def _prepare(self, turn: Turn, files: Sequence[Attachment], words: str) -> Prepared:
        container, lost = await self._open(turn)
        has_cjk = speaks_of_cjk(words) or any(speaks_of_cjk(one.name) for one in files)
        has_cjk |= turn.settings.language.lower().startswith(("zh", "ja", "ko", "yue"))
        new: list[KeptUpload] = []
        for file in files:
            upload = next((one for one in container.uploads if one.attachment == file), None)
            if upload is None:
                upload, may_need = await self._bring(turn, container, file)
                has_cjk |= may_need
                container = await self._remember(turn, container, upload)
            new.append(upload)
        if not files and lost:
            container, may_need = await self._bring_again(turn, container, lost)
            has_cjk |= may_need
        if has_cjk and not container.font:
            container = await self._bring_font(turn, container, words)
        return Prepared(container, tuple(new))

    async def _open(self, turn: Turn) -> tuple[Container, tuple[KeptUpload, ...]]:
        """The container, and what was in the one before, if that has ended."""
        chat = turn.message.chat
        known = await self._store.load(chat)
        if known is not None and await self._code.is_alive(known.id):
            return known, ()
        opened = await self._code.open("parley")
        turn.spent(opened.usage)
        container = Container(opened.container)
        await turn.save_step(_STEP, container.id)  # with what it cost
        await self._store.save(chat, container)
        log.info("container opened", is_first=known is None)
        return container, known.uploads if known is not None else ()

    async def _bring(
        self, turn: Turn, container: Container, file: Attachment
    ) -> tuple[KeptUpload, bool]:
        """Uploaded, and whether there may be letters in it that need the font."""
        name = file_name(file)
        async with turn.downloaded(file) as data:
            may_need = file.kind.is_read and await run_to_end(may_hold_cjk, data)
            path = await self._code.upload(
                container.id, name, data, file.mime or "application/octet-stream"
            )
        return KeptUpload(path, file), may_need

    async def _bring_again(
        self, turn: Turn, container: Container, lost: Sequence[KeptUpload]
    ) -> tuple[Container, bool]:
        """What was in the container that has ended, as far as the platform still has it."""
        has_cjk = False
        missing: list[str] = []
        for upload in lost[-MAX_BROUGHT_AGAIN:]:
            try:
                again, may_need = await self._bring(turn, container, upload.attachment)
            except FileUnavailableError:
                missing.append(file_name(upload.attachment))
                continue
            has_cjk |= may_need
            container = await self._remember(turn, container, again)
        if missing:
            line = say("analysis_files_gone", names=", ".join(missing[:5]))
            await turn.reply.line("files gone", line)
        return container, has_cjk

    async def _bring_font(self, turn: Turn, container: Container, words: str) -> Container:
        data = await run_to_end(read_face, face_for(words, turn.settings.language))
        path = await self._code.upload(container.id, FONT_NAME, data, "font/otf")
        container = replace(container, font=path)
        await self._store.save(turn.message.chat, container)
        return container

    async def _remember(self, turn: Turn, container: Container, upload: KeptUpload) -> Container:
        uploads = (*container.uploads, upload)[-MAX_UPLOADS:]
        container = replace(container, uploads=uploads)
        await self._store.save(turn.message.chat, container)
        return container


def file_name(file: Attachment) -> str:
    """A name that no shell and no path minds, with its ending."""
    name = file.name.replace("\\", "/").rpartition("/")[2]
    stem, dot, ending = _UNSAFE.sub("_", name).strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, _ENDINGS.get(file.kind, "").removeprefix(".")
    stem = stem[:80] or file.kind.value
    return f"{stem}.{ending[:10]}" if ending else stem
