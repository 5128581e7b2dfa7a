"""What four answers to one question show: two with a seed, two without. Blocks where it draws."""

from dataclasses import dataclass

from handlers.answers.footers import tokens
from handlers.exact.kept_answers import KeptAnswer
from handlers.media.difference_pages import Labels, Pages, draw_pages
from handlers.media.differences import compare
from handlers.messages import Delivery, TextFile
from handlers.ports.chat import Finish
from handlers.ports.images import Picture
from handlers.sounds.long_texts import shorten
from handlers.texts import say

FILE = "compare.txt"
_RULE = "=" * 40


@dataclass(frozen=True, slots=True)
class Pair:
    name: str
    """In words: ``With seed 42``."""
    first: KeptAnswer
    second: KeptAnswer

    @property
    def is_same(self) -> bool:
        return self.first.text == self.second.text

    @property
    def answers(self) -> tuple[KeptAnswer, KeptAnswer]:
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Report:
    delivery: Delivery
    pictures: tuple[tuple[Picture, str], ...]
    """Each with its caption."""


@dataclass(frozen=True, slots=True)
class Comparison:
    with_seed: Pair
    without: Pair
    default_seed: int | None = None
    """It was taken because the chat has none."""

    @property
    def pairs(self) -> tuple[Pair, Pair]:
        return self.with_seed, self.without

    @property
    def answers(self) -> tuple[KeptAnswer, ...]:
        return (*self.with_seed.answers, *self.without.answers)

    def report(self) -> Report:
        """In words, in pictures, and whole in a file."""
        verdicts: list[str] = []
        pictures: list[tuple[Picture, str]] = []
        for pair in self.pairs:
            if pair.is_same:
                verdicts.append(say("compare_same", pair=pair.name))
                continue
            difference = compare(pair.first.text, pair.second.text)
            percent = int(100 * difference.likeness)
            verdicts.append(say("compare_pictured", pair=pair.name, percent=percent))
            pages = draw_pages(difference, _labels(pair))
            pictures += zip(pages.pictures, _captions(pair, pages), strict=True)
        words = "\n".join((*verdicts, *self._circumstances()))
        answer = shorten(self.with_seed.first.text.strip())
        text = f"{words}\n\n{say('compare_answer')}\n\n{answer}"
        delivery = Delivery(text, self._notice(), files=(TextFile(FILE, self._whole()),))
        return Report(delivery, tuple(pictures))

    def _circumstances(self) -> list[str]:
        """What stands behind the verdict, a line each."""
        lines = []
        facts = [answer.facts for answer in self.answers]
        if self.default_seed is not None:
            lines.append(say("compare_default_seed", seed=self.default_seed))
        if any(answer.facts.seed is None for answer in self.with_seed.answers):
            lines.append(say("compare_seed_not_taken"))
        elif any(fact.is_rerouted for fact in facts):
            lines.append(say("compare_rerouted"))
        models = list(dict.fromkeys(fact.model for fact in facts if fact.model))
        if len(models) > 1:
            lines.append(say("compare_models_changed", models=_code(models)))
        fingerprints = list(dict.fromkeys(fact.fingerprint for fact in facts if fact.fingerprint))
        if len(fingerprints) > 1:
            told = _code(fingerprints)
            lines.append(say("compare_fingerprint_changed", fingerprints=told))
        elif fingerprints and all(fact.fingerprint for fact in facts):
            lines.append(say("compare_fingerprint", fingerprint=_code(fingerprints)))
        elif fingerprints:
            lines.append(say("compare_fingerprint_partly", fingerprint=_code(fingerprints)))
        else:
            lines.append(say("compare_no_fingerprint"))
        if any(answer.finish is not Finish.COMPLETE for answer in self.answers):
            lines.append(say("compare_unfinished"))
        return lines

    def _notice(self) -> str:
        spent = [entry for answer in self.answers for entry in answer.usage]
        return say("compare_spent", tokens=tokens(spent)) if tokens(spent) else ""

    def _whole(self) -> str:
        """All four answers with their facts."""
        parts = []
        for pair in self.pairs:
            for number, answer in enumerate(pair.answers, start=1):
                facts = answer.facts
                told = (facts.model, facts.fingerprint, tokens(answer.usage), answer.finish.value)
                head = f"{pair.name} ({number}/2)\n{' · '.join(filter(None, told))}"
                parts.append(f"{_RULE}\n{head}\n{_RULE}\n{answer.text.strip()}\n")
        return "\n".join(parts)


def _labels(pair: Pair) -> Labels:
    return Labels(
        title=pair.name,
        struck=say("difference_struck"),
        underlined=say("difference_underlined"),
        left_out=say("difference_left_out"),
    )


def _captions(pair: Pair, pages: Pages) -> list[str]:
    """The last says what is missing."""
    count = len(pages.pictures)
    captions = [
        say("compare_caption", pair=pair.name, page=number, pages=count)
        for number in range(1, count + 1)
    ]
    if pages.has_more:
        captions[-1] += f" {say('compare_caption_more')}"
    if pages.has_boxes:
        captions[-1] += f" {say('compare_caption_boxes')}"
    return captions


def _code(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
