"""/usage: what a person used, and what it cost."""

from collections.abc import Sequence
from itertools import groupby

from handlers.ports.machine import Clock
from handlers.ports.stores import UsageStore, UsageTotal
from handlers.texts import say
from handlers.turn import Turn

DAY_S = 86_400.0
DAYS = 7
MONTHS_S = 366 * DAY_S


class UsageReport:
    def __init__(self, store: UsageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def show(self, turn: Turn) -> None:
        """The person's own: each day of the last week, each month of the last year."""
        person = turn.message.sender.key
        now = self._clock.now()
        midnight = now - now % DAY_S
        days = await self._store.by_day(person, midnight - (DAYS - 1) * DAY_S)
        months = await self._store.by_month(person, now - MONTHS_S)
        if not months:
            await turn.reply.line("usage", say("usage_none"))
            return
        lines = [
            *((say("usage_days"), *_summary(days, is_detailed=False), "") if days else ()),
            say("usage_months"),
            *_summary(months, is_detailed=True),
        ]
        if any(total.estimated_calls for total in (*days, *months)):
            lines.append(say("usage_estimated"))
        await turn.reply.line("usage", "\n".join(lines))


def _summary(totals: Sequence[UsageTotal], *, is_detailed: bool) -> list[str]:
    lines = []
    for period, group in groupby(totals, lambda total: total.period):
        parts = list(group)
        calls = sum(total.calls for total in parts)
        line = "usage_call" if calls == 1 else "usage_line"
        lines.append(say(line, period=period, amount=_amount(parts), calls=calls))
        if is_detailed:
            lines += [
                say(
                    "usage_detail",
                    capability=total.capability,
                    model=total.model,
                    amount=_amount([total]),
                )
                for total in parts
            ]
    return lines


def _amount(totals: Sequence[UsageTotal]) -> str:
    """Money first, then what was counted: tokens, minutes, pictures, characters."""
    words = []
    is_priced = any(total.calls > total.unpriced_calls for total in totals)
    if is_priced:
        mark = "≈" if any(total.estimated_calls for total in totals) else ""
        words.append(f"{mark}${sum(total.cost_usd for total in totals):.4f}")
    tokens = sum(total.input_tokens + total.output_tokens for total in totals)
    counts = (
        (tokens, "tokens"),
        (round(sum(total.seconds for total in totals) / 60, 1), "min of sound"),
        (sum(total.images for total in totals), "pictures"),
        (sum(total.characters for total in totals), "characters spoken"),
    )
    words += [f"{count:,} {unit}" for count, unit in counts if count]
    amount = ", ".join(words)
    if any(total.unpriced_calls for total in totals):
        return say("usage_unpriced", amount=amount)
    return amount
