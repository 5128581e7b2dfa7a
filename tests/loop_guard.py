"""Catches code of ours that blocks the event loop.

Two nets, neither of which measures the time that passes, so that a busy machine changes nothing:

- Calls that are known to wait or to work long (sleeping, starting a process, opening a file or a
  database, asking for a name, decoding a picture, converting sound) are refused when our code makes
  them in a thread whose loop is running. Python itself announces most of them as audit events;
  time.sleep (before Python 3.13), Pillow and pydub do not, so they are wrapped.
- No step of a task may use the processor for longer than MAX_STEP_CPU_S. Steps that import modules
  are let off: that happens once, at the start.

Whose call it is, is told by the nearest function of this project on the stack: a test may read a
file. What asyncio, the import system and tracebacks do is theirs.
"""

import asyncio
import functools
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import PIL.Image
import PIL.ImageFile

with warnings.catch_warnings():
    # It misses a system ffmpeg; the one that is used comes with imageio-ffmpeg.
    warnings.simplefilter("ignore", RuntimeWarning)
    from pydub import AudioSegment  # type: ignore[attr-defined]  # it ships no types

ROOT = Path(__file__).resolve().parent.parent
OURS = tuple(f"{ROOT / name}/" for name in ("bot", "handlers", "storage"))
TESTS = f"{ROOT / 'tests'}/"
MAX_STEP_CPU_S = 1.0

_WAITING = {
    "subprocess.Popen": "starts a process and waits",
    "os.system": "starts a process and waits",
    "socket.getaddrinfo": "asks for the address of a name",
    "socket.gethostbyname": "asks for the address of a name",
    "sqlite3.connect": "opens a database",
    "open": "opens a file",
    "shutil.copyfile": "copies a file",
}
_LET_OFF = (
    "<frozen importlib",  # a module that is imported late
    "/asyncio/",  # starts processes without waiting for them
    "/linecache.py",  # the lines of a traceback
    "/traceback.py",
)
_PICTURES = (
    (PIL.ImageFile.ImageFile, "load"),
    (PIL.Image.Image, "save"),
    (PIL.Image.Image, "resize"),
    (PIL.Image.Image, "convert"),
)
_SOUNDS = ("from_file", "export")


class LoopBlockedError(AssertionError):
    pass


class LoopGuard:
    """``faults`` holds what was caught, also if somebody hid the error."""

    def __init__(self) -> None:
        self.is_active = False
        self.faults: list[str] = []

    def refuse(self, what: str) -> None:
        """Raise if the caller is code of ours on a running loop."""
        if not self.is_active or asyncio._get_running_loop() is None:
            return
        if (place := _blame(sys._getframe(1))) is not None:
            fault = f"{place} {what} on the event loop: use asyncio.to_thread"
            self.faults.append(fault)
            raise LoopBlockedError(fault)

    def judge_step(self, handle: asyncio.Handle, cpu_s: float) -> None:
        if self.is_active and cpu_s > MAX_STEP_CPU_S:
            self.faults.append(
                f"{handle!r} kept the event loop busy for {cpu_s:.2f} s at a stretch"
            )


GUARD = LoopGuard()


def _blame(frame: FrameType | None) -> str | None:
    """The place in our code that made the call; None if it was somebody else's."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(OURS):
            return f"{file.removeprefix(f'{ROOT}/')}:{frame.f_lineno}"
        if file.startswith(TESTS) and file != __file__:
            return None
        if any(mark in file for mark in _LET_OFF):
            return None
        frame = frame.f_back
    return None


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event in _WAITING:
        GUARD.refuse(_WAITING[event])


def _wrap(method: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        GUARD.refuse(what)
        return method(*args, **kwargs)

    return guarded


@functools.cache
def install() -> None:
    """Once a process: audit hooks can't be taken out again. They do nothing until activated."""
    sys.addaudithook(_hear)
    time.sleep = _wrap(time.sleep, "sleeps")
    for owner, name in _PICTURES:
        setattr(owner, name, _wrap(getattr(owner, name), "works on a picture"))
    for name in _SOUNDS:
        method = AudioSegment.__dict__[name]
        is_class_method = isinstance(method, classmethod)
        guarded = _wrap(method.__func__ if is_class_method else method, "works on sound")
        setattr(AudioSegment, name, classmethod(guarded) if is_class_method else guarded)
    run = asyncio.Handle._run

    def run_and_judge(handle: asyncio.Handle) -> None:
        modules, began_s = len(sys.modules), time.thread_time()
        run(handle)
        if len(sys.modules) == modules:
            GUARD.judge_step(handle, time.thread_time() - began_s)

    setattr(asyncio.Handle, "_run", run_and_judge)  # noqa: B010  # checkers see no such method


@contextmanager
def watch() -> Iterator[LoopGuard]:
    """Watch the loops of this block."""
    install()
    GUARD.faults.clear()
    GUARD.is_active = True
    try:
        yield GUARD
    finally:
        GUARD.is_active = False
