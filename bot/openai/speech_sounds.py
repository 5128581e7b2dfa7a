"""Spoken sound as it comes from the service: what it is, how long it lasts."""

import wave
from io import BytesIO

from handlers.errors import ServiceDownError

PCM_RATE_HZ = 24_000
PCM_BYTES_PER_S = 2 * PCM_RATE_HZ
"""What routes give that stream: 16 bit, mono."""
_OPUS_RATE_HZ = 48_000
_LONGEST_WAV_HEAD = 4_096


def tell_sound_mime(data: bytes) -> str:
    """What the bytes are, whatever was asked for. Servers of one's own ignore the format."""
    if data.startswith(b"OggS"):
        return "audio/ogg"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "audio/wav"
    if data.startswith(b"fLaC"):
        return "audio/flac"
    if data.startswith(b"ID3") or (data[0] == 0xFF and data[1:2] and data[1] & 0xE0 == 0xE0):
        # An AAC stream begins as an MP3 does, but for its layer bits, which are zero.
        return "audio/aac" if data[0] == 0xFF and data[1] & 0x06 == 0 else "audio/mpeg"
    raise ServiceDownError("what came is no sound that is known")


def measure_sound(data: bytes) -> float:
    """Seconds of an OGG/Opus or WAV clip; 0 for what does not tell its length."""
    return measure_wav(data) if data.startswith(b"RIFF") else measure_opus(data)


def measure_opus(data: bytes) -> float:
    """Seconds of an OGG/Opus clip, from the sample count in its last page; 0 if it has none."""
    page = data.rfind(b"OggS")
    if page < 0 or b"OpusHead" not in data[:100]:
        return 0.0
    samples = int.from_bytes(data[page + 6 : page + 14], "little", signed=True)
    return max(samples, 0) / _OPUS_RATE_HZ


def measure_wav(data: bytes) -> float:
    """Seconds of a WAV file, from the bytes that are there: a streamed head tells no length."""
    head = data[:_LONGEST_WAV_HEAD]
    format_at, data_at = head.find(b"fmt "), head.find(b"data")
    if format_at < 0 or data_at < 0:
        return 0.0
    bytes_per_s = int.from_bytes(head[format_at + 16 : format_at + 20], "little")
    return max(0, len(data) - data_at - 8) / bytes_per_s if bytes_per_s else 0.0


def write_wav(pcm: bytes) -> bytes:
    """A WAV file of samples as streaming routes give them."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(PCM_RATE_HZ)
        file.writeframes(pcm)
    return buffer.getvalue()
