"""/image and the buttons under a picture: paid once, sent once, found again."""

import asyncio
from dataclasses import replace

import pytest

from handlers.commands import BY_NAME
from handlers.errors import (
    ContentRefusedError,
    PictureOptionError,
    ServiceDownError,
    StorageError,
)
from handlers.messages import Capability, UsageEntry
from handlers.ports.images import ImageOptions
from handlers.prompts import PICTURE_MADE, PICTURES_MADE
from tests import samples
from tests.fakes import message
from tests.unit.handlers.bench import Bench, pressed

LONGEST_ACTION_BYTES = 64


async def make(bench: Bench, line: str, number: int = 1) -> None:
    await bench.say(message(line, number=number, command="image"))


async def press(bench: Bench, action: str, number: int, under: str = "out1") -> None:
    command, _, words = action.partition(" ")
    await bench.say(replace(pressed(message(number=number), command, under), text=words))


async def test_pictures_are_sent_one_by_one_with_what_they_cost(bench: Bench) -> None:
    await make(bench, "n=3 size=1024x1536 a fox")

    assert bench.images.asked == [("a fox", ImageOptions(size="1024x1536", count=3))]
    assert bench.platform.photos == [samples.png(17, 16 + number) for number in range(3)]
    assert bench.platform.captions == ["", "", "$0.0200 for 3 pictures"]
    [exchange] = bench.store.exchanges
    assert exchange.question == "/image n=3 size=1024x1536 a fox"
    assert exchange.answer == PICTURES_MADE
    assert len(exchange.media) == 3
    assert exchange.answer_message_ids == ("out1", "out2", "out3")
    assert sum(entry.images for entry in bench.store.usage) == 3


async def test_the_revised_prompt_stands_in_the_caption_and_not_too_long(bench: Bench) -> None:
    bench.images.revised_prompt = "A red fox " * 80
    await make(bench, "fox")
    caption = bench.platform.captions[0]
    assert caption.startswith("A red fox A red")
    assert caption.endswith("…\n$0.0200")
    assert len(caption) < 500


async def test_an_unknown_price_is_told_as_what_was_counted(bench: Bench) -> None:
    bench.images.cost_usd = None
    await make(bench, "fox")
    assert bench.platform.captions == ["1 pictures without a known price"]


async def test_every_button_is_short_and_leads_to_a_command(bench: Bench) -> None:
    await make(bench, "n=2 fox")
    for actions in bench.platform.buttons:
        assert len(actions) == 4
        for action in actions:
            assert len(action.encode()) <= LONGEST_ACTION_BYTES
            assert action.split()[0] in BY_NAME
    assert bench.platform.buttons[1] == [
        "again 1",
        "variation 1 1 00000001",
        "edit",
        "fullsize 1 1 00000001",
    ]


async def test_again_makes_it_anew_with_the_same_options(bench: Bench) -> None:
    await make(bench, "quality=high a fox")
    await press(bench, "again 1", 2)

    assert bench.images.asked == [("a fox", ImageOptions(quality="high"))] * 2
    assert [e.question for e in bench.store.exchanges] == ["/image quality=high a fox"] * 2
    assert bench.platform.buttons[1][0] == "again 2"


async def test_full_size_gives_the_very_bytes(bench: Bench) -> None:
    bench.images.mime = "image/webp"
    await make(bench, "n=2 fox")
    await press(bench, "fullsize 1 1", 2)
    assert bench.platform.sent_files == {"picture-1-1.webp": samples.png(17, 17)}


@pytest.mark.parametrize(
    "action",
    [
        "again 99",
        "again x",
        "again",
        "again 99999999999999999999999",
        "again ²",
        "fullsize 1 7",
        "fullsize 1 -1",
        "fullsize 1",
        "fullsize 2 0",
        "variation 99 0",
        "variation 1 9",
        "edit 99 1",
        "edit 1",
        "edit 1 1",
        "edit 1 x",
    ],
)
async def test_a_button_whose_picture_is_not_there_says_so_in_one_line(
    bench: Bench, action: str
) -> None:
    await make(bench, "fox")
    await bench.say(message("hello", number=2))
    await press(bench, action, 3)

    assert bench.platform.said[2:] == [
        "I no longer have that picture. Send it to me again, and I work on it."
    ]
    assert len(bench.images.asked) == 1


async def test_a_picture_whose_file_is_gone_is_told_as_forgotten(bench: Bench) -> None:
    await make(bench, "fox")
    bench.media.files.clear()
    await press(bench, "fullsize 1 0", 2)
    await press(bench, "variation 1 0", 3)
    assert all("no longer have" in line for line in bench.platform.said[1:])
    assert bench.platform.sent_files == {}


async def test_bad_words_get_one_line_and_cost_nothing(bench: Bench) -> None:
    for number, line in enumerate(("", "size=big fox", "n=2"), start=1):
        await make(bench, line, number)
    assert bench.images.asked == []
    assert len(bench.platform.said) == 3
    assert bench.platform.said[0].startswith("Please write it like this: /image")
    assert bench.platform.said[1].startswith("size can be")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ContentRefusedError("moderation"), "safety system"),
        (PictureOptionError("400", option="this size"), "cannot do that with this size"),
    ],
)
async def test_a_refusal_is_told_as_one(bench: Bench, failure: Exception, words: str) -> None:
    bench.images.fails_with = failure
    await make(bench, "fox")
    assert words in bench.platform.said[0]
    assert bench.store.exchanges == []


async def test_a_failed_picture_is_made_by_trying_again(bench: Bench) -> None:
    bench.images.fails_with = ServiceDownError("500")
    await make(bench, "fox")
    assert bench.platform.buttons == [["retry"]]
    bench.images.fails_with = None
    await bench.say(pressed(message(number=2), "retry", under="out1"))
    assert bench.platform.photos == [samples.png(18, 16)]


async def test_a_crash_before_the_first_is_sent_costs_no_second_payment(bench: Bench) -> None:
    asked = message("n=2 fox", command="image")
    await bench.say(asked)
    _forget(bench, asked.key, sent={}, is_stored=False)
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert bench.platform.photos[2:] == bench.platform.photos[:2]
    assert len(bench.images.asked) == 1
    assert len(bench.store.usage) == 1
    assert len(bench.store.exchanges) == 1
    assert bench.platform.captions[2:] == ["", "$0.0200 for 2 pictures"]


async def test_what_was_sent_before_a_crash_is_not_sent_again(bench: Bench) -> None:
    asked = message("n=2 fox", command="image")
    await bench.say(asked)
    _forget(bench, asked.key, sent={"photo 0": ("out1",)}, is_stored=True)
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert len(bench.platform.said) == 3  # two before, the second anew
    assert bench.store.exchanges[0].answer_message_ids == ("out1", "out3")
    assert len(bench.images.asked) == 1


async def test_pictures_that_are_lost_with_their_folder_are_made_anew(bench: Bench) -> None:
    asked = message("fox", command="image")
    await bench.say(asked)
    _forget(bench, asked.key, sent={}, is_stored=False)
    bench.media.files.clear()
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert len(bench.images.asked) == 2
    assert bench.platform.photos[1] == samples.png(18, 16)


class TestPicturesOfSeveralRequests:
    """A model that makes two at a time, asked for five."""

    @pytest.fixture(autouse=True)
    def two_at_a_time(self, bench: Bench) -> None:
        bench.images.most = 2

    async def test_all_are_sent_with_what_they_cost_together(self, bench: Bench) -> None:
        await make(bench, "n=5 fox")
        assert bench.platform.photos == [samples.png(17, 16 + number) for number in range(5)]
        assert bench.platform.captions[-1] == "$0.0600 for 5 pictures"
        assert [entry.images for entry in bench.store.usage] == [2, 2, 1]

    async def test_stop_between_two_keeps_and_sends_what_is_paid(self, bench: Bench) -> None:
        at_last = asyncio.Event()

        async def wait(made: int) -> None:
            if made == 4:
                at_last.set()
                await asyncio.Event().wait()

        bench.images.before_next = wait
        await bench.dispatch.submit([message("n=5 fox", command="image")])
        await at_last.wait()
        await bench.say(message("", number=2, command="stop"))
        await bench.store.all_done(2)

        assert len(bench.platform.photos) == 4
        assert bench.platform.captions[-1].startswith("⚠️ 4 of 5")
        assert bench.platform.captions[-1].endswith("$0.0400 for 4 pictures")
        assert len(bench.store.exchanges[0].media) == 4
        assert sum(entry.images for entry in bench.store.usage) == 4

    async def test_stop_while_pictures_are_being_kept_loses_none(self, bench: Bench) -> None:
        bench.media.gate = asyncio.Event()
        await bench.dispatch.submit([message("n=5 fox", command="image")])
        await bench.media.waiting.wait()
        await bench.dispatch.submit([message("", number=2, command="stop")])
        await bench.store.all_done(1)
        bench.media.gate.set()
        await bench.store.all_done(2)

        assert len(bench.platform.photos) == 2
        assert len(bench.store.exchanges[0].media) == 2

    async def test_a_failure_of_a_later_one_costs_no_picture(self, bench: Bench) -> None:
        async def fail(made: int) -> None:
            raise ServiceDownError("500")

        bench.images.before_next = fail
        await make(bench, "n=5 fox")
        assert len(bench.platform.photos) == 2
        assert len(bench.store.exchanges[0].media) == 2

    @pytest.mark.parametrize("after", [2, 4])
    async def test_after_a_crash_between_two_only_the_rest_is_made(
        self, bench: Bench, after: int
    ) -> None:
        crashed = asyncio.Event()

        async def crash(made: int) -> None:
            if made == after:
                crashed.set()
                await asyncio.Event().wait()

        bench.images.before_next = crash
        await bench.dispatch.submit([message("n=5 fox", command="image")])
        await crashed.wait()
        await bench.dispatch.drain(0)
        bench.images.before_next = None
        bench.restart()
        await bench.dispatch.resume()
        await bench.store.all_done(1)

        assert [options.count for _, options in bench.images.asked] == [5, 5 - after]
        assert len(bench.platform.photos) == 5
        assert bench.platform.captions[-1] == "$0.0600 for 5 pictures"
        assert sum(entry.images for entry in bench.store.usage) == 5

    async def test_fewer_than_asked_for_stay_so_after_a_crash(self, bench: Bench) -> None:
        async def fail(made: int) -> None:
            raise ServiceDownError("500")

        bench.images.before_next = fail
        asked = message("n=5 fox", command="image")
        await bench.say(asked)
        _forget(bench, asked.key, sent={}, is_stored=True)
        await bench.dispatch.resume()
        await bench.store.all_done(1)
        assert len(bench.images.asked) == 1


def _forget(bench: Bench, key: str, *, sent: dict[str, tuple[str, ...]], is_stored: bool) -> None:
    """Set a message back to where a crash may leave it."""
    row = bench.store.rows[key]
    row.is_done, row.sent = False, sent
    if not is_stored:
        row.outcome = None
        bench.store.exchanges.clear()


async def test_stop_ends_the_waiting_and_stores_nothing(bench: Bench) -> None:
    bench.images.gate = asyncio.Event()
    await bench.dispatch.submit([message("fox", command="image")])
    await bench.images.waiting.wait()
    await bench.say(message("", number=2, command="stop"))
    await bench.store.all_done(2)
    assert bench.platform.said == ["⏹ Stopped."]
    assert bench.store.exchanges == []


async def test_the_next_answer_leaves_a_pictures_buttons_alone(bench: Bench) -> None:
    await make(bench, "fox")
    await bench.say(message("nice", number=2))
    row = bench.store.rows["test:2"]
    assert row.outcome is not None
    assert row.outcome.delivery is not None
    assert row.outcome.delivery.supersedes == ""
    assert bench.store.exchanges[0].answer == PICTURE_MADE


async def test_retry_of_a_picture_says_how_to_get_another(bench: Bench) -> None:
    await make(bench, "n=2 fox")
    await bench.say(message("", number=2, command="retry"))
    assert "send /image" in bench.platform.said[-1]


async def test_a_picture_that_cannot_be_kept_is_paid_once_and_told_once(bench: Bench) -> None:
    bench.media.puts_badly = StorageError("No space left on device")
    await make(bench, "a fox")
    assert len(bench.images.asked) == 1
    assert "could not keep it" in bench.platform.said[0]
    assert sum(entry.images for entry in bench.store.usage) == 1
    assert bench.pauses == []


async def test_a_database_that_fails_after_a_picture_was_made_makes_no_second_one(
    bench: Bench,
) -> None:
    bench.store.saves_badly = 2
    await make(bench, "a fox")
    assert len(bench.images.asked) == 1
    assert bench.platform.photos == [samples.png(17, 16)]
    assert sum(entry.images for entry in bench.store.usage) == 1


async def test_what_a_refused_picture_cost_is_kept(bench: Bench) -> None:
    refusal = ContentRefusedError("moderation")
    refusal.usage = (UsageEntry(Capability.IMAGE, "fake", output_tokens=7),)
    bench.images.fails_with = refusal
    await make(bench, "a fox")
    assert [entry.output_tokens for entry in bench.store.usage] == [7]


async def test_fewer_pictures_than_asked_for_are_told_as_such(bench: Bench) -> None:
    async def refuse(made: int) -> None:
        raise ContentRefusedError("moderation")

    bench.images.most = 1
    bench.images.before_next = refuse
    await make(bench, "n=3 a fox")
    assert len(bench.platform.photos) == 1
    assert "1 of 3" in bench.platform.captions[0]
