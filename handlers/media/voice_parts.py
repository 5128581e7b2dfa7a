"""What goes into which voice message, when a text is too long for one."""

from handlers.media.spoken import cut_before, sentence_ends

_FIRST, _SECOND, _MOST = 250, 900, 2_000
"""Letters. The first words are to be there at once, and what follows is made while they are heard.
2,000 letters are about two minutes: half a megabyte, where some apps show one of more than a
megabyte as a file."""
_WIDE = 3
"""So many letters of an alphabet take as long to say as one Chinese or Japanese character."""
_FIRST_WIDE = "\u2e80"
_WORTH_ITS_OWN = 1.25
"""What is longer than a part should be by less than this stays in one: nobody wants a last voice
message of two words."""
_SLOWEST = 0.25


def voice_parts(text: str, speed: float = 1.0) -> list[str]:
    """The text in voice messages, cut between sentences where it can be; none of it is blank."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        most = (_FIRST, _SECOND, _MOST)[min(len(parts), 2)] * min(1.0, max(_SLOWEST, speed))
        if len(rest) <= _fitting(rest, most * _WORTH_ITS_OWN):
            return [*parts, rest]
        limit = _fitting(rest, most)
        at = cut_before(rest, limit)
        if not parts and not sentence_ends(rest, limit):
            # Better a longer first message than one that breaks off in a sentence.
            farther = sentence_ends(rest, _fitting(rest, _MOST * min(1.0, max(_SLOWEST, speed))))
            at = farther[0] if farther else at
        parts.append(rest[:at].strip())
        rest = rest[at:].strip()
    return parts


def _fitting(text: str, letters: float) -> int:
    """How many characters from the beginning of the text take no longer than so many letters."""
    taken = 0.0
    for count, char in enumerate(text):
        taken += _WIDE if char >= _FIRST_WIDE else 1
        if taken > letters:
            return max(1, count)
    return len(text)
