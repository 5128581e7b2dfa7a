"""A question to the model, and its answer: the heart of the bot."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from handlers.commands import wrong_arguments
from handlers.conversation import Conversation, author_name, quote_text
from handlers.errors import (
    AnswerEmptyError,
    ContentUnsupportedError,
    NothingToDoError,
    ParleyError,
    PictureUnreachableError,
    Stopped,
)
from handlers.memory import Memory
from handlers.messages import (
    AnswerState,
    Attachment,
    AttachmentKind,
    Button,
    ButtonRows,
    Delivery,
    Exchange,
    Origin,
    VoiceMode,
)
from handlers.ports import (
    Activity,
    ChatModel,
    ChatRequest,
    ChatStream,
    Clock,
    Finish,
    History,
    HistoryStore,
    Meter,
    Outcome,
)
from handlers.prompts import CONTINUE, PICTURE_MADE
from handlers.texts import say
from handlers.turn import Turn
from handlers.vision import Vision, addresses

log = structlog.get_logger(__name__)

NOTICES = {
    Finish.COMPLETE: "",
    Finish.LENGTH: "notice_length",
    Finish.FILTERED: "notice_filtered",
    Finish.CUT: "notice_cut",
}


@dataclass(frozen=True, slots=True)
class Senses:
    """What chat borrows from the other capabilities."""

    vision: Vision
    hear: Callable[[Turn, Attachment], Awaitable[str]]
    speak: Callable[[Turn, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the place in the history where its answer goes."""

    question: Exchange
    history: History
    replaces: int = 0


class Chat:
    def __init__(
        self,
        model: ChatModel,
        history: HistoryStore,
        conversation: Conversation,
        memory: Memory,
        senses: Senses,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._model = model
        self._history = history
        self._conversation = conversation
        self._memory = memory
        self._senses = senses
        self._clock = clock
        self._meter = meter

    # ------------------------------------------------------------ what people ask for

    async def answer(self, turn: Turn) -> None:
        """A message that is no command."""
        history = await self._history.load(turn.message.chat)
        edited = None
        if turn.message.origin is Origin.EDIT:
            edited = _edited(history, turn.message.message_id)
            if edited is not None and not _changes(turn, edited):
                return
        with turn.stoppable():
            question = await self._understand(turn, edited)
        if not (question.question or question.media or question.quote):
            await turn.reply.line("empty", say("ask_me"))
        elif edited is None:
            await self._ask(turn, Asked(question, history))
        else:
            await self._ask(turn, _instead_of_last(history, question))

    async def ask(self, turn: Turn) -> None:
        """/ask: the same as a message, where the bot must be addressed."""
        if not (turn.message.text or turn.message.attachments or turn.message.quoted):
            raise wrong_arguments("ask")
        await self.answer(turn)

    async def retry(self, turn: Turn) -> None:
        """/retry and its button: the last question again, in the old answer's place."""
        history = await self._history.load(turn.message.chat)
        last = _last(history, "nothing_to_retry")
        pressed_under = turn.message.message_id if turn.message.origin is Origin.BUTTON else ""
        if pressed_under and pressed_under not in last.answer_message_ids:
            raise NothingToDoError("retry_last_only")
        if last.answer == PICTURE_MADE:
            raise NothingToDoError("retry_no_picture")
        await self._ask(turn, _instead_of_last(history, last))

    async def go_on(self, turn: Turn) -> None:
        """The Continue button: what a broken answer still lacks."""
        history = await self._history.load(turn.message.chat)
        last = _last(history, "nothing_to_continue")
        if last.state is AnswerState.COMPLETE:
            raise NothingToDoError("nothing_to_continue")
        question = Exchange(CONTINUE, "", author=self._author(turn))
        await self._ask(turn, Asked(question, history))

    async def deliver(self, turn: Turn, delivery: Delivery) -> None:
        """Show an answer that is stored, and say it if it is to be said."""
        await turn.deliver(delivery)
        if not delivery.is_spoken:
            return
        try:
            with turn.stoppable():
                await self._senses.speak(turn, delivery.text)
        except Stopped:
            log.info("speaking was stopped")
        except ParleyError as error:
            # The answer itself has arrived: it would be wrong to call it failed.
            log.warning("not spoken", error=type(error).__name__, detail=str(error))
            await turn.reply.line("not spoken", say("speech_failed", ref=turn.ref))

    # ------------------------------------------------------------ the question

    async def _understand(self, turn: Turn, edited: Exchange | None) -> Exchange:
        """The question that a message asks, with everything that came with it."""
        message = turn.message
        for attachment in message.attachments:
            if attachment.kind is AttachmentKind.OTHER:
                raise ContentUnsupportedError(attachment.name, kind=attachment.name)
        heard = await self._listen(turn, message.attachments)
        for number, words in enumerate(heard):
            await turn.reply.line(f"transcript {number}", say("transcript", text=words))
        quote, quoted_photos = await self._quote(turn)
        photos = [*_photos(message.attachments), *quoted_photos]
        if edited is not None and len(edited.media) > 1:
            # An edit of an album's caption carries one of its pictures; all are still meant.
            media = edited.media
        else:
            media = await self._senses.vision.see(turn, photos)
        return Exchange(
            question="\n".join(text for text in (message.text, *heard) if text),
            answer="",
            author=self._author(turn),
            quote=quote,
            media=media,
            question_message_id=message.message_id,
            is_spoken=bool(heard),
        )

    def _author(self, turn: Turn) -> str:
        return author_name(turn.message.sender.name) if turn.message.is_group else ""

    async def _listen(self, turn: Turn, attachments: Sequence[Attachment]) -> list[str]:
        return [
            await self._senses.hear(turn, attachment)
            for attachment in attachments
            if attachment.kind.is_sound
        ]

    async def _quote(self, turn: Turn) -> tuple[str, list[Attachment]]:
        quoted = turn.message.quoted
        if quoted is None:
            return "", []
        heard = await self._listen(turn, quoted.attachments)
        others = [f"[{a.name}]" for a in quoted.attachments if a.kind is AttachmentKind.OTHER]
        return quote_text(quoted, [*heard, *others]), _photos(quoted.attachments)

    # ------------------------------------------------------------ the answer

    async def _ask(self, turn: Turn, asked: Asked) -> None:
        started = self._clock.now()
        text, finish, stream, trimmed_through = "", Finish.CUT, None, None
        try:
            with turn.stoppable():
                async with turn.reply.working(Activity.WRITING):
                    stream, trimmed_through = await self._open(turn, asked)
                async for piece in stream:
                    if not text:
                        self._observe_first(turn, started)
                    text += piece
                    turn.reply.show(text)
            if not text.strip():
                raise AnswerEmptyError("white space")
            finish, notice, state = stream.finish, NOTICES[stream.finish], AnswerState.UNFINISHED
        except Stopped:
            if not text.strip():
                raise
            notice, state = "notice_stopped", AnswerState.STOPPED
        finally:
            if stream is not None:
                await stream.aclose()
                turn.spent(stream.usage)
        if finish is Finish.COMPLETE:
            state = AnswerState.COMPLETE
        elif state is AnswerState.UNFINISHED:
            log.warning("answer unfinished", finish=finish.value, characters=len(text))
        await self._keep_and_deliver(turn, asked, text, state, notice, trimmed_through)

    async def _open(self, turn: Turn, asked: Asked) -> tuple[ChatStream, int | None]:
        arguments = (turn.message, turn.settings, asked.history, asked.question)
        prepared = await self._conversation.prepare(*arguments)
        try:
            return await self._model.open(prepared.request), prepared.trimmed_through
        except PictureUnreachableError:
            if addresses(asked.question.question) or not _has_addresses(prepared.request):
                raise
            # A link of an earlier question died; it must not take this one with it.
            prepared = await self._conversation.prepare(*arguments, with_old_addresses=False)
            return await self._model.open(prepared.request), prepared.trimmed_through

    def _observe_first(self, turn: Turn, started: float) -> None:
        took_s = self._clock.now() - started
        self._meter.observe("first_text", took_s, {"platform": turn.message.chat.platform})

    async def _keep_and_deliver(
        self,
        turn: Turn,
        asked: Asked,
        text: str,
        state: AnswerState,
        notice: str,
        trimmed_through: int | None,
    ) -> None:
        model = self._conversation.model_of(turn.settings)
        exchange = replace(asked.question, answer=text, state=state, model=model)
        delivery = Delivery(
            text=text,
            notice=say(notice) if notice else "",
            buttons=_buttons(state),
            is_spoken=state is AnswerState.COMPLETE and self._is_to_be_spoken(turn, asked.question),
        )
        await turn.commit(
            Outcome(delivery, exchange, replaces=asked.replaces, window_start=trimmed_through)
        )
        await self.deliver(turn, delivery)
        if trimmed_through is not None:
            turn.background(self._memory.summarise(turn.message.chat, model, turn.settings.effort))

    def _is_to_be_spoken(self, turn: Turn, question: Exchange) -> bool:
        mode = turn.settings.voice_mode or self._conversation.defaults.voice_mode
        return mode is VoiceMode.ON or (mode is VoiceMode.AUTO and question.is_spoken)


def _photos(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [a for a in attachments if a.kind is AttachmentKind.PHOTO]


def _last(history: History, missing: str) -> Exchange:
    if not history.exchanges:
        raise NothingToDoError(missing)
    return history.exchanges[-1]


def _instead_of_last(history: History, question: Exchange) -> Asked:
    """Ask ``question`` in the place of the last exchange."""
    last = history.exchanges[-1]
    earlier = replace(history, exchanges=history.exchanges[:-1])
    return Asked(replace(question, ordinal=last.ordinal), earlier, replaces=last.id)


def _edited(history: History, message_id: str) -> Exchange | None:
    """The last exchange, if that message asked it; None if no known exchange was asked by it."""
    for exchange in history.exchanges[:-1]:
        if exchange.question_message_id == message_id:
            raise NothingToDoError("edit_last_only")
    last = history.exchanges[-1] if history.exchanges else None
    return last if last is not None and last.question_message_id == message_id else None


def _changes(turn: Turn, edited: Exchange) -> bool:
    """Platforms report edits that change no word, a link's preview for instance."""
    return turn.message.text != edited.question or bool(turn.message.attachments)


def _has_addresses(request: ChatRequest) -> bool:
    return any(getattr(part, "url", "") for message in request.messages for part in message.parts)


def _buttons(state: AnswerState) -> ButtonRows:
    retry = Button(say("button_retry"), "retry")
    if state is AnswerState.COMPLETE:
        return ((retry,),)
    return ((Button(say("button_continue"), "continue"), retry),)
