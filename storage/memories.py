"""Facts that people asked to be remembered, and that are gone once they ask for it."""

from collections.abc import Sequence

from handlers.ports.stores import Fact, FactOwner
from storage.database import Database, Session, shielded


class SqliteMemories:
    """Fills the port MemoryStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, owner: FactOwner) -> tuple[Fact, ...]:
        async with self._database.reading() as session:
            return await _load(session, owner)

    @shielded
    async def add(self, owner: FactOwner, text: str, max_count: int, max_characters: int) -> bool:
        async with self._database.transaction() as session:
            known = await _load(session, owner)
            if len(known) >= max_count or _length(known) + len(text) > max_characters:
                return False
            [(last,)] = await session.execute(
                "SELECT coalesce(max(position), 0) FROM memories WHERE person = ? AND place = ?",
                (owner.person, owner.place),
            )
            await self._insert(session, owner, last + 1, text)
        return True

    @shielded
    async def change(self, owner: FactOwner, fact_id: int, text: str, max_characters: int) -> bool:
        async with self._database.transaction() as session:
            others = [fact for fact in await _load(session, owner) if fact.id != fact_id]
            if _length(others) + len(text) > max_characters:
                return False
            positions = await _empty(session, owner, fact_id)
            for position in positions:
                await self._insert(session, owner, position, text)
        if positions:
            await self._database.forget_log()
        return bool(positions)

    @shielded
    async def erase(self, owner: FactOwner, fact_ids: Sequence[int]) -> int:
        async with self._database.transaction() as session:
            erased = sum([len(await _empty(session, owner, one)) for one in fact_ids])
        await self._database.forget_log()
        return erased

    async def _insert(self, session: Session, owner: FactOwner, position: int, text: str) -> None:
        await session.execute(
            "INSERT INTO memories (person, place, position, fact, told_at) VALUES (?, ?, ?, ?, ?)",
            (owner.person, owner.place, position, text, self._database.clock.now()),
        )


async def move_memories(session: Session, old: str, new: str) -> None:
    """The group ``old`` has another name now; what was told under both stands in order of time."""
    await session.execute("UPDATE memories SET place = ? WHERE place = ?", (new, old))


async def _load(session: Session, owner: FactOwner) -> tuple[Fact, ...]:
    rows = await session.execute(
        "SELECT id, fact FROM memories WHERE person = ? AND place = ? ORDER BY position, id",
        (owner.person, owner.place),
    )
    return tuple(Fact(*row) for row in rows)


async def _empty(session: Session, owner: FactOwner, fact_id: int) -> list[int]:
    """The position of what was there. The row stays, and says nothing.

    SQLite overwrites what a row loses. For a row that goes, or grows, it moves the neighbours, and
    their words stay where they were until that place is needed: a later erasure would miss them.
    """
    places = await session.execute(
        "SELECT position FROM memories WHERE id = ? AND person = ? AND place = ?",
        (fact_id, owner.person, owner.place),
    )
    if places:
        await session.execute(
            "UPDATE memories SET person = '', place = '', position = 0, fact = '', told_at = 0"
            " WHERE id = ?",
            (fact_id,),
        )
    return [int(position) for (position,) in places]


def _length(facts: Sequence[Fact]) -> int:
    return sum(len(fact.text) for fact in facts)
