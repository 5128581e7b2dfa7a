"""Real bytes for tests: pictures by Pillow and libheif, sound and video by ffmpeg.

Everything is made once a process and is the same each time.
"""

import functools
import struct
import subprocess
import zlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg
from PIL import Image

_ORIENTATION_TAG = 0x0112


@functools.cache
def picture(width: int, height: int, colour: str = "teal", mode: str = "RGB") -> Image.Image:
    """One colour with a white square in the top left quarter, so that turning it shows."""
    image = Image.new(mode, (width, height), colour)
    image.paste("white", (0, 0, width // 2, height // 2))
    return image


@functools.cache
def jpeg(
    width: int = 640, height: int = 480, colour: str = "teal", exif_orientation: int = 1
) -> bytes:
    """With camera notes: make, GPS and, if not 1, an orientation."""
    exif = Image.Exif()
    exif[0x010F] = "Sample Camera"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    if exif_orientation != 1:
        exif[_ORIENTATION_TAG] = exif_orientation
    return _saved(picture(width, height, colour), "JPEG", exif=exif, comment=b"a secret")


@functools.cache
def progressive_jpeg(width: int = 640, height: int = 480) -> bytes:
    return _saved(picture(width, height), "JPEG", progressive=True)


@functools.cache
def truncated_jpeg() -> bytes:
    """The first half of a photo, as a broken upload leaves it."""
    whole = jpeg(640, 480)
    return whole[: len(whole) // 2]


@functools.cache
def png(width: int = 640, height: int = 480, colour: str = "teal") -> bytes:
    return _saved(picture(width, height, colour), "PNG", compress_level=1)


@functools.cache
def transparent_png(width: int = 64, height: int = 64) -> bytes:
    return _saved(Image.new("RGBA", (width, height), (0, 0, 0, 0)), "PNG")


@functools.cache
def deep_png(width: int = 64, height: int = 64, grey: int = 0x8000) -> bytes:
    """16 bits of grey."""
    return _saved(Image.new("I;16", (width, height), grey), "PNG")


@functools.cache
def oversized_png(megapixels: int = 200) -> bytes:
    """A whole and valid picture of 1 bit a pixel, a few dozen kilobytes small."""
    width, height = 20_000, megapixels * 50
    row = b"\0" * (1 + width // 8)
    deflate = zlib.compressobj(1)
    pixels = b"".join([*(deflate.compress(row) for _ in range(height)), deflate.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@functools.cache
def webp(width: int = 640, height: int = 480, colour: str = "teal") -> bytes:
    return _saved(picture(width, height, colour), "WEBP", method=0)


@functools.cache
def gif(width: int = 640, height: int = 480, colour: str = "teal") -> bytes:
    """Two frames; the second is black."""
    second = Image.new("RGB", (width, height), "black")
    return _saved(picture(width, height, colour), "GIF", save_all=True, append_images=[second])


@functools.cache
def bmp(width: int = 640, height: int = 480, colour: str = "teal") -> bytes:
    return _saved(picture(width, height, colour), "BMP")


@functools.cache
def tiff(
    width: int = 640, height: int = 480, colour: str = "teal", exif_orientation: int = 1
) -> bytes:
    image = picture(width, height, colour)
    return _saved(image, "TIFF", compression="tiff_lzw", tiffinfo={274: exif_orientation})


@functools.cache
def heic(
    width: int = 640, height: int = 480, colour: str = "teal", exif_orientation: int = 1
) -> bytes:
    from pillow_heif import encode  # noqa: PLC0415  # heavy, and few tests need it

    image = picture(width, height, colour)
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = exif_orientation
    out = BytesIO()
    encode("RGB", image.size, image.tobytes(), out, quality=80, exif=exif.tobytes())
    return out.getvalue()


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@functools.cache
def ogg_opus(duration_s: float = 1.0, tone: int = 440) -> bytes:
    """As a Telegram voice message is: mono, 48 kHz."""
    return _sound(duration_s, tone, "-c:a", "libopus", "-b:a", "24k", "-ac", "1", "-f", "ogg")


@functools.cache
def ogg_vorbis(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "libvorbis", "-f", "ogg")


@functools.cache
def mp3(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "libmp3lame", "-f", "mp3")


@functools.cache
def wav(duration_s: float = 1.0, tone: int = 440, rate: int = 24_000) -> bytes:
    return _sound(duration_s, tone, "-ar", str(rate), "-f", "wav")


@functools.cache
def flac(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-f", "flac")


@functools.cache
def m4a(duration_s: float = 1.0, tone: int = 440) -> bytes:
    """Its index stands at the end, so that it cannot be read from a pipe."""
    return _sound(duration_s, tone, "-c:a", "aac", "-f", "ipod")


@functools.cache
def aac(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "aac", "-f", "adts")


@functools.cache
def amr(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-ar", "8000", "-ac", "1", "-f", "amr")


@functools.cache
def webm(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "libopus", "-f", "webm")


@functools.cache
def video_note(duration_s: float = 1.0, tone: int = 440) -> bytes:
    """MP4 as Telegram sends it: square, H.264 and AAC."""
    return _ffmpeg(
        *_picture_input(duration_s),
        *_tone_input(duration_s, tone),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
        *("-shortest", "-f", "mp4"),
    )


@functools.cache
def silent_video(duration_s: float = 1.0) -> bytes:
    """MP4 without a stream of sound."""
    return _ffmpeg(
        *_picture_input(duration_s),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "mp4"),
    )


def _picture_input(duration_s: float) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=size=240x240:rate=10:duration={duration_s}")


def _tone_input(duration_s: float, tone: int) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000:duration={duration_s}")


def _sound(duration_s: float, tone: int, *encoding: str) -> bytes:
    return _ffmpeg(*_tone_input(duration_s, tone), *encoding)


def _ffmpeg(*arguments: str) -> bytes:
    binary = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined, no-untyped-call]  # it ships no types
    with TemporaryDirectory(prefix="samples-") as directory:
        made = Path(directory, "made")
        exact = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-flags:v", "+bitexact")
        subprocess.run(  # noqa: S603  # our own arguments
            [binary, "-v", "error", "-nostdin", *arguments, *exact, str(made)], check=True
        )
        return made.read_bytes()
