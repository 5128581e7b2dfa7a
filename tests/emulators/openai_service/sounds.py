"""Sound: what is sent is really decoded, and what is spoken is a real tone."""

import io
import math
import re
import struct
import subprocess
import tempfile
import wave
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    names,
    refuse_unknown,
    refuse_unless,
    require,
    require_choice,
    require_length,
    require_range,
)
from tests.emulators.openai_service.records import RecordedRequest, Upload
from tests.emulators.openai_service.replies import Making, Reply, json_reply

VOICES = names("alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar")
SPOKEN_TOKENS_A_SECOND = 20
_OLD_VOICES = VOICES - names("ballad verse marin cedar")
_MAX_UPLOAD_BYTES = 25 * 1024 * 1024
_SHORTEST_S = 0.1
_LONGEST_S = 1400.0
"""For the models that are named gpt-."""
_SECONDS_A_CHARACTER = 0.06
_LONGEST_SPEECH_S = 60.0
_RATE = 24_000
_PERIOD = struct.pack("<48h", *(round(8_000 * math.sin(math.tau * n / 48)) for n in range(48)))
"""Of a tone of 500 Hz."""
_DEMUXERS = {  # ffmpeg's names, by file ending
    "flac": "flac",
    "mp3": "mp3",
    "mpga": "mp3",
    "mpeg": "mp3|mpeg",
    "mp4": "mov",
    "m4a": "mov",
    "ogg": "ogg",
    "oga": "ogg",
    "wav": "wav",
    "webm": "matroska",
}
_ENCODINGS = {  # ffmpeg's arguments and the media type, by response_format
    "mp3": ("-c:a libmp3lame -f mp3", "audio/mpeg"),
    "opus": ("-c:a libopus -b:a 24k -f ogg", "audio/opus"),
    "aac": ("-c:a aac -f adts", "audio/aac"),
    "flac": ("-c:a flac -f flac", "audio/flac"),
    "wav": ("-f s16le", "audio/wav"),
    "pcm": ("-f s16le", "audio/pcm"),
}
_TRANSCRIPTION = names(
    "file model language languages keywords prompt response_format temperature include stream"
    " timestamp_granularities chunking_strategy known_speaker_names known_speaker_references"
)
_TRANSLATION = frozenset({"file", "model", "prompt", "response_format", "temperature"})
_SPEECH = names("input model voice instructions response_format speed stream_format")
_TEXT_FORMATS = frozenset({"json", "text", "srt", "verbose_json", "vtt"})


def check_transcription(request: RecordedRequest) -> Making:
    body = dict(request.body)
    refuse_unknown(body, _TRANSCRIPTION)
    require(body, "model")
    require_range(body, "temperature", 0, 1)
    model = str(body["model"])
    if model != "gpt-transcribe":
        for name in ("languages", "keywords"):
            refuse_unless(name not in body, f"'{name}' needs gpt-transcribe.", name)
    is_whisper = not model.startswith("gpt-")
    formats = _TEXT_FORMATS if is_whisper else frozenset({"json"})
    if model.endswith("-diarize"):
        formats |= {"text", "diarized_json"}
        refuse_unless("prompt" not in body, "No prompt with this model.", "prompt")
    require_choice(body, "response_format", formats)
    if body.get("timestamp_granularities"):
        is_verbose = body.get("response_format") == "verbose_json"
        refuse_unless(is_verbose, "Timestamps need verbose_json.", "timestamp_granularities")
    seconds = _seconds(request)
    refuse_unless(
        is_whisper or seconds <= _LONGEST_S,
        f"audio duration {seconds} seconds is longer than {_LONGEST_S:.0f} seconds which is the "
        "maximum for this model",
        "file",
    )
    return partial(_transcript, body, seconds)


def check_translation(request: RecordedRequest) -> Making:
    body = dict(request.body)
    refuse_unknown(body, _TRANSLATION)
    require(body, "model")
    require_range(body, "temperature", 0, 1)
    require_choice(body, "response_format", _TEXT_FORMATS)
    is_able = not str(body["model"]).startswith("gpt-")
    refuse_unless(is_able, "This model does not support the translations endpoint.", "model")
    return partial(_transcript, body, _seconds(request))


def _seconds(request: RecordedRequest) -> float:
    files = [file for file in request.files if file.field == "file"]
    refuse_unless(len(files) == 1, "Missing required parameter: 'file'.", "file")
    file = files[0]
    if len(file.data) > _MAX_UPLOAD_BYTES:
        raise ViolationError(
            f"Maximum content size limit ({_MAX_UPLOAD_BYTES}) exceeded ({len(file.data)} bytes).",
            status=413,
        )
    ending = file.filename.rpartition(".")[2].lower()
    is_known = "." in file.filename and ending in _DEMUXERS
    refuse_unless(is_known, f"Invalid file format. Supported formats: {sorted(_DEMUXERS)}", "file")
    seconds = decode(file, ending)
    refuse_unless(seconds >= _SHORTEST_S, "Audio file is too short.", "file", "audio_too_short")
    return seconds


def _ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined, no-untyped-call]  # untyped


def decode(file: Upload, ending: str) -> float:
    with tempfile.NamedTemporaryFile(suffix=".sound") as copy:
        Path(copy.name).write_bytes(file.data)
        result = subprocess.run(  # noqa: S603  -- our own ffmpeg on a file of ours
            [
                *(_ffmpeg(), "-nostdin", "-hide_banner", "-nostats"),
                *("-progress", "pipe:1", "-i", copy.name, "-vn", "-f", "null", "-"),
            ],
            capture_output=True,
            check=False,
        )
    lengths = re.findall(rb"out_time_us=(\d+)", result.stdout)
    if result.returncode != 0 or not lengths:
        raise ViolationError("Audio file might be corrupted or unsupported.", param="file")
    demuxer = re.search(r"Input #0, ([\w,]+), from", result.stderr.decode(errors="replace"))
    found = demuxer[1].split(",")[0] if demuxer else "nothing"
    is_as_named = re.fullmatch(_DEMUXERS[ending], found)
    refuse_unless(
        bool(is_as_named), f"The file is named .{ending} and its bytes are {found}.", "file"
    )
    return int(lengths[-1]) / 1_000_000


def _transcript(body: Mapping[str, Any], seconds: float, words: str) -> Reply:
    """The words in the form that was asked for."""
    if body.get("stream") in (True, "true") and str(body["model"]).startswith("gpt-"):
        raise ApiError("The emulator does not stream transcripts.", status=501)
    billed = {"seconds": seconds}
    shape = body.get("response_format") or "json"
    if shape in ("json", "diarized_json"):
        usage = {"type": "duration", "seconds": seconds}
        return json_reply({"text": words, "usage": usage}, billed)
    if shape == "verbose_json":
        answer = {
            "task": "transcribe",
            "language": "english",
            "duration": seconds,
            "text": words,
            "segments": _segments(words, seconds),
            "usage": {"type": "duration", "seconds": seconds},
        }
        return json_reply(answer, billed)
    end = f"00:{int(seconds) // 60:02}:{int(seconds) % 60:02}"
    text = {
        "text": f"{words}\n",
        "srt": f"1\n00:00:00,000 --> {end},000\n{words}\n\n",
        "vtt": f"WEBVTT\n\n00:00:00.000 --> {end}.000\n{words}\n\n",
    }[shape]
    return Reply(text.encode(), "text/plain; charset=utf-8", billed)


def _segments(words: str, seconds: float) -> list[dict[str, Any]]:
    """One a sentence, of equal lengths; with a space before the text, as Whisper has it."""
    sentences = re.findall(r"[^.!?\s][^.!?]*[.!?]*", words)
    length = seconds / max(1, len(sentences))
    return [
        {
            "id": number,
            "seek": 0,
            "start": round(number * length, 2),
            "end": round((number + 1) * length, 2),
            "text": f" {sentence.strip()}",
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": -0.2,
            "compression_ratio": 1.2,
            "no_speech_prob": 0.01,
        }
        for number, sentence in enumerate(sentences)
    ]


def check_speech(request: RecordedRequest) -> Making:
    body = request.body
    refuse_unknown(body, _SPEECH)
    require(body, "model", "input", "voice")
    require_length(body, "input", 4096)
    require_length(body, "instructions", 4096)
    require_choice(body, "response_format", frozenset(_ENCODINGS))
    require_range(body, "speed", 0.25, 4)
    is_old = str(body["model"]).startswith("tts-1")
    if isinstance(body["voice"], str):
        require_choice(body, "voice", _OLD_VOICES if is_old else VOICES)
    if is_old:
        refuse_unless("instructions" not in body, "Not with tts-1.", "instructions")
        refuse_unless(body.get("stream_format") != "sse", "Not with tts-1.", "stream_format")
    return partial(_speak, request)


def _speak(request: RecordedRequest, _words: str) -> Reply:
    """A tone, as long as the text would take to say."""
    body = request.body
    if body.get("stream_format") == "sse":
        raise ApiError("The emulator does not stream speech as events.", status=501)
    text = str(body["input"])
    length = min(_LONGEST_SPEECH_S, seconds_of(text)) / float(body.get("speed", 1))
    shape = str(body.get("response_format") or "mp3")
    billed = {"characters": len(text), "seconds": length}
    return Reply(encode_tone(shape, length), _ENCODINGS[shape][1], billed)


def seconds_of(text: str) -> float:
    """How long it takes to say."""
    return _SECONDS_A_CHARACTER * len(text)


def tone(seconds: float) -> bytes:
    """Samples of 16 bit at 24 kHz, as streams have them."""
    return _PERIOD * round(seconds * _RATE / 48)


def encode_tone(shape: str, seconds: float) -> bytes:
    return _encode_tone("pcm" if shape == "pcm16" else shape, max(1, round(seconds * 10)))


@lru_cache(maxsize=64)
def _encode_tone(shape: str, tenths: int) -> bytes:
    source = f"sine=frequency=440:duration={tenths / 10}:sample_rate={_RATE}"
    sound = subprocess.run(  # noqa: S603  -- our own ffmpeg, arguments from the table above
        [
            *(_ffmpeg(), "-nostdin", "-loglevel", "error"),
            *("-f", "lavfi", "-i", source, "-ac", "1", *_ENCODINGS[shape][0].split(), "pipe:1"),
        ],
        capture_output=True,
        check=True,
    ).stdout
    if shape != "wav":
        return sound
    buffer = io.BytesIO()  # through a pipe, ffmpeg could not tell the length in the header
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(sound)
    return buffer.getvalue()
