"""The one table of commands: every platform registers its menu from here, /help prints it."""

from dataclasses import dataclass

from handlers.errors import ArgumentsError


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    summary: str
    """One line for menus and /help."""
    arguments: str = ""
    """What follows the name, as people would write it; [] marks what may be left out."""
    is_listed: bool = True
    """False for what only buttons send."""

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments}".rstrip()


COMMANDS: tuple[Command, ...] = (
    Command("start", "Say hello"),
    Command("help", "What I can do"),
    Command("new", "Start a new conversation"),
    Command("ask", "Ask a question", "your question"),
    Command("image", "Make a picture", "what to draw"),
    Command("transcribe", "Write down a voice message (as a reply to it)"),
    Command("translate", "Translate a voice message or a text to English (as a reply to it)"),
    Command("retry", "Answer the last question again"),
    Command("stop", "Stop the answer"),
    Command("model", "Choose the model", "[name] [effort]"),
    Command("voice", "Spoken answers, and the voice", "[on|off|auto|voice name]"),
    Command("persona", "Who I should be", "[text|default]"),
    Command("settings", "Settings of this chat", "[detail|language] [value]"),
    Command("usage", "What you used, and what it cost"),
    Command("continue", "Go on with an answer that broke off", is_listed=False),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}


def wrong_arguments(name: str) -> ArgumentsError:
    """The error that tells people how ``name`` is called."""
    return ArgumentsError(name, usage=BY_NAME[name].usage)
