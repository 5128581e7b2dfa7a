"""Files named by what is in them."""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from handlers.errors import StorageError
from handlers.messages import MediaRef
from storage.files import create_private_folder, sync_folder

SHA256 = re.compile(r"[0-9a-f]{64}")
UNFINISHED_SUFFIX = ".part"


class MediaFiles:
    """Pictures in a folder. Whatever name comes from outside, only names of ours are opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes, mime: str, width: int = 0, height: int = 0) -> MediaRef:
        """As the port says. StorageError if the disk refuses."""
        return await asyncio.to_thread(self._put, data, mime, width, height)

    async def get(self, ref: MediaRef) -> bytes | None:
        return await asyncio.to_thread(self._get, ref)

    async def remove_leftovers(self) -> int:
        """Delete what a killed process left half written; how many. Only while nobody writes.

        StorageError if the disk refuses.
        """
        return await asyncio.to_thread(self._remove_leftovers)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _put(self, data: bytes, mime: str, width: int, height: int) -> MediaRef:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            if not path.is_file() or path.stat().st_size != len(data):
                _write_whole(path, data)
        except OSError as exc:
            raise StorageError(f"cannot keep a file in {self._folder}: {exc.strerror}") from exc
        return MediaRef(sha256, mime, width, height)

    def _get(self, ref: MediaRef) -> bytes | None:
        if not SHA256.fullmatch(ref.sha256):
            return None
        try:
            return self._path(ref.sha256).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise StorageError(f"cannot read a file in {self._folder}: {exc.strerror}") from exc

    def _remove_leftovers(self) -> int:
        leftovers = list(self._folder.glob(f"??/*{UNFINISHED_SUFFIX}"))
        try:
            for path in leftovers:
                path.unlink(missing_ok=True)
        except OSError as exc:
            raise StorageError(f"cannot tidy {self._folder}: {exc.strerror}") from exc
        return len(leftovers)


def _write_whole(path: Path, data: bytes) -> None:
    """The file appears with all its bytes on the disk, or not at all."""
    create_private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(UNFINISHED_SUFFIX, dir=path.parent)  # 0600
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    sync_folder(path.parent)
