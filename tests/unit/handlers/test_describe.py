"""/describe: a picture, in words."""

from handlers.messages import Attachment, AttachmentKind, Quoted
from handlers.ports.chat import PicturePart
from tests.fakes import message
from tests.samples import jpeg
from tests.unit.handlers.bench import Bench

PHOTO = Attachment(AttachmentKind.PHOTO, "photo")


async def test_a_picture_that_is_replied_to_is_described(bench: Bench) -> None:
    bench.platform.files["photo"] = jpeg()
    quoted = Quoted("1", "Bob", attachments=(PHOTO,))
    await bench.say(message("", command="describe", quoted=quoted))

    [asked] = bench.model.requests
    parts = asked.messages[-1].parts
    assert any(isinstance(part, PicturePart) for part in parts)
    assert bench.store.exchanges[0].question == "Describe this picture."


async def test_without_a_picture_the_model_is_not_asked(bench: Bench) -> None:
    quoted = Quoted("1", "Bob", text="only words")
    await bench.say(message("", command="describe", quoted=quoted))

    assert bench.model.requests == []
    assert "picture" in bench.platform.said[0]
