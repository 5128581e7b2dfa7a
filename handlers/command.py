"""What a command is: its words, its fields, its form, and how it is acknowledged.

A platform where people type sends what follows the name as ``IncomingMessage.text``. One with
fields to fill in makes the same line of them with ``command_line``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Acknowledgement(StrEnum):
    """How a platform that must answer at once says that a command was heard."""

    PUBLIC = "public"
    """Everybody in the chat sees the answer."""
    PRIVATE = "private"
    """Only the person who called sees it, where the platform can do that."""
    FORM = "form"
    """With a form, if nothing was filled in; otherwise as PRIVATE. No form can follow a word."""


class OptionKind(StrEnum):
    TEXT = "text"
    FILE = "file"
    """A file that is sent along; it becomes an attachment."""
    THREAD = "thread"
    """A switch: the answer is to stand in a thread of its own."""


class Completes(StrEnum):
    """What an option is completed from while people type."""

    NOTHING = ""
    MODELS = "models"
    EFFORTS = "efforts"
    VOICES = "voices"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    """Lower case, at most 32 letters, digits, - and _."""
    summary: str
    """At most 100 characters."""
    kind: OptionKind = OptionKind.TEXT
    is_required: bool = False
    choices: tuple[str, ...] = ()
    """Nothing else can be chosen; at most 25."""
    completes: Completes = Completes.NOTHING
    keyword: str = ""
    """What stands before the value in the command line: ``detail`` in ``detail low``.

    One that ends with = is written as one word with it, before all that has no such keyword.
    """
    is_quoted: bool = False
    """In the command line the value stands between double quotes, and has none in it."""
    closing: str = ""
    """What stands after the value in the command line, where words of another field may follow."""
    copies: int = 1
    """How many of it can be filled in: for files, of which each field takes one."""


@dataclass(frozen=True, slots=True)
class Form:
    """A field with room, for words that are too long for a command line."""

    title: str
    """At most 45 characters, and so is the label."""
    label: str
    when_empty: str = ""
    """The command line that an empty field stands for; without one it must be filled in."""
    is_about_message: bool = False
    """Opened by a button, it is about the message that the button stands under: the quoted one."""


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    summary: str
    """One line for menus and /help, at most 100 characters."""
    arguments: str = ""
    """What follows the name, as people would write it; [] marks what may be left out."""
    is_listed: bool = True
    """False for what only buttons and menus send."""
    acknowledgement: Acknowledgement = Acknowledgement.PUBLIC
    options: tuple[Option, ...] = ()
    """The same as ``arguments``, as fields. Those that are required come first."""
    form: Form | None = None
    """With acknowledgement FORM."""
    is_immediate: bool = False
    """Never queued: it acts on what runs now."""

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments}".rstrip()


@dataclass(frozen=True, slots=True)
class MessageMenu:
    """What can be done with a message that somebody wrote: it becomes the quoted one."""

    name: str
    command: str
    form: Form | None = None
    """Asks for the command line first."""


def command_line(command: Command, filled: Mapping[str, str]) -> str:
    """What ``filled``, by option names, would have been as a typed line after the name."""
    words: list[str] = []
    for option in sorted(command.options, key=lambda one: not one.keyword.endswith("=")):
        value = filled.get(option.name, "").strip()
        if option.kind is OptionKind.TEXT and value:
            words += _words(option, value)
    return " ".join(words)


def _words(option: Option, value: str) -> tuple[str, ...]:
    if option.keyword.endswith("="):
        return (option.keyword + (_quoted(value) if option.is_quoted else value),)
    return (option.keyword, value + option.closing) if option.keyword else (value,)


def _quoted(value: str) -> str:
    inner = value.replace('"', "'")
    return f'"{inner}"'
