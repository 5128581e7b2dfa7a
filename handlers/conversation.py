"""How a conversation looks to the model: pure but for the pictures, which are fetched."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from handlers.context_window import Look, Shown, fit, fit_pictures, with_pictures
from handlers.errors import QuestionTooLongError
from handlers.messages import ChatSettings, Exchange, IncomingMessage, Quoted, VoiceMode
from handlers.ports.chat import ChatRequest, ModelMessage, PicturePart, TextPart
from handlers.ports.stores import History
from handlers.prompts import system_text
from handlers.vision import Vision, addresses, frame_detail

MAX_NAME = 64
MAX_QUOTE = 4_000
"""Characters of a quoted message: what is meant by "this" is rarely longer."""


LeftOut = Literal["", "addresses", "pictures"]


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
    def __init__(self, vision: Vision, defaults: Defaults, count: Callable[[str], int]) -> None:
        """``count`` tells the tokens of a text; an estimate will do."""
        self._vision = vision
        self.defaults = defaults
        self._count = count

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
    ) -> Prepared:
        """The request that asks ``question`` after what ``history`` holds.

        QuestionTooLongError if the pictures of the question are too many for the budget.
        ``left_out``: which pictures of the past are not shown again.
        """
        defaults = self.defaults
        look = Look(settings.detail or defaults.detail, frame_detail(settings))
        asked_about = self._fitting(question, look)
        window = fit(history.exchanges, defaults.budget_tokens, self._count, look)
        ordinal = question.ordinal or (
            history.exchanges[-1].ordinal + 1 if history.exchanges else 1
        )
        pictured = with_pictures(window.exchanges, ordinal, _picture_count)
        messages: list[ModelMessage] = []
        for past in window.exchanges:
            is_shown = past.id in pictured and left_out != "pictures"
            pictures, unseen = await self._past_pictures(past, look) if is_shown else ([], 0)
            if left_out == "addresses":
                pictures = [picture for picture in pictures if not picture.url]
            messages.append(_asked(past, pictures, unseen))
            messages.append(ModelMessage("assistant", (TextPart(past.answer),)))
        pictures = await self._pictures(question, asked_about)
        messages.append(_asked(question, pictures, asked_about.left_out))
        request = ChatRequest(
            model=self.model_of(settings),
            system=system_text(
                persona=settings.persona or defaults.persona,
                is_group=message.is_group,
                language=settings.language or defaults.language,
                summary=history.summary,
            ),
            messages=tuple(messages),
            effort=settings.effort,
            person=pseudonym(message.sender.key),
            cache_key=pseudonym(str(message.chat)),
        )
        return Prepared(request, window.trimmed_through)

    def _fitting(self, exchange: Exchange, look: Look) -> Shown:
        linked = len(addresses(exchange.question))
        return fit_pictures(exchange.media, linked, look, self.defaults.budget_tokens)

    async def _past_pictures(self, exchange: Exchange, look: Look) -> tuple[list[PicturePart], int]:
        """As they were shown when the question was new, so that the prefix stays the same.

        And how many frames were left out then.
        """
        try:
            shown = self._fitting(exchange, look)
        except QuestionTooLongError:
            return [], 0
        return await self._pictures(exchange, shown), shown.left_out

    async def _pictures(self, exchange: Exchange, shown: Shown) -> list[PicturePart]:
        look = shown.look
        kept = await self._vision.show(shown.media, look.detail, look.frame_detail)
        linked = [PicturePart(look.detail, url=url) for url in addresses(exchange.question)]
        return [*kept, *linked]


def _picture_count(exchange: Exchange) -> int:
    return len(exchange.media) + len(addresses(exchange.question))


def pseudonym(key: str) -> str:
    """The same name for the same key, telling nobody who it is."""
    return hashlib.blake2s(f"parley {key}".encode()).hexdigest()[:32]


def _asked(exchange: Exchange, pictures: Sequence[PicturePart], left_out: int = 0) -> ModelMessage:
    """A question as the model sees it: what was replied to, the pictures, the person's words.

    ``left_out``: how many frames of its videos there was no room for.
    """
    parts: list[TextPart | PicturePart] = []
    if exchange.quote:
        parts.append(TextPart(exchange.quote))
    parts += pictures
    missing = len(exchange.media) - sum(1 for picture in pictures if not picture.url) - left_out
    if left_out:
        parts.append(TextPart(f"[Left out for want of room: {left_out} of the frames]"))
    if missing > 0:
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
