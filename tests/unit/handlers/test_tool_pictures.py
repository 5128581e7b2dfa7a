"""Pictures that tools make: sent with the answer, kept, named, found again, never paid twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from handlers.commands import BY_NAME
from handlers.errors import ContentRefusedError, QuestionTooLongError, StorageError
from handlers.messages import AnswerState, Attachment, AttachmentKind, Quoted
from handlers.ports.chat import ChatRequest, Finish, TextPart
from handlers.ports.images import ImageOptions
from handlers.tools.pictures import EditImage, MakeImage
from tests import samples
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench, pressed
from tests.unit.handlers.tool_bench import call, crash

LONGEST_ACTION_BYTES = 64
FIRST = "00000000"
"""How a button knows the first picture that is kept."""


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench(
        budget_tokens=16_000,
        tools=lambda b: [MakeImage(b.images, b.gallery), EditImage(b.images, b.gallery)],
    )
    yield bench
    await bench.close()


async def draw(bench: Bench, **arguments: Any) -> None:
    bench.model.scripts = [[call("make_image", prompt="a fox", **arguments)], ["Here."]]
    await bench.say(message("draw a fox"))


def last_told(bench: Bench) -> str:
    return bench.model.requests[-1].rounds[-1].results[-1].output


def texts(request: ChatRequest, place: int = 0) -> list[str]:
    """Of a message."""
    return [p.text for p in request.messages[place].parts if isinstance(p, TextPart)]


async def press(bench: Bench, action: str, number: int) -> None:
    command, _, words = action.partition(" ")
    await bench.say(replace(pressed(message(number=number), command), text=words))


async def test_a_picture_is_sent_with_the_answer_and_belongs_to_the_exchange(bench: Bench) -> None:
    await draw(bench, size="1024x1536")

    assert bench.images.asked == [("a fox", ImageOptions(size="1024x1536"))]
    assert bench.platform.said == [
        "Here.\n🔧 make_image: a fox",
        "photo " + str(len(samples.png(17, 16))),
    ]
    assert bench.platform.captions == ["$0.0200"]
    assert bench.platform.buttons[1] == [
        f"again 1 0 {FIRST}",
        f"variation 1 0 {FIRST}",
        "edit",
        f"fullsize 1 0 {FIRST}",
    ]
    assert "picture 1.1; it is sent" in last_told(bench)
    [exchange] = bench.store.exchanges
    assert [(ref.is_made, ref.width) for ref in exchange.media] == [(True, 17)]
    assert exchange.answer_message_ids == ("out1", "out2")
    assert sum(entry.images for entry in bench.store.usage) == 1


async def test_every_button_leads_to_a_command_and_does_what_it_says(bench: Bench) -> None:
    await draw(bench, size="1024x1536")
    for action in bench.platform.buttons[1]:
        assert action.split()[0] in BY_NAME
        assert len(action.encode()) <= LONGEST_ACTION_BYTES
    again, variation, _, full_size = bench.platform.buttons[1]
    await press(bench, again, 2)
    await press(bench, variation, 3)
    await press(bench, full_size, 4)

    assert bench.images.asked[1] == ("a fox", ImageOptions(size="1024x1536"))
    assert bench.store.exchanges[1].question == "/image size=1024x1536 a fox"
    assert bench.images.sources[0][0].data == samples.png(17, 16)
    assert bench.platform.sent_files == {"picture-1-0.png": samples.png(17, 16)}


async def test_make_the_sky_darker_changes_the_newest_picture(bench: Bench) -> None:
    await bench.say(message("a fox", command="image"))
    bench.model.scripts = [
        [call("edit_image", prompt="make the sky darker, keep the rest")],
        ["The sky is darker now."],
    ]
    await bench.say(message("make the sky darker", number=2))

    assert bench.images.asked[1][0] == "make the sky darker, keep the rest"
    assert [picture.data for picture in bench.images.sources[0]] == [samples.png(17, 16)]
    assert bench.platform.photos[1] == samples.png(18, 16)
    assert bench.platform.buttons[-1][0] == "edit 2 t 0 00000001"
    assert bench.store.exchanges[1].answer == "The sky is darker now."

    await press(bench, "edit 2 t 0 00000001", 3)
    assert bench.images.asked[2][0] == "make the sky darker, keep the rest"
    assert [picture.data for picture in bench.images.sources[1]] == [samples.png(17, 16)]


async def test_pictures_have_names_that_stay_and_can_be_named(bench: Bench) -> None:
    await draw(bench)
    await bench.say(message("n=2 a cat", number=2, command="image"))
    bench.model.scripts = [[call("edit_image", prompt="both", pictures=["1.1", "2.2"])], ["Done."]]
    await bench.say(message("put them together", number=3))

    request = bench.model.requests[-1]
    assert texts(request, 0)[0] == "[picture 1.1: made by you and sent with your answer]"
    assert texts(request, 2)[0] == "[pictures 2.1 to 2.2]"
    assert [picture.data for picture in bench.images.sources[0]] == [
        samples.png(17, 16),
        samples.png(18, 17),
    ]
    assert "picture 3.1" in last_told(bench)
    await bench.say(message("and now?", number=4))
    assert texts(bench.model.requests[-1], 4)[0].startswith("[picture 3.1: made by you")


async def test_a_picture_of_the_person_comes_before_what_is_made_of_it(bench: Bench) -> None:
    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    bench.model.scripts = [[call("edit_image", prompt="darker")], ["Done."]]
    await bench.say(message("darker", attachments=(photo,)))
    assert "picture 1.2; it is sent" in last_told(bench)
    assert texts(bench.model.requests[0]) == ["[picture 1.1]", "darker"]
    assert bench.platform.buttons[1][-1] == "fullsize 1 1 00000001"
    await press(bench, "fullsize 1 1 00000001", 2)
    assert bench.platform.sent_files == {"picture-1-1.png": samples.png(17, 16)}


async def test_a_picture_can_be_changed_in_the_answer_that_made_it(bench: Bench) -> None:
    bench.model.scripts = [
        [call("make_image", prompt="a fox"), call("make_image", 2, prompt="a cat")],
        [call("edit_image", prompt="darker", pictures=["1.1"])],
        ["Three."],
    ]
    await bench.say(message("go"))
    assert [picture.data for picture in bench.images.sources[0]] == [samples.png(17, 16)]
    assert len(bench.platform.photos) == 3
    assert [ref.width for ref in bench.store.exchanges[0].media] == [17, 18, 19]
    assert [actions[0] for actions in bench.platform.buttons[1:]] == [
        "again 1 0 00000000",
        "again 1 1 00000001",
        "edit 1 t 2 00000002",
    ]


async def test_a_picture_that_is_not_there_is_an_error_for_the_model(bench: Bench) -> None:
    bench.model.scripts = [
        [call("edit_image", prompt="darker")],
        [call("edit_image", prompt="darker", pictures=["7.1"])],
        ["None."],
    ]
    await bench.say(message("go"))
    await bench.say(message("a cat", number=2, command="image"))
    bench.images.asked.clear()
    bench.model.scripts = [[call("edit_image", prompt="darker", pictures=["2.1", "7.1"])], ["No."]]
    await bench.say(message("go", number=3))
    assert last_told(bench) == "Error: there is no picture 7.1."
    first, second = bench.model.requests[2].rounds
    assert first.results[0].output == "Error: there is no picture here."
    assert second.results[0].output == "Error: there is no picture 7.1."
    assert bench.images.asked == []


async def test_a_reply_to_a_picture_of_ours_means_it_as_it_was_made(bench: Bench) -> None:
    await draw(bench)
    await bench.say(message("a cat", number=2, command="image"))
    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    bench.model.scripts = [[call("edit_image", prompt="darker")], ["Done."]]
    quoted = Quoted("out2", "Parley", attachments=(photo,), is_from_bot=True)
    await bench.say(message("darker", number=3, quoted=quoted))
    assert [picture.data for picture in bench.images.sources[0]] == [samples.png(17, 16)]


async def test_slash_edit_as_a_reply_to_it_works_on_it_as_it_was_made(bench: Bench) -> None:
    await draw(bench)
    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    quoted = Quoted("out2", "Parley", attachments=(photo,), is_from_bot=True)
    await bench.say(message("darker", number=2, command="edit", quoted=quoted))
    assert [picture.data for picture in bench.images.sources[0]] == [samples.png(17, 16)]


async def test_a_refusal_is_told_to_the_model_and_not_to_people(bench: Bench) -> None:
    bench.images.fails_with = ContentRefusedError("moderation")
    await draw(bench)
    assert "safety system declined" in last_told(bench)
    assert bench.platform.said == ["Here.\n⚠️ make_image: a fox"]
    assert bench.platform.photos == []


async def test_a_crash_after_a_picture_was_made_costs_no_second_one(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [[call("make_image", prompt="a fox")], [gate], ["Here."]]
    await bench.dispatch.submit([message("draw a fox")])
    await bench.model.waiting.wait()
    await crash(bench, 2)

    assert len(bench.images.asked) == 1
    assert bench.platform.photos == [samples.png(17, 16)]
    assert bench.platform.said[0].startswith("Here.")
    assert sum(entry.images for entry in bench.store.usage) == 1


async def test_a_crash_between_the_answer_and_its_picture_sends_what_lacks(bench: Bench) -> None:
    await draw(bench)
    row = bench.store.rows["test:1"]
    row.is_done, row.sent = False, {"answer": ("out1",)}
    bench.restart()
    await bench.dispatch.resume()
    await bench.store.all_done(1)
    assert bench.platform.slots == ["answer", "photo 0", "answer", "photo 0"]
    assert len(bench.images.asked) == 1
    assert bench.store.exchanges[0].answer_message_ids == ("out3", "out4")


async def test_a_database_that_fails_before_the_picture_is_sent_loses_none(bench: Bench) -> None:
    bench.model.scripts = [[call("make_image", prompt="a fox")], ["Here."]]
    bench.media.fails_with = StorageError("gone for a moment")
    await bench.say(message("draw a fox"))
    assert bench.platform.photos == [samples.png(17, 16)]
    assert len(bench.images.asked) == 1


async def test_stop_keeps_the_picture_that_is_made(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [[call("make_image", prompt="a fox")], [gate]]
    await bench.dispatch.submit([message("draw a fox")])
    await bench.model.waiting.wait()
    await bench.say(message("", number=2, command="stop"))
    await bench.store.all_done(2)
    assert bench.platform.said[0] == "🖼\n🔧 make_image: a fox\n⏹ Stopped."
    assert bench.platform.photos == [samples.png(17, 16)]
    assert bench.store.exchanges[0].state is AnswerState.STOPPED


async def test_a_picture_that_is_paid_is_sent_though_the_service_takes_no_more(
    bench: Bench,
) -> None:
    bench.model.scripts = [[call("make_image", prompt="a fox")], QuestionTooLongError("too long")]
    await bench.say(message("draw a fox"))
    assert bench.platform.photos == [samples.png(17, 16)]
    assert "broke off" in bench.platform.said[0]


async def test_retry_draws_anew_and_is_not_shown_what_the_old_answer_made(bench: Bench) -> None:
    await draw(bench)
    bench.model.scripts = [[call("make_image", prompt="a fox")], ["Again."]]
    await bench.say(pressed(message(number=2), "retry", under="out1"))
    assert texts(bench.model.requests[2]) == ["draw a fox"]
    [exchange] = bench.store.exchanges
    assert [ref.width for ref in exchange.media] == [18]
    assert exchange.answer == "Again."


async def test_the_next_answer_takes_the_buttons_from_the_text_and_not_from_the_picture(
    bench: Bench,
) -> None:
    await draw(bench)
    await bench.say(message("nice", number=2))
    outcome = bench.store.rows["test:2"].outcome
    assert outcome is not None
    assert outcome.delivery is not None
    assert outcome.delivery.supersedes == "out1"


async def test_an_answer_of_pictures_alone_has_something_to_stand_under(bench: Bench) -> None:
    bench.model.scripts = [[call("make_image", prompt="a fox")], [" "]]
    await bench.say(message("draw"))
    assert bench.platform.said[0].startswith("🖼")
    assert bench.store.exchanges[0].answer == "🖼"


async def test_a_button_under_a_replaced_answer_means_the_picture_that_it_stands_under(
    bench: Bench,
) -> None:
    await draw(bench)
    [again, variation, _, full_size] = bench.platform.buttons[1]
    bench.model.scripts = [[call("make_image", prompt="a cat")], ["Again."]]
    await bench.say(pressed(message(number=2), "retry", under="out1"))
    await press(bench, full_size, 3)
    await press(bench, again, 4)
    await press(bench, variation, 5)

    assert list(bench.platform.sent_files.values()) == [samples.png(17, 16)]
    assert [prompt for prompt, _ in bench.images.asked[:3]] == ["a fox", "a cat", "a fox"]
    assert bench.images.sources[0][0].data == samples.png(17, 16)


async def test_a_button_without_a_mark_still_means_its_place(bench: Bench) -> None:
    await draw(bench)
    await press(bench, "fullsize 1 0", 2)
    await press(bench, "again 1 0", 3)
    assert list(bench.platform.sent_files.values()) == [samples.png(17, 16)]
    assert len(bench.images.asked) == 2


async def test_a_picture_of_an_answer_that_went_on_takes_no_name_of_another(bench: Bench) -> None:
    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    bench.model.scripts = [["I will draw", Finish.CUT]]
    await bench.say(message("draw this", attachments=(photo,)))
    bench.model.scripts = [[call("make_image", prompt="a fox")], [" it."]]
    await bench.say(pressed(message(number=2), "continue", under="out1"))
    assert "picture 1.2; it is sent" in last_told(bench)


async def test_a_reply_to_the_rest_of_an_answer_means_its_words_and_not_its_picture(
    bench: Bench,
) -> None:
    bench.model.scripts = [[call("make_image", prompt="a fox")], ["Here it is", Finish.CUT]]
    await bench.say(message("draw"))
    bench.model.scripts = [[call("make_image", prompt="a cat")], [" and more."]]
    await bench.say(pressed(message(number=2), "continue", under="out1"))
    [exchange] = bench.store.exchanges
    assert exchange.answer_message_ids == ("out1", "out3", "out2", "out4")
    await bench.say(message("thanks", number=3))
    outcome = bench.store.rows["test:3"].outcome
    assert outcome is not None
    assert outcome.delivery is not None
    assert outcome.delivery.supersedes == "out3"

    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    for number, (under, sent) in enumerate(
        [("out2", samples.png(17, 16)), ("out4", samples.png(18, 16))], start=4
    ):
        quoted = Quoted(under, "Parley", attachments=(photo,), is_from_bot=True)
        await bench.say(message("darker", number=number, command="edit", quoted=quoted))
        assert bench.images.sources[-1][0].data == sent


async def test_after_a_fresh_start_pictures_have_the_names_that_they_keep(bench: Bench) -> None:
    await bench.say(message("one"))
    await bench.say(message("two", number=2))
    await bench.store.reset(CHAT)
    bench.model.scripts = [[call("make_image", prompt="a fox")], ["Here."]]
    await bench.say(message("draw", number=3))
    assert "picture 3.1; it is sent" in last_told(bench)


async def test_the_newest_picture_after_an_edit_is_what_the_edit_made(bench: Bench) -> None:
    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    await bench.say(message("bluer", command="edit", attachments=(photo,)))
    bench.model.scripts = [[call("edit_image", prompt="darker")], ["Done."]]
    await bench.say(message("darker", number=2))
    assert [picture.data for picture in bench.images.sources[1]] == [samples.png(17, 16)]


@pytest.mark.parametrize("name", ["[picture 1.1]", "#1.1", " Picture 1.1 ", "[1.1]"])
async def test_a_picture_is_found_however_its_name_is_written(bench: Bench, name: str) -> None:
    await draw(bench)
    bench.model.scripts = [[call("edit_image", prompt="darker", pictures=[name])], ["Done."]]
    await bench.say(message("darker", number=2))
    assert [picture.data for picture in bench.images.sources[0]] == [samples.png(17, 16)]


async def test_a_whole_number_written_as_a_fraction_is_one(bench: Bench) -> None:
    bench.model.scripts = [[call("make_image", prompt="a fox", count=2.0)], ["Here."]]
    await bench.say(message("draw"))
    await press(bench, bench.platform.buttons[1][0], 2)
    assert [options.count for _, options in bench.images.asked] == [2, 2]


async def test_what_an_edit_was_made_from_is_not_called_made_by_it(bench: Bench) -> None:
    await draw(bench)
    bench.platform.files["p"] = samples.jpeg(40, 30)
    photo = Attachment(AttachmentKind.PHOTO, "p")
    quoted = Quoted("out2", "Parley", attachments=(photo,), is_from_bot=True)
    await bench.say(message("darker", number=2, command="edit", quoted=quoted))
    await bench.say(message("nice", number=3))
    assert texts(bench.model.requests[-1], 2)[0] == "[pictures 2.1 to 2.2]"
