"""The one table of commands: every platform registers its menu from here, /help prints it.

A platform where people type sends what follows the name as ``IncomingMessage.text``. One with
fields to fill in makes the same line of them with ``command_line``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handlers.errors import ArgumentsError


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


DETAILS = ("low", "high", "auto")
"""How closely the model can look at pictures."""

PICTURE_ARGUMENTS = "[size=1024x1536] [quality=high] [n=2] [background=transparent] [format=webp]"
_COUNT = Option(
    "count", "How many", choices=tuple(str(number) for number in range(1, 11)), keyword="n="
)
PICTURE_OPTIONS = (
    Option(
        "size",
        "Width x height",
        choices=(
            *("auto", "1024x1024", "1536x1024", "1024x1536"),
            *("2048x2048", "3840x2160", "2160x3840"),
        ),
        keyword="size=",
    ),
    Option(
        "quality",
        "Higher costs more",
        choices=("auto", "low", "medium", "high"),
        keyword="quality=",
    ),
    Option(
        "background",
        "What is behind it",
        choices=("auto", "transparent", "opaque"),
        keyword="background=",
    ),
    Option("format", "Of the file", choices=("png", "jpeg", "webp"), keyword="format="),
    _COUNT,
)
_EDIT_FORM = Form("Edit this picture", "What to change", is_about_message=True)

COMMANDS: tuple[Command, ...] = (
    Command("start", "Say hello", acknowledgement=Acknowledgement.PRIVATE),
    Command("help", "What I can do", acknowledgement=Acknowledgement.PRIVATE),
    Command("new", "Start a new conversation"),
    Command(
        "ask",
        "Ask a question",
        "your question",
        options=(
            Option("prompt", "Your question", is_required=True),
            Option("file", "A picture, a video or a recording", OptionKind.FILE, copies=4),
            Option("thread", "Answer in a thread of its own", OptionKind.THREAD),
        ),
    ),
    Command(
        "image",
        "Make a picture",
        PICTURE_ARGUMENTS + " what to draw",
        options=(Option("prompt", "What to draw", is_required=True), *PICTURE_OPTIONS),
    ),
    Command(
        "edit",
        "Change a picture, or make one of up to 16",
        PICTURE_ARGUMENTS + " what to change",
        options=(
            Option("prompt", "What to change", is_required=True),
            Option("file", "A picture; also a mask of its size", OptionKind.FILE, copies=16),
            *PICTURE_OPTIONS,
        ),
        form=_EDIT_FORM,
    ),
    Command(
        "variation",
        "Make another picture like one",
        "[n=2]",
        options=(
            Option("file", "A picture", OptionKind.FILE, is_required=True),
            _COUNT,
        ),
    ),
    Command(
        "describe",
        "Describe a picture or a video",
        options=(Option("file", "A picture or a video", OptionKind.FILE, is_required=True),),
    ),
    Command(
        "transcribe",
        "Write down a recording or a video",
        "[text|srt|vtt]",
        options=(
            Option("file", "A recording or a video", OptionKind.FILE, is_required=True),
            Option("format", "Text, or subtitles as a file", choices=("text", "srt", "vtt")),
        ),
    ),
    Command(
        "translate",
        "Translate a recording, a photo or a text",
        "[to language:] [text]",
        options=(
            Option("to", "The language; English if left out", keyword="to", closing=":"),
            Option("text", "What to translate"),
            Option("file", "A recording, or a photo of text", OptionKind.FILE),
        ),
    ),
    Command("retry", "Answer the last question again"),
    Command("stop", "Stop the answer", acknowledgement=Acknowledgement.PRIVATE),
    Command(
        "model",
        "Choose the model",
        "[name] [effort low|high|…]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("name", "Any model", completes=Completes.MODELS),
            Option("effort", "How hard it thinks", completes=Completes.EFFORTS, keyword="effort"),
        ),
    ),
    Command(
        "voice",
        "Spoken answers, and the voice",
        "[on|off|auto] [voice name]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("mode", "auto: voice answers voice", choices=("auto", "on", "off")),
            Option("name", "The voice", completes=Completes.VOICES),
        ),
    ),
    Command(
        "persona",
        "Who I should be",
        "[text|default]",
        acknowledgement=Acknowledgement.FORM,
        options=(Option("text", "Who I should be, or default"),),
        form=Form("Who I should be here", "In your words; empty: my usual self", "default"),
    ),
    Command(
        "detail",
        "How closely I look at pictures",
        "[low|high|auto]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("level", "low is quick and cheap, high sees small print", choices=DETAILS),
        ),
    ),
    Command(
        "settings",
        "Settings of this chat",
        "[detail low|high|auto] [language tag] [voice_note chat|transcribe|translate]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option(
                "detail",
                "How closely I look at pictures",
                choices=DETAILS,
                keyword="detail",
            ),
            Option("language", "The language of my answers: a tag, or default", keyword="language"),
            Option(
                "voice_note",
                "What I do with a voice message",
                choices=("chat", "transcribe", "translate"),
                keyword="voice_note",
            ),
        ),
    ),
    Command(
        "usage",
        "What you used, and what it cost",
        acknowledgement=Acknowledgement.PRIVATE,
    ),
    Command("continue", "Go on with an answer that broke off", is_listed=False),
    Command("again", "Make that picture anew", is_listed=False),
    Command("fullsize", "Send the picture as a file", is_listed=False),
)

MESSAGE_MENUS: tuple[MessageMenu, ...] = (
    MessageMenu("Transcribe", "transcribe"),
    MessageMenu("Translate to English", "translate"),
    MessageMenu("Describe image", "describe"),
    MessageMenu("Edit image", "edit", _EDIT_FORM),
    MessageMenu("Make a variation", "variation"),
    MessageMenu("Ask about this", "ask", Form("Ask about this message", "Your question")),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}


def wrong_arguments(name: str) -> ArgumentsError:
    """The error that tells people how ``name`` is called."""
    return ArgumentsError(name, usage=BY_NAME[name].usage)


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
        return (option.keyword + value,)
    return (option.keyword, value + option.closing) if option.keyword else (value,)
