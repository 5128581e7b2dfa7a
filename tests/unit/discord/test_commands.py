"""What Discord is told of the commands."""

from typing import Any

import pytest

from bot.discord.commands import payloads
from handlers.commands import COMMANDS, MESSAGE_MENUS
from tests.emulators.discord_service.commands import check_commands
from tests.emulators.discord_specs import load_discord_spec

Json = dict[str, Any]


@pytest.fixture
def by_name() -> dict[str, Json]:
    return {payload["name"]: payload for payload in payloads()}


def options_of(payload: Json) -> dict[str, Json]:
    return {option["name"]: option for option in payload["options"]}


def test_every_listed_command_and_every_menu_is_offered(by_name: dict[str, Json]) -> None:
    listed = {command.name for command in COMMANDS if command.is_listed}
    menus = {menu.name for menu in MESSAGE_MENUS}
    assert set(by_name) == listed | menus
    assert {name for name, one in by_name.items() if one["type"] == 3} == menus
    assert "continue" not in by_name


def test_they_are_offered_everywhere_and_to_everybody(by_name: dict[str, Json]) -> None:
    for payload in by_name.values():
        assert payload["integration_types"] == [0, 1]
        assert payload["contexts"] == [0, 1, 2]


def test_a_menu_has_a_name_and_nothing_else_to_show(by_name: dict[str, Json]) -> None:
    assert by_name["Transcribe"] == {
        "type": 3,
        "name": "Transcribe",
        "integration_types": [0, 1],
        "contexts": [0, 1, 2],
    }


def test_a_command_without_options_has_none(by_name: dict[str, Json]) -> None:
    assert "options" not in by_name["new"]


def test_a_file_that_may_come_several_times_has_a_field_for_each(
    by_name: dict[str, Json],
) -> None:
    options = options_of(by_name["ask"])
    assert list(options) == ["prompt", "file", "file2", "file3", "file4", "thread"]
    assert [options[name]["type"] for name in options] == [3, 11, 11, 11, 11, 5]
    assert options["prompt"]["required"] is True
    assert options["prompt"]["max_length"] == 6000
    assert not any(options[name].get("required") for name in ("file", "file2", "thread"))


def test_a_required_file_is_required(by_name: dict[str, Json]) -> None:
    assert by_name["describe"]["options"] == [
        {"type": 11, "name": "file", "description": "A picture or a video", "required": True}
    ]


def test_a_text_has_choices_or_completions_or_a_length(by_name: dict[str, Json]) -> None:
    voice, model = options_of(by_name["voice"]), options_of(by_name["model"])
    assert [choice["value"] for choice in voice["mode"]["choices"]] == ["auto", "on", "off"]
    assert "autocomplete" not in voice["mode"]
    assert model["name"]["autocomplete"] is True
    assert "choices" not in model["name"]
    assert options_of(by_name["persona"])["text"]["max_length"] == 6000


def test_discords_rules_and_its_own_description_have_nothing_against_them() -> None:
    check_commands(payloads())
    spec = load_discord_spec()
    if spec is not None:
        assert spec.find_problem("bulk_set_application_commands", payloads()) == ""
