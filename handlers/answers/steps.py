"""/steps: what was done on the way to an answer, each step with what went in and what came out."""

from handlers.errors import NothingToDoError
from handlers.messages import Delivery, Exchange, Origin, Step, TextFile
from handlers.ports.stores import HistoryStore, Outcome
from handlers.sounds.long_texts import LONG_CHARACTERS, verbatim
from handlers.texts import say
from handlers.turn import Turn

SHOWN_CHARACTERS = 600
"""Of what went in, and of what came out, in the chat; the file has all of it."""
SHOWN_STEPS = 10
FILE_NAME = "steps.md"


class Steps:
    def __init__(self, history: HistoryStore) -> None:
        self._history = history

    async def steps(self, turn: Turn) -> None:
        """/steps, under an answer, as a reply to one, or for the last."""
        exchange = await self._meant(turn)
        if not exchange.steps:
            raise NothingToDoError("no_steps")
        delivery = show(exchange.steps)
        await turn.commit(Outcome(delivery))
        await turn.deliver(delivery)

    async def _meant(self, turn: Turn) -> Exchange:
        message = turn.message
        under = message.message_id if message.origin is Origin.BUTTON else ""
        if message.quoted is not None:
            under = message.quoted.message_id
        if under:
            found = await self._history.find_answer(message.chat, under)
        else:
            window = (await self._history.load(message.chat)).exchanges
            found = await self._history.find(message.chat, window[-1].id) if window else None
        if found is None:
            raise NothingToDoError("no_answer_to_show")
        return found


def show(steps: tuple[Step, ...]) -> Delivery:
    """Code blocks in the chat; where that would be long, their beginnings, and a file."""
    whole = _written(steps, limit=None)
    shown = steps[:SHOWN_STEPS]
    if len(whole) <= LONG_CHARACTERS and shown == steps:
        return Delivery(whole)
    limit = max(SHOWN_CHARACTERS // len(shown), SHOWN_CHARACTERS // 6)
    file = TextFile(FILE_NAME, whole, "text/markdown")
    return Delivery(_written(shown, limit), say("steps_in_file"), files=(file,))


def _written(steps: tuple[Step, ...], limit: int | None) -> str:
    return "\n\n".join(_step(number, step, limit) for number, step in enumerate(steps, start=1))


def _step(number: int, step: Step, limit: int | None) -> str:
    key = "tool_failed" if step.is_failed else "tool_done"
    parts = [f"**{number}\\. {verbatim(say(key, title=step.title))}**"]
    if step.input:
        parts.append(_block(step.input, step.language, limit))
    if step.output:
        parts.append(_block(step.output, "", limit))
    if step.pictures:
        parts.append(say("step_made", count=len(step.pictures)))
    return "\n".join(parts)


def _block(text: str, language: str, limit: int | None) -> str:
    if limit is not None and len(text) > limit:
        text = f"{text[:limit].rstrip()} …"
    # A fence in it would end the block.
    inside = text.replace("```", "`\u200b``").strip("\n")
    return f"```{language}\n{inside}\n```"
