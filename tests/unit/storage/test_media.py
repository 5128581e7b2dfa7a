import asyncio
import hashlib
import stat
from pathlib import Path

import pytest

from handlers.errors import StorageError
from handlers.messages import MediaRef
from handlers.ports.stores import MediaStore
from storage.media import MediaFiles

DATA = b"\x89PNG picture \x00" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_bytes_come_back_and_are_for_the_owner_alone(folder: Path) -> None:
    store: MediaStore = MediaFiles(folder)
    ref = await store.put(DATA, "image/png", 3, 4)
    assert ref == MediaRef(SHA256, "image/png", 3, 4)
    assert await store.get(ref) == DATA
    [file] = files_in(folder)
    assert file == folder / SHA256[:2] / SHA256
    assert (mode(file), mode(file.parent), mode(folder)) == (0o600, 0o700, 0o700)


async def test_the_same_bytes_are_one_file_also_when_stored_at_once(folder: Path) -> None:
    store = MediaFiles(folder)
    refs = await asyncio.gather(*(store.put(DATA, "image/png") for _ in range(10)))
    assert set(refs) == {MediaRef(SHA256, "image/png")}
    assert len(files_in(folder)) == 1
    await store.put(DATA + b"!", "image/png")
    assert len(files_in(folder)) == 2


async def test_a_file_that_lost_its_end_is_written_again(folder: Path) -> None:
    store = MediaFiles(folder)
    ref = await store.put(DATA, "image/png")
    [file] = files_in(folder)
    file.write_bytes(DATA[:10])
    await store.put(DATA, "image/png")
    assert await store.get(ref) == DATA


async def test_a_file_that_is_gone_is_none(folder: Path) -> None:
    store = MediaFiles(folder)
    ref = await store.put(DATA, "image/png")
    files_in(folder)[0].unlink()
    assert await store.get(ref) is None


@pytest.mark.parametrize(
    "stem", ["../secret", "/etc/passwd", "", "..", SHA256.upper(), SHA256 + "\n"]
)
async def test_a_name_that_is_no_hash_opens_nothing(folder: Path, stem: str) -> None:
    store = MediaFiles(folder)
    await store.put(DATA, "image/png")
    (folder.parent / "secret").write_text("secret")
    assert await store.get(MediaRef(stem, "image/png")) is None


async def test_a_folder_that_refuses_is_a_storage_error_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "media").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot keep"):
        await MediaFiles(tmp_path / "media").put(DATA, "image/png")


async def test_a_write_that_fails_half_way_leaves_no_file(folder: Path) -> None:
    (folder / SHA256[:2] / SHA256).mkdir(parents=True)  # so that the last step, renaming, fails
    with pytest.raises(StorageError, match="cannot keep"):
        await MediaFiles(folder).put(DATA, "image/png")
    assert files_in(folder) == []


async def test_what_a_killed_process_left_half_written_is_removed(folder: Path) -> None:
    store = MediaFiles(folder)
    assert await store.remove_leftovers() == 0
    ref = await store.put(DATA, "image/png")
    [file] = files_in(folder)
    (file.parent / "tmpabc.part").write_bytes(DATA[:10])
    assert await store.remove_leftovers() == 1
    assert files_in(folder) == [file]
    assert await store.get(ref) == DATA
