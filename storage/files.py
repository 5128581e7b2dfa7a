"""Files that only their owner may read, and the lock that keeps a second bot out.

Everything here blocks: call it in a thread.
"""

import contextlib
import os
from pathlib import Path

from handlers.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two bots apart there
    HAS_FLOCK = False
else:
    HAS_FLOCK = True

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def create_private_folder(folder: Path) -> None:
    """Create what is missing of the path; folders that are there keep their mode."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for part in reversed(missing):
        with contextlib.suppress(FileExistsError):
            part.mkdir(FOLDER_MODE)


def create_private_file(path: Path) -> None:
    """An empty file, unless there is one already."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power cut; where folders can't be opened, skip."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_path(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


class FileLock:
    """Held by one process at a time; the system frees it when the process dies, however it dies.

    The file stays: removing it would let two processes lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_CREAT | os.O_RDWR, FILE_MODE)
        if not HAS_FLOCK:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            self.release()
            raise StorageError(
                f"storage.path: another bot uses this database ({path} is locked); "
                "stop that bot, or name another file"
            ) from exc
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock; creates no file."""
    if not path.exists():
        return False
    try:
        FileLock(path).release()
    except StorageError:
        return True
    return False
