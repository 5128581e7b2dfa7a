"""Functions of other packages as tools."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from bot.plugins import GROUP, FunctionTool, installed_tools
from handlers.media.memory import MemoryGate
from handlers.messages import ChatSettings, Pending
from handlers.turn import Turn
from tests.fakes import FakePlatform, FakeStore, message

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-tool"


def turn() -> Turn:
    return Turn(
        Pending(message()),
        ChatSettings(),
        FakePlatform(),
        FakeStore(),
        lambda _: None,
        MemoryGate(1),
    )


async def area(
    width: Annotated[float, Field(gt=0, description="In metres")], title: str = "it"
) -> float:
    """Tell the area of a square.

    More for the model.
    """
    return width * width


async def silent(words: str) -> str:
    return words


def plain(words: str) -> str:
    """No coroutine."""
    return words


async def by_place(words: str, /) -> str:
    """Takes its argument by place."""
    return words


def test_a_function_is_told_as_its_types_and_its_docstring_say() -> None:
    tool = FunctionTool("area", area)

    assert tool.spec.description == "Tell the area of a square.\n\nMore for the model."
    assert tool.summary == "Tell the area of a square."
    assert tool.spec.parameters == {
        "type": "object",
        "properties": {
            "width": {"type": "number", "exclusiveMinimum": 0, "description": "In metres"},
            "title": {"type": "string", "default": "it"},
        },
        "required": ["width"],
        "additionalProperties": False,
    }


async def test_it_is_called_with_arguments_that_fit() -> None:
    tool = FunctionTool("area", area)

    assert (await tool.call(turn(), {"width": 3})).text == "9.0"
    wrong = await tool.call(turn(), {"width": -3})
    assert wrong.is_failed
    assert "width" in wrong.text


@pytest.mark.parametrize("function", [silent, plain, by_place, 5])
def test_what_is_no_tool_is_left_out_and_the_others_stay(function: Any) -> None:
    class Point(EntryPoint):
        def load(self) -> Any:
            return function if self.name == "odd" else area

    points = [Point("odd", "x:odd", GROUP), Point("area", "x:area", GROUP)]

    assert [tool.spec.name for tool in installed_tools(points)] == ["area"]


def test_a_package_that_cannot_be_imported_is_left_out() -> None:
    assert installed_tools([EntryPoint("gone", "no_such_package:tool", GROUP)]) == ()


async def test_the_example_in_the_documentation_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    [dice] = installed_tools([EntryPoint("roll_dice", "parley_dice:roll_dice", GROUP)])

    rolled = await dice.call(turn(), {"count": 3, "sides": 2})

    assert rolled.text.count(",") == 2
    assert (await dice.call(turn(), {"count": 1000})).is_failed
