"""What there is of an answer while it is made, and what it comes to."""

import json
from dataclasses import dataclass, field

from handlers.answers.conversation import Prepared
from handlers.messages import AnswerPicture, AnswerState, Step, UsageEntry
from handlers.pictures.picture_names import PictureNames
from handlers.ports.chat import AnswerFacts, Source, ToolCall, ToolRound
from handlers.texts import say
from handlers.tools.tool import ToolOutput
from handlers.tools.toolbox import Offer


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as far as it came."""

    text: str
    state: AnswerState
    notice: str
    """Key of a line of ours; empty for a whole answer."""
    steps: tuple[Step, ...] = ()
    lasting: tuple[str, ...] = ()
    """As in the draft."""
    pictures: tuple[AnswerPicture, ...] = ()
    """Their places count from 0 on: the exchange has others before them."""
    sources: tuple[Source, ...] = ()
    facts: AnswerFacts = field(default_factory=AnswerFacts)
    usage: tuple[UsageEntry, ...] = ()
    """Of the model, noted already."""
    trimmed_through: int | None = None


@dataclass(slots=True)
class AnswerDraft:
    names: PictureNames
    offer: Offer
    texts: list[str] = field(default_factory=list)
    """What was said before each round of calls."""
    current: str = ""
    """What is being said since."""
    rounds: list[ToolRound] = field(default_factory=list)
    calls: int = 0
    calls_took_s: float = 0.0
    steps: list[Step] = field(default_factory=list)
    lasting: list[str] = field(default_factory=list)
    """What was done that lasts, beside pictures, in lines for people."""
    pictures: list[AnswerPicture] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    """By address."""
    facts: AnswerFacts = field(default_factory=AnswerFacts)
    usage: list[UsageEntry] = field(default_factory=list)
    prepared: Prepared | None = None

    @property
    def text(self) -> str:
        return "\n\n".join(text for text in (*self.texts, self.current) if text.strip())

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.pictures or self.lasting)

    def cite(self, sources: tuple[Source, ...]) -> None:
        for source in sources:
            self.sources.setdefault(source.url, source)

    def note(self, output: ToolOutput, call: ToolCall, *, is_lasting: bool = False) -> str:
        """Take up what came of a call; what the model is told of it."""
        self.steps.append(_step(output, call))
        if is_lasting and not output.is_failed and not output.pictures:
            self.lasting.append(output.title)
        told = [output.text]
        for number, ref in enumerate(output.pictures, start=1):
            caption = output.caption if number == len(output.pictures) else ""
            self.pictures.append(AnswerPicture(ref, len(self.pictures), caption, output.line))
            told.append(f"[This is picture {self.names.add(ref)}; it is sent with your answer.]")
        return "\n".join(told)

    def note_refused(self, count: int) -> None:
        """So many calls were not carried out."""
        self.steps.append(Step(say("tools_refused", count=count), is_failed=True))

    def finished(self, state: AnswerState, notice: str) -> Answered:
        return Answered(
            text=self.text,
            state=state,
            notice=notice,
            steps=tuple(self.steps),
            lasting=tuple(self.lasting),
            pictures=tuple(self.pictures),
            sources=tuple(self.sources.values()),
            facts=self.facts,
            usage=tuple(self.usage),
            trimmed_through=self.prepared.trimmed_through if self.prepared else None,
        )


def _step(output: ToolOutput, call: ToolCall) -> Step:
    return Step(
        title=output.title,
        input=_readable(call.arguments),
        output=output.text,
        language="json",
        is_failed=output.is_failed,
        pictures=output.pictures,
        sources=output.sources,
        line=output.line,
    )


def _readable(arguments: str) -> str:
    """With line breaks, where it is JSON."""
    try:
        return json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments
