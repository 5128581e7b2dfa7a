"""What is kept of pictures that were made, and what is said and offered under them."""

import json
from dataclasses import dataclass

from handlers.messages import (
    AnswerPicture,
    Button,
    ButtonRows,
    Capability,
    MediaRef,
    UsageEntry,
)
from handlers.prompts import PICTURE_EDITED, PICTURE_MADE, PICTURES_MADE
from handlers.texts import say

MAX_REVISED = 380
"""Characters: the narrowest platform's caption takes about 500 in all."""
TOOL = "t"
"""In the action of a button: the picture was made by a tool, as the step at its place tells."""


@dataclass(frozen=True, slots=True)
class Made:
    ref: MediaRef
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a turn made; enough to go on with after a crash."""

    pictures: tuple[Made, ...]
    usage: UsageEntry
    sources: tuple[MediaRef, ...] = ()
    """What they were made from; with ``has_mask`` the last is the mask."""
    has_mask: bool = False
    note: str = ""
    """A line of ours for the caption."""
    is_over: bool = False
    """No more are made, though there are fewer than were asked for."""
    asked: int = 0
    """How many were asked for, once no more are made."""

    @property
    def cost_line(self) -> str:
        """What all of them cost, and whether there are fewer than were asked for."""
        count = len(self.pictures)
        key = "picture_cost" if count == 1 else "pictures_cost"
        lines = [say(key, cost=cost_words(self.usage), count=count)]
        if count < self.asked:
            lines.insert(0, say("pictures_fewer", count=count, asked=self.asked))
        return "\n".join(lines)


def cost_words(usage: UsageEntry) -> str:
    """As /usage says it: dollars, or what was counted where no price is known."""
    if usage.cost_usd is not None:
        return f"{'≈' if usage.is_estimate else ''}${usage.cost_usd:.4f}"
    tokens = usage.input_tokens + usage.output_tokens
    amount = f"{tokens:,} tokens" if tokens else f"{usage.images} pictures"
    return say("usage_unpriced", amount=amount)


def stands_for(work: Work) -> str:
    if work.sources:
        return PICTURE_EDITED
    return PICTURE_MADE if len(work.pictures) == 1 else PICTURES_MADE


def caption(work: Work, number: int, line: str) -> str:
    """Of several pictures the last tells what all of them cost."""
    revised = work.pictures[number].revised_prompt.strip()
    if len(revised) > MAX_REVISED:
        revised = f"{revised[:MAX_REVISED].rstrip()} …"
    lines = [revised if revised and revised not in line else ""]
    if number == len(work.pictures) - 1:
        lines += [work.note, work.cost_line]
    return "\n".join(filter(None, lines))


def buttons(exchange_id: int, work: Work, number: int, line: str) -> ButtonRows:
    again = f"again {exchange_id}"
    if line.startswith("/variation"):
        again = f"variation {exchange_id} {len(work.pictures)}"
    elif work.sources:
        again = f"edit {exchange_id} {len(work.pictures)}" + (" m" if work.has_mask else "")
    return _rows(again, f"{exchange_id} {number} {work.pictures[number].ref.mark}")


def answer_buttons(exchange_id: int, made: AnswerPicture) -> ButtonRows:
    named = f"{exchange_id} {made.place} {made.ref.mark}"
    if not made.line:
        # Code made it: there is no command that makes another one like it.
        return ((Button(say("button_full_size"), f"fullsize {named}"),),)
    again = f"again {named}"
    if made.line.startswith("/edit"):
        again = f"edit {exchange_id} {TOOL} {made.place} {made.ref.mark}"
    return _rows(again, named)


def _rows(again: str, named: str) -> ButtonRows:
    """``named``: as ``Gallery.find_picture`` reads it."""
    return (
        (
            Button(say("button_picture_again"), again),
            Button(say("button_variation"), f"variation {named}"),
        ),
        (
            Button(say("button_edit"), "edit"),
            Button(say("button_full_size"), f"fullsize {named}"),
        ),
    )


def decode(text: str) -> Work:
    told = json.loads(text)
    pictures = tuple(
        Made(MediaRef(**made["ref"]), made["revised_prompt"]) for made in told["pictures"]
    )
    sources = tuple(MediaRef(**ref) for ref in told["sources"])
    usage = UsageEntry(**{**told["usage"], "capability": Capability(told["usage"]["capability"])})
    plain = {name: told[name] for name in ("has_mask", "note", "is_over", "asked")}
    return Work(pictures, usage, sources, **plain)
