"""A question to the model, and its answer: the heart of the bot."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from handlers.commands import wrong_arguments
from handlers.conversation import Conversation, LeftOut
from handlers.errors import (
    AnswerEmptyError,
    NothingToDoError,
    ParleyError,
    PicturesUnsupportedError,
    PictureUnreachableError,
    Stopped,
)
from handlers.memory import Memory
from handlers.messages import (
    AnswerState,
    AttachmentKind,
    Button,
    ButtonRows,
    Delivery,
    Exchange,
    Origin,
    VoiceMode,
)
from handlers.ports.chat import ChatModel, ChatRequest, ChatStream, Finish, PicturePart
from handlers.ports.machine import Clock, Meter
from handlers.ports.platforms import Activity
from handlers.ports.stores import History, HistoryStore, Outcome
from handlers.prompts import CONTINUE, PICTURE_ANSWERS
from handlers.questions import Questions, author_of
from handlers.texts import say
from handlers.turn import Turn
from handlers.vision import addresses

log = structlog.get_logger(__name__)

EDIT_WINDOW_S = 3600.0
"""An edit of what is not in the window is a question only if it was sent so lately."""
NOTICES = {
    Finish.COMPLETE: "",
    Finish.LENGTH: "notice_length",
    Finish.FILTERED: "notice_filtered",
    Finish.CUT: "notice_cut",
}


Speak = Callable[[Turn, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the place in the history where its answer goes."""

    question: Exchange
    history: History
    replaces: int = 0
    continues: Exchange | None = None
    """The exchange whose answer goes on with this one's."""
    supersedes: str = ""
    """The message under which the buttons of the answer before stand."""


class Chat:
    def __init__(
        self,
        *,
        model: ChatModel,
        history: HistoryStore,
        conversation: Conversation,
        memory: Memory,
        questions: Questions,
        speak: Speak,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._model = model
        self._history = history
        self._conversation = conversation
        self._memory = memory
        self._questions = questions
        self._speak = speak
        self._clock = clock
        self._meter = meter

    # ------------------------------------------------------------ what people ask for

    async def answer(self, turn: Turn) -> None:
        """A message that is no command."""
        history = await self._history.load(turn.message.chat)
        edited = None
        if turn.message.origin is Origin.EDIT:
            edited = _asked_by(history, turn.message.message_id)
            if (edited is None and self._is_old(turn)) or _is_same(turn, edited):
                return
            if edited is not None and edited is not history.exchanges[-1]:
                raise NothingToDoError("edit_last_only")
        with turn.stoppable():
            question = await self._questions.understand(turn, edited)
        if not (question.question or question.media or question.quote):
            await turn.reply.line("empty", say("ask_me"))
        elif edited is None:
            await self._ask(turn, Asked(question, history, supersedes=_last_message(history)))
        else:
            await self._ask(turn, _instead_of_last(history, question))

    async def ask(self, turn: Turn) -> None:
        """/ask: the same as a message, where the bot must be addressed."""
        if not (turn.message.text or turn.message.attachments or turn.message.quoted):
            raise wrong_arguments("ask")
        await self.answer(turn)

    async def describe(self, turn: Turn) -> None:
        """/describe, as a reply to something to be seen or with it."""
        message = turn.message
        quoted = message.quoted.attachments if message.quoted is not None else ()
        kinds = {attachment.kind for attachment in (*message.attachments, *quoted)}
        if not any(kind.is_visible or kind is AttachmentKind.VIDEO_NOTE for kind in kinds):
            raise NothingToDoError("reply_to_picture")
        if not message.text:
            moves = kinds & {AttachmentKind.VIDEO, AttachmentKind.VIDEO_NOTE}
            turn.message = replace(message, text=say("describe_video" if moves else "describe"))
        await self.answer(turn)

    async def retry(self, turn: Turn) -> None:
        """/retry and its button: the last question again, in the old answer's place."""
        history = await self._history.load(turn.message.chat)
        last = _last(history, "nothing_to_retry")
        pressed_under = turn.message.message_id if turn.message.origin is Origin.BUTTON else ""
        if pressed_under and pressed_under not in last.answer_message_ids:
            await turn.reply.drop_buttons()
            return
        if last.answer in PICTURE_ANSWERS:
            raise NothingToDoError("retry_no_picture")
        await self._ask(turn, _instead_of_last(history, last))

    async def go_on(self, turn: Turn) -> None:
        """The Continue button: what a broken answer still lacks."""
        history = await self._history.load(turn.message.chat)
        last = _last(history, "nothing_to_continue")
        if last.state is AnswerState.COMPLETE:
            raise NothingToDoError("nothing_to_continue")
        question = Exchange(CONTINUE, "", author=author_of(turn))
        asked = Asked(question, history, last.id, last, _last_message(history))
        await self._ask(turn, asked)

    async def deliver(self, turn: Turn, delivery: Delivery) -> None:
        """Show an answer that is stored, and say it if it is to be said."""
        await turn.deliver(delivery)
        if not delivery.is_spoken:
            return
        try:
            with turn.stoppable():
                await self._speak(turn, delivery.text)
        except Stopped:
            log.info("speaking was stopped")
        except ParleyError as error:
            # The answer itself has arrived: it would be wrong to call it failed.
            log.warning("not spoken", error=type(error).__name__, detail=str(error))
            await turn.reply.line("not spoken", say("speech_failed", ref=turn.ref))

    # ------------------------------------------------------------ the answer

    async def _ask(self, turn: Turn, asked: Asked) -> None:
        started = self._clock.now()
        text, finish, stream, trimmed_through = "", Finish.CUT, None, None
        try:
            with turn.stoppable():
                async with turn.reply.working(Activity.WRITING):
                    stream, trimmed_through = await self._start(turn, asked)
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
                turn.spent(*stream.usage)
        if finish is Finish.COMPLETE:
            state = AnswerState.COMPLETE
        elif state is AnswerState.UNFINISHED:
            log.warning("answer unfinished", finish=finish.value, characters=len(text))
        await self._keep_and_deliver(turn, asked, text, state, notice, trimmed_through)

    async def _start(self, turn: Turn, asked: Asked) -> tuple[ChatStream, int | None]:
        """The stream with its first text there; what failed before it is noted as spent."""
        arguments = (turn.message, turn.settings, asked.history, asked.question)
        prepared = await self._conversation.prepare(*arguments)
        try:
            return await self._started(turn, prepared.request), prepared.trimmed_through
        except (PictureUnreachableError, PicturesUnsupportedError) as refusal:
            left_out = _left_out(refusal, asked.question, prepared.request)
            if not left_out:
                raise
        # What an earlier question showed must not take this one with it.
        prepared = await self._conversation.prepare(*arguments, left_out=left_out)
        return await self._started(turn, prepared.request), prepared.trimmed_through

    async def _started(self, turn: Turn, request: ChatRequest) -> ChatStream:
        stream = self._model.ask(request)
        try:
            await stream.start()
        except BaseException:
            turn.spent(*stream.usage)
            raise
        return stream

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
        base = asked.continues or asked.question
        begun = base.answer if asked.continues is not None else ""
        exchange = replace(base, answer=begun + text, state=state, model=model)
        delivery = Delivery(
            text=text,
            notice=say(notice) if notice else "",
            buttons=_buttons(state),
            is_spoken=state is AnswerState.COMPLETE and self._is_to_be_spoken(turn, base),
            supersedes=asked.supersedes,
        )
        await turn.commit(
            Outcome(delivery, exchange, replaces=asked.replaces, window_start=trimmed_through)
        )
        await self.deliver(turn, delivery)
        if trimmed_through is not None:
            turn.background(self._memory.summarise(turn.message.chat, model, turn.settings.effort))

    def _is_old(self, turn: Turn) -> bool:
        """Whether a message was sent so long ago that an edit of it asks for nothing."""
        return self._clock.now() - turn.message.sent_at > EDIT_WINDOW_S

    def _is_to_be_spoken(self, turn: Turn, question: Exchange) -> bool:
        mode = turn.settings.voice_mode or self._conversation.defaults.voice_mode
        return mode is VoiceMode.ON or (mode is VoiceMode.AUTO and question.is_spoken)


def _last(history: History, missing: str) -> Exchange:
    if not history.exchanges:
        raise NothingToDoError(missing)
    return history.exchanges[-1]


def _instead_of_last(history: History, question: Exchange) -> Asked:
    """Ask ``question`` in the place of the last exchange."""
    last = history.exchanges[-1]
    earlier = replace(history, exchanges=history.exchanges[:-1])
    question = replace(question, ordinal=last.ordinal)
    return Asked(question, earlier, last.id, supersedes=_last_message(history))


def _last_message(history: History) -> str:
    """The message that holds the end of the last answer; empty if there is none.

    Nor for a picture: its buttons mean that picture, whatever follows.
    """
    last = history.exchanges[-1] if history.exchanges else None
    if last is None or last.answer in PICTURE_ANSWERS:
        return ""
    return last.answer_message_ids[-1] if last.answer_message_ids else ""


def _asked_by(history: History, message_id: str) -> Exchange | None:
    return next((e for e in history.exchanges if message_id in e.question_message_ids), None)


def _is_same(turn: Turn, edited: Exchange | None) -> bool:
    """Platforms report edits that change no word, a link's preview for instance."""
    if edited is None:
        return False
    words, asked = turn.message.text, edited.question
    # What was heard stands under the words that were written with it.
    return words == asked or (edited.is_spoken and (not words or asked.startswith(f"{words}\n")))


def _left_out(refusal: ParleyError, question: Exchange, request: ChatRequest) -> LeftOut:
    """Which pictures of the past a refused question can be asked without; "" if it is its own."""
    parts = [part for message in request.messages[:-1] for part in message.parts]
    pictures = [part for part in parts if isinstance(part, PicturePart)]
    if isinstance(refusal, PictureUnreachableError):
        is_old = any(picture.url for picture in pictures) and not addresses(question.question)
        return "addresses" if is_old else ""
    is_own = question.media or addresses(question.question)
    return "pictures" if pictures and not is_own else ""


def _buttons(state: AnswerState) -> ButtonRows:
    retry = Button(say("button_retry"), "retry")
    if state is AnswerState.COMPLETE:
        return ((retry,),)
    return ((Button(say("button_continue"), "continue"), retry),)
