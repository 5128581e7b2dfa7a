"""Forms: the window that Discord opens for words with room, and what comes back of it.

What a form is for stands in its id, so it can be sent after a restart, too.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.discord.text import clean
from handlers.command import Form
from handlers.messages import ChatKey, Quoted

Json = dict[str, Any]

MAX_WORDS = 4000
"""UTF-16 units in a field of a form."""
FIELD = "words"
ROW, LABEL = 1, 18
REMEMBERED_TARGETS = 256
_FORM = "form"


@dataclass(frozen=True, slots=True)
class Target:
    """The message that a form was opened on."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form to be opened in ``chat``: the command, and the message that it is about, if any."""

    form: Form
    chat: ChatKey
    command: str
    target: Target | None = None


class Targets:
    """What the forms that were opened last are about, by who opened them: the words of a message
    are for those who may read it.
    """

    def __init__(self) -> None:
        self._quoted: OrderedDict[tuple[int, Target], Quoted] = OrderedDict()

    def keep(self, user_id: int, target: Target, quoted: Quoted) -> None:
        self._quoted[user_id, target] = quoted
        self._quoted.move_to_end((user_id, target))
        if len(self._quoted) > REMEMBERED_TARGETS:
            self._quoted.popitem(last=False)

    def find(self, user_id: int, target: Target) -> Quoted | None:
        return self._quoted.get((user_id, target))


def form_id(command: str, target: Target | None) -> str:
    about = () if target is None else (str(target.channel_id), str(target.message_id))
    return ":".join((_FORM, command, *about))


def read_form_id(custom_id: str) -> tuple[str, Target | None] | None:
    """The command and what it is about; None for a form that is not ours."""
    match custom_id.split(":"):
        case [kind, command] if kind == _FORM:
            return command, None
        case [kind, command, channel_id, message_id] if kind == _FORM:
            return command, Target(int(channel_id), int(message_id))
    return None


def build_modal(opened: OpenForm, current: str | None) -> ui.Modal:
    """``current``: what stands in the field at first, None if that is not known.

    A field that does not show what it replaces cannot be sent empty: nobody would know what that
    ends.
    """
    form = opened.form
    is_shown = current is not None and len(current.encode("utf-16-le")) // 2 <= MAX_WORDS
    modal = ui.Modal(title=form.title, custom_id=form_id(opened.command, opened.target))
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=FIELD,
        style=discord.TextStyle.paragraph,
        default=current or None if is_shown else None,
        required=not (form.when_empty and is_shown),
        max_length=MAX_WORDS,
    )
    modal.add_item(ui.Label(text=form.label, component=field))
    # A finished form is not kept by the library: what is sent of it comes as any interaction does.
    modal.stop()
    return modal


def typed_words(components: list[Json]) -> str:
    """What a person wrote into a form that was sent."""
    for component in components:
        inner = component.get("components") if component["type"] == ROW else None
        fields = inner if inner is not None else [component.get("component") or component]
        for field in fields:
            if field.get("custom_id") == FIELD:
                return clean(field.get("value")).strip()
    return ""
