"""The one table of commands: every platform registers its menu from here, /help prints it."""

from dataclasses import replace

from handlers.command import (
    Acknowledgement,
    Command,
    Completes,
    Form,
    MessageMenu,
    Option,
    OptionKind,
)
from handlers.errors import ArgumentsError

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
SPEECH_ARGUMENTS = '[voice=coral] [speed=1.2] [tone="calm and slow"] [format=mp3]'
_SPEED = Option("speed", "0.25 to 4, or default", keyword="speed=")
_TONE = Option("tone", "In words, like calm and slow; or default", keyword="tone=", is_quoted=True)
_SPEECH_FORMAT = Option(
    "format",
    "A voice message, or a file",
    choices=("voice", "mp3", "wav", "flac", "aac", "ogg"),
    keyword="format=",
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
        "json",
        "Answer with JSON, of a schema if you give one",
        "[schema={…}|schema=name] what you want",
        options=(
            Option("prompt", "What you want", is_required=True),
            Option("schema", "A JSON Schema, or the name of a kept one", keyword="schema="),
            Option("file", "A schema, or what it is about", OptionKind.FILE, copies=4),
        ),
    ),
    Command(
        "compare",
        "Ask four times, two with the seed: is it the same?",
        "your question",
        options=(
            Option("prompt", "Your question", is_required=True),
            Option("file", "A picture, a video or a recording", OptionKind.FILE, copies=4),
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
    Command(
        "say",
        "Read a text aloud",
        SPEECH_ARGUMENTS + " text",
        options=(
            Option("text", "What to say", is_required=True),
            Option("voice", "The voice", completes=Completes.VOICES, keyword="voice="),
            _SPEED,
            _TONE,
            _SPEECH_FORMAT,
        ),
    ),
    Command(
        "learn",
        "Keep documents, to answer from them here",
        "[all]",
        options=(
            Option("file", "A document", OptionKind.FILE, is_required=True, copies=10),
            Option("for", "all: in every chat, for owners", choices=("here", "all")),
        ),
    ),
    Command(
        "files",
        "Documents that I answer from, and forgetting them",
        "[forget name|all]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(Option("forget", "Its name, or all", keyword="forget"),),
    ),
    Command(
        "analyze",
        "Work on files by running code: tables, charts, sums",
        "[what to find out]",
        options=(
            Option("prompt", "What to find out"),
            Option("file", "A table, a document, any file", OptionKind.FILE, copies=10),
        ),
    ),
    Command("retry", "Answer the last question again"),
    Command(
        "stop",
        "Stop the answer",
        acknowledgement=Acknowledgement.PRIVATE,
        is_immediate=True,
    ),
    Command(
        "cancel",
        "Stop the analysis that runs",
        acknowledgement=Acknowledgement.PRIVATE,
        is_immediate=True,
    ),
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
        '[on|off|auto] [voice name] [speed=1.2] [tone="calm and slow"] [format=mp3] [model=name]',
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("mode", "auto: voice answers voice", choices=("auto", "on", "off")),
            Option("name", "The voice", completes=Completes.VOICES),
            _SPEED,
            _TONE,
            _SPEECH_FORMAT,
            Option("model", "Any speech model, or default", keyword="model="),
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
        "schema",
        "JSON Schemas to use with /json",
        "[list|add name {…}|show name|remove name]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("action", "What to do", choices=("list", "add", "show", "remove")),
            Option("name", "Letters, digits, - and _"),
            Option("schema", "The JSON Schema, to add it"),
            Option("file", "The same as a file", OptionKind.FILE),
        ),
    ),
    Command(
        "seed",
        "The same answer again: seed and temperature",
        "[number|off] [temperature 0.7|off]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("seed", "A whole number, or off"),
            Option("temperature", "0 to 2, or off", keyword="temperature"),
        ),
    ),
    Command(
        "footer",
        "Under each answer: seed, model, fingerprint, tokens",
        "[on|off]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(Option("show", "On or off", choices=("on", "off")),),
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
        "[detail low|high|auto] [language tag] [voice_note chat|transcribe|translate] "
        "[voice name] [speed 1.2] [format mp3]",
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
            Option("voice", "Who speaks", completes=Completes.VOICES, keyword="voice"),
            Option("speed", "Of speech: 0.25 to 4, or default", keyword="speed"),
            replace(_SPEECH_FORMAT, keyword="format"),
        ),
    ),
    Command(
        "assistant",
        "Who answers here: somebody of your own making",
        "[name|off|new|change|show|remove] [name] [model=…] [tools=…] [share=…] [text]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("action", "What to do", choices=("use", "new", "change", "show", "remove")),
            Option("name", "One word; off for my usual self"),
            Option("model", "That it answers with", completes=Completes.MODELS, keyword="model="),
            Option("tools", "That it may use, with commas; none, or all", keyword="tools="),
            Option("share", "With whom", choices=("me", "chat", "all"), keyword="share="),
            Option("file", "That it knows", OptionKind.FILE, copies=5),
            Option("files", "none: it forgets its files", choices=("none",), keyword="files="),
            Option("instructions", "Who it is and what it does"),
        ),
    ),
    Command(
        "reminders",
        "What I remind you of here; ask me to set one",
        "[forget number|all]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(Option("forget", "Its number, or all", keyword="forget"),),
    ),
    Command(
        "timezone",
        "Where you are in time, for reminders",
        "[Europe/Berlin]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(Option("name", "Like Europe/Berlin or America/New_York"),),
    ),
    Command(
        "tools",
        "What I may use while I answer",
        "[on|off] [name|all]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("switch", "On or off", choices=("on", "off")),
            Option("name", "A tool, or all", completes=Completes.TOOLS),
        ),
    ),
    Command(
        "steps",
        "What I did on the way to an answer: the last, or reply to one",
        acknowledgement=Acknowledgement.PRIVATE,
    ),
    Command(
        "search",
        "Find what was said in this chat",
        'words ["words that stand together"]',
        acknowledgement=Acknowledgement.PRIVATE,
        options=(Option("words", "What to look for, by words or by meaning", is_required=True),),
    ),
    Command(
        "remember",
        "Keep a fact about you",
        "fact",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(Option("fact", "What I should know about you", is_required=True),),
    ),
    Command(
        "memories",
        "What I remember about you; change or erase it",
        "[change number text|forget number|forget all]",
        acknowledgement=Acknowledgement.PRIVATE,
        options=(
            Option("action", "What to do", choices=("change", "forget")),
            Option("number", "Its number; all, to forget all"),
            Option("text", "The new text"),
        ),
    ),
    Command(
        "usage",
        "What you used, and what it cost",
        acknowledgement=Acknowledgement.PRIVATE,
    ),
    Command("continue", "Go on with an answer that broke off", is_listed=False),
    Command("reminder", "What you wanted to be reminded of", is_listed=False),
    Command("again", "Make that picture anew", is_listed=False),
    Command("fullsize", "Send the picture as a file", is_listed=False),
)

MESSAGE_MENUS: tuple[MessageMenu, ...] = (
    MessageMenu("Transcribe", "transcribe"),
    MessageMenu("Translate to English", "translate"),
    MessageMenu("Read aloud", "say"),
    MessageMenu("Describe image", "describe"),
    MessageMenu("Edit image", "edit", _EDIT_FORM),
    MessageMenu("Make a variation", "variation"),
    MessageMenu("Ask about this", "ask", Form("Ask about this message", "Your question")),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}
MAX_DIGITS = 9
"""More than Python reads, or a database holds, may be pasted, or put into a forged button."""

IMMEDIATE = frozenset(command.name for command in COMMANDS if command.is_immediate)


def is_number(word: str) -> bool:
    """Whether it is a number that counts something, from 0 and no longer than any of ours."""
    return word.isdecimal() and len(word) <= MAX_DIGITS


def wrong_arguments(name: str) -> ArgumentsError:
    """The error that tells people how ``name`` is called."""
    return ArgumentsError(name, usage=BY_NAME[name].usage)
