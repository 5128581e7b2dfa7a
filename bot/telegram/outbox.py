"""The messages of one reply in one chat: sent, edited, recorded."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import structlog
from telegram import (
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReplyParameters,
)
from telegram._utils.defaultvalue import DEFAULT_NONE  # what an omitted timeout is
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.patience import to_the_end
from bot.telegram.delivery import Courier
from bot.telegram.limiter import DISPENSABLE, ChatLimiter, NotNowError
from bot.telegram.mentions import silence
from bot.telegram.pace import Kind
from bot.telegram.rich_text import Rendered, message_entities
from handlers.errors import DeliveryRefusedError
from handlers.ports.platforms import SentLog

log = structlog.get_logger(__name__)

ANSWER = "answer"
PREVIEW_TIMEOUT_S = 5.0
"""A preview that takes longer is not worth waiting for."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
"""A model's links would each unfold into a card that is taller than the answer."""
MARKUP_REFUSED = ("entities", "entity")
GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
UNCHANGED = ("message is not modified",)
THREAD_GONE = ("message thread not found",)

T = TypeVar("T")
Markup = InlineKeyboardMarkup | None


class Outbox:
    def __init__(
        self,
        bot: ExtBot[str],
        limiter: ChatLimiter,
        courier: Courier,
        sent: SentLog,
        chat_id: int,
        thread_id: int | None,
        reply_to: int | None,
        *,
        has_drafts: bool,
    ) -> None:
        self.chat_id = chat_id
        self.has_drafts = has_drafts
        self._bot = bot
        self._limiter = limiter
        self._courier = courier
        self._sent = sent
        self._thread_id = thread_id
        self._reply_to = reply_to
        self._answer_ids: list[int] = [int(i) for i in sent.ids(ANSWER)]
        self._shown: dict[int, tuple[Rendered, InlineKeyboardMarkup | None]] = {}
        """What each message is known to show; what is not known is edited to be sure."""

    @property
    def has_answer(self) -> bool:
        return bool(self._answer_ids)

    @property
    def answer_count(self) -> int:
        return len(self._answer_ids)

    @property
    def answer_ids(self) -> tuple[str, ...]:
        return tuple(str(i) for i in self._answer_ids)

    def delay(self, kind: Kind) -> float:
        return self._limiter.delay(self.chat_id, kind)

    def turn(self, kind: Kind) -> AbstractAsyncContextManager[None]:
        """Wait for the moment of a draft, or of an answer that is not final; show it inside."""
        return self._limiter.turn(self.chat_id, kind)

    async def draft(self, draft_id: int, part: Rendered) -> None:
        await self._bot.send_message_draft(
            self.chat_id,
            draft_id,
            part.text,
            message_thread_id=self._thread_id,
            entities=message_entities(part),
            read_timeout=PREVIEW_TIMEOUT_S,
            api_kwargs={"can_stop": True, "keep_on_stop": True},
            rate_limit_args=DISPENSABLE,
        )

    async def put_answer(
        self, parts: Sequence[Rendered], buttons: InlineKeyboardMarkup | None, *, is_final: bool
    ) -> None:
        """Make the answer's messages show ``parts``, with the buttons under the last.

        ``is_final``: until it is so; DeliveryRefusedError if it never will be. Otherwise one try,
        raising TelegramError. In a group it mentions nobody.
        """
        if self.chat_id < 0:
            parts = [silence(part) for part in parts]
        last = len(parts) - 1
        for number, part in enumerate(parts):
            markup = buttons if number == last else None
            if number >= len(self._answer_ids):
                await self._add(part, markup, is_final=is_final)
            elif self._shown.get(self._answer_ids[number]) != (part, markup):
                await self._change(number, part, markup, is_final=is_final)
        if is_final:
            while len(self._answer_ids) > len(parts):
                await self.take_back(self._answer_ids[-1])
                self._answer_ids.pop()
                await self._sent.record(ANSWER, self.answer_ids)

    def is_sent(self, slot: str, count: int = 1) -> bool:
        return len(self._sent.ids(slot)) >= count

    async def send(
        self, slot: str, part: Rendered, buttons: Markup, reply_to: int | None = None
    ) -> None:
        """One more message of its own in a slot, until it has arrived and is recorded.

        ``reply_to``: the message that it replies to, if it is not the one that is answered.
        """

        async def once() -> None:
            await self._recorded(slot, await self._send(part, buttons, None, reply_to))

        await self._deliver(once)

    async def edit(self, message_id: int, part: Rendered, buttons: Markup) -> bool:
        """Until the message shows it; False if the message is not there to be edited."""

        async def once() -> bool:
            await self._edit(message_id, part, buttons, None)
            return True

        try:
            return await self._courier.deliver(once)
        except BadRequest as refusal:
            if _says(refusal, GONE):
                return False
            raise DeliveryRefusedError(str(refusal)) from refusal

    async def upload(
        self, slot: str, method: str, *, is_final: bool = True, **content: Any
    ) -> None:
        """Send a file by ``method``, e.g. send_photo, until it has arrived and is recorded.

        BadRequest is for the caller, who may know another form. Not ``is_final``: one try, which
        raises TelegramError.
        """

        async def send() -> Message:
            message: Message = await getattr(self._bot, method)(
                self.chat_id,
                message_thread_id=self._thread_id,
                reply_parameters=self._reply(),
                **content,
            )
            return message

        async def once() -> None:
            await self._recorded(slot, await self._in_thread(send))

        if is_final:
            await self._courier.deliver(once)
        else:
            await to_the_end(once())

    async def change_media(self, message_id: int, media: InputMediaPhoto, buttons: Markup) -> bool:
        """Until the message shows it; False if it cannot."""

        async def once() -> bool:
            await self._bot.edit_message_media(
                media, self.chat_id, message_id, reply_markup=buttons
            )
            return True

        try:
            return await self._courier.deliver(once)
        except BadRequest as refusal:
            log.info("a picture is not changed in place", detail=str(refusal))
            return _says(refusal, UNCHANGED)

    async def act(self, action: str) -> None:
        """A chat action; lost without a word if it cannot be shown."""
        if self.delay(Kind.DRAFT) > PREVIEW_TIMEOUT_S:
            return
        try:
            await self._bot.send_chat_action(
                self.chat_id, action, message_thread_id=self._thread_id
            )
        except TelegramError as failure:
            log.debug("action not shown", error=type(failure).__name__)

    # ------------------------------------------------------------ single calls

    async def _add(self, part: Rendered, markup: Markup, *, is_final: bool) -> None:
        async def once() -> None:
            message = await self._send(part, markup, None if is_final else DISPENSABLE)
            self._answer_ids.append(message.message_id)
            self._shown[message.message_id] = (part, markup)
            await self._sent.record(ANSWER, self.answer_ids)

        if is_final:
            await self._deliver(once)
        else:
            await to_the_end(once())

    async def _change(self, number: int, part: Rendered, markup: Markup, *, is_final: bool) -> None:
        message_id = self._answer_ids[number]
        if not is_final:
            await self._show(message_id, part, markup)
        elif not await self.edit(message_id, part, markup):
            # Somebody deleted it: what is left of the answer must not hang on that.
            message_id = await self._replace(number, part, markup)
        self._shown[message_id] = (part, markup)

    async def _show(self, message_id: int, part: Rendered, markup: Markup) -> None:
        before = self._shown.pop(message_id, None)
        try:
            await self._edit(message_id, part, markup, DISPENSABLE)
        except (NotNowError, RetryAfter):
            if before is not None:
                self._shown[message_id] = before
            raise

    async def _in_thread(self, send: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return await send()
        except BadRequest as refusal:
            if self._thread_id is None or not _says(refusal, THREAD_GONE):
                raise
        # The topic was deleted meanwhile; the answer is worth more than its place.
        self._thread_id = None
        return await send()

    async def _replace(self, number: int, part: Rendered, markup: Markup) -> int:
        async def once() -> int:
            message = await self._send(part, markup, None)
            self._answer_ids[number] = message.message_id
            await self._sent.record(ANSWER, self.answer_ids)
            return message.message_id

        return await self._deliver(once)

    async def _recorded(self, slot: str, message: Message) -> None:
        await self._sent.record(slot, (*self._sent.ids(slot), str(message.message_id)))

    async def _send(
        self, part: Rendered, markup: Markup, importance: str | None, reply_to: int | None = None
    ) -> Message:
        async def call(entities: Sequence[MessageEntity]) -> Message:
            return await self._bot.send_message(
                self.chat_id,
                part.text,
                entities=entities,
                message_thread_id=self._thread_id,
                reply_markup=markup,
                reply_parameters=self._reply(reply_to),
                link_preview_options=NO_PREVIEW,
                read_timeout=PREVIEW_TIMEOUT_S if importance else DEFAULT_NONE,
                rate_limit_args=importance,
            )

        async def send() -> Message:
            return await _as_plain_if_refused(call, part)

        return await (send() if importance else self._in_thread(send))

    async def _edit(
        self, message_id: int, part: Rendered, markup: Markup, importance: str | None
    ) -> None:
        async def call(entities: Sequence[MessageEntity]) -> object:
            return await self._bot.edit_message_text(
                part.text,
                self.chat_id,
                message_id,
                entities=entities,
                reply_markup=markup,
                link_preview_options=NO_PREVIEW,
                read_timeout=PREVIEW_TIMEOUT_S if importance else DEFAULT_NONE,
                rate_limit_args=importance,
            )

        try:
            await _as_plain_if_refused(call, part)
        except BadRequest as refusal:
            if not _says(refusal, UNCHANGED):
                raise

    async def take_back(self, message_id: int) -> None:
        """Delete a message of ours; one that cannot be deleted stays."""

        async def once() -> None:
            await self._bot.delete_message(self.chat_id, message_id)

        try:
            await self._courier.deliver(once)
        except BadRequest as refusal:
            log.info("a message could not be taken back", detail=str(refusal))

    async def _deliver(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return await self._courier.deliver(call)
        except BadRequest as refusal:
            raise DeliveryRefusedError(str(refusal)) from refusal

    def _reply(self, reply_to: int | None = None) -> ReplyParameters | None:
        replied = self._reply_to if reply_to is None else reply_to
        if replied is None:
            return None
        return ReplyParameters(replied, allow_sending_without_reply=True)


async def _as_plain_if_refused(
    call: Callable[[Sequence[MessageEntity]], Coroutine[Any, Any, T]], part: Rendered
) -> T:
    """The text is worth more than its looks."""
    try:
        return await call(message_entities(part))
    except BadRequest as refusal:
        if not part.entities or not _says(refusal, MARKUP_REFUSED):
            raise
        log.warning("telegram refused the markup", detail=str(refusal))
        return await call(())


def _says(refusal: BadRequest, phrases: Sequence[str]) -> bool:
    words = str(refusal).lower()
    return any(phrase in words for phrase in phrases)
