import pytest

from bot.openai.speech_sounds import measure_opus, measure_sound, tell_sound_mime, write_wav
from handlers.errors import ServiceDownError
from tests import samples


def test_the_bytes_tell_what_the_server_really_sent() -> None:
    assert tell_sound_mime(samples.ogg_opus()) == "audio/ogg"
    assert tell_sound_mime(samples.mp3()) == "audio/mpeg"
    assert tell_sound_mime(samples.wav()) == "audio/wav"
    assert tell_sound_mime(samples.flac()) == "audio/flac"
    assert tell_sound_mime(b"\xff\xfb\x90\x00") == "audio/mpeg"
    assert tell_sound_mime(b"\xff\xf1\x50\x80") == "audio/aac"


@pytest.mark.parametrize("data", [b"<html>", b'{"error": 1}', b"\xff", b"\x00\x00"])
def test_what_is_no_sound_is_a_broken_server(data: bytes) -> None:
    with pytest.raises(ServiceDownError):
        tell_sound_mime(data)


def test_an_opus_clip_tells_its_length() -> None:
    assert measure_opus(samples.ogg_opus(3.0)) == pytest.approx(3.0, abs=0.05)
    assert measure_opus(samples.mp3(3.0)) == 0
    assert measure_opus(samples.ogg_vorbis(3.0)) == 0
    assert measure_opus(b"") == 0


def test_a_wav_clip_tells_its_length_even_if_its_head_does_not() -> None:
    clip = samples.wav(3.0)
    streamed = clip.replace(clip[4:8], b"\xff" * 4, 1)
    assert measure_sound(streamed) == pytest.approx(3.0, abs=0.05)
    assert measure_sound(write_wav(bytes(48_000))) == pytest.approx(1.0)
    assert measure_sound(b"RIFF") == 0
    assert all(measure_sound(clip[:length]) >= 0 for length in range(44))
