"""Real bytes for tests: pictures by Pillow and libheif, sound and video by ffmpeg.

Everything is made once a process and is the same each time.
"""

import functools
import struct
import subprocess
import wave
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
def talk(minutes: float) -> bytes:
    """Long and small, as MP3: ten seconds of a tone and one of silence in turn."""
    return _repeated(phrases(10.0), minutes, "-c:a", "libmp3lame", "-b:a", "8k", "-f", "mp3")


@functools.cache
def large_talk(minutes: float) -> bytes:
    """The same as a WAV, 25 MB an hour."""
    return _repeated(phrases(10.0), minutes, "-ar", "7000", "-c:a", "pcm_mulaw", "-f", "wav")


@functools.cache
def phrases(*lengths_s: float) -> bytes:
    """Tones of 400 Hz, each with a second of silence behind it, as a WAV of 8 kHz."""
    period = struct.pack("<20h", *(12_000 if step < 10 else -12_000 for step in range(20)))
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        for length_s in lengths_s:
            file.writeframes(period * round(400 * length_s) + bytes(2 * 8000))
    return out.getvalue()


def _repeated(sound: bytes, minutes: float, *encoding: str) -> bytes:
    with TemporaryDirectory(prefix="samples-") as directory:
        path = Path(directory, "sound")
        path.write_bytes(sound)
        again = ("-stream_loop", "-1", "-f", "wav", "-i", str(path), "-t", str(minutes * 60))
        return _ffmpeg(*again, *encoding)


@functools.cache
def wma(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "wmav2", "-f", "asf")


@functools.cache
def aiff(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-f", "aiff")


@functools.cache
def caf(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-f", "caf")


@functools.cache
def mkv(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "aac", "-f", "matroska")


@functools.cache
def mov(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "pcm_s16le", "-f", "mov")


@functools.cache
def avi(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "libmp3lame", "-f", "avi")


@functools.cache
def mpeg_ts(duration_s: float = 1.0, tone: int = 440) -> bytes:
    return _sound(duration_s, tone, "-c:a", "aac", "-f", "mpegts")


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


COLOURS = ("red", "green", "blue", "yellow")


@functools.cache
def film(
    duration_s: float = 4.0,
    colours: tuple[str, ...] = COLOURS,
    size: str = "640x360",
    rate: int = 10,
    tone: int = 440,
) -> bytes:
    """MP4 with sound that shows one colour after the other, each for the same time."""
    return _ffmpeg(
        *_film_input(duration_s, colours, size, rate),
        *_tone_input(duration_s, tone),
        *_FILM_AS_MP4,
        *("-c:a", "aac", "-f", "mp4"),
    )


@functools.cache
def silent_film(duration_s: float = 4.0, colours: tuple[str, ...] = COLOURS) -> bytes:
    return _ffmpeg(*_film_input(duration_s, colours, "640x360", 10), *_FILM_AS_MP4, "-f", "mp4")


@functools.cache
def film_as(container: str, duration_s: float = 4.0) -> bytes:
    """The same in another of ffmpeg's containers, with the codec that it takes by default."""
    return _ffmpeg(
        *_film_input(duration_s, COLOURS, "320x240", 25), "-b:v", "400k", "-f", container
    )


@functools.cache
def film_on_its_side() -> bytes:
    """As phones film: wide, and marked to be turned by a right angle."""
    with TemporaryDirectory(prefix="samples-") as directory:
        wide = Path(directory, "wide.mp4")
        wide.write_bytes(silent_film())
        return _ffmpeg("-display_rotation", "90", "-i", str(wide), "-c", "copy", "-f", "mp4")


@functools.cache
def slides() -> bytes:
    """MP4 of variable frame rate: ten seconds of red, then blue, which stands for 50 seconds."""
    return _ffmpeg(
        *_film_input(12, ("red", "red", "red", "red", "red", "blue"), "320x240", 1),
        *("-vf", "setpts='if(lt(N,10),N,10+(N-10)*25)/TB'", "-fps_mode", "vfr"),
        *_FILM_AS_MP4,
        *("-f", "mp4"),
    )


@functools.cache
def see_through_webm(colour: str = "red") -> bytes:
    """As video stickers are: VP9 of 512x512, the left half transparent."""
    half = r"geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='255*gte(X,W/2)'"
    picture = f"color={colour}:size=512x512:rate=5:duration=2,format=yuva420p,{half}"
    return _ffmpeg(
        *("-f", "lavfi", "-i", picture),
        *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-f", "webm"),
    )


@functools.cache
def moving_picture(kind: str = "GIF", colours: tuple[str, ...] = COLOURS) -> bytes:
    """A GIF, WEBP or PNG that shows each colour for half a second."""
    first, *others = [Image.new("RGB", (320, 240), colour) for colour in colours]
    return _saved(first, kind, save_all=True, append_images=others, duration=500, loop=0)


_FILM_AS_MP4 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def _film_input(
    duration_s: float, colours: tuple[str, ...], size: str, rate: int
) -> tuple[str, ...]:
    length_s = duration_s / len(colours)
    pictures = (
        f"color={colour}:size={size}:rate={rate}:duration={length_s}[p{number}]"
        for number, colour in enumerate(colours)
    )
    names = "".join(f"[p{n}]" for n in range(len(colours)))
    graph = ";".join((*pictures, f"{names}concat=n={len(colours)}"))
    return ("-f", "lavfi", "-i", graph)


def _picture_input(duration_s: float) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=size=240x240:rate=10:duration={duration_s}")


def _tone_input(duration_s: float, tone: int) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000:duration={duration_s}")


def sound_with_a_gap(duration_s: float, gap_s: float) -> bytes:
    """Matroska whose times jump in the middle, as of a recording that was paused."""
    jump = f"asetpts=PTS+gte(T\\,{duration_s / 2})*{gap_s}/TB"
    return _ffmpeg(*_tone_input(duration_s, 440), "-af", jump, "-c:a", "libopus", "-f", "matroska")


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
