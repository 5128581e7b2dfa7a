"""What hangs on a Discord message or came with a command, as attachments."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.discord.attachments import read_attachment, read_attachments
from handlers.messages import Attachment, AttachmentKind
from tests.emulators.discord import Upload
from tests.samples import png
from tests.unit.discord.ear import POLL, STICKER, Scene, listening


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with listening(monkeypatch) as scene:
        yield scene


def file(**fields: Any) -> dict[str, Any]:
    """An attachment as Discord tells it."""
    address = {"url": "https://cdn.test/f?ex=1", "proxy_url": "https://proxy.test/f"}
    return {"id": "9", "filename": "f", "size": 3, **address, **fields}


def named(scene: Scene, **fields: Any) -> Attachment:
    return read_attachment(scene.bot.build_attachment(file(**fields)))


async def test_a_file_of_a_command_has_only_its_address(scene: Scene) -> None:
    attachment = scene.bot.build_attachment(file(filename="a.png", content_type="image/png"))
    expected = Attachment(
        AttachmentKind.PHOTO,
        "https://cdn.test/f?ex=1",
        mime="image/png",
        name="a.png",
        size_bytes=3,
    )
    assert read_attachment(attachment) == expected


async def test_a_file_of_a_message_tells_where_it_hangs(scene: Scene) -> None:
    attachment = scene.bot.build_attachment(file(filename="a.png", content_type="image/png"))
    assert read_attachment(attachment, "7/8").ref == "https://cdn.test/f?ex=1 7/8/9"


@pytest.mark.parametrize(
    ("mime", "name", "kind", "read_as"),
    [
        ("image/png", "cat", AttachmentKind.PHOTO, "image/png"),
        ("IMAGE/PNG; a=b", "cat", AttachmentKind.PHOTO, "image/png"),
        (None, "cat.HEIC", AttachmentKind.PHOTO, "image/heic"),
        ("application/octet-stream", "cat.jpg", AttachmentKind.PHOTO, "image/jpeg"),
        ("audio/mpeg", "song", AttachmentKind.AUDIO, "audio/mpeg"),
        ("audio/ogg; codecs=opus", "song", AttachmentKind.AUDIO, "audio/ogg"),
        ("application/ogg", "song.ogg", AttachmentKind.AUDIO, "audio/ogg"),
        (None, "song.m4a", AttachmentKind.AUDIO, "audio/mp4"),
        ("video/mp4", "film.mp4", AttachmentKind.VIDEO, "video/mp4"),
        ("video/webm; codecs=vp9", "film", AttachmentKind.VIDEO, "video/webm"),
        (None, "film.MOV", AttachmentKind.VIDEO, "video/quicktime"),
        ("image/gif", "wave.gif", AttachmentKind.PHOTO, "image/gif"),
    ],
)
async def test_a_picture_a_sound_or_a_video_is_told_by_type_or_name(
    scene: Scene, mime: str | None, name: str, kind: AttachmentKind, read_as: str
) -> None:
    found = named(scene, content_type=mime, filename=name)
    assert (found.kind, found.mime, found.name) == (kind, read_as, name)


@pytest.mark.parametrize(
    ("mime", "name", "words"),
    [
        ("application/msword", "paper.doc", "a file of this type"),
        (None, "notes", "a file of this type"),
        ("", "", "a file of this type"),
    ],
)
async def test_what_cannot_be_read_is_called_by_its_kind(
    scene: Scene, mime: str | None, name: str, words: str
) -> None:
    found = named(scene, content_type=mime, filename=name)
    assert (found.kind, found.name) == (AttachmentKind.OTHER, words)


@pytest.mark.parametrize(
    ("mime", "name", "read_as"),
    [
        ("application/pdf", "paper.pdf", "application/pdf"),
        ("application/pdf", "paper", "application/pdf"),
        ("text/plain; charset=utf-8", "notes.txt", "text/plain"),
        ("text/x-unknown", "notes", "text/x-unknown"),
        (None, "Main.RS", ""),
        ("video/mp2t", "index.ts", "video/mp2t"),  # TypeScript, whatever the app takes it for
        ("application/zip", "all.zip", "application/zip"),
    ],
)
async def test_a_file_of_text_is_a_document(
    scene: Scene, mime: str | None, name: str, read_as: str
) -> None:
    found = named(scene, content_type=mime, filename=name)
    assert (found.kind, found.mime, found.name) == (AttachmentKind.DOCUMENT, read_as, name)


async def test_a_name_that_has_no_encoding_is_mended(scene: Scene) -> None:
    found = named(scene, content_type="image/png", filename="\ud800.png")
    assert found.name == "\ufffd.png"


async def test_a_sound_with_a_length_is_no_voice_message_without_a_waveform(scene: Scene) -> None:
    found = named(scene, content_type="audio/mpeg", duration_secs=12.5)
    assert (found.kind, found.duration_s) == (AttachmentKind.AUDIO, 12.5)


@pytest.mark.parametrize(
    ("flags", "fields"),
    [(1 << 13, {}), (1 << 13, {"duration_secs": 2.5}), (0, {"duration_secs": 2.5, "waveform": ""})],
)
async def test_a_voice_message_is_told_by_its_flag_or_its_waveform(
    scene: Scene, flags: int, fields: dict[str, Any]
) -> None:
    said = scene.direct.send("")
    (found,) = read_attachments(scene.build(said, flags=flags, attachments=[file(**fields)]))
    assert (found.kind, found.mime) == (AttachmentKind.VOICE, "audio/ogg")
    assert found.duration_s == fields.get("duration_secs")


async def test_all_files_come_in_their_order_with_their_sizes(scene: Scene) -> None:
    cat = png()
    said = scene.general.send(
        "look",
        attachments=[
            Upload("a.png", cat),
            Upload("film.mp4", b"short", "video/mp4"),
            Upload("b.mp3", b"ID3", claimed_bytes=30 << 20),
        ],
    )
    files = read_attachments(await scene.ear.message())
    assert [(one.kind, one.name, one.size_bytes) for one in files] == [
        (AttachmentKind.PHOTO, "a.png", len(cat)),
        (AttachmentKind.VIDEO, "film.mp4", 5),
        (AttachmentKind.AUDIO, "b.mp3", 30 << 20),
    ]
    where = f"{scene.general.id}/{said.id}"
    assert (
        files[0].ref == f"{scene.service.root_url}{said.files[0].path} {where}/{said.files[0].id}"
    )


async def test_a_poll_counts_where_there_is_nothing_else(scene: Scene) -> None:
    def read(text: str, **more: Any) -> list[str]:
        message = scene.build(scene.direct.send(text), poll=POLL, **more)
        return [attachment.name for attachment in read_attachments(message)]

    assert read("") == ["a poll"]
    assert read("hello") == []
    assert read("", attachments=[file(filename="a.png")]) == ["a.png"]


@pytest.mark.parametrize(
    ("format_type", "ending", "mime", "about"),
    [
        (1, ".png", "image/png", "a sticker (Wave)"),
        (2, ".png", "image/png", "an animated sticker (Wave)"),
        (3, "", "", "an animated sticker (Wave), which cannot be seen here"),
        (4, ".gif", "image/gif", "an animated sticker (Wave)"),
    ],
)
async def test_a_sticker_is_seen_beside_words_and_files(
    scene: Scene, format_type: int, ending: str, mime: str, about: str
) -> None:
    items = [STICKER | {"format_type": format_type}]
    message = scene.build(
        scene.direct.send("hello"), sticker_items=items, attachments=[file(filename="a.png")]
    )
    _, found = read_attachments(message)
    assert (found.kind, found.mime, found.about) == (AttachmentKind.STICKER, mime, about)
    assert found.ref.endswith(f"/stickers/1{ending}") if ending else found.ref == ""
