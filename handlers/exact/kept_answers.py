"""Answers that are kept as steps as soon as they are whole, so that none is paid twice."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from handlers.errors import AnswerEmptyError
from handlers.messages import UsageEntry
from handlers.ports.chat import AnswerFacts, ChatModel, ChatRequest, Finish
from handlers.turn import Turn


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    text: str
    finish: Finish
    facts: AnswerFacts
    usage: tuple[UsageEntry, ...]
    """Noted already."""


async def ask_kept(
    turn: Turn,
    model: ChatModel,
    request: ChatRequest,
    step: str,
    show: Callable[[str], None] | None = None,
) -> KeptAnswer:
    """The answer, or the one that ``step`` holds. What broke off is not kept: it may be whole next.

    Raises as ``ChatStream.start`` does, and AnswerEmptyError. What it cost is noted.
    """
    known = turn.step(step)
    if known:
        return _decode(known)
    text = ""
    stream = model.ask(request)
    try:
        await stream.start()
        async for piece in stream:
            text += piece
            if show is not None:
                show(text)
    finally:
        await stream.aclose()
        turn.spent(*stream.usage)
    if not text.strip():
        raise AnswerEmptyError("white space")
    answer = KeptAnswer(text, stream.finish, stream.facts, stream.usage)
    if answer.finish is not Finish.CUT:
        await turn.save_step(step, json.dumps(asdict(answer)))
    return answer


async def forget_kept(turn: Turn, *steps: str) -> None:
    """Let the next try ask anew."""
    for step in steps:
        if turn.step(step):
            await turn.save_step(step, "")


def _decode(text: str) -> KeptAnswer:
    told = json.loads(text)
    return KeptAnswer(
        told["text"],
        Finish(told["finish"]),
        AnswerFacts(**told["facts"]),
        tuple(UsageEntry(**entry) for entry in told["usage"]),
    )
