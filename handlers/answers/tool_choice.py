"""/tools: what the model may use in a chat, switched on and off."""

from dataclasses import replace

from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError
from handlers.menus import MAX_ACTION_BYTES, in_rows
from handlers.messages import Button, ButtonRows, ChatSettings
from handlers.ports.stores import SettingsStore
from handlers.texts import say
from handlers.tools.tool import ToolDefault
from handlers.tools.toolbox import ALL, Toolbox, ToolEntry
from handlers.turn import Turn

MAX_BUTTONS = 24
"""What the narrowest platform has room for, with the one that leads back."""
MAX_SUMMARY = 100
SWITCHES = ("on", "off")


class ToolChoice:
    def __init__(self, toolbox: Toolbox, store: SettingsStore) -> None:
        self._toolbox = toolbox
        self._store = store

    async def tools(self, turn: Turn) -> None:
        """/tools [on|off] [name]"""
        words = turn.message.text.split()
        if words:
            if len(words) != 2 or words[0].lower() not in SWITCHES:
                raise wrong_arguments("tools")
            await self._switch(turn, words[1], is_on=words[0].lower() == "on")
        entries = self._toolbox.entries
        lines = "\n".join(self._line(turn, entry) for entry in entries) or say("tools_none")
        buttons = self._buttons(turn)
        text = say("tools_menu", lines=lines)
        if sum(map(len, buttons)) < len([e for e in entries if self._may(turn, e)]):
            text = f"{text}\n{say('tools_typed')}"
        await turn.reply.menu(text, (*buttons, (Button(say("button_back"), "settings"),)))

    async def _switch(self, turn: Turn, name: str, *, is_on: bool) -> None:
        if name.lower() == ALL:
            meant = [entry for entry in self._toolbox.entries if self._may(turn, entry)]
        else:
            entry = self._toolbox.find_entry(name)
            if entry is None:
                raise NothingToDoError("tool_unknown")
            if not self._may(turn, entry):
                raise NothingToDoError("tool_owners_only")
            meant = [entry]
        chosen = turn.settings
        for entry in meant:
            chosen = _switched(chosen, entry, is_on=is_on)
        if chosen != turn.settings:
            await self._store.save(turn.message.chat, chosen)
            turn.settings = chosen

    def _may(self, turn: Turn, entry: ToolEntry) -> bool:
        return self._toolbox.may_use(entry, turn.message)

    def _line(self, turn: Turn, entry: ToolEntry) -> str:
        summary = entry.summary[:MAX_SUMMARY]
        if not self._may(turn, entry):
            return say("tools_line_owners", name=entry.name, summary=summary)
        mark = "✓" if entry.is_on(turn.settings) else "✗"
        return say("tools_line", mark=mark, name=entry.name, summary=summary)

    def _buttons(self, turn: Turn) -> ButtonRows:
        """One for each tool that this person can switch: it does the other thing."""
        buttons = []
        for entry in self._toolbox.entries:
            is_on = entry.is_on(turn.settings)
            action = f"tools {'off' if is_on else 'on'} {entry.name}"
            label = say("chosen", label=entry.name) if is_on else entry.name
            if self._may(turn, entry) and len(action.encode()) <= MAX_ACTION_BYTES:
                buttons.append(Button(label, action))
        buttons = buttons[: MAX_BUTTONS - 1]
        return in_rows(buttons)


def _switched(settings: ChatSettings, entry: ToolEntry, *, is_on: bool) -> ChatSettings:
    """Only what differs from the tool's own default is kept."""
    on = tuple(name for name in settings.tools_on if name != entry.name)
    off = tuple(name for name in settings.tools_off if name != entry.name)
    if is_on and entry.default is ToolDefault.OFF:
        on = (*on, entry.name)
    if not is_on and entry.default is ToolDefault.ON:
        off = (*off, entry.name)
    return replace(settings, tools_on=on, tools_off=off)
