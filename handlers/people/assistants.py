"""/assistant: somebody whom people make, keep, share and choose to be answered by.

Each chat is a conversation with the one that was chosen there. An assistant is instructions, and
if wanted a model, files, and the tools that it may use; all of it works on every server.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError
from handlers.knowledge.kept_documents import shelf_of
from handlers.knowledge.learning import Learning, files_of
from handlers.menus import back, rows
from handlers.messages import ChatSettings, IncomingMessage
from handlers.ports.assistants import Assistant, AssistantStore, Sharing
from handlers.ports.stores import SettingsStore
from handlers.texts import say
from handlers.turn import Turn

MAX_ASSISTANTS = 50
"""Of a person."""
MAX_INSTRUCTIONS = 16_000
"""Characters: they are sent with every request."""
MAX_SHOWN = 3_000
ACTIONS = ("use", "new", "change", "show", "remove")
NO_FILES = "none"
MADE = "assistant"
"""The step that names the one that this message made."""
OFF = ("off", "none", "default")
SHARES = {"me": Sharing.PERSON, "chat": Sharing.CHAT, "all": Sharing.ALL}
_NAME = re.compile(r"[\w-]{1,32}")
_WORD = re.compile(r"\s*(model|tools|share|files)=(\S*)")

Handler = Callable[[Turn], Awaitable[None]]


class Assistants:
    def __init__(
        self,
        store: AssistantStore,
        settings: SettingsStore,
        learning: Learning,
        is_owner: Callable[[IncomingMessage], bool],
        tool_names: Callable[[], tuple[str, ...]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._learning = learning
        self._is_owner = is_owner
        self._tool_names = tool_names

    # ------------------------------------------------------------ as who it answers

    def answering_as_chosen(self, handler: Handler) -> Handler:
        """The handler, with the chat's settings under what its assistant says."""

        async def handle(turn: Turn) -> None:
            if turn.settings.assistant:
                turn.settings = await self._chosen(turn)
            await handler(turn)

        return handle

    async def _chosen(self, turn: Turn) -> ChatSettings:
        """A share that was taken back is taken back here, too: from whoever chose it."""
        own = turn.settings
        in_reach = await self._store.in_reach(turn.message.chat, own.assistant_by)
        chosen = next((one for one in in_reach if one.id == own.assistant), None)
        return replace(own, assistant=0) if chosen is None else self.under(own, chosen)

    def under(self, settings: ChatSettings, chosen: Assistant) -> ChatSettings:
        """What is said of the assistant, over what people chose for the chat."""
        settings = replace(settings, persona=chosen.instructions)
        if chosen.model:
            settings = replace(settings, model=chosen.model, effort="")
        if chosen.tools is not None:
            off = tuple(name for name in self._tool_names() if name not in chosen.tools)
            settings = replace(settings, tools_on=chosen.tools, tools_off=off)
        return settings

    # ------------------------------------------------------------ /assistant

    async def assistant(self, turn: Turn) -> None:
        """/assistant [use|new|change|show|remove] name [model=… tools=… share=…] [instructions]"""
        options, line = _options(turn.message.text)
        first, rest = _word(line)
        action, line = (first, rest) if first in ACTIONS else ("use", line)
        name, rest = _word(line)
        more, instructions = _options(rest)
        options |= more
        name = name.removesuffix(":").lower()
        if not name:
            if action != "use" or options:
                raise wrong_arguments("assistant")
            await self._menu(turn)
            return
        match action:
            case "use":
                await self._use(turn, name)
            case "new":
                await self._new(turn, name, options, instructions)
            case "change":
                await self._change(turn, name, options, instructions)
            case "show":
                await self._show(turn, name)
            case _:
                await self._remove(turn, name)

    async def _menu(self, turn: Turn, before: str = "") -> None:
        known = await self._in_reach(turn)
        chosen = turn.settings.assistant
        names = [one.name for one in known]
        options = [
            # The id where a name means several: a button always means the one that it shows.
            (one.name, f"assistant use #{one.id}", one.id == chosen)
            for one in known
        ]
        options.append((say("assistant_usual"), "assistant off", chosen not in _ids(known)))
        text = say("assistants") if names else say("assistants_none")
        await turn.reply.menu("\n".join(filter(None, (before, text))), (*rows(options), back()))

    async def _use(self, turn: Turn, name: str) -> None:
        if name in OFF:
            await self._choose(turn, 0)
            await self._menu(turn, say("assistant_off"))
            return
        found = await self._named(turn, name)
        await self._choose(turn, found.id)
        await self._menu(turn, say("assistant_chosen", name=found.name))

    async def _choose(self, turn: Turn, assistant_id: int) -> None:
        person = turn.message.sender.key if assistant_id else ""
        turn.settings = replace(turn.settings, assistant=assistant_id, assistant_by=person)
        await self._settings.save(turn.message.chat, turn.settings)

    async def _new(
        self, turn: Turn, name: str, options: Mapping[str, str], instructions: str
    ) -> None:
        if not instructions or not _NAME.fullmatch(name) or name in (*OFF, *ACTIONS):
            raise wrong_arguments("assistant")
        known = turn.step(MADE)
        assistant_id = int(known) if known else await self._make(turn, name, options, instructions)
        await self._choose(turn, assistant_id)
        await self._done(turn, assistant_id, say("assistant_made", name=name))

    async def _make(
        self, turn: Turn, name: str, options: Mapping[str, str], instructions: str
    ) -> int:
        message = turn.message
        if any(one.name == name for one in await self._in_reach(turn)):
            raise NothingToDoError("assistant_there")
        blank = Assistant(name, message.sender.key, message.chat, "")
        made = self._changed(turn, blank, options, instructions)
        assistant_id = await self._store.save(made, MAX_ASSISTANTS)
        if not assistant_id:
            raise NothingToDoError("assistants_full")
        # Its files may still fail, or the process end: it is there then, and not in its own way.
        await turn.save_step(MADE, str(assistant_id))
        return assistant_id

    async def _change(
        self, turn: Turn, name: str, options: Mapping[str, str], instructions: str
    ) -> None:
        found = await self._own(turn, name)
        if not options and not instructions and not files_of(turn.message):
            raise wrong_arguments("assistant")
        await self._store.save(self._changed(turn, found, options, instructions), MAX_ASSISTANTS)
        if options.get("files") == NO_FILES:
            await self._learning.forget(shelf_of(found.id))
        await self._done(turn, found.id, say("assistant_changed", name=found.name))

    async def _done(self, turn: Turn, assistant_id: int, line: str) -> None:
        """Have it learn the files that came along, and say what is done."""
        files = files_of(turn.message)
        if not files:
            await self._menu(turn, line)
            return
        lines = await self._learning.learn(
            turn, files, shelf_of(assistant_id), told="assistant_learned"
        )
        # In the place of the progress that was shown.
        await turn.reply.tell("\n".join((line, *lines)))

    def _changed(
        self, turn: Turn, before: Assistant, options: Mapping[str, str], instructions: str
    ) -> Assistant:
        changes: dict[str, Any] = {}
        if len(instructions) > MAX_INSTRUCTIONS:
            raise NothingToDoError("assistant_long")
        if instructions:
            changes["instructions"] = instructions
        if "model" in options:
            changes["model"] = "" if options["model"] in OFF else options["model"]
        if "tools" in options:
            changes["tools"] = self._read_tools(options["tools"])
        if options.get("files", NO_FILES) != NO_FILES:
            raise wrong_arguments("assistant")
        if "share" in options:
            changes["reach"] = self._read_share(turn, options["share"])
            changes["chat"] = turn.message.chat
        return replace(before, **changes)

    def _read_tools(self, told: str) -> tuple[str, ...] | None:
        if told in ("", "all", "default"):
            return None
        names = tuple(dict.fromkeys(filter(None, told.split(",")))) if told != "none" else ()
        if not set(names) <= set(self._tool_names()):
            raise NothingToDoError("assistant_tools")
        return names

    def _read_share(self, turn: Turn, told: str) -> Sharing:
        if told not in SHARES:
            raise wrong_arguments("assistant")
        if SHARES[told] is Sharing.ALL and not self._is_owner(turn.message):
            raise NothingToDoError("owners_only")
        return SHARES[told]

    async def _show(self, turn: Turn, name: str) -> None:
        found = await self._named(turn, name)
        instructions = found.instructions
        if len(instructions) > MAX_SHOWN:
            instructions = f"{instructions[:MAX_SHOWN]} …"
        shared = {reach: word for word, reach in SHARES.items()}[found.reach]
        text = say(
            "assistant_shown",
            name=found.name,
            model=found.model or say("assistant_as_chat"),
            tools=", ".join(found.tools) or "-"
            if found.tools is not None
            else say("assistant_as_chat"),
            share=shared,
            files=", ".join(await self._learning.names(shelf_of(found.id))) or "-",
            instructions=instructions,
        )
        await turn.reply.line("assistant", text)

    async def _remove(self, turn: Turn, name: str) -> None:
        found = await self._own(turn, name)
        await self._learning.forget(shelf_of(found.id))
        await self._store.remove(found.id)
        if turn.settings.assistant == found.id:
            await self._choose(turn, 0)
        await self._menu(turn, say("assistant_removed", name=found.name))

    # ------------------------------------------------------------ whom

    async def _in_reach(self, turn: Turn) -> tuple[Assistant, ...]:
        return await self._store.in_reach(turn.message.chat, turn.message.sender.key)

    async def _named(self, turn: Turn, name: str) -> Assistant:
        """Of several with one name the person's own."""
        known = await self._in_reach(turn)
        found = [one for one in known if name in (one.name, f"#{one.id}")]
        if not found:
            raise NothingToDoError("assistant_unknown")
        own = [one for one in found if one.person == turn.message.sender.key]
        return (own or found)[0]

    async def _own(self, turn: Turn, name: str) -> Assistant:
        """One that this person may change: their own, or any if they are an owner."""
        found = await self._named(turn, name)
        if found.person != turn.message.sender.key and not self._is_owner(turn.message):
            raise NothingToDoError("assistant_not_yours")
        return found


def _ids(known: tuple[Assistant, ...]) -> set[int]:
    return {one.id for one in known}


def _word(line: str) -> tuple[str, str]:
    """The first word, and what follows it, be it on the next line."""
    words = line.split(maxsplit=1)
    return (words[0], words[1]) if len(words) > 1 else (line.strip(), "")


def _options(line: str) -> tuple[dict[str, str], str]:
    """The options at the beginning of a line, and what follows them."""
    told: dict[str, str] = {}
    while (found := _WORD.match(line)) is not None and found[1] not in told:
        told[found[1]] = found[2].strip(",;").lower() if found[1] != "model" else found[2]
        line = line[found.end() :]
    return told, line.strip()
