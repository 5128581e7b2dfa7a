"""An answer on its way: the model is asked, calls tools, is asked again, until it has answered."""

from dataclasses import replace

import structlog

from handlers.answers.answer_drafts import AnswerDraft, Answered
from handlers.answers.conversation import Conversation, LeftOut
from handlers.errors import (
    AnswerEmptyError,
    ParleyError,
    PersonError,
    PicturesUnsupportedError,
    PictureUnreachableError,
    Stopped,
    StorageError,
)
from handlers.messages import AnswerState, Exchange
from handlers.pictures.picture_names import PictureNames
from handlers.pictures.vision import addresses
from handlers.ports.chat import ChatModel, ChatRequest, ChatStream, Finish, PicturePart
from handlers.ports.machine import Clock, Meter
from handlers.ports.platforms import Activity
from handlers.ports.stores import History
from handlers.tools.calling import Calling
from handlers.tools.running import ToolRunner
from handlers.tools.toolbox import Offer, Toolbox
from handlers.turn import Turn

log = structlog.get_logger(__name__)

NOTICES = {
    Finish.COMPLETE: "",
    Finish.LENGTH: "notice_length",
    Finish.FILTERED: "notice_filtered",
    Finish.CUT: "notice_cut",
}


class Answering:
    def __init__(
        self,
        *,
        model: ChatModel,
        conversation: Conversation,
        toolbox: Toolbox,
        runner: ToolRunner,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._model = model
        self._conversation = conversation
        self._toolbox = toolbox
        self._calling = Calling(runner, clock)
        self._clock = clock
        self._meter = meter

    async def answer(
        self, turn: Turn, question: Exchange, history: History, joins: Exchange | None = None
    ) -> Answered:
        """Ask, show what comes, call what is called, until there is an answer.

        ``joins``: the exchange whose answer goes on. Stopped, and what fails, is raised only where
        there is nothing to be kept yet.
        """
        draft = AnswerDraft(_names(question, history, joins), self._toolbox.offer(turn))
        turn.pictures = draft.names
        try:
            with turn.stoppable():
                finish = await self._work(turn, question, history, draft)
            if draft.is_empty:
                raise AnswerEmptyError("white space")
        except Stopped:
            if draft.is_empty:
                raise
            return draft.finished(AnswerState.STOPPED, "notice_stopped")
        except ParleyError as error:
            if not _is_worth_keeping(draft, error):
                raise
            log.warning("answer broken off", error=type(error).__name__, detail=str(error))
            finish = Finish.CUT
        if finish is Finish.COMPLETE:
            return draft.finished(AnswerState.COMPLETE, "")
        log.warning("answer unfinished", finish=finish.value, characters=len(draft.text))
        return draft.finished(AnswerState.UNFINISHED, NOTICES[finish])

    async def _work(
        self, turn: Turn, question: Exchange, history: History, draft: AnswerDraft
    ) -> Finish:
        model = self._conversation.model_of(turn.settings)
        await self._calling.restore(turn, draft, model)
        while True:
            may_call = self._calling.may_go_on(draft)
            stream = await self._listen(turn, question, history, draft)
            draft.cite(stream.sources)
            draft.facts = stream.facts
            if not (stream.calls and may_call):
                return stream.finish
            await self._calling.begin(turn, draft, stream.calls, stream.carried, model)

    async def _listen(
        self, turn: Turn, question: Exchange, history: History, draft: AnswerDraft
    ) -> ChatStream:
        """A stream at its end; what it gave is in ``draft.current``, and shown."""
        started = self._clock.now()
        async with turn.reply.working(Activity.WRITING):
            stream = await self._open(turn, question, history, draft)
        try:
            async for piece in stream:
                if not (draft.texts or draft.current):
                    took_s = self._clock.now() - started
                    labels = {"platform": turn.message.chat.platform}
                    self._meter.observe("first_text", took_s, labels)
                draft.current += piece
                turn.reply.show(draft.text)
        finally:
            await stream.aclose()
            turn.spent(*stream.usage)
            draft.usage += stream.usage
        return stream

    async def _open(
        self, turn: Turn, question: Exchange, history: History, draft: AnswerDraft
    ) -> ChatStream:
        """The stream with its first text there; what failed before it is noted as spent."""
        await self._prepare(turn, question, history, draft)
        request = self._request(draft)
        try:
            return await self._start(turn, request)
        except (PictureUnreachableError, PicturesUnsupportedError) as refusal:
            left_out = _left_out(refusal, question, request)
            if not left_out:
                raise
        # What an earlier question showed must not take this one with it.
        draft.prepared = None
        await self._prepare(turn, question, history, draft, left_out)
        return await self._start(turn, self._request(draft))

    async def _prepare(
        self,
        turn: Turn,
        question: Exchange,
        history: History,
        draft: AnswerDraft,
        left_out: LeftOut = "",
    ) -> None:
        if draft.prepared is None:
            draft.prepared = await self._conversation.prepare(
                turn.message,
                turn.settings,
                history,
                question,
                left_out=left_out,
                has_tools=draft.offer != Offer(),
            )

    def _request(self, draft: AnswerDraft) -> ChatRequest:
        """At the bound of rounds the model is asked once more, without tools."""
        assert draft.prepared is not None  # noqa: S101  # both callers have prepared it
        offer = draft.offer if self._calling.may_go_on(draft) else Offer()
        return replace(
            draft.prepared.request,
            rounds=tuple(draft.rounds),
            tools=offer.specs,
            hosted=offer.hosted,
        )

    async def _start(self, turn: Turn, request: ChatRequest) -> ChatStream:
        stream = self._model.ask(request)
        try:
            await stream.start()
        except BaseException:
            turn.spent(*stream.usage)
            raise
        return stream


def _names(question: Exchange, history: History, joins: Exchange | None) -> PictureNames:
    """Of all pictures that the model may be shown, or is told of."""
    if joins is not None:
        earlier = [one for one in history.exchanges if one.id != joins.id]
        return PictureNames(earlier, joins.ordinal, joins.media)
    ordinal = question.ordinal or history.next_ordinal
    return PictureNames(history.exchanges, ordinal, question.media)


def _is_worth_keeping(draft: AnswerDraft, error: ParleyError) -> bool:
    """Whether the beginning of an answer is better than a line about the failure.

    What a service fails at can be tried again, and then goes on behind the last call; but pictures
    are sent: they are paid for.
    """
    if isinstance(error, StorageError):
        return False
    return bool(draft.pictures) or (not draft.is_empty and isinstance(error, PersonError))


def _left_out(refusal: ParleyError, question: Exchange, request: ChatRequest) -> LeftOut:
    """Which pictures of the past a refused question can be asked without; "" if it is its own."""
    parts = [part for message in request.messages[:-1] for part in message.parts]
    pictures = [part for part in parts if isinstance(part, PicturePart)]
    if isinstance(refusal, PictureUnreachableError):
        is_old = any(picture.url for picture in pictures) and not addresses(question.question)
        return "addresses" if is_old else ""
    is_own = question.media or addresses(question.question)
    return "pictures" if pictures and not is_own else ""
