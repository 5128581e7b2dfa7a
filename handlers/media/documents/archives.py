"""Archives: their files one by one, never on the disk, and never more than there is room for."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

from handlers.media.documents.values import DocumentFault, Fault

MAX_FILES = 500
MAX_ENTRIES = 10_000
"""Of all kinds, read or not."""
MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_TOTAL_BYTES = 200 * 1024 * 1024
"""Unpacked, of an archive with all that is in it."""
MAX_RATIO = 200
"""Of unpacked to packed, for what is not small: text is packed to a tenth, rarely a fiftieth."""
_SMALL = 1024 * 1024
MAX_NESTING = 2
"""Archives in archives in the one that was sent are not opened."""
_SKIPPED = frozenset({"__MACOSX", ".git", "node_modules", "__pycache__", ".DS_Store"})
"""What programs put there by themselves."""


@dataclass(slots=True)
class Room:
    """What an archive and those in it may still unpack."""

    left_bytes: int = MAX_TOTAL_BYTES
    left_files: int = MAX_FILES

    def take(self, size: int) -> None:
        self.left_bytes -= size
        self.left_files -= 1
        if self.left_bytes < 0 or self.left_files < 0:
            raise DocumentFault(Fault.TOO_LARGE, "the archive unpacks to too much")


@dataclass(frozen=True, slots=True)
class Packed:
    name: str
    data: bytes = b""
    fault: Fault | None = None
    """Why it was not unpacked."""


def unzip(data: bytes, room: Room) -> Iterator[Packed]:
    """The files of a zip. DocumentFault if it is none, or a bomb."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise DocumentFault(Fault.TOO_LARGE, f"{len(entries)} entries")
            # By what it says of itself first: nothing is unpacked of what is plainly a bomb.
            _judge_sizes([(one.file_size, one.compress_size) for one in entries])
            for entry in entries:
                name = shown_name(entry.filename)
                if entry.is_dir() or not name:
                    continue
                if entry.flag_bits & 1:
                    yield Packed(name, fault=Fault.ENCRYPTED)
                    continue
                yield _unzipped(archive, entry, name, room)
    except (zipfile.BadZipFile, ValueError, OSError) as exc:
        raise DocumentFault(Fault.UNREADABLE, str(exc)) from exc


def _judge_sizes(sizes: list[tuple[int, int]]) -> None:
    if sum(size for size, _ in sizes) > MAX_TOTAL_BYTES:
        raise DocumentFault(Fault.TOO_LARGE, "the archive unpacks to too much")
    for size, packed in sizes:
        if size > _SMALL and size > MAX_RATIO * max(packed, 1):
            raise DocumentFault(Fault.TOO_LARGE, f"{packed} bytes unpack to {size}")


def _unzipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, room: Room) -> Packed:
    try:
        with archive.open(entry) as file:
            # An archive may lie about its sizes: what comes is what counts.
            content = file.read(MAX_FILE_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError):
        return Packed(name, fault=Fault.UNREADABLE)
    return _taken(name, content, room)


def untar(data: bytes, room: Room) -> Iterator[Packed]:
    """The files of a tar, packed or not; links and devices are left out."""
    try:
        with tarfile.open(fileobj=BytesIO(data), mode="r|*") as archive:
            for number, entry in enumerate(archive):
                if number >= MAX_ENTRIES:
                    raise DocumentFault(Fault.TOO_LARGE, "too many entries")
                name = shown_name(entry.name)
                if not entry.isfile() or not name:
                    continue
                if entry.size > MAX_FILE_BYTES:
                    raise DocumentFault(Fault.TOO_LARGE, f"{entry.size} bytes in one file")
                file = archive.extractfile(entry)
                if file is not None:
                    yield _taken(name, file.read(), room)
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as exc:
        raise DocumentFault(Fault.UNREADABLE, str(exc)) from exc


def gunzip(data: bytes) -> bytes:
    """What a .gz holds. DocumentFault if it is damaged or a bomb."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(data, MAX_FILE_BYTES + 1)
    except zlib.error as exc:
        raise DocumentFault(Fault.UNREADABLE, str(exc)) from exc
    _judge_sizes([(len(content), len(data))])
    if len(content) > MAX_FILE_BYTES:
        raise DocumentFault(Fault.TOO_LARGE, "unpacks to too much")
    return content


def _taken(name: str, content: bytes, room: Room) -> Packed:
    if len(content) > MAX_FILE_BYTES:
        raise DocumentFault(Fault.TOO_LARGE, f"more than {MAX_FILE_BYTES} bytes in one file")
    room.take(len(content))
    return Packed(name, content)


def shown_name(path: str) -> str:
    """A path of an archive as people are told it; empty for what nobody put there.

    Nothing is ever written under it, so it need only be short and without surprises.
    """
    parts = PurePosixPath(path.replace("\\", "/")).parts
    named = [printable(part) for part in parts if part not in ("/", "..", ".")]
    if not named or _SKIPPED & set(named) or named[-1].startswith("._"):
        return ""
    return "/".join(named)[-120:]


def printable(name: str) -> str:
    """One line that can be shown, whatever bytes a program took for a name."""
    shown = "".join(sign if sign.isprintable() else " " for sign in name)
    return " ".join(shown.replace("[", "(").replace("]", ")").split())
