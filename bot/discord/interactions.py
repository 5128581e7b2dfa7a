"""What an interaction asks of the bot, and what Discord is to be told of it first.

Discord waits three seconds for that first response, and it decides who will see the answer:
nothing private can follow a public one, and no form can follow anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import discord
import structlog

from bot.discord.address import Opening
from bot.discord.attachments import read_attachment
from bot.discord.client import ParleyBot
from bot.discord.commands import MESSAGE_MENU, SLASH, field_names
from bot.discord.controls import action_of
from bot.discord.forms import OpenForm, Target, Targets, read_form_id, typed_words
from bot.discord.incoming import MALFORMED, read_quoted
from bot.discord.situation import address_of, is_here, may_open_thread, message_of
from bot.discord.text import clean
from handlers.command import Acknowledgement, Command, Completes, Option, OptionKind, command_line
from handlers.commands import BY_NAME, MESSAGE_MENUS
from handlers.messages import Attachment, ChatKey, IncomingMessage, Origin
from handlers.texts import say

log = structlog.get_logger(__name__)

Json = dict[str, Any]


class Response(StrEnum):
    """The first response to an interaction."""

    DEFER_PUBLIC = "defer public"
    """A message that says that the bot is thinking, for everybody in the chat."""
    DEFER_PRIVATE = "defer private"
    """The same, for the person alone."""
    DEFER_UPDATE = "defer update"
    """The button is released; nothing is shown."""
    FORM = "form"
    COMPLETE = "complete"
    """Completions of what is being typed."""
    LINE = "line"
    """A line of ours for the person alone, and that is all."""


RESPONSES = {
    Acknowledgement.PUBLIC: Response.DEFER_PUBLIC,
    Acknowledgement.PRIVATE: Response.DEFER_PRIVATE,
    Acknowledgement.FORM: Response.DEFER_PRIVATE,
}


@dataclass(frozen=True, slots=True)
class Completion:
    """What is to be completed: ``Filling.complete`` takes these."""

    chat: ChatKey
    source: Completes
    typed: str
    filled: dict[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    response: Response
    message: IncomingMessage | None = None
    """None if nothing is to be answered after the first response."""
    form: OpenForm | None = None
    completion: Completion | None = None
    line: str = ""
    target: Target | None = None
    """A message that ``message`` is to quote and that must be fetched first."""
    heard_at_s: float = field(default_factory=time.monotonic)


class InteractionReader:
    """Reads interactions in the order of their arrival; of what it read it keeps a little."""

    def __init__(self, bot: ParleyBot, allows: Callable[[IncomingMessage], bool]) -> None:
        """``allows``: whether somebody may use the bot. A stranger is answered in private."""
        self._bot = bot
        self._allows = allows
        self._targets = Targets()

    def read(self, interaction: discord.Interaction) -> Heard:
        """Never raises, whatever the interaction holds."""
        try:
            return self._read(interaction)
        except MALFORMED as error:
            log.warning(
                "interaction is malformed",
                interaction_id=interaction.id,
                error=type(error).__name__,
            )
            return Heard(Response.LINE, line=say("error_ours"))

    def _read(self, interaction: discord.Interaction) -> Heard:
        data: Json = dict(interaction.data or {})
        match interaction.type:
            case discord.InteractionType.application_command:
                if data.get("type", SLASH) == SLASH:
                    return self._read_slash(interaction, data)
                return self._read_menu(interaction, data)
            case discord.InteractionType.autocomplete:
                return self._read_typing(interaction, data)
            case discord.InteractionType.component:
                return self._read_press(interaction, data)
            case discord.InteractionType.modal_submit:
                return self._read_form(interaction, data)
        return _unknown()

    # ------------------------------------------------------------ commands and menus

    def _read_slash(self, interaction: discord.Interaction, data: Json) -> Heard:
        command = BY_NAME.get(data["name"])
        if command is None:
            return _unknown()
        values = _values(data)
        attachments = self._attachments(command, values, data.get("resolved") or {})
        message = message_of(
            interaction,
            command.name,
            command_line(command, _words(command, values)),
            attachments=attachments,
        )
        if _is_switched(command, values) and may_open_thread(interaction):
            message = replace(message, wants_thread=True)
        return self._called(interaction, command, message)

    def _attachments(
        self, command: Command, values: Json, resolved: Json
    ) -> tuple[Attachment, ...]:
        files = resolved.get("attachments") or {}
        names = [
            name for option in _of_kind(command, OptionKind.FILE) for name in field_names(option)
        ]
        chosen = [files[str(values[name])] for name in names if name in values]
        return tuple(read_attachment(self._bot.build_attachment(raw)) for raw in chosen)

    def _read_menu(self, interaction: discord.Interaction, data: Json) -> Heard:
        menu = next((one for one in MESSAGE_MENUS if one.name == data["name"]), None)
        if menu is None or data["type"] != MESSAGE_MENU:
            return _unknown()
        raw = data["resolved"]["messages"][str(data["target_id"])]
        quoted = read_quoted(self._bot.build_message(raw))
        message = message_of(interaction, menu.command, quoted=quoted)
        if menu.form is None or not self._allows(message):
            return self._accept(
                interaction, message, RESPONSES[BY_NAME[menu.command].acknowledgement]
            )
        target = Target(int(raw["channel_id"]), int(raw["id"]))
        self._targets.keep(interaction.user.id, target, quoted)
        form = OpenForm(menu.form, message.chat, menu.command, target)
        return Heard(Response.FORM, form=form)

    def _keep_target(self, user_id: int, message: discord.Message) -> Target:
        target = Target(message.channel.id, message.id)
        self._targets.keep(user_id, target, read_quoted(message))
        return target

    def _called(
        self,
        interaction: discord.Interaction,
        command: Command,
        message: IncomingMessage,
        response: Response | None = None,
    ) -> Heard:
        """A command that was typed or pressed; one without its words may want a form first."""
        is_bare = not message.text and not message.attachments
        if command.form is not None and is_bare and self._allows(message):
            target = None
            if command.form.is_about_message and interaction.message is not None:
                target = self._keep_target(interaction.user.id, interaction.message)
            form = OpenForm(command.form, message.chat, command.name, target)
            return Heard(Response.FORM, form=form)
        return self._accept(interaction, message, response or RESPONSES[command.acknowledgement])

    # ------------------------------------------------------------ buttons and forms

    def _read_press(self, interaction: discord.Interaction, data: Json) -> Heard:
        words = (action_of(data["custom_id"]) or "").split(maxsplit=1)
        command = BY_NAME.get(words[0]) if words else None
        if command is None or interaction.message is None:
            return _unknown()
        message = replace(
            message_of(interaction, command.name, words[1] if len(words) > 1 else ""),
            message_id=str(interaction.message.id),
            origin=Origin.BUTTON,
        )
        return self._called(interaction, command, message, Response.DEFER_UPDATE)

    def _read_form(self, interaction: discord.Interaction, data: Json) -> Heard:
        name, target = read_form_id(data["custom_id"]) or ("", None)
        command = BY_NAME.get(name)
        if command is None:
            return _unknown()
        words = typed_words(data["components"])
        if not words and command.form is not None and target is None:
            words = command.form.when_empty
        message = message_of(interaction, command.name, words)
        if target is None:
            return self._accept(interaction, message, RESPONSES[command.acknowledgement])
        if not is_here(interaction, target):
            return gone()
        quoted = self._targets.find(interaction.user.id, target)
        heard = self._accept(
            interaction, replace(message, quoted=quoted), RESPONSES[command.acknowledgement]
        )
        is_stranger = heard.response is Response.DEFER_PRIVATE
        return heard if quoted is not None or is_stranger else replace(heard, target=target)

    # ------------------------------------------------------------ completions

    def _read_typing(self, interaction: discord.Interaction, data: Json) -> Heard:
        command = BY_NAME.get(data["name"])
        typed = next((one for one in data.get("options") or [] if one.get("focused")), None)
        if command is None or typed is None:
            return Heard(Response.COMPLETE)
        option = next((one for one in command.options if one.name == typed["name"]), None)
        message = message_of(interaction, command.name)
        if option is None or not option.completes or not self._allows(message):
            return Heard(Response.COMPLETE)
        words = _words(command, _values(data))
        text = words.pop(option.name, "")
        return Heard(
            Response.COMPLETE,
            completion=Completion(message.chat, option.completes, text, words),
        )

    # ------------------------------------------------------------ what is answered

    def _accept(
        self, interaction: discord.Interaction, message: IncomingMessage, response: Response
    ) -> Heard:
        if not self._allows(message):
            response = Response.DEFER_PRIVATE
        is_press = response is Response.DEFER_UPDATE
        pressed = interaction.message
        is_under_hidden = is_press and pressed is not None and pressed.flags.ephemeral
        address = address_of(
            interaction,
            Opening.PRESSED if is_press else Opening.LOADING,
            is_hidden=response is Response.DEFER_PRIVATE or is_under_hidden,
        )
        return Heard(response, replace(message, reply_ref=address.encode()))


def gone() -> Heard:
    """The message that was asked about cannot be found any more."""
    return Heard(Response.LINE, line=say("message_gone"))


def _unknown() -> Heard:
    return Heard(Response.LINE, line=say("unknown_command"))


# ---------------------------------------------------------------- what was filled in


def _values(data: Json) -> Json:
    return {option["name"]: option.get("value") for option in data.get("options") or []}


def _of_kind(command: Command, kind: OptionKind) -> list[Option]:
    return [option for option in command.options if option.kind is kind]


def _words(command: Command, values: Json) -> dict[str, str]:
    names = [option.name for option in _of_kind(command, OptionKind.TEXT)]
    return {name: clean(str(values[name])) for name in names if name in values}


def _is_switched(command: Command, values: Json) -> bool:
    return any(values.get(option.name) for option in _of_kind(command, OptionKind.THREAD))
