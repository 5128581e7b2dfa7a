"""Recordings that people send, and the words in them."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from handlers.errors import NothingHeardError, ParleyError
from handlers.media.recordings import Recording, SoundRoute, Span
from handlers.media.sounds import SoundStudio
from handlers.messages import Attachment, AttachmentKind, UsageEntry
from handlers.ports.platforms import Activity
from handlers.ports.sounds import (
    Halfway,
    Segment,
    Sound,
    Transcriber,
    Transcript,
    Translator,
)
from handlers.sounds.long_texts import shorten
from handlers.texts import say
from handlers.turn import Turn

NAMES = {
    AttachmentKind.VOICE: "voice.ogg",
    AttachmentKind.AUDIO: "audio.mp3",
    AttachmentKind.VIDEO_NOTE: "video.mp4",
    AttachmentKind.VIDEO: "video.mp4",
}
"""For what comes without a file name."""
PIECES_AT_ONCE = 3
"""Of one recording."""
PIECES_IN_ALL = 6
"""Of all that is heard: each is there about three times while it is sent, of 2 MB mostly."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How a recording is heard, and the name under which a result is kept."""

    step: str
    route: SoundRoute
    listen: Callable[[Sound, Halfway], Awaitable[Transcript]]
    is_timed: bool = False
    is_told: bool = False
    """The words are shown before they are answered."""


class _Midpoint:
    """Fills the port Halfway with a step of its own beside the one of the result."""

    def __init__(self, turn: Turn, step: str) -> None:
        self._turn = turn
        self._step = f"halfway {step}"

    @property
    def known(self) -> str | None:
        return self._turn.step(self._step)

    async def keep(self, text: str, usage: tuple[UsageEntry, ...]) -> None:
        self._turn.spent(*usage)
        await self._turn.save_step(self._step, text)


class Hearing:
    """A recording of any length, by one request or several; what was paid for is kept as steps."""

    def __init__(
        self, transcriber: Transcriber, translator: Translator, sounds: SoundStudio
    ) -> None:
        self._transcriber = transcriber
        self._translator = translator
        self._sounds = sounds
        self._sending = asyncio.Semaphore(PIECES_IN_ALL)

    async def hear(self, turn: Turn, attachment: Attachment) -> str:
        """The words of a recording. NothingHeardError if there are none."""
        return await self._hear(turn, attachment, is_told=False)

    async def hear_spoken(self, turn: Turn, attachment: Attachment) -> str:
        """The same, of what is said to the bot: ``tell_heard`` shows it before it is answered."""
        return await self._hear(turn, attachment, is_told=True)

    async def _hear(self, turn: Turn, attachment: Attachment, *, is_told: bool) -> str:
        async def listen(sound: Sound, _: Halfway) -> Transcript:
            return await self._transcriber.transcribe(sound, turn.settings.language)

        way = _Way("heard", self._transcriber, listen, is_told=is_told)
        return (await self._once(turn, attachment, way)).text

    async def hear_with_times(self, turn: Turn, attachment: Attachment) -> Transcript:
        """The same, with ``segments`` if the route has times."""

        async def listen(sound: Sound, _: Halfway) -> Transcript:
            return await self._transcriber.transcribe(
                sound, turn.settings.language, with_times=True
            )

        way = _Way("timed", self._transcriber, listen, is_timed=True)
        return await self._once(turn, attachment, way)

    async def hear_in_english(self, turn: Turn, attachment: Attachment) -> str:
        """What a recording says, in English. NothingHeardError if it says nothing."""
        way = _Way("translated", self._translator, self._translator.translate)
        return (await self._once(turn, attachment, way)).text

    async def _once(self, turn: Turn, attachment: Attachment, way: _Way) -> Transcript:
        """Listen, unless this was done and paid for before a crash."""
        way = replace(way, step=f"{way.step} {attachment.ref}")
        known = turn.step(way.step)
        if known is not None:
            transcript = _decode(known, way)
        else:
            async with turn.reply.working(Activity.LISTENING):
                transcript = await self._listen(turn, attachment, way)
            transcript = replace(transcript, text=transcript.text.strip())
            await turn.save_step(way.step, _encode(transcript, way))
        if not transcript.text:
            raise NothingHeardError(attachment.kind)
        return transcript

    async def _listen(self, turn: Turn, attachment: Attachment, way: _Way) -> Transcript:
        name = attachment.name or NAMES[attachment.kind]
        async with AsyncExitStack() as stack:
            async with turn.downloaded(attachment) as data:
                sound = Sound(data, attachment.mime, name)
                fitting = await self._sounds.fit(sound, way.route)
                if fitting is not None:
                    listening = way.listen(fitting, _Midpoint(turn, way.step))
                    transcript = await _billed(turn, listening)
                    turn.spent(*transcript.usage)
                    return transcript
                opening = self._sounds.record(sound, way.route)
                del data, sound  # from here on it is on the disk
                recording = await stack.enter_async_context(opening)
            return await self._listen_in_pieces(turn, recording, way)

    async def _listen_in_pieces(self, turn: Turn, recording: Recording, way: _Way) -> Transcript:
        spans = recording.spans
        heard: dict[Span, Transcript] = {}

        def show() -> None:
            if len(spans) > 1 and not way.is_told:
                # It stands where the answer will, and is replaced by that or by why there is none.
                turn.reply.show(say("listening", done=len(heard), total=len(spans)))

        async def listen(span: Span) -> None:
            heard[span] = await self._piece(turn, recording, span, way)
            show()

        if len(spans) > 1 and way.is_told:
            # What stands where the answer will would be above the words that it answers.
            line = say("listening_long", total=len(spans))
            await turn.reply.line(f"listening {way.step}", line)
        show()
        await _side_by_side(listen, spans)
        return _joined([(span, heard[span]) for span in spans])

    async def _piece(self, turn: Turn, recording: Recording, span: Span, way: _Way) -> Transcript:
        step = f"{way.step} {span}"
        known = turn.step(step)
        if known is not None:
            return _decode(known, way)
        async with self._sending:
            try:
                sound = await recording.read(span)
                transcript = await _billed(turn, way.listen(sound, _Midpoint(turn, step)))
            except NothingHeardError:
                transcript = Transcript("", ())  # nobody speaks here, but elsewhere
        turn.spent(*transcript.usage)
        await turn.save_step(step, _encode(transcript, way))
        return transcript


async def _billed(turn: Turn, listening: Awaitable[Transcript]) -> Transcript:
    """What was billed is noted also of what failed."""
    try:
        return await listening
    except ParleyError as failure:
        turn.spent(*failure.usage)
        raise


async def tell_heard(turn: Turn, number: int, words: str) -> None:
    """Show what was heard in a question: what is long by its beginning, and whole as a file."""
    beginning = shorten(words)
    await turn.reply.line(f"transcript {number}", say("transcript", text=beginning))
    if beginning != words:
        data = words.encode(errors="replace")
        await turn.reply.file(f"transcript file {number}", "transcript.txt", data, "text/plain")


async def _side_by_side(work: Callable[[Span], Awaitable[None]], spans: Sequence[Span]) -> None:
    """After a failure nothing more is begun, but what runs may end: it is paid for."""
    left = deque(spans)
    failures: list[ParleyError] = []

    async def go_on() -> None:
        while left and not failures:
            try:
                await work(left.popleft())
            except ParleyError as failure:
                failures.append(failure)

    async with asyncio.TaskGroup() as group:
        for _ in range(PIECES_AT_ONCE):
            group.create_task(go_on())
    if failures:
        raise failures[0]


def _joined(pieces: Sequence[tuple[Span, Transcript]]) -> Transcript:
    texts = (transcript.text.strip() for _, transcript in pieces)
    segments = [
        Segment(span.start_s + s.start_s, span.start_s + s.end_s, s.text)
        for span, transcript in pieces
        for s in transcript.segments
    ]
    return Transcript("\n".join(text for text in texts if text), (), tuple(segments))


def _encode(transcript: Transcript, way: _Way) -> str:
    if not way.is_timed:
        return transcript.text
    segments = [(s.start_s, s.end_s, s.text) for s in transcript.segments]
    return json.dumps({"text": transcript.text, "segments": segments}, ensure_ascii=False)


def _decode(kept: str, way: _Way) -> Transcript:
    if not way.is_timed:
        return Transcript(kept, ())
    told = json.loads(kept)
    return Transcript(told["text"], (), tuple(Segment(*segment) for segment in told["segments"]))
