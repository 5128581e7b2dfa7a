"""/transcribe: what a recording says, as text or as subtitles; and what a voice note asks for."""

from collections.abc import Awaitable, Callable

from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError
from handlers.media import subtitles
from handlers.messages import (
    Attachment,
    IncomingMessage,
    Origin,
    TextFile,
    VoiceNote,
)
from handlers.ports.sounds import Segment, Transcript
from handlers.ports.stores import Outcome
from handlers.sounds.long_texts import deliverable
from handlers.texts import say
from handlers.turn import Turn

Hear = Callable[[Turn, Attachment], Awaitable[str]]
HearWithTimes = Callable[[Turn, Attachment], Awaitable[Transcript]]
Answer = Callable[[Turn], Awaitable[None]]

TEXT = "text"
SUBTITLES: dict[str, tuple[Callable[[tuple[Segment, ...]], str], str]] = {
    "srt": (subtitles.srt, "application/x-subrip"),
    "vtt": (subtitles.vtt, "text/vtt"),
}


class Transcription:
    def __init__(self, hear: Hear, hear_with_times: HearWithTimes) -> None:
        self._hear = hear
        self._hear_with_times = hear_with_times

    async def transcribe(self, turn: Turn) -> None:
        """/transcribe [text|srt|vtt], as a reply to sound or with it."""
        shape = turn.message.text.strip().lower() or TEXT
        if shape not in (TEXT, *SUBTITLES):
            raise wrong_arguments("transcribe")
        await self._transcribe(turn, shape)

    async def write_down(self, turn: Turn) -> None:
        """A message of sound, as plain text."""
        await self._transcribe(turn, TEXT)

    async def _transcribe(self, turn: Turn, shape: str) -> None:
        recordings = recordings_of(turn.message)
        if not recordings:
            raise NothingToDoError("reply_to_sound")
        texts: list[str] = []
        files: list[TextFile] = []
        notice = ""
        with turn.stoppable():
            for recording in recordings:
                if shape == TEXT:
                    texts.append(await self._hear(turn, recording))
                    continue
                transcript = await self._hear_with_times(turn, recording)
                texts.append(transcript.text)
                if transcript.segments:
                    files.append(_subtitles(transcript, shape, len(files) + 1))
                else:
                    notice = say("no_times")
        delivery = deliverable("\n\n".join(texts), "transcript.txt", notice, files, is_plain=True)
        await turn.commit(Outcome(delivery))
        await turn.deliver(delivery)


class VoiceNotes:
    """What a message that is sound and nothing else asks for, by the chat's choice."""

    def __init__(self, chat: Answer, transcribe: Answer, translate: Answer) -> None:
        self._chat = chat
        self._others = {VoiceNote.TRANSCRIBE: transcribe, VoiceNote.TRANSLATE: translate}

    async def answer(self, turn: Turn) -> None:
        """A message that is no command."""
        message = turn.message
        other = self._others.get(turn.settings.voice_note)
        if other is None or message.text or not _is_all_sound(message):
            await self._chat(turn)
        elif message.origin is not Origin.EDIT:  # what was heard cannot be edited
            await other(turn)


def recordings_of(message: IncomingMessage) -> list[Attachment]:
    """Those that came with a message; else those of the one that it replies to."""
    quoted = message.quoted.attachments if message.quoted is not None else ()
    own = [a for a in message.attachments if a.kind.may_have_sound]
    return own or [a for a in quoted if a.kind.may_have_sound]


def _is_all_sound(message: IncomingMessage) -> bool:
    attachments = message.attachments
    return bool(attachments) and all(a.kind.is_sound for a in attachments)


def _subtitles(transcript: Transcript, shape: str, number: int) -> TextFile:
    write, mime = SUBTITLES[shape]
    name = f"transcript.{shape}" if number == 1 else f"transcript-{number}.{shape}"
    return TextFile(name, write(transcript.segments), mime)
