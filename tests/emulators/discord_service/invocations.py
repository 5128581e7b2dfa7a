"""How a command looks when a person has filled it in: found by name, typed, with what it names."""

from __future__ import annotations

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    NUMBER,
    STRING,
    SUB_GROUP,
    USER,
)
from tests.emulators.discord_service.interactions import Interaction, owners_of
from tests.emulators.discord_service.places import ChannelState
from tests.emulators.discord_service.values import Json, Upload, User

IN_GUILD, WITH_BOT, IN_PRIVATE = 0, 1, 2
PYTHON_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (User,),
    CHANNEL: (ChannelState,),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}


def context_of(channel: ChannelState) -> int:
    if channel.guild is not None:
        return IN_GUILD
    return WITH_BOT if channel.has_bot else IN_PRIVATE


def find_command(channel: ChannelState, name: str, kind: int, *, is_user_app: bool) -> Json:
    """What the app would offer here under this name; LookupError if it offers no such command."""
    registered = channel.world.commands
    known = [*registered.get(channel.guild_id, []), *registered.get(None, [])]
    named = [one for one in known if (one["type"], one["name"]) == (kind, name)]
    if not named:
        raise LookupError(f"no command {name!r} of type {kind}: {[one['name'] for one in known]}")
    command = named[0]
    contexts = command["contexts"]
    is_offered = context_of(channel) in contexts if contexts is not None else True
    if contexts is None and channel.guild is None and not command["dm_permission"]:
        is_offered = False
    if not is_offered or int(is_user_app) not in command["integration_types"]:
        raise LookupError(f"the app does not offer {name!r} here: {command}")
    return command


def descend(command: Json, path: list[str]) -> list[Json]:
    """The command and its sub-commands, outermost first."""
    steps = [command]
    for name in path:
        options = steps[-1].get("options") or []
        inner = [one for one in options if one["name"] == name and one["type"] <= SUB_GROUP]
        if not inner:
            raise LookupError(f"{steps[-1]['name']!r} has no sub-command {name!r}")
        steps.append(inner[0])
    return steps


def fill_options(
    channel: ChannelState, steps: list[Json], values: Json, focused: str | None = None
) -> tuple[list[Json], Json]:
    """The options as Discord sends them, and what they refer to ("resolved").

    ValueError for what the app would not send: unknown, missing, mistyped, not among the choices.
    """
    offered = {
        one["name"]: one for one in steps[-1].get("options") or [] if one["type"] > SUB_GROUP
    }
    if strange := set(values) - set(offered):
        raise ValueError(f"no options {sorted(strange)}, there are {sorted(offered)}")
    resolved: Json = {}
    filled = []
    for name, option in offered.items():
        if name not in values:
            if option.get("required") and focused is None:
                raise ValueError(f"the option {name!r} is required")
            continue
        value = values[name]
        if name != focused:
            _check_value(option, value)
        entry: Json = {"name": name, "type": option["type"]}
        entry["value"] = _resolve(channel, value, resolved)
        filled.append(entry | ({"focused": True} if name == focused else {}))
    for inner in reversed(steps[1:]):
        filled = [{"name": inner["name"], "type": inner["type"], "options": filled}]
    return filled, resolved


def _check_value(option: Json, value: object) -> None:
    wanted = PYTHON_TYPES.get(option["type"], (object,))
    is_bool_for_number = isinstance(value, bool) and option["type"] != BOOLEAN
    if not isinstance(value, wanted) or is_bool_for_number:
        raise ValueError(f"{option['name']!r} takes {wanted}, not {value!r}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise ValueError(f"{option['name']!r} is one of {choices}, not {value!r}")
    if isinstance(value, str):
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(value) <= high:
            raise ValueError(f"{option['name']!r} takes {low} to {high} characters")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.get("min_value", value), option.get("max_value", value)
        if not low <= value <= high:
            raise ValueError(f"{option['name']!r} takes {low} to {high}")


def _resolve(channel: ChannelState, value: object, resolved: Json) -> object:
    if isinstance(value, Upload):
        file = channel.world.files.add(value, channel.id, {"ephemeral": True})
        resolved.setdefault("attachments", {})[str(file.id)] = channel.world.files.render(file)
        return str(file.id)
    if isinstance(value, User):
        resolved.setdefault("users", {})[str(value.id)] = value.raw
        if channel.guild is not None:
            member = channel.guild.member(value, with_user=False) | {"permissions": "0"}
            resolved.setdefault("members", {})[str(value.id)] = member
        return str(value.id)
    if isinstance(value, ChannelState):
        resolved.setdefault("channels", {})[str(value.id)] = value.raw | {"permissions": "0"}
        return str(value.id)
    return value


def describe_interaction(interaction: Interaction) -> Json:
    """INTERACTION_CREATE's data."""
    channel, world = interaction.channel, interaction.world
    told: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel.raw | {"permissions": str(permissions.MEMBER_PERMISSIONS)},
        "app_permissions": str(channel.allowed),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": owners_of(interaction),
        "context": context_of(channel),
        "attachment_size_limit": channel.filesize_limit,
    }
    if interaction.message is not None:
        told["message"] = interaction.message.raw
    if channel.guild is None:
        return told | {"user": interaction.user.raw}
    guild = channel.guild
    member = guild.member(interaction.user)
    told["member"] = member | {"permissions": str(permissions.MEMBER_PERMISSIONS)}
    told["guild"] = {"id": str(guild.id), "locale": "en-US", "features": []}
    return told | {"guild_id": str(guild.id), "guild_locale": "en-US"}
