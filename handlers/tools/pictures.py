"""The tools that make pictures, and change those that the conversation has."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from handlers.answers.conversation import pseudonym
from handlers.messages import MediaRef
from handlers.pictures.gallery import Gallery
from handlers.pictures.made_pictures import Work
from handlers.ports.chat import ToolSpec
from handlers.ports.images import ImageGenerator, ImageOptions
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

TIMEOUT_S = 240.0
"""A large picture of high quality takes two minutes and more."""
MAX_COUNT = 4
MAX_SOURCES = 16
MAX_PROMPT = 32_000
MAX_TITLE = 50
_SIZE: Mapping[str, Any] = {
    "type": "string",
    "enum": ["auto", "1024x1024", "1536x1024", "1024x1536"],
    "description": "Width x height: square, wide or tall. Only if the person cares.",
}
_BACKGROUND: Mapping[str, Any] = {
    "type": "string",
    "enum": ["auto", "transparent", "opaque"],
    "description": "Only if the person cares.",
}


_LOST = ToolOutput("Error: the picture is gone.", is_failed=True)


class MakeImage(Tool):
    spec = ToolSpec(
        "make_image",
        "Makes a picture from words and sends it to the person with your answer. Use it when they "
        "want a new picture; for a change of one that is there use edit_image.",
        {
            "type": "object",
            "properties": {
                "prompt": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_PROMPT,
                    "description": "What is to be seen, in detail.",
                },
                "size": _SIZE,
                "background": _BACKGROUND,
                "count": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_COUNT,
                    "description": "How many different ones of the same prompt. 1 if left out.",
                },
            },
            "required": ["prompt"],
            "additionalProperties": False,
        },
    )
    summary = "draw what you describe"
    timeout_s = TIMEOUT_S
    is_lasting = True

    def __init__(self, generator: ImageGenerator, gallery: Gallery) -> None:
        self._generator = generator
        self._gallery = gallery

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        return await self.carry_out(turn, arguments, "made")

    async def carry_out(self, turn: Turn, arguments: Mapping[str, Any], step: str) -> ToolOutput:
        prompt, options = arguments["prompt"], _options(arguments)
        left = await self._gallery.left(turn, options.count, step)
        if left > 0:
            keep = self._gallery.keeper(turn, step=step)
            async with self._gallery.room(left):
                await self._generator.generate(
                    prompt, replace(options, count=left), _person(turn), on_round=keep
                )
        return self.kept(turn, arguments, step) or _LOST

    def kept(self, turn: Turn, arguments: Mapping[str, Any], step: str) -> ToolOutput | None:
        work = self._gallery.kept(turn, step)
        if work is None:
            return None
        prompt, options = arguments["prompt"], _options(arguments)
        line = _line("image", prompt, options)
        return _told(work, self.spec.name, line, prompt, options.count)


class EditImage(Tool):
    spec = ToolSpec(
        "edit_image",
        "Changes a picture of this conversation, or makes one of several, and sends the result to "
        "the person with your answer. The original stays as it is.",
        {
            "type": "object",
            "properties": {
                "prompt": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_PROMPT,
                    "description": "What to change, and what has to stay.",
                },
                "pictures": {
                    "type": "array",
                    "items": {"type": "string"},
                    "maxItems": MAX_SOURCES,
                    "description": "Numbers of the pictures as they stand in brackets before them, "
                    "such as 3.1. The newest picture if left out.",
                },
                "size": _SIZE,
                "background": _BACKGROUND,
            },
            "required": ["prompt"],
            "additionalProperties": False,
        },
    )
    summary = "change a picture of this chat"
    timeout_s = TIMEOUT_S
    is_lasting = True

    def __init__(self, generator: ImageGenerator, gallery: Gallery) -> None:
        self._generator = generator
        self._gallery = gallery

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        return await self.carry_out(turn, arguments, "made")

    async def carry_out(self, turn: Turn, arguments: Mapping[str, Any], step: str) -> ToolOutput:
        if await self._gallery.left(turn, 1, step) == 0:
            return self.kept(turn, arguments, step) or _LOST
        found, missing = await self._find(turn, arguments.get("pictures", ()))
        if missing or not found:
            reason = f"there is no picture {missing}." if missing else "there is no picture here."
            return ToolOutput(f"Error: {reason}", is_failed=True)
        keep = self._gallery.keeper(turn, sources=found, step=step)
        async with self._gallery.room(1, len(found)):
            sources = await self._gallery.load(found)
            prompt, options = arguments["prompt"], _options(arguments)
            await self._generator.edit(prompt, sources, None, options, _person(turn), on_round=keep)
        return self.kept(turn, arguments, step) or _LOST

    def kept(self, turn: Turn, arguments: Mapping[str, Any], step: str) -> ToolOutput | None:
        work = self._gallery.kept(turn, step)
        if work is None:
            return None
        prompt, options = arguments["prompt"], _options(arguments)
        return _told(work, self.spec.name, _line("edit", prompt, options), prompt, 1)

    async def _find(self, turn: Turn, names: Sequence[str]) -> tuple[tuple[MediaRef, ...], str]:
        """The pictures that are meant, and the first name that means none."""
        known = turn.pictures
        if known is None:
            return (), ""
        if not names:
            meant = await self._replied_to(turn) or known.newest
            return ((meant,) if meant is not None else ()), ""
        refs = [(name, known.find(name)) for name in dict.fromkeys(names)]
        missing = next((name for name, ref in refs if ref is None), "")
        return tuple(ref for _, ref in refs if ref is not None), missing[:MAX_TITLE]

    async def _replied_to(self, turn: Turn) -> MediaRef | None:
        """A picture of ours that the question is a reply to, as it was made."""
        quoted = turn.message.quoted
        if quoted is None or not quoted.is_from_bot or turn.message.attachments:
            return None
        return await self._gallery.find_sent(turn, quoted.message_id)


def _told(work: Work, name: str, line: str, prompt: str, asked: int) -> ToolOutput:
    work = replace(work, asked=asked)
    count = len(work.pictures)
    told = ["Done." if count == 1 else f"Done: {count} pictures."]
    if count < asked:
        told.append(f"Only {count} of {asked} could be made; the person is told so.")
    told += [f"It was made of: {m.revised_prompt}" for m in work.pictures if m.revised_prompt]
    short = prompt if len(prompt) <= MAX_TITLE else f"{prompt[:MAX_TITLE].rstrip()}…"
    return ToolOutput(
        "\n".join(told),
        title=f"{name}: {short}",
        pictures=tuple(made.ref for made in work.pictures),
        sources=work.sources,
        line=line,
        caption=work.cost_line,
    )


def _person(turn: Turn) -> str:
    return pseudonym(turn.message.sender.key)


def _options(arguments: Mapping[str, Any]) -> ImageOptions:
    """``auto`` is the operator's choice."""
    chosen = {name: arguments.get(name, "") for name in ("size", "background")}
    named = {name: "" if value == "auto" else value for name, value in chosen.items()}
    return ImageOptions(**named, count=arguments.get("count", 1))


def _line(command: str, prompt: str, options: ImageOptions) -> str:
    words = [f"/{command}"]
    words += [f"size={options.size}"] if options.size else []
    words += [f"background={options.background}"] if options.background else []
    words += [f"n={options.count}"] if options.count > 1 else []
    return " ".join((*words, prompt))
