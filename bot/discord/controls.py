"""Buttons as Discord's components. What a press does stands in the button: no restart ends one."""

from __future__ import annotations

from typing import Any

from handlers.messages import Button, ButtonRows

Json = dict[str, Any]

MAX_ROWS = 5
MAX_IN_ROW = 5
MAX_LABEL = 80
MAX_CUSTOM_ID = 100
ROW, BUTTON = 1, 2
SECONDARY = 2
_PRESS = "do:"


def components(rows: ButtonRows) -> list[Json]:
    """Rows that do not fit are set anew; of more than 25 buttons 24 stay, and the last."""
    return [
        {"type": ROW, "components": [_component(button) for button in row]} for row in _fitted(rows)
    ]


def action_of(custom_id: str) -> str | None:
    """The command line that a press sends; None for a component that is not ours."""
    return custom_id.removeprefix(_PRESS) if custom_id.startswith(_PRESS) else None


def _component(button: Button) -> Json:
    return {
        "type": BUTTON,
        "style": SECONDARY,
        "label": button.label[:MAX_LABEL],
        "custom_id": _custom_id(button),
    }


def _custom_id(button: Button) -> str:
    return f"{_PRESS}{button.action}"


def _fitted(rows: ButtonRows) -> ButtonRows:
    kept = _usable(rows)
    if len(kept) <= MAX_ROWS and all(len(row) <= MAX_IN_ROW for row in kept):
        return kept
    buttons = [button for row in kept for button in row]
    if len(buttons) > MAX_ROWS * MAX_IN_ROW:
        # The last leads back to where the menu was opened from.
        buttons = [*buttons[: MAX_ROWS * MAX_IN_ROW - 1], buttons[-1]]
    return tuple(
        tuple(buttons[start : start + MAX_IN_ROW]) for start in range(0, len(buttons), MAX_IN_ROW)
    )


def _usable(rows: ButtonRows) -> ButtonRows:
    """Of buttons that do the same the last; none whose action has no room: cut, it does another."""
    seen: set[str] = set()
    kept: list[tuple[Button, ...]] = []
    for row in reversed(rows):
        part: list[Button] = []
        for button in reversed(row):
            if button.action not in seen and len(_custom_id(button)) <= MAX_CUSTOM_ID:
                seen.add(button.action)
                part.append(button)
        if part:
            kept.append(tuple(reversed(part)))
    return tuple(reversed(kept))
