"""Application commands: what may be registered, and how a person's choice of one looks."""

from __future__ import annotations

import re
from itertools import pairwise

from tests.emulators.discord_service.values import (
    UNKNOWN_COMMAND,
    ApiError,
    Call,
    Json,
    breach,
    invalid_form,
    unknown,
)
from tests.emulators.discord_service.world import World

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUB_COMMAND, SUB_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL = 1, 2, 3, 4, 5, 6, 7
NUMBER, ATTACHMENT = 10, 11
MAX_OF_KIND = {SLASH: 100, USER_MENU: 15, MESSAGE_MENU: 15}
MAX_OPTIONS, MAX_CHOICES, MAX_TOTAL = 25, 25, 8000
MAX_NAME, MAX_DESCRIPTION, MAX_CHOICE = 32, 100, 100
# Discord's own pattern has \p{sc=Deva}\p{sc=Thai} besides, which \w covers in Python
NAME = re.compile(r"[-_'\w]{1,32}")


class Commands:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list_all(self, call: Call) -> list[Json]:
        return self._of(self._place(call))

    async def replace_all(self, call: Call) -> list[Json]:
        place = self._place(call)
        given = call.body if isinstance(call.body, list) else []
        check_commands(given)
        known = {(one["type"], one["name"]): one["id"] for one in self._of(place)}
        self._world.commands[place] = [
            self._describe(one, place, known.get((one.get("type") or SLASH, one["name"])))
            for one in given
        ]
        self._world.changes.announce()
        return self._of(place)

    async def create(self, call: Call) -> Json:
        """Replaces the command of the same name and kind."""
        place, given = self._place(call), call.fields
        kind = given.get("type") or SLASH
        others = [
            one for one in self._of(place) if (one["type"], one["name"]) != (kind, given["name"])
        ]
        check_commands([*others, given])
        command = self._describe(given, place, None)
        self._world.commands[place] = [*others, command]
        self._world.changes.announce()
        return command

    async def get(self, call: Call) -> Json:
        return self._known(call)

    async def delete(self, call: Call) -> None:
        self._of(self._place(call)).remove(self._known(call))

    def _of(self, place: int | None) -> list[Json]:
        return self._world.commands.setdefault(place, [])

    def _known(self, call: Call) -> Json:
        for command in self._of(self._place(call)):
            if command["id"] == call.ids["command_id"]:
                return command
        raise unknown(UNKNOWN_COMMAND, "application command")

    def _place(self, call: Call) -> int | None:
        if call.number("application_id") != self._world.application_id:
            said = "You are not authorized to perform this action on this application"
            raise breach(20012, said, 403)
        if "guild_id" not in call.ids:
            return None
        guild = self._world.guilds.get(call.number("guild_id"))
        if guild is None or not guild.has_bot:
            raise ApiError(403, 50001, "Missing Access")
        return guild.id

    def _describe(self, given: Json, place: int | None, number: str | None) -> Json:
        command: Json = {"id": number or str(self._world.clock.snowflake())}
        command |= {"application_id": str(self._world.application_id), "version": command["id"]}
        command |= {"type": SLASH, "description": "", "nsfw": False}
        command |= {"contexts": None, "integration_types": [0], "dm_permission": True}
        command |= {key: value for key, value in given.items() if value is not None}
        if given.get("default_member_permissions") is not None:
            command["default_member_permissions"] = str(given["default_member_permissions"])
        return command | ({"guild_id": str(place)} if place else {})


def check_commands(commands: list[Json]) -> None:
    for kind, limit in MAX_OF_KIND.items():
        names = [one["name"] for one in commands if (one.get("type") or SLASH) == kind]
        if len(names) > limit:
            raise breach(30032, f"Maximum number of application commands reached ({limit}).")
        if len(set(names)) < len(names):
            said = "Application command names must be unique"
            raise invalid_form("", "APPLICATION_COMMANDS_DUPLICATE_NAME", said)
    for index, command in enumerate(commands):
        _check_command(command, str(index))


def _check_command(command: Json, where: str) -> None:
    kind = command.get("type") or SLASH
    if kind != SLASH:
        if not 1 <= len(command["name"]) <= MAX_NAME:
            said = f"Must be between 1 and {MAX_NAME} in length."
            raise invalid_form(f"{where}.name", "BASE_TYPE_BAD_LENGTH", said)
        if command.get("description") or command.get("options"):
            said = "Context menu commands cannot have a description or options"
            code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED"
            raise invalid_form(f"{where}.description", code, said)
        return
    _check_names(command, where)
    _check_options(command.get("options") or [], f"{where}.options", depth=0)
    if (total := _count_characters(command)) > MAX_TOTAL:
        said = f"Command exceeds maximum size ({total} > {MAX_TOTAL})"
        raise invalid_form(where, "APPLICATION_COMMAND_TOO_LARGE", said)


def _check_names(named: Json, where: str) -> None:
    name = named["name"]
    if not NAME.fullmatch(name) or name != name.lower():
        raise invalid_form(
            f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
        )
    if not 1 <= len(named.get("description") or "") <= MAX_DESCRIPTION:
        said = f"Must be between 1 and {MAX_DESCRIPTION} in length."
        raise invalid_form(f"{where}.description", "BASE_TYPE_BAD_LENGTH", said)


def _check_options(options: list[Json], where: str, depth: int) -> None:
    if len(options) > MAX_OPTIONS:
        said = f"Must be {MAX_OPTIONS} or fewer in length."
        raise invalid_form(where, "BASE_TYPE_MAX_LENGTH", said)
    names = [option["name"] for option in options]
    if len(set(names)) < len(names):
        said = "Option names must be unique"
        raise invalid_form(where, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", said)
    if any(not a.get("required") and b.get("required") for a, b in pairwise(options)):
        said = "Required options must be placed before non-required options"
        raise invalid_form(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", said)
    nested = [option["type"] in {SUB_COMMAND, SUB_GROUP} for option in options]
    if any(nested) and not all(nested):
        said = "Sub-command and sub-command group option types are mutually exclusive to all others"
        raise invalid_form(where, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", said)
    for index, option in enumerate(options):
        place = f"{where}.{index}"
        _check_names(option, place)
        if option["type"] in {SUB_COMMAND, SUB_GROUP}:
            if depth > 1 or (depth == 1 and option["type"] == SUB_GROUP):
                said = "Sub-commands are nested too deeply"
                raise invalid_form(place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", said)
            _check_options(option.get("options") or [], f"{place}.options", depth + 1)
        else:
            _check_choices(option, place)


def _check_choices(option: Json, where: str) -> None:
    choices = option.get("choices") or []
    if choices and option.get("autocomplete"):
        said = "Autocomplete and choices are mutually exclusive"
        raise invalid_form(where, "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", said)
    if option.get("autocomplete") and option["type"] not in {STRING, INTEGER, NUMBER}:
        said = "Autocomplete is for text and numbers alone"
        raise invalid_form(where, "APPLICATION_COMMAND_AUTOCOMPLETE_TYPE", said)
    if len(choices) > MAX_CHOICES:
        said = f"Must be {MAX_CHOICES} or fewer in length."
        raise invalid_form(f"{where}.choices", "BASE_TYPE_MAX_LENGTH", said)
    for index, choice in enumerate(choices):
        if not 1 <= len(choice["name"]) <= MAX_CHOICE:
            said = f"Must be between 1 and {MAX_CHOICE} in length."
            raise invalid_form(f"{where}.choices.{index}.name", "BASE_TYPE_BAD_LENGTH", said)


def _count_characters(named: Json) -> int:
    own = len(named["name"]) + len(named.get("description") or "")
    own += sum(len(one["name"]) + len(str(one["value"])) for one in named.get("choices") or [])
    return own + sum(_count_characters(option) for option in named.get("options") or [])
