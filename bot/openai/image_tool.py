"""Pictures by the tool that a chat model has for it, for want of the endpoint."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.image_answers import read_picture, read_usage
from bot.openai.image_bodies import ImageBodies
from bot.openai.image_requests import Body, billed, in_rounds, picture_events, show_beginning
from bot.openai.options import OpenAIOptions
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    ParleyError,
    RouteMissingError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.messages import Capability, UsageEntry
from handlers.ports.images import ImageOptions, OnPartial, OnRound, Picture, Pictures

_PATH = "/responses"
_TOOL = "image_generation"
_CALL = "image_generation_call"
_LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed")
_INSTRUCTION = (
    "Call the tool once, with the user's words as the prompt, unchanged. Say nothing besides."
)


class ImageToolRoute:
    """One image model, called by the configured chat model; one picture a request.

    What both cost is one sum; the tokens are the image model's.
    """

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, model: str
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._model = model
        self._chat_model = options.chat_model
        self._partials = options.image_partials if catalogue.shows_partial_images(model) else 0
        self._bodies = ImageBodies(catalogue, options, model)

    async def generate(
        self,
        prompt: str,
        options: ImageOptions,
        person: str,
        on_partial: OnPartial | None,
        on_round: OnRound | None,
    ) -> Pictures:
        tool = {"action": "generate"} | self._bodies.looks(options)
        content = [_write_words(prompt)]
        return await self._make(tool, content, options.count, person, on_partial, on_round)

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None,
        options: ImageOptions,
        person: str,
        on_partial: OnPartial | None,
        on_round: OnRound | None,
    ) -> Pictures:
        tool: dict[str, Any] = {"action": "edit"} | self._bodies.looks(options)
        content = [_write_words(prompt)]
        for picture in pictures:
            url = await asyncio.to_thread(_write_url, picture)
            content.append({"type": "input_image", "image_url": url, "detail": "high"})
        if mask is not None:
            tool["input_image_mask"] = {"image_url": await asyncio.to_thread(_write_url, mask)}
        return await self._make(tool, content, options.count, person, on_partial, on_round)

    async def _make(
        self,
        tool: Mapping[str, Any],
        content: Sequence[Mapping[str, Any]],
        count: int,
        person: str,
        on_partial: OnPartial | None,
        on_round: OnRound | None,
    ) -> Pictures:
        body: Body = {
            "model": self._chat_model,
            "instructions": _INSTRUCTION,
            "input": [{"role": "user", "content": content}],
            "tool_choice": {"type": _TOOL},
            "stream": True,
            "store": False,
            **self._bodies.asker(person),
        }

        async def ask(_: int, watcher: OnPartial | None) -> Pictures:
            shown = {"partial_images": self._partials} if watcher and self._partials else {}
            named = {"type": _TOOL, "model": self._model, **tool, **shown}
            return await self._ask(body | {"tools": [named]}, watcher)

        return await in_rounds(count, 1, ask, on_partial, on_round)

    async def _ask(self, body: Body, on_partial: OnPartial | None) -> Pictures:
        call: Any = None
        try:
            async with aclosing(picture_events(self._client, self._model, _PATH, body)) as events:
                async for event in events:
                    kind = find_text(event, "type")
                    if kind.endswith(f"{_CALL}.partial_image") and on_partial is not None:
                        picture = {"b64_json": find_text(event, "partial_image_b64")}
                        await show_beginning(picture, on_partial)
                    elif kind == "response.output_item.done":
                        call = _find_call([find(event, "item")]) or call
                    elif kind == "error":
                        raise self._map(event)
                    elif kind in _LAST_EVENTS or find(event, "object") == "response":
                        return await self._read(find(event, "response") or event, call)
        except ServiceRejectedError as refusal:
            if _TOOL in str(refusal):
                # The chat model has no such tool.
                raise RouteMissingError(str(refusal), model=self._chat_model) from refusal
            raise
        raise ServiceDownError("the stream ended before the picture was whole")

    async def _read(self, response: Any, call: Any) -> Pictures:
        call = _find_call(find_list(response, "output")) or call
        error = find(call, "error") or find(response, "error")
        encoded = find_text(call, "result")
        if encoded:
            told = {"b64_json": encoded, "revised_prompt": find_text(call, "revised_prompt")}
            with billed(self._read_usage(response, 0)):
                picture = await read_picture(told)
            return Pictures((picture,), self._read_usage(response, 1))
        failure: ParleyError = AnswerEmptyError("no picture came")
        if error:
            failure = self._map(error)
        elif find_text(response, "incomplete_details", "reason") == "content_filter":
            failure = ContentRefusedError("the answer was filtered")
        with billed(self._read_usage(response, 0)):
            raise failure

    def _map(self, told: Any) -> ParleyError:
        return self._client.map_failure(read_failure(told), self._model, "picture")

    def _read_usage(self, response: Any, count: int) -> UsageEntry:
        drawn = {"usage": find(response, "tool_usage", "image_gen")}
        entry, picture_tokens = read_usage(drawn, self._model, count)
        entry = self._catalogue.price(entry, picture_tokens)
        asking = UsageEntry(
            Capability.IMAGE,
            self._chat_model,
            input_tokens=find_count(response, "usage", "input_tokens") or 0,
            cached_tokens=find_count(response, "usage", "input_tokens_details", "cached_tokens")
            or 0,
            output_tokens=find_count(response, "usage", "output_tokens") or 0,
        )
        asked_usd = self._catalogue.cost(asking)
        is_drawn = entry.images or entry.input_tokens or entry.output_tokens
        drawn_usd = entry.cost_usd if is_drawn else 0.0
        if drawn_usd is None or asked_usd is None:
            return replace(entry, cost_usd=None)
        return replace(entry, cost_usd=drawn_usd + asked_usd)


def _find_call(items: Sequence[Any]) -> Any:
    """The last that gave a picture, else the last that did not."""
    calls = [item for item in items if find(item, "type") == _CALL]
    return next(
        (c for c in reversed(calls) if find_text(c, "result")), calls[-1] if calls else None
    )


def _write_words(prompt: str) -> dict[str, Any]:
    return {"type": "input_text", "text": prompt}


def _write_url(picture: Picture) -> str:
    return f"data:{picture.mime};base64,{base64.b64encode(picture.data).decode('ascii')}"
