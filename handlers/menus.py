"""Menus of buttons, for thumbs."""

from collections.abc import Sequence

from handlers.messages import Button, ButtonRows
from handlers.texts import say

MAX_ACTION_BYTES = 64
"""What the narrowest platform lets a button carry."""
PER_ROW = 2


def rows(options: Sequence[tuple[str, str, bool]], per_row: int = PER_ROW) -> ButtonRows:
    """Buttons for (label, action, is chosen); what no button can carry is left to typing."""
    buttons = [
        Button(say("chosen", label=label) if is_chosen else label, action)
        for label, action, is_chosen in options
        if len(action.encode()) <= MAX_ACTION_BYTES
    ]
    return in_rows(buttons, per_row)


def in_rows(buttons: Sequence[Button], per_row: int = PER_ROW) -> ButtonRows:
    """In their order; the last row may be shorter."""
    return tuple(tuple(buttons[i : i + per_row]) for i in range(0, len(buttons), per_row))


def back(label: str = "", action: str = "settings") -> tuple[Button, ...]:
    return (Button(label or say("button_back"), action),)
