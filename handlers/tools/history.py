"""The tool that looks in what was said in this chat, far behind what the model is shown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from handlers.ports.chat import ToolSpec
from handlers.ports.stores import HistorySearch, Recalled
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

DEFAULT_LIMIT = 5
MAX_LIMIT = 20
MAX_CHARACTERS = 1_500
"""Of a question, and of its answer."""
MAX_WORDS = 200


class SearchHistory(Tool):
    spec = ToolSpec(
        "search_history",
        "Searches everything that was ever said in this chat, also long ago. Use it when the "
        "person speaks of something that you no longer see.",
        {
            "type": "object",
            "properties": {
                "words": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_WORDS,
                    "description": "Words that must have stood there: few, and in the language of "
                    "the chat.",
                },
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
            },
            "required": ["words"],
            "additionalProperties": False,
        },
    )
    summary = "look up what was said here before"

    def __init__(self, search: HistorySearch) -> None:
        self._search = search

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        words = arguments["words"]
        limit = arguments.get("limit", DEFAULT_LIMIT)
        found = await self._search.search(turn.message.chat, words, limit, turn.spent)
        title = f"search_history: {words} ({len(found)})"
        if not found:
            return ToolOutput("Nothing was found. Try other words, or fewer.", title=title)
        return ToolOutput("\n\n".join(map(_told, found)), title=title)


def _told(found: Recalled) -> str:
    at = datetime.fromtimestamp(found.answered_at, UTC)
    exchange = found.exchange
    lines = [
        f"[{at:%Y-%m-%d %H:%M} UTC]",
        f"{exchange.author or 'Person'}: {_clip(exchange.question)}",
        f"You: {_clip(exchange.answer)}",
    ]
    if max(len(exchange.question), len(exchange.answer)) > MAX_CHARACTERS and found.passage.text:
        lines.append(f"(The words stand here: {found.passage.text})")
    return "\n".join(lines)


def _clip(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} …"
