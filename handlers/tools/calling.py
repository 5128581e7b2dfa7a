"""A round of calls: carried out side by side, shown in quiet lines, kept one by one."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from handlers.answers.answer_drafts import AnswerDraft
from handlers.ports.chat import ToolCall, ToolResult, ToolRound
from handlers.ports.machine import Clock
from handlers.ports.platforms import Activity
from handlers.sounds.long_texts import verbatim
from handlers.texts import say
from handlers.tools.arguments import describe
from handlers.tools.rounds import FRESH_S, Called, restored
from handlers.tools.running import ToolRunner
from handlers.tools.tool import ToolOutput
from handlers.turn import Turn

TOO_MANY = "Error: there have been too many calls in this answer. Answer with what you know."


class Calling:
    def __init__(self, runner: ToolRunner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock

    def may_go_on(self, draft: AnswerDraft) -> bool:
        """Whether the model may call anything more in this answer."""
        limits = self._runner.limits
        return len(draft.rounds) < limits.rounds and draft.calls < limits.calls

    async def restore(self, turn: Turn, draft: AnswerDraft, model: str) -> None:
        """The rounds that were carried out before a crash; what one lacks is done now."""
        for called in restored(turn):
            await self._carry_out(turn, draft, called, model)

    async def begin(
        self, turn: Turn, draft: AnswerDraft, calls: tuple[ToolCall, ...], carried: str, model: str
    ) -> None:
        """Carry out what the answer so far called; ``model`` gave it, with ``carried``."""
        called = Called(
            number=len(draft.rounds),
            calls=calls,
            text=draft.current,
            carried=carried,
            model=model,
            at=self._clock.now(),
            sources=tuple(draft.sources.values()),
        )
        await called.save(turn)
        await self._carry_out(turn, draft, called, model)

    async def _carry_out(self, turn: Turn, draft: AnswerDraft, called: Called, model: str) -> None:
        draft.texts.append(called.text)
        draft.current = ""
        draft.cite(called.sources)
        outputs = self._known(turn, called)
        room = max(0, self._runner.limits.calls - draft.calls)
        allowed = called.calls[:room]
        missing = [place for place in range(len(allowed)) if place not in outputs]
        turn.reply.show(_with_lines(draft.text, [called.calls[place] for place in missing]))
        left_s = self._runner.limits.total_timeout_s - draft.calls_took_s
        started = asyncio.get_running_loop().time()

        async def carry_out(place: int) -> None:
            call, kept = called.calls[place], _kept_step(called, place)
            outputs[place] = await self._runner.run(turn, call, draft.offer, left_s, kept)
            await called.save_output(turn, place, outputs[place])

        try:
            async with turn.reply.working(Activity.WRITING):
                await _side_by_side([carry_out(place) for place in missing])
        finally:
            # Also when it is stopped: what was made by then is kept.
            draft.calls_took_s += asyncio.get_running_loop().time() - started
            draft.calls += len(called.calls)
            results = self._note(turn, draft, called, outputs, len(allowed))
        # What one model carries, another cannot read.
        carried = called.carried if called.model == model else ""
        draft.rounds.append(ToolRound(called.calls, results, called.text, carried))

    def _note(
        self,
        turn: Turn,
        draft: AnswerDraft,
        called: Called,
        outputs: dict[int, ToolOutput],
        allowed: int,
    ) -> tuple[ToolResult, ...]:
        """Take up what came of the calls; of one that was cut short, what it had made."""
        results = []
        for place, call in enumerate(called.calls[:allowed]):
            kept_step = _kept_step(called, place)
            output = outputs.get(place) or self._runner.kept(turn, call, kept_step)
            if output is not None:
                told = draft.note(output, call, is_lasting=self._runner.is_lasting(call.name))
                results.append(ToolResult(call.id, told))
        refused = called.calls[allowed:]
        if refused:
            draft.note_refused(len(refused))
        return (*results, *(ToolResult(call.id, TOO_MANY) for call in refused))

    def _known(self, turn: Turn, called: Called) -> dict[int, ToolOutput]:
        """What came of the calls before a crash, and still holds."""
        is_fresh = self._clock.now() - called.at < FRESH_S
        known: dict[int, ToolOutput] = {}
        for place, call in enumerate(called.calls):
            output = called.output(turn, place)
            is_good = output is not None and is_fresh and not output.is_failed
            if output is not None and (is_good or self._runner.is_lasting(call.name)):
                known[place] = output
        return known


def _with_lines(text: str, calls: Sequence[ToolCall]) -> str:
    """Markdown that shows, under the text, what is being done."""
    titles = (verbatim(describe(call.name, call.arguments)) for call in calls)
    lines = "\n".join(say("tool_running", title=title) for title in titles)
    return "\n\n".join(part for part in (text, lines) if part)


def _kept_step(called: Called, place: int) -> str:
    """Where a call keeps what it makes as it goes."""
    return f"{called.step(place)} made"


async def _side_by_side(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """All of it; if one fails or it is cancelled, none is left behind."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
