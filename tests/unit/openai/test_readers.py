"""Events from servers that leave out or add what they like."""

from typing import Any

import pytest

from bot.openai.answer import Event, Tokens
from bot.openai.completions import CompletionsReader
from bot.openai.response_events import ResponsesReader
from handlers.ports.chat import Finish


def choice(delta: Any, finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ({}, Event()),
        ([], Event()),
        ("text", Event()),
        ({"choices": None}, Event()),
        ({"choices": [{}]}, Event()),
        ({"choices": [choice(None)]}, Event()),
        ({"choices": [choice({"content": None})]}, Event()),
        ({"choices": [choice({"content": "a"})]}, Event(text="a")),
        ({"choices": [choice({"refusal": "I can't"})]}, Event(text="I can't")),
        ({"choices": [choice({}, "eos")]}, Event(finish=Finish.COMPLETE)),
        ({"choices": [choice({"content": "z"}, "length")]}, Event("z", Finish.LENGTH)),
        ({"choices": [], "usage": {"prompt_tokens": 3}}, Event()),
        (
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
            Event(tokens=Tokens(3, 2)),
        ),
    ],
)
def test_a_chunk_is_read_whatever_it_lacks(chunk: Any, expected: Event) -> None:
    assert CompletionsReader().read(chunk) == expected


def delta(text: str, place: int = 0, kind: str = "response.output_text.delta") -> dict[str, Any]:
    return {"type": kind, "delta": text, "output_index": place, "content_index": 0}


def test_a_refusal_is_text() -> None:
    event = delta("I can't", kind="response.refusal.delta")
    assert ResponsesReader().read(event).text == "I can't"


def test_two_messages_of_one_answer_are_two_paragraphs() -> None:
    reader = ResponsesReader()
    deltas = [delta("Let me ", 0), delta("think.", 0), delta("It is ", 2), delta("four.", 2)]
    assert "".join(reader.read(raw).text for raw in deltas) == "Let me think.\n\nIt is four."


def test_both_ways_to_fail_are_failures() -> None:
    error = {"code": "server_error", "message": "It broke"}
    for raw in (
        {"type": "error", **error},
        {"type": "response.failed", "response": {"error": error}},
    ):
        failure = ResponsesReader().read(raw).failure
        assert failure is not None
        assert (failure.code, failure.message) == ("server_error", "It broke")


@pytest.mark.parametrize("raw", [{"type": "response.something.new"}, {}, [], None, "text"])
def test_an_event_of_a_later_day_says_nothing(raw: Any) -> None:
    assert ResponsesReader().read(raw) == Event()
