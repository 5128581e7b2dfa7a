"""What the service's calls used and cost."""

from collections.abc import Sequence

from handlers.messages import UsageEntry
from handlers.ports.stores import UsageTotal
from storage.database import Database, Session

DAY = "%Y-%m-%d"
MONTH = "%Y-%m"


async def insert_usage(
    session: Session, entries: Sequence[UsageEntry], person: str, chat_id: int | None, at: float
) -> None:
    for entry in entries:
        await session.execute(
            "INSERT INTO usage (at, person, chat_id, capability, model, input_tokens,"
            " cached_tokens, output_tokens, seconds, characters, images, cost_usd, is_estimate)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                at,
                person,
                chat_id,
                entry.capability,
                entry.model,
                entry.input_tokens,
                entry.cached_tokens,
                entry.output_tokens,
                entry.seconds,
                entry.characters,
                entry.images,
                entry.cost_usd,
                entry.is_estimate,
            ),
        )


class SqliteUsage:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_day(self, person: str, since: float) -> list[UsageTotal]:
        return await self._total(DAY, person, since)

    async def by_month(self, person: str, since: float) -> list[UsageTotal]:
        return await self._total(MONTH, person, since)

    async def _total(self, period: str, person: str, since: float) -> list[UsageTotal]:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT strftime(?, at, 'unixepoch') AS period, capability, model, count(*),"
                " sum(input_tokens), sum(output_tokens), sum(seconds), sum(images),"
                " sum(characters), total(cost_usd), sum(cost_usd IS NULL), sum(is_estimate)"
                " FROM usage WHERE person = ? AND at >= ?"
                " GROUP BY period, capability, model ORDER BY period DESC, capability, model",
                (period, person, since),
            )
        return [UsageTotal(*row) for row in rows]
