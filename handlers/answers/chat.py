"""A question to the model, and its answer: the heart of the bot."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from handlers.answers.answer_drafts import Answered
from handlers.answers.answering import Answering
from handlers.answers.citations import list_sources
from handlers.answers.conversation import Conversation
from handlers.answers.footers import footer
from handlers.answers.memory import Memory
from handlers.answers.questions import Questions, author_of
from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError, ParleyError, Stopped
from handlers.messages import (
    AnswerState,
    AttachmentKind,
    Button,
    ButtonRows,
    ChatSettings,
    Delivery,
    Exchange,
    Origin,
    VoiceMode,
)
from handlers.pictures.gallery import Gallery, made_places
from handlers.ports.machine import Clock
from handlers.ports.stores import History, HistoryStore, Outcome
from handlers.prompts import CONTINUE, PICTURE_ANSWERS
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

EDIT_WINDOW_S = 3600.0
"""An edit of what is not in the window is a question only if it was sent so lately."""
MAX_LINES = 8
"""About what was done, under an answer; /steps tells all of it."""

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
        answering: Answering,
        history: HistoryStore,
        conversation: Conversation,
        memory: Memory,
        questions: Questions,
        speak: Speak,
        gallery: Gallery,
        clock: Clock,
    ) -> None:
        self._answering = answering
        self._history = history
        self._conversation = conversation
        self._memory = memory
        self._questions = questions
        self._speak = speak
        self._gallery = gallery
        self._clock = clock

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
        if last.command:
            raise NothingToDoError("continue_analysis")
        last = await self._history.find(turn.message.chat, last.id) or last  # with its steps
        question = Exchange(CONTINUE, "", author=author_of(turn))
        asked = Asked(question, history, last.id, last, _last_message(history))
        await self._ask(turn, asked)

    async def deliver(self, turn: Turn, delivery: Delivery) -> None:
        """Show an answer that is stored, and say it if it is to be said."""
        await turn.deliver(delivery)
        if delivery.pictures or delivery.made_files:
            await self._gallery.send(turn, delivery.pictures, delivery.made_files)
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
        answered = await self._answering.answer(
            turn, asked.question, asked.history, asked.continues
        )
        base = asked.continues or asked.question
        text = answered.text or say("only_pictures" if answered.pictures else "only_steps")
        # The next question must know what was done, lest it be done again.
        told = text if answered.text else " ".join((text, *answered.lasting))
        earlier_texts, earlier_pictures = _messages_of(asked.continues)
        pictures = tuple(
            replace(one, place=len(base.media) + one.place) for one in answered.pictures
        )
        model = self._conversation.model_of(turn.settings)
        exchange = replace(
            base,
            answer=base.answer + told if asked.continues is not None else told,
            state=answered.state,
            model=model,
            media=(*base.media, *(replace(one.ref, is_made=True) for one in pictures)),
            steps=(*base.steps, *answered.steps),
        )
        delivery = Delivery(
            text=text,
            notice=_notice(answered, turn.settings),
            buttons=_buttons(answered),
            is_spoken=answered.state is AnswerState.COMPLETE and self._is_to_be_spoken(turn, base),
            supersedes=asked.supersedes,
            earlier_texts=earlier_texts,
            earlier_pictures=earlier_pictures,
            pictures=pictures,
            appendix=list_sources(answered.sources),
        )
        trimmed = answered.trimmed_through
        await turn.commit(Outcome(delivery, exchange, asked.replaces, window_start=trimmed))
        await self.deliver(turn, delivery)
        if trimmed is not None:
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
    question = replace(_without_made(question), ordinal=last.ordinal)
    return Asked(question, earlier, last.id, supersedes=_last_message(history))


def _last_message(history: History) -> str:
    """The message that holds the end of the last answer's text; empty if there is none.

    A picture's buttons mean that picture, an analysis's its steps, whatever follows.
    """
    last = history.exchanges[-1] if history.exchanges else None
    if last is not None and last.command:
        return ""
    texts, _ = _messages_of(last)
    return texts[-1] if texts else ""


def _messages_of(answered: Exchange | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that hold an answer's text, and those that hold what was made on the way to it."""
    if answered is None or answered.answer in PICTURE_ANSWERS:
        return (), ()
    ids = answered.answer_message_ids
    texts = len(ids) - len(made_places(answered))
    return ids[: max(texts, 0)], ids[max(texts, 0) :]


def _asked_by(history: History, message_id: str) -> Exchange | None:
    return next((e for e in history.exchanges if message_id in e.question_message_ids), None)


def _is_same(turn: Turn, edited: Exchange | None) -> bool:
    """Platforms report edits that change no word, a link's preview for instance."""
    if edited is None:
        return False
    words, asked = turn.message.text, edited.question
    # What was heard stands under the words that were written with it.
    return words == asked or (edited.is_spoken and (not words or asked.startswith(f"{words}\n")))


def _without_made(exchange: Exchange) -> Exchange:
    """A question before anything was done to answer it."""
    came = tuple(ref for ref in exchange.media if not ref.is_made)
    return replace(exchange, media=came, steps=(), answer_message_ids=())


def _notice(answered: Answered, settings: ChatSettings) -> str:
    """What was done, whether it is whole, and how it was made: each in a line of its own."""
    lines = [
        say("tool_failed" if step.is_failed else "tool_done", title=step.title)
        for step in answered.steps[:MAX_LINES]
    ]
    if (more := len(answered.steps) - MAX_LINES) > 0:
        lines.append(say("tools_more", count=more))
    if answered.notice:
        lines.append(say(answered.notice))
    lines.append(footer(answered.facts, answered.usage, settings))
    return "\n".join(filter(None, lines))


def _buttons(answered: Answered) -> ButtonRows:
    row = [Button(say("button_retry"), "retry")]
    if answered.state is not AnswerState.COMPLETE:
        row.insert(0, Button(say("button_continue"), "continue"))
    if answered.steps:
        row.append(Button(say("button_steps"), "steps"))
    return (tuple(row),)
