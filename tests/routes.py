"""What works on which server, and by which route: asked of emulators, and written as a page.

``python -m tests.routes > docs/routes.md`` writes it; a test fails if it is not what comes out.
"""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from PIL import Image

from bot.openai.options import OpenAIOptions
from bot.openai.service import OpenAIService
from handlers.errors import ParleyError, RouteMissingError
from handlers.ports.chat import (
    AnswerFormat,
    ChatRequest,
    ChatStream,
    ModelMessage,
    PicturePart,
    TextPart,
    ToolSpec,
)
from handlers.ports.code import RunState
from handlers.ports.images import Picture, Pictures
from handlers.ports.sounds import Sound
from handlers.texts import say
from tests import samples
from tests.emulators.openai import Called, OpenAIEmulator
from tests.emulators.openai_service import profiles
from tests.emulators.openai_service.profiles import Profile

_KEY = "sk-test"
_OBJECT = {
    "type": "object",
    "properties": {"sum": {"type": "integer"}},
    "required": ["sum"],
    "additionalProperties": False,
}
_INTRODUCTION = """\
# What works where

Which route serves each capability, on four kinds of server. `auto` picks it: see `openai.routes` in
`config.yaml`; `python -m bot check` says what your server has. This page is written by
`python -m tests.routes > docs/routes.md`, which asks emulators of these servers, and a test fails
when it is out of date.

A cell tells the requests that a second try makes, with their models: what the first one found
missing is not asked for again. A line in quotes is what people are told.
"""


@dataclass(frozen=True, slots=True)
class _AtOpenAI(OpenAIOptions):
    """The emulator, taken for OpenAI's own server."""

    @property
    def is_openai(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class _Server:
    title: str
    profile: Profile
    options: Mapping[str, Any] = field(default_factory=dict)
    """What an operator sets there; the rest is as Parley comes."""


SERVERS = (
    _Server("OpenAI today", profiles.OPENAI_TODAY),
    _Server("OpenAI after 2027-02-26", profiles.OPENAI_2027),
    _Server(
        "Ollama",
        profiles.OLLAMA,
        {"chat_model": "llama3.2-vision", "embedding_model": "nomic-embed-text"},
    ),
    _Server(
        "LocalAI",
        profiles.LOCALAI,
        {
            "chat_model": "gpt-4",
            "image_model": "dall-e-2",
            "embedding_model": "text-embedding-ada-002",
        },
    ),
)


@asynccontextmanager
async def _opened(server: _Server) -> AsyncIterator[tuple[OpenAIService, OpenAIEmulator]]:
    profile = server.profile
    async with OpenAIEmulator(api_key=_KEY, profile=profile) as emulator:
        kind = _AtOpenAI if profile.is_openai else OpenAIOptions
        options = kind(api_key=_KEY, base_url=emulator.base_url, **server.options)
        async with OpenAIService(options, today=lambda: profile.today) as service:
            emulator.on_tools = lambda _: [Called("add", '{"sum": 3}')]
            yield service, emulator
        assert emulator.violations == [], emulator.violations


# ------------------------------------------------------------ capabilities

_Drive = Callable[[OpenAIService], Awaitable[str]]
"""Asks for something and looks at what comes; a remark for the cell, or none."""


async def _chat(service: OpenAIService) -> str:
    assert await _answered(service, TextPart("Hello")) == "echo: Hello"
    return ""


async def _see(service: OpenAIService) -> str:
    photo = PicturePart("low", samples.png(64, 48), "image/png")
    assert "64x48" in await _answered(service, TextPart("What is this?"), photo)
    return ""


async def _call(service: OpenAIService) -> str:
    adding = ToolSpec("add", "Adds two numbers.", _OBJECT)
    _, stream = await _asked(service, TextPart("Add one and two"), tools=(adding,))
    assert [call.name for call in stream.calls] == ["add"]
    return ""


async def _structure(service: OpenAIService) -> str:
    told, _ = await _asked(service, TextPart("Three towns"), format=AnswerFormat(_OBJECT))
    assert set(json.loads(told)) == {"sum"}
    return ""


async def _seed(service: OpenAIService) -> str:
    _, stream = await _asked(service, TextPart("Hello"), seed=7)
    facts = stream.facts
    return f"seed {facts.seed}, fingerprint {'told' if facts.fingerprint else 'not told'}"


async def _compute(service: OpenAIService) -> str:
    opened = await service.code.open("parley")
    message = ModelMessage("user", (TextPart("Draw a chart"),))
    request = ChatRequest(service.catalogue.chat_model, "", (message,))
    run = await service.code.begin(request, opened.container, "key")
    while not (look := await service.code.look(run)).state.is_over:
        pass
    assert look.state is RunState.COMPLETED
    await service.code.forget(run)
    return ""


async def _answered(service: OpenAIService, *parts: TextPart | PicturePart) -> str:
    return (await _asked(service, *parts))[0]


async def _asked(
    service: OpenAIService, *parts: TextPart | PicturePart, **more: Any
) -> tuple[str, ChatStream]:
    message = ModelMessage("user", parts)
    request = ChatRequest(service.catalogue.chat_model, "Be brief.", (message,), **more)
    stream = service.chat.ask(request)
    try:
        await stream.start()
        return "".join([piece async for piece in stream]), stream
    finally:
        await stream.aclose()


async def _transcribe(service: OpenAIService) -> str:
    heard = await service.transcriber.transcribe(_recording())
    assert heard.text == "hello from the recording"
    return ""


async def _subtitle(service: OpenAIService) -> str:
    heard = await service.transcriber.transcribe(_recording(), with_times=True)
    assert heard.text == "hello from the recording"
    return "" if heard.segments else "text without times"


async def _translate(service: OpenAIService) -> str:
    translated = await service.translator.translate(_recording())
    assert translated.text in ("hello in English", "echo: hello from the recording")
    return ""


def _recording() -> Sound:
    return Sound(samples.ogg_opus(2.0), "audio/ogg", "voice.ogg", 2.0)


async def _speak(service: OpenAIService) -> str:
    speech = await service.synthesizer.speak("Good morning to all of you.")
    assert speech.mime.startswith("audio/")
    assert speech.data
    return ""


async def _draw(service: OpenAIService) -> str:
    return _looked_at(await service.images.generate("A fox"))


async def _edit(service: OpenAIService) -> str:
    return _looked_at(await service.images.edit("Make it blue", [_photo()]))


async def _vary(service: OpenAIService) -> str:
    try:
        return _looked_at(await service.images.vary(_photo()))
    except RouteMissingError:
        _looked_at(await service.images.edit("Another like it", [_photo()]))
        return "by an edit, which people are told"


def _photo() -> Picture:
    return Picture(samples.png(64, 64), "image/png")


def _looked_at(made: Pictures) -> str:
    with Image.open(io.BytesIO(made.pictures[0].data)) as image:
        image.load()
    return ""


async def _embed(service: OpenAIService) -> str:
    made = await service.embedder.embed(["one", "two"])
    assert len(made.vectors) == 2
    return ""


CAPABILITIES: Mapping[str, _Drive] = {
    "Chat": _chat,
    "Questions about pictures": _see,
    "Calling functions": _call,
    "JSON by a schema": _structure,
    "Reproducible answers": _seed,
    "Code that is run (`/analyze`)": _compute,
    "Transcription": _transcribe,
    "Transcription with times": _subtitle,
    "Translation of speech to English": _translate,
    "Speech": _speak,
    "Pictures from words": _draw,
    "Edits of pictures": _edit,
    "Variations of a picture": _vary,
    "Search in documents (embeddings)": _embed,
}


# ------------------------------------------------------------ the page


async def write_page() -> str:
    columns = [await _drive_all(server) for server in SERVERS]
    lines = [_INTRODUCTION, *_table(columns), "", "## What `check` says of the routes", ""]
    for server in SERVERS:
        lines += [f"{server.title}, on {server.profile.today}:", ""]
        lines += [f"- {line}" for line in await _findings(server)]
        lines.append("")
    return "\n".join(lines)


def _table(columns: Sequence[Mapping[str, str]]) -> list[str]:
    lines = [_row("", *(server.title for server in SERVERS)), _row(*["---"] * (len(SERVERS) + 1))]
    lines += [_row(name, *(column[name] for column in columns)) for name in CAPABILITIES]
    return lines


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


async def _drive_all(server: _Server) -> dict[str, str]:
    async with _opened(server) as (service, emulator):
        return {name: await _cell(drive, service, emulator) for name, drive in CAPABILITIES.items()}


async def _cell(drive: _Drive, service: OpenAIService, emulator: OpenAIEmulator) -> str:
    """By the second try: the first may find routes gone."""
    for _ in range(2):
        emulator.requests.clear()
        try:
            remark = await drive(service)
        except ParleyError as failure:
            line = say(failure.text_key, **failure.values).partition("\n")[0]
            remark, is_served = f"“{line}”", False
        else:
            is_served = True
    # What follows a request about one thing (a look at a run, say) tells nothing new.
    requests = [r for r in emulator.requests if is_served and "{" not in r.route]
    asked = [f"`{r.route}` {r.body.get('model') or ''}".rstrip() for r in requests]
    return "; ".join(filter(None, (", then ".join(asked), remark)))


async def _findings(server: _Server) -> list[str]:
    async with _opened(server) as (service, _):
        found = await service.check(server.profile.today)
    return [
        f"{finding.verdict}: {finding.subject}: {finding.detail}"
        for finding in found
        if ".routes." in finding.subject
    ]


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.stdout.write(asyncio.run(write_page()))


if __name__ == "__main__":
    main()
