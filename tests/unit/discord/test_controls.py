"""Buttons as Discord takes them."""

from bot.discord.controls import action_of, components
from handlers.messages import Button
from tests.emulators.discord_service.rules import check_components


def labels(rows: list[dict[str, object]]) -> list[list[str]]:
    return [[part["label"] for part in row["components"]] for row in rows]  # type: ignore[attr-defined]  # Discord's JSON


def test_a_button_carries_what_it_does() -> None:
    (row,) = components(((Button("Again", "retry"),),))
    assert row["type"] == 1
    (button,) = row["components"]
    assert (button["type"], button["label"]) == (2, "Again")
    assert action_of(button["custom_id"]) == "retry"


def test_what_another_bot_put_there_is_no_action() -> None:
    assert action_of("retry") is None
    assert action_of("form:persona") is None


def test_no_buttons_are_no_rows() -> None:
    assert components(()) == []
    assert components(((),)) == []


def test_rows_that_fit_stay_as_they_are() -> None:
    rows = components(((Button("a", "1"), Button("b", "2")), (Button("c", "3"),)))
    assert labels(rows) == [["a", "b"], ["c"]]


def test_rows_that_do_not_fit_are_set_anew() -> None:
    six = tuple((Button(str(number), f"do {number}"),) for number in range(6))
    assert labels(components(six)) == [["0", "1", "2", "3", "4"], ["5"]]
    wide = (tuple(Button(str(number), f"do {number}") for number in range(7)),)
    assert labels(components(wide)) == [["0", "1", "2", "3", "4"], ["5", "6"]]
    check_components(components(six))


def test_of_more_than_fit_the_last_is_kept() -> None:
    many = tuple((Button(str(number), f"do {number}"),) for number in range(30))
    rows = components(many)
    check_components(rows)
    assert [len(row) for row in labels(rows)] == [5] * 5
    assert labels(rows)[-1][-2:] == ["23", "29"]


def test_of_buttons_that_do_the_same_the_last_is_shown() -> None:
    twice = Button("twice", "b")
    rows = components(((Button("a", "1"), Button("old", "2")), (Button("new", "2"),)))
    assert labels(rows) == [["a"], ["new"]]
    rows = components(((twice,), (twice,)))
    assert labels(rows) == [["twice"]]
    check_components(rows)


def test_an_action_without_room_has_no_button_and_a_long_label_is_cut() -> None:
    rows = components(((Button("x" * 90, "model " + "m" * 92), Button("y" * 90, "m" * 97)),))
    assert labels(rows) == [["y" * 80]]
    check_components(rows)
