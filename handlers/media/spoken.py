"""An answer as it is read aloud: without Markdown's marks, in pieces that a synthesizer takes."""

import html
import re

_FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?:.*?^ {0,3}\1[`~]*[ \t]*$|.*)", re.MULTILINE | re.DOTALL
)
_RULE = re.compile(r"^\s*([-*_=])(\s*\1){2,}\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?$")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:\s*\S+.*$")
_LINE_MARKS = re.compile(r"^\s*(?:>\s?)*\s*(?:#{1,6}\s+|[-*+•]\s+(?:\[[ xX]\]\s+)?)?")
_CLOSING_HASHES = re.compile(r"\s+#+\s*$")

# Spans are bounded, or a long line of marks that never close would take minutes.
_CODE_SPAN = re.compile(r"(`+)(.{1,1000}?)\1")
_LINK = re.compile(
    r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\](?:\((?:[^()\s]|\([^()]*\))*(?:\s[^)]*)?\)|\[[^\]]*\])"
)
_URL = re.compile(
    r"<?\b(?:https?|ftp)://[^\s<>]*[^\s<>.,;:!?'\")\]]>?|\bwww\.[^\s<>]*[^\s<>.,;:!?'\")\]]"
)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
# Letters and digits of ASCII beside a single mark make it a sign or a name: 2*3*4, snake_case.
# Chinese and Japanese have no spaces, so that their letters may stand beside one.
_EMPHASIS = (
    re.compile(r"(\*\*\*|\*\*|~~|\|\|)(?=\S)(.{1,1000}?)(?<=\S)\1"),
    re.compile(r"(?<!\w)(___|__)(?=\S)(.{1,1000}?)(?<=\S)\1(?!\w)"),
    re.compile(r"(?<![0-9A-Za-z*])(\*)(?=[^\s*])(.{1,1000}?)(?<=[^\s*])\1(?![0-9A-Za-z*])"),
    re.compile(r"(?<!\w)(_)(?=[^\s_])(.{1,1000}?)(?<=[^\s_])\1(?!\w)"),
)

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*|\n")
_SPACE = re.compile(r"\s")


def speakable(markdown: str, code: str = "(code)", link: str = "(link)") -> str:
    """The words of an answer; ``code`` and ``link`` stand for what nobody wants to hear."""
    text = _FENCE.sub(lambda _: f"\n{code}\n", markdown.replace("\r\n", "\n"))
    lines = [_plain_line(line) for line in text.split("\n") if not _is_furniture(line)]
    words = "\n".join(_plain_words(line, link) for line in lines)
    words = re.sub(r"[^\S\n]+", " ", words)
    return re.sub(r" ?\n ?(?:\n ?)+", "\n\n", words).strip()


def pieces(text: str, max_characters: int) -> list[str]:
    """Cut at the last end of a sentence that fits, else between words, else anywhere.

    Nothing is lost but white space around the cuts; no piece is blank.
    """
    if max_characters < 1:
        raise ValueError("a piece needs at least one character")
    cut: list[str] = []
    rest = text.strip()
    while len(rest) > max_characters:
        at = _cut_before(rest, max_characters)
        cut.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*cut, rest] if rest else cut


def _cut_before(text: str, limit: int) -> int:
    window = text[: limit + 1]  # one more, to see whether a sentence or a word ends at the limit
    ends = [found.end() for found in _SENTENCE_END.finditer(window) if found.end() <= limit]
    spaces = [found.start() for found in _SPACE.finditer(window)]
    return (ends or spaces or [limit])[-1]


def _is_furniture(line: str) -> bool:
    return any(pattern.match(line) for pattern in (_RULE, _TABLE_RULE, _DEFINITION))


def _plain_line(line: str) -> str:
    stripped = line.strip()
    if len(stripped) > 2 and stripped.startswith("|") and stripped.endswith("|"):
        cells = (cell.strip() for cell in stripped.strip("|").split("|"))
        return ", ".join(cell for cell in cells if cell)
    if stripped.startswith("#"):
        line = _CLOSING_HASHES.sub("", line)
    return _LINE_MARKS.sub("", line)


def _plain_words(line: str, link: str) -> str:
    spans: list[str] = []

    def keep(words: str) -> str:
        """Put words aside that are no Markdown, so that no mark is seen in them."""
        spans.append(words)
        return f"\0{len(spans) - 1}\0"

    line = line.replace("\0", "")
    line = _CODE_SPAN.sub(lambda found: keep(found[2].strip()), line)
    line = _ESCAPED.sub(lambda found: keep(found[1]), line)
    line = _LINK.sub(lambda found: found[1], line)
    line = _URL.sub(lambda _: keep(link), line)
    line = html.unescape(_TAG.sub("", line))
    for pattern in _EMPHASIS:
        line = pattern.sub(lambda found: found[2], line)
    return re.sub(r"\0(\d+)\0", lambda found: spans[int(found[1])], line)
