"""What the handlers need kept of assistants."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from handlers.messages import ChatKey


class Sharing(StrEnum):
    """Who may choose an assistant."""

    PERSON = "person"
    """Who made it, in all of their chats."""
    CHAT = "chat"
    """Everybody in the chat where it was made."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Assistant:
    """Somebody that people made to answer them."""

    name: str
    """One word, in lower case."""
    person: str
    """Who made it: ``telegram:123``."""
    chat: ChatKey
    """Where it was made; it is shared there if its reach is CHAT."""
    instructions: str
    model: str = ""
    """Empty for the chat's."""
    tools: tuple[str, ...] | None = None
    """The only ones that it may use; None for the chat's."""
    reach: Sharing = Sharing.PERSON
    id: int = 0


class AssistantStore(Protocol):
    async def in_reach(self, chat: ChatKey, person: str) -> tuple[Assistant, ...]:
        """Those that a person may choose in a chat: their own, its own, those for all; by name."""
        ...

    async def find(self, assistant_id: int) -> Assistant | None: ...

    async def save(self, assistant: Assistant, most: int) -> int:
        """Its id, which is new if it has none; 0 if the person has ``most`` already."""
        ...

    async def remove(self, assistant_id: int) -> None: ...
