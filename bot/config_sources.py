"""Where configuration comes from: a YAML file, the environment and a .env file, as plain values.

Nothing here knows which keys exist. A value that is not given is absent from what is returned:
YAML's null, an empty section, and a value that is only a reference to an unset variable.
Messages name keys, files and variables, never a value: it may be a secret.
"""

import io
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from dotenv.parser import parse_stream

from handlers.errors import ConfigError

Values = dict[str, Any]
KeyPath = tuple[str, ...]

PREFIX = "PARLEY_"
PLAIN_NAMES: Mapping[str, KeyPath] = {
    "TELEGRAM_BOT_TOKEN": ("telegram", "token"),
    "DISCORD_BOT_TOKEN": ("discord", "token"),
    "OPENAI_API_KEY": ("openai", "api_key"),
    "OPENAI_BASE_URL": ("openai", "base_url"),
}
_OF_TESTS = "PARLEY_SPECS"
_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: ``off`` is a word, and 0123 and 12:34 stay as they are written."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's own attribute

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem="the same key stands here twice", problem_mark=key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def parse_yaml(text: str) -> Any:
    """What a YAML (or JSON) text says; raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader with fewer implicit types


def read_file(path: Path) -> Values:
    """The mapping that the YAML file holds, references not yet replaced."""
    try:
        values = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as exc:
        raise ConfigError(f"--config: there is no file {path}; name one that exists") from exc
    except OSError as exc:
        raise ConfigError(f"--config: {path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from exc
    except yaml.YAMLError as exc:
        raise ConfigError(f"{path}{_where(exc)}") from exc
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold sections, such as 'telegram:', with keys below them")
    return values


def _where(exc: yaml.YAMLError) -> str:
    if not isinstance(exc, yaml.MarkedYAMLError) or exc.problem_mark is None:
        return " is not valid YAML: it holds a character that YAML does not allow"
    # What YAML quotes comes from the file, where secrets are; its own marks are short.
    problem = re.sub(r"'[^']{4,}'", "something", exc.problem or "it cannot be read")
    return f", line {exc.problem_mark.line + 1} is not valid YAML: {problem}"


def read_dotenv(folder: Path) -> dict[str, str]:
    """What .env in the folder sets; {} if there is none. os.environ is left alone."""
    path = folder / ".env"
    try:
        if not (path.is_file() or path.is_fifo()):
            return {}
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from exc
    values: dict[str, str] = {}
    for entry in parse_stream(io.StringIO(text)):
        if entry.error:
            written = entry.original.string
            line = entry.original.line + written[: -len(written.lstrip())].count("\n")
            raise ConfigError(f"{path}, line {line} is not NAME=value; close its quotes, if any")
        if entry.key is not None and entry.value is not None:
            values[entry.key] = entry.value
    return values


def from_plain_names(variables: Mapping[str, str]) -> Values:
    """What the well-known variables (OPENAI_API_KEY, ...) set."""
    values: Values = {}
    for name, (section, key) in PLAIN_NAMES.items():
        if name in variables:
            values.setdefault(section, {})[key] = variables[name]
    return values


def overriding_names(variables: Mapping[str, str]) -> dict[str, KeyPath]:
    """The variables PARLEY_<SECTION>__<KEY> and the keys that they override, shallow ones first."""
    found = {
        name: tuple(part.lower() for part in name.removeprefix(PREFIX).split("__"))
        for name in variables
        if name.startswith(PREFIX) and "__" in name.removeprefix(PREFIX)
    }
    return dict(sorted(found.items(), key=lambda item: (len(item[1]), item[0])))


def unread_names(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that look like overrides and are none: they lack the two underscores."""
    return tuple(
        sorted(
            name
            for name in variables
            if name.startswith(PREFIX)
            and name not in (PREFIX, _OF_TESTS)
            and "__" not in name.removeprefix(PREFIX)
        )
    )


def from_overrides(variables: Mapping[str, str]) -> Values:
    """What PARLEY_<SECTION>__<KEY> variables set. Every value stays the text that it is."""
    values: Values = {}
    for name, path in overriding_names(variables).items():
        inner = values
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{name} is inside a key that another variable sets: keep one")
        inner[path[-1]] = variables[name]
    return values


def expand(values: Values, lookup: Callable[[str], str | None]) -> Values:
    """The values with every ${NAME} replaced, and without what is not given."""
    return _expand_mapping(values, lookup, ())


def _expand_mapping(
    values: Values, lookup: Callable[[str], str | None], path: KeyPath
) -> dict[str, Any]:
    expanded = {
        str(key): _expand(value, lookup, (*path, str(key))) for key, value in values.items()
    }
    return {key: value for key, value in expanded.items() if value is not None}


def _expand(value: Any, lookup: Callable[[str], str | None], path: KeyPath) -> Any:
    if isinstance(value, dict):
        return _expand_mapping(value, lookup, path)
    if isinstance(value, list):
        items = (_expand(item, lookup, path) for item in value)
        return [item for item in items if item is not None]
    if isinstance(value, str):
        return _expand_text(value, lookup, path)
    return value


def _expand_text(text: str, lookup: Callable[[str], str | None], path: KeyPath) -> str | None:
    key = ".".join(path)
    whole = _REFERENCE.fullmatch(text.strip())
    if whole is not None and whole[1]:
        return lookup(whole[1])

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        if not match[1]:
            raise ConfigError(f"{key}: write a reference as ${{NAME}}, and a plain '${{' as '$${{'")
        value = lookup(match[1])
        if value is None:
            raise ConfigError(f"{key}: the variable {match[1]} is not set; set it, or take it out")
        return value

    return _REFERENCE.sub(replace, text)


def merge(below: Values, above: Values) -> Values:
    """Both, the second winning wherever both give a value."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = merge(cast("Values", old), value) if both else value
    return merged


def origins(variables: Mapping[str, str], written: Values, file: str) -> dict[KeyPath, str]:
    """Where each value was set: the name of the file or of the variable."""
    plain = {path: name for name, path in PLAIN_NAMES.items() if name in variables}
    overrides = {path: name for name, path in overriding_names(variables).items()}
    return plain | dict.fromkeys(_leaves(written), file) | overrides


def find_source(
    key: KeyPath,
    environ: Mapping[str, str],
    dotenv: Mapping[str, str],
    unexpanded: Values,
    file: str,
) -> str | None:
    """Where the value of ``section.key`` comes from, in words; None if nothing gives one."""
    variables = {**dotenv, **environ}

    def place(name: str) -> str:
        return f"{name} in the environment" if name in environ else f"{name} in .env"

    for name, path in overriding_names(variables).items():
        if path == key:
            return place(name)
    section = unexpanded.get(key[0])
    written = section.get(key[1]) if isinstance(section, dict) else None
    reference = _REFERENCE.fullmatch(written.strip()) if isinstance(written, str) else None
    if reference is not None and reference[1]:
        if reference[1] in variables:
            return place(reference[1])
    elif written is not None:
        return file
    return next(
        (place(name) for name, path in PLAIN_NAMES.items() if path == key and name in variables),
        None,
    )


def _leaves(values: Values, parents: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*parents, key))
        else:
            yield (*parents, key)
