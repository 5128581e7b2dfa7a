"""What of a text must reach the reader, whatever becomes of the Markdown round it."""

from __future__ import annotations

import re

_NOT_WORDS = re.compile(r"""[\s\\`*_~#>|<\[\]()!+\-=:"'•—]+""")


def words(text: str) -> str:
    """The letters, digits and signs of ``text`` in order: no white space, none of Markdown's marks.

    The marks are left out wherever they stand, also where they mean themselves, and with them the
    bullets and rules that we draw.
    """
    return _NOT_WORDS.sub("", text)
