"""Raw updates that the library could not parse."""

from typing import Any

import pytest

from bot.telegram.unreadable import read_unreadable
from handlers.messages import AttachmentKind, Origin

ALICE = {"id": 101, "is_bot": False, "first_name": "Alice", "language_code": "de"}
MESSAGE: dict[str, Any] = {
    "message_id": 7,
    "date": 5,
    "chat": {"id": 101, "type": "private"},
    "from": ALICE,
    "future": {"kind": 1},
}


@pytest.mark.parametrize(
    ("field", "origin"), [("message", Origin.MESSAGE), ("edited_message", Origin.EDIT)]
)
def test_a_persons_message_is_told_to_be_of_an_unknown_kind(field: str, origin: Origin) -> None:
    message = read_unreadable({"update_id": 3, field: MESSAGE}, 9)

    assert message is not None
    assert (message.key, str(message.chat), message.message_id) == (
        "telegram:9:3",
        "telegram:101",
        "7",
    )
    assert (message.sender.key, message.sender.name, message.origin) == (
        "telegram:101",
        "Alice",
        origin,
    )
    assert [(a.kind, a.name) for a in message.attachments] == [
        (AttachmentKind.OTHER, "a message of this kind")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"chat": {"id": -5, "type": "group"}},
        {"chat": {"id": "101", "type": "private"}},
        {"chat": None},
        {"from": ALICE | {"is_bot": True}},
        {"from": {}},
        {"message_id": None},
    ],
)
def test_what_cannot_be_answered_is_left_out(change: dict[str, Any]) -> None:
    assert read_unreadable({"update_id": 3, "message": MESSAGE | change}, 9) is None


@pytest.mark.parametrize("data", [None, [], {}, {"message": "words"}, {"message": MESSAGE}])
def test_what_is_no_update_is_left_out(data: Any) -> None:
    assert read_unreadable(data, 9) is None
