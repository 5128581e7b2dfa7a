"""What is wrong with a configuration, in one line: the key, where it was set, and the mend."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_MENDS: Mapping[str, str] = {
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "path_type": "must be the path of a file, as text",
    "model_type": "must hold keys of its own, one a line below it",
    "model_attributes_type": "must hold keys of its own, one a line below it",
    "dict_type": "must hold names, with keys of their own below them",
    "mapping_type": "must hold names, with keys of their own below them",
    "date_type": "must be a date such as 2027-01-06",
    "date_parsing": "must be a date such as 2027-01-06",
    "date_from_datetime_parsing": "must be a date such as 2027-01-06",
}


def explain(
    error: ValidationError, model: type[BaseModel], origins: Mapping[tuple[str, ...], str]
) -> str:
    """One line about the first mistake. ``origins``: the file or variable that set a key."""
    mistakes = error.errors(include_url=False, include_context=True, include_input=False)
    first = mistakes[0]
    path = first["loc"]
    line = f"{_name(path)}{_origin(path, origins)}: {_mend(first, model)}"
    if len(mistakes) > 1:
        line += f" (and {len(mistakes) - 1} more)"
    return line


def _name(path: tuple[int | str, ...]) -> str:
    keys = ".".join(str(part) for part in path if isinstance(part, str))
    entry = next((part + 1 for part in path if isinstance(part, int)), None)
    return keys if entry is None else f"{keys}, entry {entry}"


def _origin(path: tuple[int | str, ...], origins: Mapping[tuple[str, ...], str]) -> str:
    keys = tuple(str(part) for part in path)
    above = [place for place in origins if keys[: len(place)] == place]
    below = [place for place in origins if place[: len(keys)] == keys]
    places = sorted(above, key=len, reverse=True) + below
    return f" ({origins[places[0]]})" if places else ""


def _mend(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return _suggest(mistake["loc"], model)
    if kind == "literal_error":
        return "must be one of: " + str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "value_error":
        return str(context["error"])
    limits = {"greater_than": "gt", "greater_than_equal": "ge", "less_than_equal": "le"}
    if kind in limits:
        words = {"gt": "more than", "ge": "at least", "le": "at most"}[limits[kind]]
        return f"must be {words} {context[limits[kind]]:g}"
    return _MENDS.get(kind) or str(mistake["msg"])


def _suggest(path: tuple[int | str, ...], model: type[BaseModel]) -> str:
    *parents, wrong = (str(part) for part in path)
    siblings = list(_model_at(parents, model).model_fields)
    close = difflib.get_close_matches(wrong.lower(), siblings, n=1)
    if close:
        return f"no such key; did you mean {'.'.join((*parents, close[0]))}?"
    elsewhere = [".".join(key) for key in _keys(model) if key[-1] == wrong.lower()]
    if elsewhere:
        return f"no such key; did you mean {' or '.join(elsewhere)}?"
    return f"no such key; there are {', '.join(siblings)}"


def _model_at(parents: list[str], model: type[BaseModel]) -> type[BaseModel]:
    """The model that holds what is below ``parents``; the operator's own names are passed over."""
    for name in parents:
        field = model.model_fields.get(name)
        if field is None:
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        model = next((kind for kind in kinds if _is_model(kind)), model)
    return model


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _keys(model: type[BaseModel], parents: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        yield (*parents, name)
        if _is_model(field.annotation):
            yield from _keys(field.annotation, (*parents, name))
