"""Pictures of how two texts differ, page by page, for the screen of a phone. Blocks."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw

from handlers.media.differences import Change, Difference, Piece
from handlers.media.lettering import Lettering, Run
from handlers.ports.images import Picture

WIDTH = 1080
MAX_HEIGHT = 1920
MAX_PAGES = 4
"""Of one difference; the rest is told to be elsewhere."""
TYPE_SIZE = 40
_LINE_HEIGHT = 64
_MARGIN = 48
_STRUCK_HEIGHT = 0.30
"""Above the baseline, as a share of the type's size: through the middle of small letters."""
_LINE_WIDTH = 5
_TITLE_GAP = 24
_KEPT_WORDS = 40
"""Of a long passage that is the same, at each end that borders on a change."""
_LONG_WORDS = 120
_WINDOW = 128
"""Letters that are measured at once: more than a line holds of the narrowest."""

_PAPER, _INK, _QUIET = "#ffffff", "#1b1b1f", "#6b6f76"
_INKS = {Change.SAME: _INK, Change.DELETED: "#a3170c", Change.INSERTED: "#00594a"}
_GROUNDS = {Change.DELETED: "#fde4e1", Change.INSERTED: "#d8f3ea"}


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands around the text, in words for people."""

    title: str
    struck: str
    underlined: str
    left_out: str
    """With a gap ``{count}``: so many words that are the same."""


@dataclass(frozen=True, slots=True)
class Pages:
    pictures: tuple[Picture, ...]
    has_more: bool
    """There was not room for all of it."""
    has_boxes: bool
    """A box stands for letters that no font here has."""


@dataclass(frozen=True, slots=True)
class _Span:
    change: Change
    run: Run


@dataclass(slots=True)
class _Line:
    spans: list[_Span]
    is_note: bool = False
    """Of ours, not of the texts."""


def draw_pages(difference: Difference, labels: Labels) -> Pages:
    sample = "".join(piece.text for piece in difference.pieces)
    letters = Lettering(TYPE_SIZE, labels.title + sample)
    header = [
        *_wrapped([Piece(Change.SAME, (labels.title,))], letters),
        *_wrapped([Piece(Change.DELETED, (labels.struck,))], letters),
        *_wrapped([Piece(Change.INSERTED, (labels.underlined,))], letters),
    ]
    height = MAX_HEIGHT - 3 * _MARGIN - _LINE_HEIGHT
    first = (height - len(header) * _LINE_HEIGHT - _TITLE_GAP) // _LINE_HEIGHT
    room = first + (MAX_PAGES - 1) * (height // _LINE_HEIGHT)
    lines: list[_Line] = []
    for part in _shortened(difference.pieces):
        if len(lines) > room:
            break
        if isinstance(part, int):
            words = labels.left_out.format(count=f"{part:,}")
            note = Piece(Change.SAME, (words,))
            lines += [_Line(line.spans, is_note=True) for line in _wrapped([note], letters)]
        else:
            lines += _wrapped(part, letters, room + 1 - len(lines))
    pages = _paged(lines, first, height // _LINE_HEIGHT)
    shown = pages[:MAX_PAGES]
    pictures = [
        _draw(page, header if number == 1 else [], f"{number} / {len(shown)}", letters)
        for number, page in enumerate(shown, start=1)
    ]
    has_more = len(pages) > MAX_PAGES or difference.is_cut
    return Pages(tuple(pictures), has_more, letters.has_boxes)


def _shortened(pieces: Sequence[Piece]) -> Iterator[list[Piece] | int]:
    """What is read, and between it how many words are left out because they are the same."""
    kept: list[Piece] = []
    for place, piece in enumerate(pieces):
        if piece.change is not Change.SAME or len(piece.tokens) <= _LONG_WORDS:
            kept.append(piece)
            continue
        before = 0 if place == 0 else _KEPT_WORDS
        after = len(piece.tokens) - (0 if place == len(pieces) - 1 else _KEPT_WORDS)
        kept.append(Piece(Change.SAME, piece.tokens[:before]))
        yield kept
        yield sum(not token.isspace() for token in piece.tokens[before:after])
        kept = [Piece(Change.SAME, piece.tokens[after:])]
    yield kept


# ------------------------------------------------------------ lines


def _wrapped(pieces: Sequence[Piece], letters: Lettering, most: int = _WINDOW) -> list[_Line]:
    """``most``: of more lines nobody sees anything, so that they are not made."""
    width = WIDTH - 2 * _MARGIN
    lines, left = [_Line([])], float(width)
    for change, word, is_break in _words(pieces):
        for run in _fitting(word, letters, width):
            taken = run.width
            if taken > left and not (word.isspace() and change is Change.SAME):
                lines.append(_Line([]))
                left = float(width)
            if taken <= left:
                lines[-1].spans.append(_Span(change, run))
                left -= taken
            if len(lines) > most:
                return lines[:most]
        if is_break:
            lines.append(_Line([]))
            left = float(width)
    return lines[:-1] if not lines[-1].spans else lines


def _words(pieces: Sequence[Piece]) -> Iterator[tuple[Change, str, bool]]:
    """Words as they are drawn, and whether the line ends after them."""
    for piece in pieces:
        is_changed = piece.change is not Change.SAME
        for word in piece.tokens:
            if word == "\n":
                yield piece.change, "¶" if is_changed else "", True
            elif is_changed and word.isspace() and (word != " " or piece.text.isspace()):
                yield piece.change, word.replace("\t", "→").replace(" ", "·"), False
            else:
                yield piece.change, word.replace("\t", "    "), False


def _fitting(word: str, letters: Lettering, width: int) -> Iterator[Run]:
    """The word; one that is longer than a line in pieces that are not."""
    rest: Run | None = None
    for start in range(0, len(word), _WINDOW):
        for following in letters.runs(word[start : start + _WINDOW]):
            run = following
            if rest is not None and rest.font is run.font:
                run = Run(rest.text + run.text, run.font)
            elif rest is not None:
                yield rest
            while (count := _room_for(run, width)) < len(run.text):
                yield Run(run.text[:count], run.font)
                run = Run(run.text[count:], run.font)
            rest = run
    if rest is not None:
        yield rest


def _room_for(run: Run, width: int) -> int:
    """How many of its letters one line holds, and at least one."""
    most = min(len(run.text), _WINDOW)
    if run.font.getlength(run.text[:most]) <= width:
        return most
    counts = range(1, most)
    fitting = bisect_left(
        counts, x=True, key=lambda count: run.font.getlength(run.text[:count]) > width
    )
    return max(1, fitting)


def _paged(lines: list[_Line], first: int, others: int) -> list[list[_Line]]:
    pages = [lines[:first]]
    pages += [lines[start : start + others] for start in range(first, len(lines), others)]
    return pages


# ------------------------------------------------------------ drawing


def _draw(lines: list[_Line], header: list[_Line], foot: str, letters: Lettering) -> Picture:
    gap = _TITLE_GAP if header else 0
    height = 3 * _MARGIN + gap + (len(lines) + len(header) + 1) * _LINE_HEIGHT
    image = Image.new("RGB", (WIDTH, height), _PAPER)
    pen = ImageDraw.Draw(image)
    top = _MARGIN
    for number, line in enumerate([*header, *lines]):
        if header and number == len(header):
            pen.line((_MARGIN, top + gap // 2, WIDTH - _MARGIN, top + gap // 2), _QUIET, 2)
            top += gap
        _draw_line(pen, line, top)
        top += _LINE_HEIGHT
    baseline = height - _MARGIN
    pen.text((WIDTH - _MARGIN, baseline), foot, _QUIET, letters.font, anchor="rs")
    out = BytesIO()
    image.save(out, "PNG")
    return Picture(out.getvalue(), "image/png")


def _draw_line(pen: ImageDraw.ImageDraw, line: _Line, top: int) -> None:
    x = float(_MARGIN)
    baseline = top + round(_LINE_HEIGHT * 0.72)
    for span in line.spans:
        end = x + span.run.width
        ink = _QUIET if line.is_note else _INKS[span.change]
        if span.change is not Change.SAME:
            ground = (x, top + 4, end, top + _LINE_HEIGHT - 4)
            pen.rectangle(ground, _GROUNDS[span.change])
        pen.text((x, baseline), span.run.text, ink, span.run.font, anchor="ls")
        if span.change is Change.DELETED:
            y = baseline - round(TYPE_SIZE * _STRUCK_HEIGHT)
            pen.line((x, y, end, y), ink, _LINE_WIDTH)
        elif span.change is Change.INSERTED:
            y = baseline + 10
            pen.line((x, y, end, y), ink, _LINE_WIDTH)
        x = end
