"""The tool by which the model keeps a fact about the person whom it answers."""

from collections.abc import Mapping
from typing import Any

from handlers.knowledge.facts import MAX_FACT, Facts, Kept
from handlers.ports.chat import ToolSpec
from handlers.prompts import REMEMBER, REMEMBERED
from handlers.texts import say
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn


class Remember(Tool):
    """Fills the port Tool."""

    spec = ToolSpec(
        name="remember",
        description=REMEMBER,
        parameters={
            "type": "object",
            "properties": {
                "fact": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_FACT,
                    "description": "One sentence about the person, in their language.",
                }
            },
            "required": ["fact"],
            "additionalProperties": False,
        },
    )
    summary = "Keeps a fact about you when you ask for it; /memories shows them."
    is_lasting = True

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        fact = str(arguments["fact"]).strip()
        if not fact:
            return ToolOutput(REMEMBERED[Kept.TOO_LONG], is_failed=True)
        kept = await self._facts.keep(turn.message, fact)
        return ToolOutput(
            REMEMBERED[kept],
            title=say("step_remember", fact=fact),
            is_failed=kept in (Kept.FULL, Kept.TOO_LONG),
        )
