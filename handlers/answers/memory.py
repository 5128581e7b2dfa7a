"""What fell out of the window, kept as a running summary."""

from dataclasses import replace

import structlog

from handlers.errors import ParleyError
from handlers.messages import Capability, ChatKey, Exchange
from handlers.ports.chat import ChatModel, ChatRequest, Finish, ModelMessage, TextPart
from handlers.ports.stores import HistoryStore
from handlers.prompts import SUMMARISE

log = structlog.get_logger(__name__)

CLIP_CHARACTERS = 4_000
"""Of one text: the gist of a long paste stands at its beginning and its end."""
MAX_CHARACTERS = 100_000
"""Of everything that is summarised at once; older exchanges are left out beyond that."""


class Memory:
    def __init__(self, model: ChatModel, history: HistoryStore) -> None:
        self._model = model
        self._history = history
        self._busy: set[ChatKey] = set()

    async def summarise(self, chat: ChatKey, model: str, effort: str = "") -> None:
        """Fold what left the window into the summary.

        If it fails the old summary stays, and what it lacks is taken up at the next trim.
        """
        if chat in self._busy:
            return
        self._busy.add(chat)
        try:
            await self._fold(chat, model, effort)
        except ParleyError as error:
            log.warning("no summary this time", chat=str(chat), error=type(error).__name__)
        finally:
            self._busy.discard(chat)

    async def _fold(self, chat: ChatKey, model: str, effort: str) -> None:
        exchanges = await self._history.unsummarised(chat)
        if not exchanges:
            return
        history = await self._history.load(chat)
        text = material(history.summary, exchanges)
        request = ChatRequest(
            model=model,
            system=SUMMARISE,
            messages=(ModelMessage("user", (TextPart(text),)),),
            effort=effort,
        )
        summary, through = history.summary, history.summarised_through
        stream = self._model.ask(request)
        try:
            await stream.start()
            words = "".join([piece async for piece in stream]).strip()
            if words and stream.finish is Finish.COMPLETE:
                summary, through = words, exchanges[-1].id
                log.info("summary renewed", chat=str(chat), exchanges=len(exchanges))
            else:
                # Half a summary would be taken for the whole.
                log.warning("summary broke off", chat=str(chat))
        finally:
            await stream.aclose()
            # What it cost is kept whatever became of it.
            spent = [replace(entry, capability=Capability.SUMMARY) for entry in stream.usage]
            await self._history.save_summary(chat, summary, through, spent)


def material(summary: str, exchanges: tuple[Exchange, ...]) -> str:
    """The text that is summarised: the old summary, then what was said, newest last."""
    said: list[str] = []
    room = MAX_CHARACTERS
    for exchange in reversed(exchanges):
        asked = f"{exchange.author or 'Person'}: {clip(exchange.question)}"
        if exchange.media:
            asked += f" (with {len(exchange.media)} pictures)"
        entry = f"{asked}\nAssistant: {clip(exchange.answer)}"
        room -= len(entry)
        if room < 0:
            break
        said.append(entry)
    said.reverse()
    return f"Summary so far:\n{summary or '(none)'}\n\nSaid since:\n" + "\n\n".join(said)


def clip(text: str) -> str:
    if len(text) <= CLIP_CHARACTERS:
        return text
    half = CLIP_CHARACTERS // 2
    return f"{text[:half]} … {text[-half:]}"
