from datetime import date

import pytest

from bot.openai.catalogue import ModelCatalogue
from bot.openai.options import ModelFacts, OpenAIOptions
from handlers.messages import Capability, UsageEntry


def test_cached_tokens_cost_their_own_price() -> None:
    facts = ModelFacts(input_per_million=2, cached_input_per_million=0.5, output_per_million=8)
    catalogue = ModelCatalogue(OpenAIOptions(models={"m": facts}))
    entry = UsageEntry(
        Capability.CHAT, "m", input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000
    )
    assert catalogue.cost(entry) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 8)


def test_cached_tokens_without_a_price_of_their_own_cost_the_full_one() -> None:
    facts = ModelFacts(input_per_million=2, output_per_million=8)
    catalogue = ModelCatalogue(OpenAIOptions(models={"m": facts}))
    entry = UsageEntry(Capability.CHAT, "m", input_tokens=1_000_000, cached_tokens=1_000_000)
    assert catalogue.cost(entry) == pytest.approx(2)


@pytest.mark.parametrize(
    ("facts", "entry", "cost"),
    [
        (
            ModelFacts(per_minute=0.006),
            UsageEntry(Capability.TRANSCRIPTION, "m", seconds=90),
            0.009,
        ),
        (
            ModelFacts(per_million_characters=15),
            UsageEntry(Capability.SPEECH, "m", seconds=4, characters=2_000),
            0.03,
        ),
        (ModelFacts(per_image=0.04), UsageEntry(Capability.IMAGE, "m", images=2), 0.08),
        (
            ModelFacts(per_minute=9, input_per_million=2, output_per_million=8),
            UsageEntry(Capability.TRANSCRIPTION, "m", input_tokens=500_000, seconds=60),
            1.0,
        ),
    ],
)
def test_each_unit_has_its_price(facts: ModelFacts, entry: UsageEntry, cost: float) -> None:
    catalogue = ModelCatalogue(OpenAIOptions(models={"m": facts}))
    assert catalogue.cost(entry) == pytest.approx(cost)


def test_a_model_that_nobody_listed_has_no_price_and_no_efforts() -> None:
    catalogue = ModelCatalogue(OpenAIOptions())
    entry = UsageEntry(Capability.CHAT, "made-up-model", input_tokens=10, output_tokens=10)
    assert catalogue.cost(entry) is None
    assert catalogue.efforts("made-up-model") == ()


def test_efforts_hold_for_longer_names_and_the_longest_known_name_wins() -> None:
    models = {
        "some": ModelFacts(efforts=("low",)),
        "some-big": ModelFacts(efforts=("low", "high")),
    }
    catalogue = ModelCatalogue(OpenAIOptions(models=models))
    assert catalogue.efforts("some-small") == ("low",)
    assert catalogue.efforts("some-big-2026-01-01") == ("low", "high")
    assert catalogue.efforts("vendor/some-big") == ("low", "high")
    assert catalogue.efforts("something") == ()


def test_a_price_holds_for_dated_snapshots_but_not_for_other_longer_names() -> None:
    models = {"some": ModelFacts(input_per_million=1, output_per_million=1)}
    catalogue = ModelCatalogue(OpenAIOptions(models=models))

    def price(model: str) -> float | None:
        return catalogue.cost(UsageEntry(Capability.CHAT, model, input_tokens=1_000_000))

    assert price("some-2026-01-31") == 1
    assert price("some-mini") is None


def test_the_operators_facts_override_field_by_field() -> None:
    options = OpenAIOptions(
        chat_model="gpt-6-luna", models={"gpt-6-luna": ModelFacts(output_per_million=100)}
    )
    catalogue = ModelCatalogue(options)
    plain = ModelCatalogue(OpenAIOptions())
    entry = UsageEntry(Capability.CHAT, "gpt-6-luna", input_tokens=1_000_000)
    assert catalogue.cost(entry) == plain.cost(entry)
    spoken = UsageEntry(Capability.CHAT, "gpt-6-luna", output_tokens=1_000_000)
    assert catalogue.cost(spoken) == 100
    assert catalogue.efforts("gpt-6-luna") == plain.efforts("gpt-6-luna") != ()


def test_every_packaged_default_is_known_and_alive_on_the_day_it_was_packaged() -> None:
    options = OpenAIOptions()
    catalogue = ModelCatalogue(options)
    for model in (options.chat_model, options.speech_model, options.transcription_model):
        end = catalogue.shutdown(model)
        assert end is None or end > date(2026, 11, 21)
    assert catalogue.is_base64_only(options.image_model)
    assert options.voice in catalogue.voices


def test_menus_offer_the_default_first_and_nothing_twice() -> None:
    options = OpenAIOptions(chat_model="b", chat_models=("a", "b"), voice="v", voices=("u", "v"))
    catalogue = ModelCatalogue(options)
    assert catalogue.chat_models == ("b", "a")
    assert catalogue.voices == ("v", "u")


def test_pictures_among_the_input_cost_their_own_price() -> None:
    facts = ModelFacts(input_per_million=5, picture_input_per_million=8, output_per_million=30)
    catalogue = ModelCatalogue(OpenAIOptions(models={"m": facts}))
    entry = UsageEntry(Capability.IMAGE, "m", input_tokens=1_000_000, output_tokens=100_000)
    assert catalogue.cost(entry, picture_tokens=400_000) == pytest.approx(0.6 * 5 + 0.4 * 8 + 3)


def test_pictures_among_the_input_cost_as_much_as_words_where_nothing_else_is_known() -> None:
    facts = ModelFacts(input_per_million=5, output_per_million=30)
    catalogue = ModelCatalogue(OpenAIOptions(models={"m": facts}))
    entry = UsageEntry(Capability.IMAGE, "m", input_tokens=1_000_000)
    assert catalogue.cost(entry, picture_tokens=400_000) == pytest.approx(5)


def test_what_an_image_model_can_do_holds_for_longer_names_and_is_overridden() -> None:
    told = {"gpt-image-2": ModelFacts(shows_partial_images=False, images_per_request=4)}
    catalogue = ModelCatalogue(OpenAIOptions(models=told))
    assert catalogue.shows_partial_images("gpt-image-2.6-flare")
    assert not catalogue.shows_partial_images("gpt-image-2-2026-04-21")
    assert not catalogue.shows_partial_images("made-up")
    assert catalogue.images_per_request("gpt-image-2") == 4
    assert catalogue.images_per_request("dall-e-3") == 1
    assert catalogue.images_per_request("made-up") == 10
    assert catalogue.edits_square_png("dall-e-2")
    assert not catalogue.edits_square_png("gpt-image-2")
