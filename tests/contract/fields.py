"""A command as it is typed, and the fields that somebody fills in to say the same."""

import json
import re
from collections.abc import Iterator

from handlers.command import Command, Option, OptionKind
from handlers.commands import BY_NAME


def fields_of(name: str, line: str) -> dict[str, str]:
    """By the names of the fields: what each holds when ``/name line`` is filled in."""
    command = BY_NAME[name]
    filled: dict[str, str] = {}
    for option in command.options:
        if option.keyword:
            value, line = _take(option, line, is_last=_is_alone(command))
            filled |= {option.name: value} if value else {}
    return filled | dict(_in_order(command, line.strip()))


def _is_alone(command: Command) -> bool:
    return len(command.options) == 1


def _take(option: Option, line: str, *, is_last: bool) -> tuple[str, str]:
    """The value behind an option's keyword, and the line without both."""
    gap = "" if option.keyword.endswith("=") else " "
    found = re.search(rf"(?<!\S){re.escape(option.keyword)}{gap}", line)
    if found is None:
        return "", line
    before, after = line[: found.start()], line[found.end() :]
    if option.closing:
        value, _, after = after.partition(option.closing)
    elif after.startswith("{"):
        _, end = json.JSONDecoder().raw_decode(after)
        value, after = after[:end], after[end:]
    elif after.startswith('"'):
        _, value, after = after.split('"', 2)
    elif is_last:
        value, after = after, ""
    else:
        value, _, after = after.partition(" ")
    return value.strip(), before + after.lstrip()


def _in_order(command: Command, line: str) -> Iterator[tuple[str, str]]:
    """A word to each option, all that is left to the last; none to one that has no such choice."""
    options = [one for one in command.options if one.kind is OptionKind.TEXT and not one.keyword]
    for number, option in enumerate(options):
        word, _, rest = line.partition(" ")
        if option.choices and word not in option.choices:
            continue
        if number == len(options) - 1:
            word, rest = line, ""
        if word:
            yield option.name, word
        line = rest.strip()
    assert not line, f"/{command.name} has no field for {line!r}"
