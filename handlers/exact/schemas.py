"""/schema: the JSON Schemas that a chat keeps for /json."""

import re

from handlers.commands import wrong_arguments
from handlers.exact.json_answers import code_block, excerpt, pretty
from handlers.exact.json_schemas import Schema, read_name, read_schema
from handlers.exact.saved_schemas import SavedSchemas, is_json_file, read_json_file
from handlers.exact.schema_checks import SchemaChecks
from handlers.media.threads import run_to_end
from handlers.menus import MAX_ACTION_BYTES, rows
from handlers.messages import Button, ButtonRows, Delivery, TextFile
from handlers.ports.stores import Outcome
from handlers.texts import say
from handlers.turn import Turn

_NAMED = re.compile(r"([\w-]+)\s*(.*)", re.DOTALL)


class Schemas:
    def __init__(self, saved: SavedSchemas, checks: SchemaChecks) -> None:
        self._saved = saved
        self._checks = checks

    async def schema(self, turn: Turn) -> None:
        """/schema [list|add name {…}|show name|remove name]"""
        action, rest = (*turn.message.text.split(maxsplit=1), "", "")[:2]
        match action.lower():
            case "" | "list":
                await self._list(turn)
            case "add":
                await self._add(turn, rest.strip())
            case "show":
                await self._show(turn, _name(rest.strip()))
            case "remove":
                name = _name(rest.strip())
                await self._saved.remove(turn.message.chat, name)
                await turn.reply.line("schema", say("schema_removed", name=name))
            case _:
                raise wrong_arguments("schema")

    async def _list(self, turn: Turn) -> None:
        names = [saved.name for saved in await self._saved.all(turn.message.chat)]
        if not names:
            await turn.reply.line("schema", say("schema_none"))
            return
        shown = [(name, f"schema show {name}", False) for name in names]
        listed = "\n".join(f"- {name}" for name in names)
        await turn.reply.menu(say("schema_list", names=listed), rows(shown))

    async def _add(self, turn: Turn, rest: str) -> None:
        found = _NAMED.fullmatch(rest)
        if found is None:
            raise wrong_arguments("schema")
        name = _name(found[1])
        schema = await self._given(turn, found[2])
        await self._checks.require_schema(schema)
        await self._saved.add(turn.message.chat, name, schema)
        await turn.reply.line("schema", say("schema_added", name=name))

    async def _given(self, turn: Turn, text: str) -> Schema:
        """The schema that was written, sent as a file, or replied to."""
        if text:
            return await run_to_end(read_schema, text)
        quoted = turn.message.quoted
        files = (*turn.message.attachments, *(quoted.attachments if quoted is not None else ()))
        for attachment in filter(is_json_file, files):
            return await run_to_end(read_schema, await read_json_file(turn, attachment))
        if quoted is not None and quoted.text.strip():
            return await run_to_end(read_schema, quoted.text)
        raise wrong_arguments("schema")

    async def _show(self, turn: Turn, name: str) -> None:
        text = pretty(await self._saved.find(turn.message.chat, name))
        shown = excerpt(text)
        is_whole = shown == text
        delivery = Delivery(
            code_block(shown),
            "" if is_whole else say("whole_in_file"),
            _removal(name),
            files=() if is_whole else (TextFile(f"{name}.json", text, "application/json"),),
        )
        await turn.commit(Outcome(delivery))
        await turn.deliver(delivery)


def _removal(name: str) -> ButtonRows:
    action = f"schema remove {name}"
    is_short = len(action.encode()) <= MAX_ACTION_BYTES
    return ((Button(say("button_remove"), action),),) if is_short else ()


def _name(word: str) -> str:
    if not (name := read_name(word)):
        raise wrong_arguments("schema")
    return name
