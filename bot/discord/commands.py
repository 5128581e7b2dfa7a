"""The table of commands as Discord registers it: slash commands with fields, menus of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handlers.command import Command, Completes, MessageMenu, Option, OptionKind
from handlers.commands import COMMANDS, MESSAGE_MENUS

Json = dict[str, Any]

SLASH, MESSAGE_MENU = 1, 3
TEXT, SWITCH, FILE = 3, 5, 11
MAX_TEXT = 6000
"""Characters in a field; more than the table knows, and the most that Discord takes."""
EVERYWHERE: Json = {
    # By the owner of a server, and by people for themselves.
    "integration_types": [0, 1],
    # In servers, in the direct chat with the bot, in chats that the bot is not in.
    "contexts": [0, 1, 2],
}


def payloads() -> list[Json]:
    """What replaces all commands of the application."""
    slash = [_slash(command) for command in COMMANDS if command.is_listed]
    return slash + [_menu(menu) for menu in MESSAGE_MENUS]


def field_names(option: Option) -> tuple[str, ...]:
    """An option's fields: ``file``, ``file2``, ``file3`` for three copies."""
    return (option.name, *(f"{option.name}{number}" for number in range(2, option.copies + 1)))


def _slash(command: Command) -> Json:
    fields = [field for option in command.options for field in _fields(option)]
    payload: Json = {"type": SLASH, "name": command.name, "description": command.summary}
    return payload | EVERYWHERE | ({"options": fields} if fields else {})


def _menu(menu: MessageMenu) -> Json:
    return {"type": MESSAGE_MENU, "name": menu.name} | EVERYWHERE


def _fields(option: Option) -> Iterator[Json]:
    for number, name in enumerate(field_names(option)):
        field: Json = {"name": name, "description": option.summary}
        if option.is_required and number == 0:
            field["required"] = True
        yield field | _typed(option)


def _typed(option: Option) -> Json:
    match option.kind:
        case OptionKind.FILE:
            return {"type": FILE}
        case OptionKind.THREAD:
            return {"type": SWITCH}
    if option.choices:
        return {"type": TEXT, "choices": [{"name": one, "value": one} for one in option.choices]}
    if option.completes is not Completes.NOTHING:
        return {"type": TEXT, "autocomplete": True}
    return {"type": TEXT, "max_length": MAX_TEXT}
