"""What is said to people. Every line is looked up by its key, so that languages can be added."""

from handlers.texts.english import LINES


def say(key: str, **values: str | float) -> str:
    """The line ``key`` with its gaps filled; KeyError for a key that does not exist."""
    line = LINES[key]
    return line.format(**values) if values else line
