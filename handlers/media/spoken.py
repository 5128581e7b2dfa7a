"""An answer as it is read aloud: without Markdown's marks, in pieces that a synthesizer takes."""

import html
import re
from dataclasses import dataclass
from itertools import chain, repeat

from handlers.media.emoji import has_words, name_emoji, without_emoji

# Their backticks must not be seen in the line that opens it: "```all of it```" is a span.
_FENCE = re.compile(
    r"^[ \t>]*(?:(`{3,})(?P<info>[^`\n]*)|(~{3,})(?P<other>[^\n]*))(?:\n|\Z)"
    r"(?P<code>.*?(?=^[ \t>]*(?:\1|\3)[`~]*[ \t]*$)|.*)(?:^[ \t>]*[`~]+[ \t]*$)?",
    re.MULTILINE | re.DOTALL,
)
_RULE = re.compile(r"^\s*([-*_=])(\s*\1){2,}\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?$")
_CELL_END = re.compile(r"(?<!\\)\|")
_DEFINITION = re.compile(r"^ {0,3}\[(?:\^[^\]\n]+\]:.*|[^\]\n]+\]:\s*\S+.*)$")
_LINE_MARKS = re.compile(
    r"^\s*(?:>\s?)*\s*(?:#{1,6}\s+|-#\s+|[-*+•]\s+(?:\[[ xX]\]\s+)?)?(?:\[!(\w+)\]\s*$)?"
)
_CLOSING_HASHES = re.compile(r"\s+#+\s*$")

# Spans are bounded, or a long line of marks that never close would take minutes.
_CODE_SPAN = re.compile(r"(?<!`)(`++)(.{1,1000}?)(?<!`)\1(?!`)")
_LINK = re.compile(
    r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\](?:\((?:[^()\s]|\([^()]*\))*(?:\s[^)]{0,500})?\)|\[[^\]]*\])"
)
_URL = re.compile(
    r"<?\b(?:https?|ftp)://([^\s<>]*[^\s<>.,;:!?'\")\]])>?|\b(www\.[^\s<>]*[^\s<>.,;:!?'\")\]])"
)
_ADDRESS = re.compile(r"<([\w.+-]+@[\w.-]+)>")
_FOOTNOTE = re.compile(r"\[\^[^\]\n]{1,100}\]")
_TAGS = (
    "a|abbr|b|blockquote|br|center|code|del|details|div|em|font|h[1-6]|hr|i|img|ins|kbd|li|mark|ol"
    "|p|pre|q|s|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|u|ul|wbr"
)
_TAG = re.compile(
    rf"</?(?:{_TAGS})(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>",
    re.IGNORECASE,
)
_OF_DISCORD = re.compile(r"<(?:a?:\w{1,40}:|[@#][!&]?)\d{1,20}>")
"""A picture of a server's own, or a name that its apps fill in."""
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_FORMULAS = (
    re.compile(r"\$\$(?!\$)(.{1,2000}?)\$\$", re.DOTALL),
    re.compile(r"\\\[(.{1,2000}?)\\\]", re.DOTALL),
    re.compile(r"\\\(([^\n]{1,500}?)\\\)"),
    # Not what is a price: "$5 or $10".
    re.compile(r"(?<![\w$\\])\$(?=[^\s$])([^$\n]{1,300}?)(?<=[^\s\\])\$(?![\w$])"),
)
# Letters and digits of ASCII beside a single mark make it a sign or a name: 2*3*4, snake_case.
# Chinese and Japanese have no spaces, so that their letters may stand beside one.
_EMPHASIS = (
    re.compile(r"(\*\*\*|\*\*|~~|\|\|)(?=\S)(.{1,1000}?)(?<=\S)\1"),
    re.compile(r"(?<!\w)(___|__)(?=\S)(.{1,1000}?)(?<=\S)\1(?!\w)"),
    re.compile(r"(?<![0-9A-Za-z*])(\*)(?=[^\s*])(.{1,1000}?)(?<=[^\s*])\1(?![0-9A-Za-z*])"),
    re.compile(r"(?<!\w)(_)(?=[^\s_])(.{1,1000}?)(?<=[^\s_])\1(?!\w)"),
)

_PROGRAMMING = {
    "bash": "Bash",
    "c++": "C++",
    "cpp": "C++",
    "cs": "C#",
    "csharp": "C#",
    "css": "CSS",
    "csv": "CSV",
    "go": "Go",
    "golang": "Go",
    "html": "HTML",
    "js": "JavaScript",
    "javascript": "JavaScript",
    "json": "JSON",
    "jsx": "JavaScript",
    "kt": "Kotlin",
    "latex": "LaTeX",
    "md": "Markdown",
    "php": "PHP",
    "py": "Python",
    "python3": "Python",
    "rb": "Ruby",
    "rs": "Rust",
    "sh": "Shell",
    "sql": "SQL",
    "tex": "LaTeX",
    "toml": "TOML",
    "ts": "TypeScript",
    "tsx": "TypeScript",
    "typescript": "TypeScript",
    "xml": "XML",
    "yaml": "YAML",
    "yml": "YAML",
    "zsh": "Shell",
}
_NO_PROGRAMMING = frozenset({"", "none", "output", "plain", "plaintext", "text", "txt"})

_SENTENCE_END = re.compile(
    # A point after one letter or a title ends no sentence, nor does what a small letter follows.
    r"(?<!\b[^\W\d_])(?<!\b(?:Dr|Mr|Ms|St|Jr|Sr|Nr|No|vs|ca))(?<!\b(?:Mrs|bzw|Mme))\."
    r"[\"'”’»)\]]*(?=\s+(?![a-zà-öø-ÿа-я])|\s*$)"
    # Only from the first of its stops, or each of thousands would look to the last.
    r"|(?<![.!?…])(?:[.!?…]{2,}+|[!?…])[\"'”’»)\]]*+(?=\s)"
    r"|[。！？]+[」』”’）]*|\n"
)
_SPACE = re.compile(r"\s")
_BLANKS = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said in place of code, in one language."""

    code_line: str = "A code block of one line{language}."
    code_lines: str = "A code block of {count} lines{language}."
    in_language: str = " in {name}"

    def announce(self, code: str, info: str) -> str:
        """A code block of so many lines, in the language that its first line names."""
        count = sum(bool(line.strip(" \t>")) for line in code.split("\n"))
        named = (info.split() or [""])[0].strip("{}.").lower()
        language = ""
        if named not in _NO_PROGRAMMING:
            language = self.in_language.format(name=_PROGRAMMING.get(named, named.capitalize()))
        line = self.code_line if count == 1 else self.code_lines
        return line.format(count=count, language=language)


ENGLISH = Phrases()


def speakable(markdown: str, phrases: Phrases = ENGLISH) -> str:
    """The words of an answer; empty if there are none.

    Code blocks are announced, links are named by their label or host. Nothing else that is a word
    is left out but footnotes.
    """
    text = _BLANKS.sub(" ", markdown.replace("\r\n", "\n").replace("\0", ""))
    text = _FENCE.sub(lambda found: _announced(found, phrases), text)
    for formula in _FORMULAS[:2]:
        text = formula.sub(lambda found: found[1].strip(), text)
    lines = [_plain_words(line) for line in _plain_lines(text.split("\n"))]
    words = _tidy("\n".join(without_emoji(line) for line in lines))
    # Emoji are named only where there is nothing else to be said.
    return words if has_words(words) else _tidy(name_emoji("\n".join(lines)))


def without_code(markdown: str) -> str:
    """What is left when the code blocks are not there."""
    return _FENCE.sub("\n", markdown)


def pieces(text: str, max_characters: int) -> list[str]:
    """Cut at the last end of a sentence that fits, else between words, else anywhere.

    Nothing is lost but white space around the cuts; no piece is blank.
    """
    if max_characters < 1:
        raise ValueError("a piece needs at least one character")
    cut: list[str] = []
    rest = text.strip()
    while len(rest) > max_characters:
        at = cut_before(rest, max_characters)
        cut.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*cut, rest] if rest else cut


def first_piece(text: str, max_characters: int) -> str:
    """The first of ``pieces``, in no more time than it takes to read that; empty if none is."""
    text = text.strip()
    if len(text) <= max_characters:
        return text
    return text[: cut_before(text, max_characters)].strip()


def cut_before(text: str, limit: int) -> int:
    """Where ``pieces`` cuts a text that is longer than ``limit`` characters."""
    ends = sentence_ends(text, limit)
    spaces = [found.start() for found in _SPACE.finditer(text, 0, limit + 1)]
    return (ends or spaces or [limit])[-1]


def sentence_ends(text: str, limit: int) -> list[int]:
    """Where sentences of ``text`` end, at most ``limit`` characters from its beginning."""
    # More, to see whether a sentence ends at the limit.
    found = _SENTENCE_END.finditer(text, 0, limit + 2)
    return [end.end() for end in found if end.end() <= limit]


def _tidy(words: str) -> str:
    words = _BLANKS.sub(" ", words)
    return re.sub(r" ?\n ?(?:\n ?)+", "\n\n", words).strip()


def _announced(found: re.Match[str], phrases: Phrases) -> str:
    words = phrases.announce(found["code"], found["info"] or found["other"] or "")
    return f"\n{words}\n"


def _plain_lines(lines: list[str]) -> list[str]:
    """Lines without the marks that stand at their beginning; tables by their headings."""
    plain: list[str] = []
    at = 0
    while at < len(lines):
        is_table = "|" in lines[at] and at + 1 < len(lines) and _TABLE_RULE.match(lines[at + 1])
        if is_table:
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            plain += ["", *_told_rows(_cells(lines[at]), lines[at + 2 : end]), ""]
            at = end
            continue
        if not any(pattern.match(lines[at]) for pattern in (_RULE, _TABLE_RULE, _DEFINITION)):
            plain.append(_plain_line(lines[at]))
        at += 1
    return plain


def _told_rows(headings: list[str], rows: list[str]) -> list[str]:
    """Each row as "heading: cell, heading: cell"; a table without rows by its headings."""
    if not rows:
        return [", ".join(filter(None, headings))]
    told = []
    for row in rows:
        named = zip(_cells(row), chain(headings, repeat("")), strict=False)
        cells = [(name_emoji(cell) or cell, heading) for cell, heading in named if cell]
        told.append(", ".join(f"{heading}: {cell}" if heading else cell for cell, heading in cells))
    return told


def _cells(line: str) -> list[str]:
    stripped = line.strip().removeprefix("|")
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(stripped)]


def _plain_line(line: str) -> str:
    stripped = line.strip()
    if len(stripped) > 2 and stripped.startswith("|") and stripped.endswith("|"):
        return ", ".join(filter(None, _cells(stripped)))
    if stripped.startswith("#"):
        line = _CLOSING_HASHES.sub("", line)
    return _LINE_MARKS.sub(lambda found: (found[1] or "").capitalize(), line)


def _plain_words(line: str) -> str:
    spans: list[str] = []

    def keep(words: str) -> str:
        """Put words aside that are no Markdown, so that no mark is seen in them."""
        spans.append(words)
        return f"\0{len(spans) - 1}\0"

    line = _CODE_SPAN.sub(lambda found: keep(found[2].strip()), line)
    for formula in _FORMULAS[2:]:
        line = formula.sub(lambda found: keep(found[1].strip()), line)
    line = _ESCAPED.sub(lambda found: keep(found[1]), line)
    line = _FOOTNOTE.sub("", line)
    line = _LINK.sub(lambda found: found[1], line)
    line = _URL.sub(lambda found: keep(_host(found[1] or found[2])), line)
    line = _ADDRESS.sub(lambda found: keep(found[1]), line)
    line = html.unescape(_TAG.sub("", _OF_DISCORD.sub("", line)))
    for pattern in _EMPHASIS:
        line = pattern.sub(lambda found: found[2], line)
    # A span may hold one that was put aside before it.
    while (restored := re.sub(r"\0(\d+)\0", lambda found: spans[int(found[1])], line)) != line:
        line = restored
    return line


def _host(address: str) -> str:
    """``example.com`` of ``www.example.com:80/a?b``."""
    host = re.split(r"[/?#\\]", address, maxsplit=1)[0].rpartition("@")[2]
    host = re.sub(r":\d*$", "", host)
    return host.removeprefix("www.") or address
