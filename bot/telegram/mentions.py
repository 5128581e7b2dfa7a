"""A model's text mentions nobody: Telegram makes a mention, and a ping, of every "@name"."""

import re
from collections.abc import Sequence

from bot.markdown.characters import unit_offsets
from bot.telegram.rich_text import Entity, Rendered
from bot.telegram.splitting import MAX_ENTITIES

_NAME = re.compile(r"(?<!\w)@[A-Za-z0-9_]{2,}")
_ADDRESS = re.compile(r"https?://[\w-][\w.-]*\.[a-z]{2,}(?::\d+)?/[^\s<>]*", re.IGNORECASE)
_INERT = frozenset({"code", "pre", "text_link"})
_AT = "@"
_HARMLESS_AT = "\N{FULLWIDTH COMMERCIAL AT}"


def silence(part: Rendered) -> Rendered:
    """Each "@name" as code, of which Telegram makes no mention.

    Where no code can be, in other formatting or beyond the bound on entities, its "@" becomes the
    wide one, which looks alike and takes as much room.
    """
    if _AT not in part.text:
        return part
    offsets = unit_offsets(part.text)
    addresses = [found.span() for found in _ADDRESS.finditer(part.text)]
    room = MAX_ENTITIES - len(part.entities)
    added: list[Entity] = []
    widened: list[int] = []
    for found in _NAME.finditer(part.text):
        start, end = found.span()
        if any(first <= start and end <= last for first, last in addresses):
            continue
        name = Entity("code", offsets[start], offsets[end] - offsets[start])
        round_it = [entity for entity in part.entities if _meet(entity, name)]
        if any(entity.type in _INERT and _holds(entity, name) for entity in round_it):
            continue
        if len(added) < room and all(
            entity.type == "blockquote" and _holds(entity, name) for entity in round_it
        ):
            added.append(name)
        else:
            widened.append(start)
    entities = sorted([*part.entities, *added], key=lambda entity: (entity.offset, -entity.length))
    return Rendered(_widen(part.text, widened), tuple(entities))


def _meet(entity: Entity, name: Entity) -> bool:
    return entity.offset < name.offset + name.length and name.offset < entity.offset + entity.length


def _holds(entity: Entity, name: Entity) -> bool:
    return (
        entity.offset <= name.offset and name.offset + name.length <= entity.offset + entity.length
    )


def _widen(text: str, places: Sequence[int]) -> str:
    chars = list(text)
    for place in places:
        chars[place] = _HARMLESS_AT
    return "".join(chars)
