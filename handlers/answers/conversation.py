"""How a conversation looks to the model: pure but for the pictures, which are fetched."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from handlers.answers.context_window import Look, Shown, fit, fit_pictures, with_pictures
from handlers.errors import QuestionTooLongError
from handlers.messages import ChatSettings, Exchange, IncomingMessage, Quoted, VoiceMode
from handlers.pictures.picture_names import names_of
from handlers.pictures.vision import Vision, addresses, frame_detail
from handlers.ports.chat import ChatRequest, ModelMessage, PicturePart, TextPart
from handlers.ports.stores import Fact, History
from handlers.prompts import system_text

MAX_NAME = 64
MAX_QUOTE = 4_000
"""Characters of a quoted message: what is meant by "this" is rarely longer."""


LeftOut = Literal["", "addresses", "pictures"]
Part = TextPart | PicturePart
FactsOf = Callable[[IncomingMessage], Awaitable[Sequence[Fact]]]


@dataclass(frozen=True, slots=True)
class Defaults:
    """The operator's choices, for chats that made none."""

    model: str
    persona: str = ""
    detail: str = "high"
    language: str = ""
    voice_mode: VoiceMode = VoiceMode.AUTO
    budget_tokens: int = 16_000


@dataclass(frozen=True, slots=True)
class Prepared:
    request: ChatRequest
    trimmed_through: int | None
    """See Window."""


class Conversation:
    def __init__(
        self,
        vision: Vision,
        defaults: Defaults,
        count: Callable[[str], int],
        facts_of: FactsOf | None = None,
    ) -> None:
        """``count`` tells the tokens of a text; an estimate will do.

        ``facts_of``: what a person told to be remembered, where they write now.
        """
        self._vision = vision
        self.defaults = defaults
        self._count = count
        self._facts_of = facts_of

    def model_of(self, settings: ChatSettings) -> str:
        return settings.model or self.defaults.model

    async def prepare(
        self,
        message: IncomingMessage,
        settings: ChatSettings,
        history: History,
        question: Exchange,
        *,
        left_out: LeftOut = "",
        has_tools: bool = False,
    ) -> Prepared:
        """The request that asks ``question`` after what ``history`` holds.

        QuestionTooLongError if the pictures of the question are too many for the budget.
        ``left_out``: which pictures of the past are not shown again. ``has_tools``: pictures have
        names, which the model can give to a tool.
        """
        defaults = self.defaults
        look = Look(settings.detail or defaults.detail, frame_detail(settings))
        asked_about = self._fitting(question, look)
        window = fit(history.exchanges, defaults.budget_tokens, self._count, look)
        ordinal = question.ordinal or history.next_ordinal
        pictured = with_pictures(window.exchanges, ordinal, _picture_count)
        messages: list[ModelMessage] = []
        for past in window.exchanges:
            is_shown = past.id in pictured and left_out != "pictures"
            parts: list[Part] = []
            unseen = 0
            if is_shown:
                parts, unseen = await self._past_pictures(past, look, has_tools)
            if left_out == "addresses":
                parts = [part for part in parts if isinstance(part, TextPart) or not part.url]
            messages.append(_asked(past, parts, unseen, has_names=has_tools))
            messages.append(ModelMessage("assistant", (TextPart(past.answer),)))
        new = replace(question, ordinal=ordinal)
        parts = await self._pictures(new, asked_about, has_tools)
        messages.append(_asked(new, parts, asked_about.left_out, has_names=has_tools))
        facts = () if self._facts_of is None else await self._facts_of(message)
        request = ChatRequest(
            model=self.model_of(settings),
            system=system_text(
                persona=settings.persona or defaults.persona,
                is_group=message.is_group,
                language=settings.language or defaults.language,
                summary=history.summary,
                has_tools=has_tools,
                facts=[fact.text for fact in facts],
            ),
            messages=tuple(messages),
            seed=settings.seed,
            temperature=settings.temperature,
            effort=settings.effort,
            person=pseudonym(message.sender.key),
            cache_key=pseudonym(str(message.chat)),
        )
        return Prepared(request, window.trimmed_through)

    def _fitting(self, exchange: Exchange, look: Look) -> Shown:
        linked = len(addresses(exchange.question))
        came = tuple(ref for ref in exchange.visible if not ref.is_made)
        return fit_pictures(came, linked, look, self.defaults.budget_tokens)

    async def _past_pictures(
        self, exchange: Exchange, look: Look, has_names: bool
    ) -> tuple[list[Part], int]:
        """As they were shown when the question was new, so that the prefix stays the same.

        And how many frames were left out then.
        """
        try:
            shown = self._fitting(exchange, look)
        except QuestionTooLongError:
            return [], 0
        return await self._pictures(exchange, shown, has_names), shown.left_out

    async def _pictures(self, exchange: Exchange, shown: Shown, has_names: bool) -> list[Part]:
        """Those that came with the question, then those that were made in answer to it."""
        look = shown.look
        came = await self._vision.show(shown.media, look.detail, look.frame_detail)
        linked = [PicturePart(look.detail, url=url) for url in addresses(exchange.question)]
        parts: list[Part] = [*came, *linked]
        made = [ref for ref in exchange.visible if ref.is_made]
        came_count = len(exchange.visible) - len(made)
        if has_names and came:
            parts.insert(0, TextPart(f"[{names_of(exchange.ordinal, 0, came_count)}]"))
        if made:
            names = names_of(exchange.ordinal, came_count, len(made))
            label = TextPart(f"[{names}: made by you and sent with your answer]")
            parts += [label, *await self._vision.show(made, look.detail)]
        return parts


def _picture_count(exchange: Exchange) -> int:
    return len(exchange.visible) + len(addresses(exchange.question))


def pseudonym(key: str) -> str:
    """The same name for the same key, telling nobody who it is."""
    return hashlib.blake2s(f"parley {key}".encode()).hexdigest()[:32]


def _asked(
    exchange: Exchange, pictures: Sequence[Part], left_out: int = 0, *, has_names: bool = False
) -> ModelMessage:
    """A question as the model sees it: what was replied to, the pictures, the person's words.

    ``left_out``: how many frames of its videos there was no room for.
    """
    parts: list[Part] = []
    if exchange.quote:
        parts.append(TextPart(exchange.quote))
    parts += pictures
    shown = sum(1 for part in pictures if isinstance(part, PicturePart) and not part.url)
    missing = len(exchange.visible) - shown - left_out
    if left_out:
        parts.append(TextPart(f"[Left out for want of room: {left_out} of the frames]"))
    if missing > 0 and has_names and not shown:
        names = names_of(exchange.ordinal, 0, len(exchange.visible))
        parts.append(TextPart(f"[{names}, not shown again]"))
    elif missing > 0:
        parts.append(TextPart(f"[{missing} earlier pictures]" if missing > 1 else "[a picture]"))
    words = exchange.question
    if exchange.author:
        words = f"{exchange.author}: {words}"
    if words or not parts:
        parts.append(TextPart(words))
    return ModelMessage("user", tuple(parts))


def author_name(name: str) -> str:
    """A person's name, made harmless: one short line."""
    return " ".join(name.split())[:MAX_NAME] or "Somebody"


def quote_text(quoted: Quoted, heard: Sequence[str]) -> str:
    """What was replied to, as text; ``heard``: the words of its recordings."""
    author = "you" if quoted.is_from_bot else author_name(quoted.author)
    said = "\n".join(text for text in (quoted.text, *heard) if text)
    if len(said) > MAX_QUOTE:
        said = f"{said[:MAX_QUOTE]} …"
    lines = "\n".join(f"> {line}" for line in said.splitlines())
    return f"In reply to {author}:\n{lines}".rstrip()
