"""/analyze: questions that are answered by running code over people's files."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from handlers.answers.conversation import Conversation, quote_text
from handlers.answers.memory import Memory
from handlers.answers.questions import author_of
from handlers.code.code_results import CodeResults, Made, steps_of
from handlers.code.code_watch import CodeWatch, Run, Watched, count_steps, to_the_end
from handlers.code.workbench import Workbench, file_name
from handlers.commands import wrong_arguments
from handlers.errors import ContainerGoneError, NothingToDoError, RunFailedError, Stopped
from handlers.messages import (
    AnswerPicture,
    AnswerState,
    Attachment,
    Button,
    Capability,
    Delivery,
    Exchange,
    Origin,
    Step,
    UsageEntry,
)
from handlers.ports.code import Look, RunState
from handlers.ports.platforms import Activity
from handlers.ports.stores import HistoryStore, Outcome
from handlers.prompts.analysis import instructions
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

COMMAND = "analyze"
Handler = Callable[[Turn], Awaitable[None]]
Deliver = Callable[[Turn, Delivery], Awaitable[None]]

_STATES = {
    RunState.COMPLETED: AnswerState.COMPLETE,
    RunState.CANCELLED: AnswerState.STOPPED,
}


class Analysis:
    def __init__(
        self,
        *,
        workbench: Workbench,
        watch: CodeWatch,
        results: CodeResults,
        history: HistoryStore,
        conversation: Conversation,
        memory: Memory,
        deliver: Deliver,
        model: str = "",
        is_enabled: bool = True,
    ) -> None:
        """``model``: the operator's; empty for the chat's. ``deliver``: shows what is stored."""
        self._workbench = workbench
        self._watch = watch
        self._results = results
        self._history = history
        self._conversation = conversation
        self._memory = memory
        self._deliver = deliver
        self._model = model
        self._is_enabled = is_enabled

    async def analyze(self, turn: Turn) -> None:
        """/analyze [words], with files, as a reply to some or to an earlier analysis, or alone."""
        if not self._is_enabled:
            raise NothingToDoError("analysis_off")
        files = _files(turn)
        message = turn.message
        if not (message.text.strip() or files or message.quoted):
            raise wrong_arguments("analyze")
        await self._analyse(turn, _question(turn, files), files)

    def retrying(self, otherwise: Handler) -> Handler:
        """/retry: an analysis is made again where its files are, in the old one's place; all else
        is left to ``otherwise``."""

        async def retry(turn: Turn) -> None:
            exchanges = (await self._history.load(turn.message.chat)).exchanges
            last = exchanges[-1] if exchanges else None
            if last is None or last.command != COMMAND or _is_about_another(turn, last):
                await otherwise(turn)
                return
            if not self._is_enabled:
                raise NothingToDoError("analysis_off")
            asked = replace(last, answer="", media=(), answer_message_ids=())
            await self._analyse(turn, asked, [])

        return retry

    async def _analyse(self, turn: Turn, question: Exchange, files: list[Attachment]) -> None:
        """``question``: with the id of the exchange whose place the answer takes, if it does."""
        try:
            with turn.stoppable():
                async with turn.reply.working(Activity.WRITING):
                    run = self._watch.known(turn) or await self._begin(turn, question, files)
                    watched = await self._watch.watch(turn, run)
        except Stopped:
            begun = self._watch.known(turn)
            if begun is None:
                raise
            run, watched = begun, Watched(await self._watch.cancel(begun))
        await self._finish(turn, question, run, watched)

    # ------------------------------------------------------------ begun

    async def _begin(self, turn: Turn, question: Exchange, files: list[Attachment]) -> Run:
        turn.reply.show(say("analysis_preparing"))
        try:
            return await self._try(turn, question, files)
        except ContainerGoneError as gone:
            # It was there a moment ago: the next look finds that it is not, and opens another.
            log.info("the container ended before the run began", detail=str(gone))
            return await self._try(turn, question, files)

    async def _try(self, turn: Turn, question: Exchange, files: list[Attachment]) -> Run:
        history = await self._history.load(turn.message.chat)
        earlier = tuple(one for one in history.exchanges if one.id != question.id)
        history = replace(history, exchanges=earlier)
        prepared = await self._conversation.prepare(turn.message, turn.settings, history, question)
        request = prepared.request
        words = "\n".join((question.quote, question.question, *_said(history.exchanges)))
        bench = await self._workbench.prepare(turn, files, words)
        told = instructions(
            [(one.path, file_name(one.attachment)) for one in bench.new],
            [(one.path, file_name(one.attachment)) for one in bench.old],
            bench.container.font,
        )
        request = replace(
            request,
            model=self._model or request.model,
            system="\n\n".join(filter(None, (request.system, told))),
        )
        return await self._watch.begin(turn, request, bench.container.id, prepared.trimmed_through)

    # ------------------------------------------------------------ ended

    async def _finish(self, turn: Turn, question: Exchange, run: Run, watched: Watched) -> None:
        look = watched.look
        if look.state.is_over and not look.usage:
            estimate = UsageEntry(Capability.CODE, run.model, is_estimate=True)
            look = replace(look, usage=(estimate,))
        notice = self._notice(watched)
        if not (look.text or look.calls):
            await self._fail(turn, run, watched, look)
        made = await to_the_end(self._results.keep(turn, look, run.container))
        steps = steps_of(look)
        pictures = tuple(
            AnswerPicture(replace(ref, is_made=True), place)
            for place, ref in enumerate(made.pictures)
        )
        text = look.text or say("analysis_only_steps")
        exchange = replace(
            question,
            answer=text,
            media=tuple(one.ref for one in pictures),
            state=_STATES.get(look.state, AnswerState.UNFINISHED),
            model=run.model,
            steps=steps,
        )
        delivery = Delivery(
            text=text,
            notice=_lines(steps, notice, made),
            buttons=((Button(say("button_steps"), "steps"),),) if steps else (),
            pictures=pictures,
            made_files=made.files,
        )
        outcome = Outcome(delivery, exchange, question.id, window_start=run.trimmed_through)
        await turn.commit(outcome)
        await self._watch.forget(turn, run, is_new_try=False)
        await self._deliver(turn, delivery)
        if run.trimmed_through is not None:
            model = self._conversation.model_of(turn.settings)
            turn.background(self._memory.summarise(turn.message.chat, model, turn.settings.effort))

    async def _fail(self, turn: Turn, run: Run, watched: Watched, look: Look) -> None:
        """Nothing came of it: why, as an error. The next try begins anew."""
        turn.spent(*look.usage)
        await self._watch.forget(turn, run, is_new_try=True)
        if watched.is_too_long:
            raise RunFailedError("analysis_timeout", minutes=self._minutes)
        match look.state:
            case RunState.CANCELLED:
                raise Stopped
            case RunState.NEEDS_TOOL:
                raise RunFailedError("analysis_needs_tool")
            case RunState.EXPIRED:
                raise RunFailedError("analysis_expired")
            case RunState.INCOMPLETE:
                raise look.failure or RunFailedError("analysis_incomplete")
        raise look.failure or RunFailedError("analysis_failed")

    def _notice(self, watched: Watched) -> str:
        """Of a run that is over: why there is no more of it; empty for a whole one."""
        look = watched.look
        if watched.is_too_long:
            return say("analysis_timeout", minutes=self._minutes)
        if look.state is RunState.COMPLETED:
            return ""
        if look.failure is not None and look.state in (RunState.FAILED, RunState.INCOMPLETE):
            reason = say(look.failure.text_key, **look.failure.values)
            return say("analysis_failed_why", reason=reason)
        return say(f"analysis_{look.state.value}")

    @property
    def _minutes(self) -> str:
        return f"{self._watch.timeout_s / 60:.3g}"


def _files(turn: Turn) -> list[Attachment]:
    """Those that came along, then those of the message that was replied to."""
    quoted = turn.message.quoted
    found = [*turn.message.attachments, *(quoted.attachments if quoted is not None else ())]
    return [one for one in found if one.ref]


def _question(turn: Turn, files: list[Attachment]) -> Exchange:
    message = turn.message
    quote = quote_text(message.quoted, []) if message.quoted is not None else ""
    names = ", ".join(map(file_name, files))
    return Exchange(
        question=message.text.strip() or say("analyze_this"),
        answer="",
        author=author_of(turn),
        quote="\n".join(filter(None, (quote, f"[Files: {names}]" if names else ""))),
        question_message_ids=message.message_ids,
        command=COMMAND,
    )


def _is_about_another(turn: Turn, last: Exchange) -> bool:
    """A button was pressed under an answer that is not the last any more."""
    is_press = turn.message.origin is Origin.BUTTON
    return is_press and turn.message.message_id not in last.answer_message_ids


def _said(exchanges: tuple[Exchange, ...]) -> list[str]:
    return [text for one in exchanges for text in (one.question, one.answer)]


def _lines(steps: tuple[Step, ...], notice: str, made: Made) -> str:
    ran = say("analysis_code", count=count_steps(len(steps))) if steps else ""
    return "\n".join(line for line in (ran, notice, *made.lines) if line)
