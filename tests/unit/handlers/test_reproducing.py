"""/seed, /footer and /compare."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from handlers.errors import ServiceBusyError
from handlers.media.pixels import open_pixels
from handlers.messages import ChatSettings
from handlers.ports.chat import AnswerFacts, Finish
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import pressed
from tests.unit.handlers.structured_bench import StructuredBench, command


@pytest.fixture
async def bench() -> AsyncIterator[StructuredBench]:
    bench = StructuredBench()
    yield bench
    await bench.close()


def facts(fingerprint: str = "fp_1", seed: int | None = 42, **more: bool) -> AnswerFacts:
    return AnswerFacts("gpt-x", fingerprint, seed, **more)


def chosen(bench: StructuredBench) -> ChatSettings:
    return bench.settings.stored.get(CHAT, ChatSettings())


# ------------------------------------------------------------ /seed and /footer


@pytest.mark.parametrize(
    ("line", "seed", "temperature"),
    [
        ("7", 7, 1.5),
        ("-3 temperature 0", -3, 0.0),
        ("temperature 0,7", 1, 0.7),
        ("off", None, 1.5),
        ("off temperature off", None, None),
        ("9223372036854775807", 2**63 - 1, 1.5),
        ("", 1, 1.5),
    ],
)
async def test_seed_and_temperature_are_kept_for_the_chat(
    bench: StructuredBench, line: str, seed: int | None, temperature: float | None
) -> None:
    bench.settings.stored[CHAT] = ChatSettings(seed=1, temperature=1.5)
    await bench.say(command("seed", line))

    assert (chosen(bench).seed, chosen(bench).temperature) == (seed, temperature)
    told = "none" if seed is None else str(seed)
    assert bench.platform.said[0].startswith(f"Seed: {told}\n")


@pytest.mark.parametrize(
    "line",
    ["x", "1.5", "9223372036854775808", "٣", "1 2", "1 temperature", "temperature 2.1", "1 heat 1"],
)
async def test_a_wrong_seed_is_told_in_a_line(bench: StructuredBench, line: str) -> None:
    await bench.say(command("seed", line))

    assert bench.platform.said == [
        "Please write it like this: /seed [number|off] [temperature 0.7|off]"
    ]
    assert chosen(bench) == ChatSettings()


async def test_the_footer_is_switched_by_words_and_by_its_button(bench: StructuredBench) -> None:
    await bench.say(command("footer", "on"))
    assert chosen(bench).footer
    assert bench.platform.buttons == [["footer off"]]
    await bench.say(command("footer", "off", number=2))
    assert not chosen(bench).footer
    await bench.say(command("footer", "perhaps", number=3))
    assert bench.platform.said[-1] == "Please write it like this: /footer [on|off]"


# ------------------------------------------------------------ /compare


def script(bench: StructuredBench, *answers: str, told: tuple[AnswerFacts, ...] = ()) -> None:
    told = told or (facts(), facts(), facts(seed=None), facts(seed=None))
    bench.model.scripts = [[fact, text] for fact, text in zip(told, answers, strict=True)]


async def test_it_asks_twice_with_the_chats_seed_and_twice_without(bench: StructuredBench) -> None:
    bench.settings.stored[CHAT] = ChatSettings(seed=7, temperature=0.5)
    told = (facts(seed=7), facts(seed=7), facts(seed=None), facts(seed=None))
    script(bench, "A tale.", "A tale.", "A tale.", "A tale.", told=told)
    await bench.say(command("compare", "tell a tale"))

    requests = bench.model.requests
    assert [request.seed for request in requests] == [7, 7, None, None]
    assert {request.temperature for request in requests} == {0.5}
    assert len({replace(request, seed=0) for request in requests}) == 1
    said, file = bench.platform.said
    assert "**With seed 7:** the same twice." in said
    assert "**Without a seed:** the same twice." in said
    assert "Fingerprint: `fp_1`, all four times." in said
    assert "\nA tale.\n" in said
    assert "All four: 4 in, 4 out." in said
    assert "took" not in said
    assert file == "file compare.txt"
    assert bench.platform.photos == []
    assert len(bench.store.usage) == 4
    assert bench.store.exchanges == []


async def test_what_was_said_before_changes_nothing(bench: StructuredBench) -> None:
    script(bench, "x", "x", "x", "x")
    bench.store.summary = "they met"
    await bench.say(command("compare", "tell"))

    assert all("they met" not in request.system for request in bench.model.requests)
    assert all(len(request.messages) == 1 for request in bench.model.requests)


async def test_a_chat_without_a_seed_gets_one_and_is_told(bench: StructuredBench) -> None:
    script(bench, "x", "x", "x", "x")
    await bench.say(command("compare", "tell"))

    assert [request.seed for request in bench.model.requests] == [42, 42, None, None]
    assert "This chat has no seed, so I took 42." in bench.platform.said[0]
    assert chosen(bench).seed is None


async def test_where_they_differ_a_picture_shows_it(bench: StructuredBench) -> None:
    script(bench, "the same", "the same", "It is a red fox.", "It is a blue fox.")
    await bench.say(command("compare", "an animal"))

    assert "**Without a seed:** different (" in bench.platform.said[0]
    [png] = bench.platform.photos
    pixels = open_pixels(png)
    assert pixels.mime == "image/png"
    assert pixels.size[0] == 1080
    pixels.close()
    [caption] = bench.platform.captions
    assert caption.startswith("Without a seed, 1 of 1. Struck out: only the first time.")
    whole = bench.platform.sent_files["compare.txt"].decode()
    assert [whole.count(text) for text in ("the same", "red fox", "blue fox")] == [2, 1, 1]


async def test_a_fingerprint_that_changed_in_between_is_told(bench: StructuredBench) -> None:
    script(bench, "x", "x", "x", "x", told=(facts("a"), facts("b"), facts("b"), facts("b")))
    await bench.say(command("compare", "tell"))

    assert "The fingerprint changed in between (`a`, `b`)" in bench.platform.said[0]


async def test_a_seed_that_no_route_takes_is_told(bench: StructuredBench) -> None:
    script(bench, "x", "x", "x", "x", told=(AnswerFacts("gpt-x"),) * 4)
    await bench.say(command("compare", "tell"))

    assert "No route of the service takes a seed" in bench.platform.said[0]
    assert "The service told no fingerprint." in bench.platform.said[0]


async def test_another_route_for_the_seeds_sake_is_told(bench: StructuredBench) -> None:
    seeded = facts(is_rerouted=True)
    script(bench, "x", "x", "x", "x", told=(seeded, seeded, facts("", None), facts("", None)))
    await bench.say(command("compare", "tell"))

    assert "those with one went by Chat Completions" in bench.platform.said[0]
    assert "Fingerprint: `fp_1`, where the service told one." in bench.platform.said[0]


async def test_an_answer_at_its_limit_is_told(bench: StructuredBench) -> None:
    bench.model.scripts = [["long", Finish.LENGTH], ["long"], ["x"], ["x"]]
    await bench.say(command("compare", "tell"))

    assert "Not every answer is whole" in bench.platform.said[0]
    assert "length" in bench.platform.sent_files["compare.txt"].decode()


async def test_after_a_failure_only_what_is_missing_is_asked_again(bench: StructuredBench) -> None:
    bench.model.scripts = [["one"], ServiceBusyError("429"), ["three"], ["half", Finish.CUT]]
    asked = command("compare", "tell")
    await bench.say(asked)
    assert len(bench.store.usage) == 3
    bench.model.scripts = [["one"], ["three"]]
    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))

    assert [request.seed for request in bench.model.requests[4:]] == [42, None]
    assert "**With seed 42:** the same twice." in bench.platform.said[1]
    assert "**Without a seed:** the same twice." in bench.platform.said[1]
    assert len(bench.store.usage) == 5


async def test_a_failure_is_told_when_the_other_answers_are_there(bench: StructuredBench) -> None:
    go_on = asyncio.Event()
    bench.model.scripts = [ServiceBusyError("429"), *([go_on, "x"] for _ in range(3))]
    bench.platform.gate = asyncio.Event()
    await bench.dispatch.submit([command("compare", "tell")])
    await bench.model.waiting.wait()
    for _ in range(50):
        await asyncio.sleep(0)  # whatever could be said by now is
    assert not bench.platform.at_gate.is_set()
    go_on.set()
    await bench.platform.at_gate.wait()
    assert len(bench.store.rows["test:1"].steps) == 3
    bench.platform.gate.set()
    await bench.store.all_done(1)


async def test_after_a_crash_nothing_is_paid_or_sent_twice(bench: StructuredBench) -> None:
    script(bench, "one fox", "one dog", "x", "x")
    bench.platform.gate = asyncio.Event()
    await bench.dispatch.submit([command("compare", "tell")])
    await bench.platform.at_gate.wait()
    bench.platform.gate = None
    await bench.crash()
    await bench.store.all_done(1)

    assert len(bench.model.requests) == 4
    assert len(bench.store.usage) == 4
    assert bench.platform.slots == ["answer", "file 0", "photo 0"]


async def test_stop_ends_all_four_and_notes_what_they_cost(bench: StructuredBench) -> None:
    bench.model.scripts = [[asyncio.Event()] for _ in range(4)]
    await bench.dispatch.submit([command("compare", "tell")])
    await bench.model.waiting.wait()
    await bench.say(command("stop", number=2))
    await bench.store.all_done(2)

    assert bench.platform.said == ["⏹ Stopped."]
    assert bench.model.closed == 4
    assert len(bench.store.usage) == 4


async def test_nothing_asked_is_told_how_to_ask(bench: StructuredBench) -> None:
    await bench.say(command("compare"))

    assert bench.platform.said == ["Please write it like this: /compare your question"]
