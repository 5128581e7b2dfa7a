import contextlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.errors import SoundUnreadableError
from handlers.media.containers import is_ogg_opus, ogg_opus_duration, true_format
from tests import samples

ID3 = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (samples.ogg_opus, "ogg"),
        (samples.ogg_vorbis, "ogg"),
        (samples.mp3, "mp3"),
        (samples.wav, "wav"),
        (samples.flac, "flac"),
        (samples.m4a, "m4a"),
        (samples.video_note, "mp4"),
        (samples.webm, "webm"),
        (samples.amr, "amr"),
        (samples.aac, "aac"),
    ],
)
def test_a_format_is_told_by_its_bytes(make: Callable[[], bytes], name: str) -> None:
    assert true_format(make()) == name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"O",
        b"just words, named .ogg",
        "words in UTF-16".encode("utf-16"),
        b"#EXTM3U\nhttp://127.0.0.1/",
        samples.jpeg(),
        samples.png(),
        samples.webp(),
    ],
)
def test_what_is_no_sound_has_no_format(data: bytes) -> None:
    assert not true_format(data)


def test_a_tag_of_notes_does_not_hide_the_format_behind_it() -> None:
    assert true_format(ID3 + samples.flac()) == "flac"
    assert true_format(ID3 + samples.aac()) == "aac"
    assert true_format(ID3 + samples.mp3()) == "mp3"
    assert true_format(ID3 + bytes(100) + samples.mp3()) == "mp3"


@given(st.binary(max_size=80))
def test_any_bytes_can_be_asked(data: bytes) -> None:
    true_format(data)
    true_format(b"ID3" + data)
    is_ogg_opus(b"OggS" + data)


@pytest.mark.parametrize("duration_s", [0.1, 1.0, 12.34])
def test_an_ogg_is_measured_without_decoding(duration_s: float) -> None:
    data = samples.ogg_opus(duration_s)
    assert is_ogg_opus(data)
    assert ogg_opus_duration(data) == pytest.approx(duration_s, abs=0.021)


def test_a_vorbis_ogg_is_no_opus() -> None:
    assert not is_ogg_opus(samples.ogg_vorbis())


def test_chained_oggs_are_as_long_as_both() -> None:
    data = samples.ogg_opus(1.0) + samples.ogg_opus(2.0)
    assert ogg_opus_duration(data) == pytest.approx(3.0, abs=0.05)


def test_an_ogg_cut_short_is_as_long_as_its_whole_pages() -> None:
    data = samples.ogg_opus(10.0)
    assert 3 < ogg_opus_duration(data[: len(data) // 2]) < 7


def test_an_ogg_without_a_page_of_sound_is_unreadable() -> None:
    with pytest.raises(SoundUnreadableError):
        ogg_opus_duration(samples.ogg_opus()[:200])


def test_an_ogg_cannot_claim_more_than_its_packets_hold() -> None:
    data = bytearray(samples.ogg_opus(1.0))
    struct.pack_into("<q", data, data.rfind(b"OggS") + 6, 48_000 * 1_000_000)
    assert ogg_opus_duration(bytes(data)) < 10


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6))
def test_a_damaged_ogg_is_measured_or_unreadable(damage: list[tuple[int, int]]) -> None:
    data = bytearray(samples.ogg_opus(1.0))
    for at, value in damage:
        data[at % len(data)] = value
    with contextlib.suppress(SoundUnreadableError):
        assert 0 < ogg_opus_duration(bytes(data)) < 60
