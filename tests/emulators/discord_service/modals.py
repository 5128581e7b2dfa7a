"""Modals and autocompletion: what the bot may offer, and what people fill in."""

from __future__ import annotations

from tests.emulators.discord_service.values import Json, invalid_form

MAX_MODAL_PARTS = 5
MAX_TITLE, MAX_CUSTOM_ID = 45, 100
MAX_CHOICES, MAX_CHOICE = 25, 100
ROW, TEXT_INPUT, LABEL, TEXT_DISPLAY = 1, 4, 18, 10


def check_modal(modal: Json) -> Json:
    if not 1 <= len(modal.get("title") or "") <= MAX_TITLE:
        said = f"Must be between 1 and {MAX_TITLE} in length."
        raise invalid_form("data.title", "BASE_TYPE_BAD_LENGTH", said)
    if not 1 <= len(modal.get("custom_id") or "") <= MAX_CUSTOM_ID:
        said = f"Must be between 1 and {MAX_CUSTOM_ID} in length."
        raise invalid_form("data.custom_id", "BASE_TYPE_BAD_LENGTH", said)
    if not 1 <= len(modal.get("components") or []) <= MAX_MODAL_PARTS:
        said = f"Must be between 1 and {MAX_MODAL_PARTS} in length."
        raise invalid_form("data.components", "BASE_TYPE_BAD_LENGTH", said)
    seen: set[str] = set()
    for _, field in inputs_of(modal):
        custom_id = field.get("custom_id") or ""
        if custom_id in seen or not custom_id:
            said = "Component custom id cannot be duplicated"
            raise invalid_form("data.components", "COMPONENT_CUSTOM_ID_DUPLICATED", said)
        seen.add(custom_id)
    return modal


def inputs_of(modal: Json) -> list[tuple[str, Json]]:
    """The fields with their labels."""
    found = []
    for part in modal["components"]:
        if part["type"] == ROW:
            found += [(str(field.get("label")), field) for field in part["components"]]
        elif part["type"] == LABEL:
            found.append((str(part["label"]), part["component"]))
    return found


def fill_in(modal: Json, values: dict[str, str]) -> list[Json]:
    """The components of the submission; a field that ``values`` (by custom_id or label) does not
    name keeps what the bot filled in.
    """
    names = {name for label, field in inputs_of(modal) for name in (label, field["custom_id"])}
    if strange := set(values) - names:
        raise LookupError(f"the modal has no fields {sorted(strange)}, it has {sorted(names)}")
    return [_fill_part(part, values) for part in modal["components"]]


def _fill_part(part: Json, values: dict[str, str]) -> Json:
    if part["type"] == ROW:
        fields = [_fill(field, str(field.get("label")), values) for field in part["components"]]
        return {"type": ROW, "id": part.get("id", 0), "components": fields}
    if part["type"] == LABEL:
        field = _fill(part["component"], part["label"], values)
        return {"type": LABEL, "id": part.get("id", 0), "component": field}
    return {"type": part["type"], "id": part.get("id", 0)}


def _fill(field: Json, label: str, values: dict[str, str]) -> Json:
    if field["type"] != TEXT_INPUT:
        raise NotImplementedError(f"people fill in text alone, not component {field['type']}")
    value = values.get(field["custom_id"], values.get(label, field.get("value") or ""))
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if field.get("required", True) and not value:
        raise ValueError(f"the app does not send the form: {label!r} is required")
    if value and not low <= len(value) <= high:
        raise ValueError(f"the app does not send the form: {label!r} takes {low} to {high}")
    filled = {"type": TEXT_INPUT, "custom_id": field["custom_id"], "value": value}
    return filled | {"id": field.get("id", 0)}


def check_choices(data: Json) -> list[Json]:
    choices: list[Json] = data.get("choices") or []
    if len(choices) > MAX_CHOICES:
        said = f"Must be {MAX_CHOICES} or fewer in length."
        raise invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", said)
    for index, choice in enumerate(choices):
        where = f"data.choices.{index}"
        if not 1 <= len(choice.get("name") or "") <= MAX_CHOICE:
            said = f"Must be between 1 and {MAX_CHOICE} in length."
            raise invalid_form(f"{where}.name", "BASE_TYPE_BAD_LENGTH", said)
        if isinstance(choice.get("value"), str) and len(choice["value"]) > MAX_CHOICE:
            said = f"Must be {MAX_CHOICE} or fewer in length."
            raise invalid_form(f"{where}.value", "BASE_TYPE_MAX_LENGTH", said)
    return choices
