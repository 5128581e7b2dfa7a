"""Values to store, a clock that a test sets, and all that is stored."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from handlers.messages import (
    Capability,
    ChatKey,
    Exchange,
    IncomingMessage,
    Sender,
    UsageEntry,
)

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC

CHAT = ChatKey("telegram", "100")
OTHER_CHAT = ChatKey("telegram", "100", "7")
ADA = Sender("telegram", "1", "Ada", "en")


@dataclass(slots=True)
class SetClock:
    time: float = NOON

    def now(self) -> float:
        return self.time


def message(key: str, text: str = "hello", chat: ChatKey = CHAT) -> IncomingMessage:
    return IncomingMessage(key=key, chat=chat, sender=ADA, message_id=f"m{key}", text=text)


def exchange(number: int) -> Exchange:
    return Exchange(f"question {number}", f"answer {number}", model="gpt")


def usage(cost_usd: float | None = 0.5, capability: Capability = Capability.CHAT) -> UsageEntry:
    return UsageEntry(capability, "gpt", input_tokens=10, output_tokens=5, cost_usd=cost_usd)


def everything_stored(path: Path) -> str:
    """All rows of all tables, those among them that full-text indices are made of."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        ).fetchall()
        rows = [
            row
            for (name,) in names
            for row in connection.execute(f"SELECT * FROM {name}")  # noqa: S608  # our own words
        ]
    return "\n".join(map(repr, rows))
