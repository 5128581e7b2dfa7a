"""Texts that would fill a phone's screen many times: their beginning, and all of it as a file."""

import re
from collections.abc import Sequence

from handlers.media.spoken import first_piece
from handlers.messages import Delivery, TextFile
from handlers.texts import say

LONG_CHARACTERS = 3_000
"""What is longer is shown by its beginning alone."""
_BEGINNING_CHARACTERS = 1_000
_MARKS = re.compile(r"[\\`*_~|$\]]|^([^\S\n]*)(?=[-+=>#])|^([^\S\n]*\d+)(?=[.)])", re.MULTILINE)


def shorten(text: str) -> str:
    """A text that is not long as it is, else its beginning."""
    if len(text) <= LONG_CHARACTERS:
        return text
    return f"{first_piece(text, _BEGINNING_CHARACTERS)} …"


def verbatim(text: str) -> str:
    """Markdown that shows a plain text as it is."""
    return _MARKS.sub(
        lambda found: f"{found[found.lastindex]}\\" if found.lastindex else f"\\{found[0]}", text
    )


def deliverable(
    text: str, name: str, notice: str = "", files: Sequence[TextFile] = (), *, is_plain: bool
) -> Delivery:
    """A text as messages, or where it is long its beginning and a file ``name``, before ``files``.

    ``is_plain``: it is no Markdown.
    """
    shown = shorten(text)
    if shown != text:
        notice = "\n".join(line for line in (notice, say("whole_in_file")) if line)
        files = (TextFile(name, text), *files)
    return Delivery(verbatim(shown) if is_plain else shown, notice, files=tuple(files))
