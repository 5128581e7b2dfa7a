"""Completions while typing, and what a form shows at first."""

import pytest

from handlers.command import Completes
from handlers.filling import MAX_COMPLETIONS, Filling
from handlers.messages import ChatSettings
from tests.fakes import CHAT, FakeSettings


class Shelf:
    """A catalogue with what a test puts there."""

    chat_model = "gpt-5"
    chat_models: tuple[str, ...] = ("gpt-5", "gpt-5-mini", "o4", "mini-gpt")
    voice = "alloy"
    voices: tuple[str, ...] = ("alloy", "ash", "Ballad")

    def efforts(self, model: str) -> tuple[str, ...]:
        return {"gpt-5": ("low", "high"), "o4": ("none", "medium")}.get(model, ())


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def settings() -> FakeSettings:
    return FakeSettings()


@pytest.fixture
def filling(shelf: Shelf, settings: FakeSettings) -> Filling:
    return Filling(shelf, settings)


async def test_nothing_typed_offers_all(filling: Filling) -> None:
    models = await filling.complete(CHAT, Completes.MODELS, "", {})
    assert models == ("gpt-5", "gpt-5-mini", "o4", "mini-gpt", "default")
    assert await filling.complete(CHAT, Completes.VOICES, "  ", {}) == ("alloy", "ash", "Ballad")


async def test_what_begins_so_comes_before_what_holds_it(filling: Filling) -> None:
    found = await filling.complete(CHAT, Completes.MODELS, "Mini", {})
    assert found == ("mini-gpt", "gpt-5-mini", "Mini")
    assert await filling.complete(CHAT, Completes.VOICES, "b", {}) == ("Ballad",)


async def test_a_model_that_nobody_listed_can_be_chosen(filling: Filling) -> None:
    assert await filling.complete(CHAT, Completes.MODELS, " my-own ", {}) == ("my-own",)
    assert await filling.complete(CHAT, Completes.VOICES, "my-own", {}) == ()


async def test_what_is_typed_has_a_place_among_very_many(shelf: Shelf, filling: Filling) -> None:
    shelf.chat_models = tuple(f"model-{number}" for number in range(40))
    found = await filling.complete(CHAT, Completes.MODELS, "model", {})
    assert len(found) == MAX_COMPLETIONS
    assert found[-1] == "model"
    found = await filling.complete(CHAT, Completes.MODELS, "model-3", {})
    assert found.count("model-3") == 1


async def test_efforts_are_those_of_the_model_being_chosen(
    filling: Filling, settings: FakeSettings
) -> None:
    efforts = Completes.EFFORTS
    assert await filling.complete(CHAT, efforts, "", {}) == ("low", "high", "default")
    settings.stored[CHAT] = ChatSettings(model="o4")
    assert await filling.complete(CHAT, efforts, "", {}) == ("none", "medium", "default")
    chosen = {"name": "gpt-5"}
    assert await filling.complete(CHAT, efforts, "h", chosen) == ("high",)
    chosen = {"name": "default"}
    assert await filling.complete(CHAT, efforts, "", chosen) == ("low", "high", "default")
    assert await filling.complete(CHAT, efforts, "", {"name": "strange"}) == ("default",)


async def test_what_has_no_completions_is_offered_none(filling: Filling) -> None:
    assert await filling.complete(CHAT, Completes.NOTHING, "l", {}) == ()


async def test_the_form_of_the_persona_shows_what_it_is_now(
    filling: Filling, settings: FakeSettings
) -> None:
    assert await filling.current(CHAT, "persona") == ""
    settings.stored[CHAT] = ChatSettings(persona="a poet")
    assert await filling.current(CHAT, "persona") == "a poet"
    assert await filling.current(CHAT, "ask") == ""


async def test_tools_are_completed_by_their_names(shelf: Shelf, settings: FakeSettings) -> None:
    filling = Filling(shelf, settings, lambda: ("calculator", "weather"))
    assert await filling.complete(CHAT, Completes.TOOLS, "", {}) == ("calculator", "weather", "all")
    assert await filling.complete(CHAT, Completes.TOOLS, "we", {}) == ("weather",)
