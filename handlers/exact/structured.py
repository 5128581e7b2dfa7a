"""/json: an answer that is valid JSON, or an honest failure."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from handlers.answers.conversation import Conversation
from handlers.answers.footers import footer
from handlers.answers.memory import Memory
from handlers.answers.questions import Questions
from handlers.commands import wrong_arguments
from handlers.errors import (
    AnswerInvalidError,
    ParleyError,
    PicturesUnsupportedError,
    PictureUnreachableError,
    SchemaInvalidError,
    SchemaRefusedError,
)
from handlers.exact.json_answers import AnswerFaultError, code_block, excerpt, pretty, read_answer
from handlers.exact.json_requests import (
    Wanted,
    as_json,
    find_wanted,
    in_words,
    repairing,
    unwrapped,
)
from handlers.exact.json_schemas import Schema, looks_like_schema, read_line, read_schema, to_wire
from handlers.exact.kept_answers import KeptAnswer, ask_kept, forget_kept
from handlers.exact.saved_schemas import SavedSchemas, is_json_file, read_json_file
from handlers.exact.schema_checks import SchemaChecks
from handlers.media.threads import run_to_end
from handlers.messages import (
    AnswerState,
    Attachment,
    AttachmentKind,
    Button,
    Delivery,
    Exchange,
    IncomingMessage,
    Origin,
    TextFile,
)
from handlers.ports.chat import ChatModel, ChatRequest, Finish
from handlers.ports.platforms import Activity
from handlers.ports.stores import History, HistoryStore, Outcome
from handlers.prompts import PICTURE_ANSWERS
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

MAX_CAME = 600
"""Characters that are shown of what is no JSON."""
MAX_WRONG = 600
_STEPS = ("json 0", "json 1")

Handler = Callable[[Turn], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Made:
    text: str
    """The JSON over several lines."""
    answer: KeptAnswer
    is_mended: bool = False


class Structured:
    def __init__(
        self,
        *,
        model: ChatModel,
        history: HistoryStore,
        conversation: Conversation,
        memory: Memory,
        questions: Questions,
        schemas: SavedSchemas,
        checks: SchemaChecks,
    ) -> None:
        self._model = model
        self._history = history
        self._conversation = conversation
        self._memory = memory
        self._questions = questions
        self._schemas = schemas
        self._checks = checks

    async def json(self, turn: Turn) -> None:
        """/json [schema={…}|schema=name] prompt. Question and answer join the conversation."""
        history = await self._history.load(turn.message.chat)
        with turn.stoppable():
            wanted, question = await self._understand(turn)
        await self._give(turn, history, question, wanted, supersedes=_last_message(history))

    def retrying(self, otherwise: Handler) -> Handler:
        """/retry and its button: JSON is made again as JSON, all else is left to ``otherwise``."""

        async def retry(turn: Turn) -> None:
            history = await self._history.load(turn.message.chat)
            last = await self._find_last(turn, history)
            wanted = find_wanted(last) if last is not None else None
            if last is None or wanted is None:
                await otherwise(turn)
            elif _is_about_another(turn, last):
                await turn.reply.drop_buttons()
            else:
                await self._again(turn, history, last, wanted)

        return retry

    async def _find_last(self, turn: Turn, history: History) -> Exchange | None:
        """With its steps."""
        if not history.exchanges:
            return None
        return await self._history.find(turn.message.chat, history.exchanges[-1].id)

    async def _again(self, turn: Turn, history: History, last: Exchange, wanted: Wanted) -> None:
        """The same question in the old answer's place."""
        earlier = replace(history, exchanges=history.exchanges[:-1])
        question = replace(last, answer="", steps=())
        supersedes = _last_message(history)
        await self._give(turn, earlier, question, wanted, replaces=last.id, supersedes=supersedes)

    async def _give(
        self,
        turn: Turn,
        history: History,
        question: Exchange,
        wanted: Wanted,
        *,
        replaces: int = 0,
        supersedes: str,
    ) -> None:
        with turn.stoppable():
            async with turn.reply.working(Activity.WRITING):
                trimmed_through, made = await self._answer(turn, history, question, wanted)
        model = self._conversation.model_of(turn.settings)
        exchange = replace(
            question,
            answer=made.answer.text.strip(),
            state=AnswerState.COMPLETE,
            model=model,
            steps=(wanted.step,),
        )
        delivery = _deliverable(made, turn, wanted, supersedes)
        await turn.commit(
            Outcome(delivery, exchange, replaces=replaces, window_start=trimmed_through)
        )
        await turn.deliver(delivery)
        if trimmed_through is not None:
            summary = self._memory.summarise(turn.message.chat, model, turn.settings.effort)
            turn.background(summary)

    # ------------------------------------------------------------ what is asked

    async def _understand(self, turn: Turn) -> tuple[Wanted, Exchange]:
        wanted, message = await self._read(turn)
        with _speaking_of(turn, message):
            question = await self._questions.understand(turn)
        if not (question.question or question.media or question.quote):
            raise wrong_arguments("json")
        if not question.question:
            question = replace(question, question=say("json_of_this"))
        return wanted, question

    async def _read(self, turn: Turn) -> tuple[Wanted, IncomingMessage]:
        """What is wanted, and the message without the schema in it."""
        message = turn.message
        line = read_line(message.text)
        message = replace(message, text=line.prompt)
        schema = line.schema
        if line.name:
            schema = await self._schemas.find(turn.message.chat, line.name)
        elif schema is None:
            schema, message = await self._read_files(turn, message)
        if schema is None:
            return Wanted(), message
        if not line.name:
            await self._checks.require_schema(schema)
        return Wanted(schema, line.name, await run_to_end(to_wire, schema)), message

    async def _read_files(
        self, turn: Turn, message: IncomingMessage
    ) -> tuple[Schema | None, IncomingMessage]:
        """The first file that is a schema; other files are what the question is about."""
        for attachment in filter(is_json_file, message.attachments):
            if (schema := await _schema_in(turn, attachment)) is not None:
                others = tuple(one for one in message.attachments if one is not attachment)
                return schema, replace(message, attachments=others)
        return None, message

    # ------------------------------------------------------------ the answer

    async def _answer(
        self, turn: Turn, history: History, question: Exchange, wanted: Wanted
    ) -> tuple[int | None, Made]:
        """The JSON, and how far the window was trimmed for it."""
        arguments = (turn.message, turn.settings, history, question)
        prepared = await self._conversation.prepare(*arguments)
        try:
            made = await self._make(turn, prepared.request, wanted)
        except (PictureUnreachableError, PicturesUnsupportedError) as refusal:
            if question.media:
                raise
            # What an earlier question showed must not take this one with it.
            is_address = isinstance(refusal, PictureUnreachableError)
            prepared = await self._conversation.prepare(
                *arguments, left_out="addresses" if is_address else "pictures"
            )
            made = await self._make(turn, prepared.request, wanted)
        return prepared.trimmed_through, made

    async def _make(self, turn: Turn, plain: ChatRequest, wanted: Wanted) -> Made:
        show = _preview(turn)
        request = as_json(plain, wanted)
        try:
            first = await ask_kept(turn, self._model, request, _STEPS[0], show)
        except SchemaRefusedError as refusal:
            # In words it takes it all the same; what comes is held against the schema here.
            log.info("the schema goes in words", reason=str(refusal))
            request = in_words(plain, wanted)
            first = await ask_kept(turn, self._model, request, _STEPS[0], show)
        text, wrong = await self._judge(first.text, wanted)
        if not wrong:
            return Made(text, first)
        if first.finish is not Finish.COMPLETE:
            raise await _failed(turn, first, wrong)
        turn.reply.show(say("json_mending"))
        again = repairing(request, first.text, wrong)
        second = await ask_kept(turn, self._model, again, _STEPS[1], show)
        text, wrong = await self._judge(second.text, wanted)
        if wrong:
            raise await _failed(turn, second, wrong)
        return Made(text, replace(second, usage=(*first.usage, *second.usage)), is_mended=True)

    async def _judge(self, answer: str, wanted: Wanted) -> tuple[str, str]:
        """The JSON as people read it, and what is wrong with it; one of them is empty."""
        try:
            value = await run_to_end(read_answer, answer)
        except AnswerFaultError as fault:
            return "", str(fault)
        value = unwrapped(value, wanted)
        if wanted.schema is not None:
            faults = await self._checks.find_faults(wanted.schema, value)
            if faults:
                return "", "\n".join(map(str, faults))
        return await run_to_end(pretty, value), ""


@contextmanager
def _speaking_of(turn: Turn, message: IncomingMessage) -> Iterator[None]:
    """While the block runs the turn is about ``message``; what fails is kept as it was sent."""
    sent, turn.message = turn.message, message
    try:
        yield
    finally:
        turn.message = sent


def _is_about_another(turn: Turn, last: Exchange) -> bool:
    """A button was pressed under an answer that is not the last any more."""
    is_press = turn.message.origin is Origin.BUTTON
    return is_press and turn.message.message_id not in last.answer_message_ids


async def _schema_in(turn: Turn, attachment: Attachment) -> Schema | None:
    """The schema that a file holds; None if it holds something that can be asked about."""
    is_readable = attachment.kind is AttachmentKind.DOCUMENT
    may_be_data = is_readable and "schema" not in attachment.name.lower()
    try:
        schema = read_schema(await read_json_file(turn, attachment))
    except SchemaInvalidError:
        if may_be_data:
            return None
        raise
    return None if may_be_data and not looks_like_schema(schema) else schema


def _preview(turn: Turn) -> Callable[[str], None]:
    return lambda text: turn.reply.show(text if text.startswith("```") else f"```json\n{text}")


async def _failed(turn: Turn, answer: KeptAnswer, wrong: str) -> ParleyError:
    """Why there is no JSON. The next try asks anew."""
    await forget_kept(turn, *_STEPS)
    if answer.finish is not Finish.COMPLETE:
        wrong = f"{say(_CUT[answer.finish])} {wrong}"
    came = answer.text.strip()
    return AnswerInvalidError(
        f"{answer.finish}, {len(came)} characters",
        wrong=_shorten(wrong, MAX_WRONG),
        came=_shorten(came, MAX_CAME),
    )


_CUT = {
    Finish.LENGTH: "json_cut_length",
    Finish.FILTERED: "json_cut_filtered",
    Finish.CUT: "json_cut",
}


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()} …"


def _deliverable(made: Made, turn: Turn, wanted: Wanted, supersedes: str) -> Delivery:
    shown = excerpt(made.text)
    files: tuple[TextFile, ...] = ()
    notices: list[str] = []
    if shown != made.text:
        files = (TextFile(f"{wanted.name or 'answer'}.json", made.text, "application/json"),)
        notices.append(say("whole_in_file"))
    if made.answer.finish is not Finish.COMPLETE:
        notices.append(say(_CUT[made.answer.finish]))
    if made.is_mended:
        notices.append(say("json_mended"))
    notices.append(footer(made.answer.facts, made.answer.usage, turn.settings))
    return Delivery(
        code_block(shown),
        "\n".join(filter(None, notices)),
        ((Button(say("button_retry"), "retry"),),),
        supersedes=supersedes,
        files=files,
    )


def _last_message(history: History) -> str:
    """The message that holds the end of the last answer, whose buttons mean nothing any more."""
    last = history.exchanges[-1] if history.exchanges else None
    if last is None or last.command or last.answer in PICTURE_ANSWERS:
        return ""
    if not last.answer_message_ids:
        return ""
    return last.answer_message_ids[-1]
