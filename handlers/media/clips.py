"""Short clips as pydub holds them: decoded, in memory. Blocking; for threads only."""

import warnings
from collections.abc import Sequence
from functools import reduce
from io import BytesIO
from operator import add
from typing import Any

from handlers.errors import SoundUnreadableError
from handlers.media.memory import return_freed_memory

FORMATS = frozenset(("aac", "flac", "mp3", "ogg", "wav"))
"""What pydub reads from a pipe, told the codec: else it would ask ffprobe, which is not there."""


class Clips:
    """pydub with one ffmpeg binary, whichever is or is not on the machine's PATH."""

    def __init__(self, binary: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydub looks for ffmpeg on the PATH and complains
            from pydub.audio_segment import AudioSegment  # noqa: PLC0415  # only who sends sound needs it
        self._segment: Any = type("Clip", (AudioSegment,), {"converter": binary})  # untyped

    def duration(self, data: bytes, format_name: str, codec: str) -> float:
        seconds = float(self._decode(data, format_name, codec).duration_seconds)
        return_freed_memory()
        return seconds

    def as_wav(self, clips: Sequence[tuple[bytes, str, str]]) -> tuple[bytes, float]:
        """Clips (data, format, codec) one after the other as mono WAV, and its seconds.

        pydub's own export to other formats is not used: it leaves temporary files behind when
        the encoder fails. The WAV goes to ffmpeg through a pipe.
        """
        whole = reduce(add, (self._decode(*clip) for clip in clips))
        out = BytesIO()
        whole.export(out, format="wav")
        seconds = float(whole.duration_seconds)
        del whole
        return_freed_memory()
        return out.getvalue(), seconds

    def _decode(self, data: bytes, format_name: str, codec: str) -> Any:
        from pydub.exceptions import CouldntDecodeError  # noqa: PLC0415  # as above

        try:
            segment = self._segment.from_file(BytesIO(data), format=format_name, codec=codec)
        except (CouldntDecodeError, EOFError, IndexError, ValueError) as exc:
            raise SoundUnreadableError("pydub could not decode it") from exc
        if segment.duration_seconds <= 0:
            raise SoundUnreadableError("a sound without length")
        return segment.set_channels(1).set_sample_width(2)
