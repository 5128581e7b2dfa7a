"""Somebody who does what docs/openai.md says, and looks whether that comes back which it says."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image

from tests import document_samples, samples
from tests.contract.offers import Step
from tests.contract.protocol import Chat, Enclosed, Kind, Shown
from tests.contract.stage import Stage
from tests.emulators.openai import Answer, Calls, ChatCall

Scripted = Mapping[str, Calls | Answer]
"""What the model does before it answers, by what it is asked."""

HANDBOOK = (
    "The house has nine rooms. The kitchen is on the ground floor.",
    "The boiler is in the cellar. It is to be bled once a year, in October.",
    "The bins are collected on Tuesdays.",
)
SALES = "month,sold\nJanuary,120\nFebruary,95\nMarch,143\n"
TOWN_SCHEMA = (
    '{"type":"object","properties":{"town":{"type":"string"},"people":{"type":"integer"}},'
    '"required":["town","people"]}'
)


def _photo(colour: str) -> Enclosed:
    return Enclosed(Kind.PHOTO, samples.jpeg(colour=colour), f"{colour}.jpg", "image/jpeg")


def _file(name: str, mime: str, data: bytes) -> Enclosed:
    return Enclosed(Kind.FILE, data, name, mime)


ENCLOSED: Mapping[str, Callable[[], Sequence[Enclosed]]] = {
    "a photo": lambda: [_photo("teal")],
    "two photos": lambda: [_photo("red"), _photo("blue")],
    "three photos": lambda: [_photo("red"), _photo("green"), _photo("blue")],
    "a voice message": lambda: [
        Enclosed(Kind.VOICE, samples.ogg_opus(2), "voice.ogg", "audio/ogg")
    ],
    "a recording": lambda: [Enclosed(Kind.SOUND, samples.mp3(2), "talk.mp3", "audio/mpeg")],
    "a video": lambda: [Enclosed(Kind.VIDEO, samples.film(4), "film.mp4", "video/mp4")],
    "handbook.pdf": lambda: [
        _file("handbook.pdf", "application/pdf", document_samples.pdf(*HANDBOOK))
    ],
    "sales.csv": lambda: [_file("sales.csv", "text/csv", SALES.encode())],
    "town-schema.json": lambda: [
        _file("town-schema.json", "application/json", TOWN_SCHEMA.encode())
    ],
}


class Trying:
    def __init__(self, stage: Stage, chat: Chat, scripted: Scripted) -> None:
        self._stage = stage
        self._chat = chat
        self._scripted = scripted
        self._step: Step
        self._last: Any = None
        stage.openai.answer = self._answer

    async def take(self, step: Step) -> None:
        self._step = step
        self._stage.openai.translations = step.told or "hello"
        before = list(self._chat.shown)
        await self._send(step)

        def missing() -> list[str]:
            fresh = _fresh(before, self._chat.shown)
            texts = [_plain(shown.text) for shown in fresh]
            return [
                *(text for text in step.texts if not any(_plain(text) in one for one in texts)),
                *(f"[{thing}]" for thing in step.things if not _has(fresh, thing)),
            ]

        try:
            await self._chat.platform.wait_until(lambda: not missing())
        except TimeoutError as late:
            shown = "\n".join(map(_described, _fresh(before, self._chat.shown)))
            raise AssertionError(
                f"> {step.line}\nwas to bring {missing()}, and brought:\n{shown}"
            ) from late
        await self._chat.platform.wait_until(lambda: self._chat.preview is None)
        self._see_to_what_was_seen(step)

    def _see_to_what_was_seen(self, step: Step) -> None:
        """The model was shown as many pictures as were sent with a question."""
        photos = [
            one for name in step.enclosed for one in _enclosed(name) if one.kind is Kind.PHOTO
        ]
        if photos and step.command in ("", "ask", "describe", "translate"):
            seen = self._stage.openai.chats()[-1].last_user.images
            assert len(seen) == len(photos), step.line

    async def _send(self, step: Step) -> None:
        enclosed: list[Enclosed] = []
        reply_to = None
        for told in step.enclosed:
            name, _, words = told.partition(": ")
            if name.startswith("press "):
                self._chat.press(name.removeprefix("press "))
                return
            if name == "reply to it":
                reply_to = self._last
            elif name == "reply to the picture":
                reply_to = self._newest_picture()
            else:
                enclosed += ENCLOSED[name]()  # a KeyError for what nobody knows how to send
            if words:
                self._stage.openai.transcripts = words.strip("“”")
        sent = await self._chat.send(step.text, enclosed, reply_to)
        self._last = sent if enclosed or not step.command else self._last

    def _newest_picture(self) -> Any:
        both = zip(self._chat.said, self._chat.shown, strict=True)
        return [said for said, shown in both if shown.picture][-1]

    def _answer(self, call: ChatCall) -> str | Calls | Answer:
        planned = self._scripted.get(self._step.text)
        if isinstance(planned, Calls) and not call.results:
            return planned
        if isinstance(planned, Answer):
            return planned
        return self._step.told or f"nothing is planned for {call.last_user.text!r}"


def _enclosed(told: str) -> Sequence[Enclosed]:
    """Nothing for what is no file: a reply, a button."""
    name = told.partition(": ")[0]
    return ENCLOSED[name]() if name in ENCLOSED else ()


def _fresh(before: Sequence[Shown], now: Sequence[Shown]) -> list[Shown]:
    """What is new or was changed, and is whole."""
    old = list(before)
    fresh = []
    for shown in now:
        if shown in old:
            old.remove(shown)
        elif not shown.is_being_written:
            fresh.append(shown)
    return fresh


def _has(fresh: Sequence[Shown], thing: str) -> bool:
    kind, _, name = thing.partition(": ")
    match kind:
        case "a voice message":
            return any(shown.voice for shown in fresh)
        case "a picture" | "two pictures":
            sizes = [_size(shown.picture) for shown in fresh if shown.picture]
            wanted = [name] if name else sizes[:1] or ["any"]
            return len(sizes) >= (2 if kind == "two pictures" else 1) and wanted[0] in sizes
        case "a file":
            return any(re.fullmatch(name.replace("…", ".*"), f) for s in fresh for f in s.files)
        case "buttons":
            offered = [button for shown in fresh for button in shown.buttons]
            return all(button in offered for button in name.split(", "))
    raise ValueError(f"what is [{thing}]?")


def _size(picture: bytes) -> str:
    with Image.open(io.BytesIO(picture)) as opened:
        return f"{opened.width}x{opened.height}"


def _plain(text: str) -> str:
    """Without white space, and what marks a text up where that is a part of it."""
    bare = re.sub(r"```\w*|\*\*|[`_]", "", re.sub(r"\\([^A-Za-z0-9\s])", r"\1", text))
    return "".join(bare.split())


def _described(shown: Shown) -> str:
    things = [
        repr(shown.text),
        *(f"[{button}]" for button in shown.buttons),
        *(f"a picture {_size(shown.picture)}" for _ in range(bool(shown.picture))),
        *("a voice message" for _ in range(bool(shown.voice))),
        *(f"a file {name}" for name in shown.files),
    ]
    return "  ".join(things)
