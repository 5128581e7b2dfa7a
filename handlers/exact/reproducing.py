"""/seed and /footer: answers that can be had again. /compare: whether they are."""

import asyncio
import re
from dataclasses import replace

from handlers.answers.conversation import Conversation
from handlers.answers.questions import Questions
from handlers.commands import wrong_arguments
from handlers.errors import ServiceDownError
from handlers.exact.comparisons import Comparison, Pair
from handlers.exact.kept_answers import KeptAnswer, ask_kept
from handlers.media.threads import run_to_end
from handlers.messages import Button, ButtonRows, ChatSettings, Exchange
from handlers.ports.chat import ChatModel, ChatRequest, Finish
from handlers.ports.platforms import Activity
from handlers.ports.stores import History, Outcome, SettingsStore
from handlers.texts import say
from handlers.turn import Turn

DEFAULT_SEED = 42
MIN_SEED, MAX_SEED = -(2**63), 2**63 - 1
"""What the service takes."""
MAX_TEMPERATURE = 2.0
_SEED = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_TEMPERATURE = re.compile(r"\d(?:[.,]\d{1,4})?", re.ASCII)
_OFF = ("off", "none", "default")


class Reproducing:
    def __init__(
        self,
        *,
        model: ChatModel,
        store: SettingsStore,
        conversation: Conversation,
        questions: Questions,
    ) -> None:
        self._model = model
        self._store = store
        self._conversation = conversation
        self._questions = questions

    # ------------------------------------------------------------ settings

    async def seed(self, turn: Turn) -> None:
        """/seed [N|off] [temperature X|off]"""
        words = turn.message.text.lower().split()
        chosen = turn.settings
        if words and words[0] != "temperature":
            chosen = replace(chosen, seed=_read_seed(words.pop(0)))
        if words:
            if words[0] != "temperature" or len(words) != 2:
                raise wrong_arguments("seed")
            chosen = replace(chosen, temperature=_read_temperature(words[1]))
        await self._save(turn, chosen)
        text = say(
            "seed_menu",
            seed=say("seed_none") if chosen.seed is None else chosen.seed,
            temperature=(
                say("temperature_none") if chosen.temperature is None else f"{chosen.temperature:g}"
            ),
            footer=say("on" if chosen.footer else "off"),
        )
        await turn.reply.menu(text, _seed_buttons(chosen))

    async def footer(self, turn: Turn) -> None:
        """/footer [on|off]"""
        word = turn.message.text.strip().lower()
        if word not in ("", "on", "off"):
            raise wrong_arguments("footer")
        if word:
            await self._save(turn, replace(turn.settings, footer=word == "on"))
        is_on = turn.settings.footer
        text = say("footer_menu", footer=say("on" if is_on else "off"))
        await turn.reply.menu(text, ((_footer_button(turn.settings),),))

    async def _save(self, turn: Turn, settings: ChatSettings) -> None:
        if settings != turn.settings:
            await self._store.save(turn.message.chat, settings)
            turn.settings = settings

    # ------------------------------------------------------------ /compare

    async def compare(self, turn: Turn) -> None:
        """/compare prompt: asked alone, so that what was said before changes nothing."""
        with turn.stoppable():
            question = await self._questions.understand(turn)
            if not (question.question or question.media or question.quote):
                raise wrong_arguments("compare")
            chosen = turn.settings
            seed = DEFAULT_SEED if chosen.seed is None else chosen.seed
            async with turn.reply.working(Activity.WRITING):
                answers = await self._ask_all(turn, question, seed)
            comparison = Comparison(
                with_seed=Pair(say("compare_with_seed", seed=seed), *answers[:2]),
                without=Pair(say("compare_without_seed"), *answers[2:]),
                default_seed=seed if chosen.seed is None else None,
            )
            report = await run_to_end(comparison.report)
        # No delivery is stored: after a crash the answers are, and the rest is worked out of them.
        await turn.commit(Outcome())
        await turn.deliver(report.delivery)
        for number, (picture, caption) in enumerate(report.pictures):
            await turn.reply.photo(f"photo {number}", picture, caption)

    async def _ask_all(self, turn: Turn, question: Exchange, seed: int) -> list[KeptAnswer]:
        """Side by side, so that as little as can be changes in between."""
        prepared = await self._conversation.prepare(
            turn.message, turn.settings, History(), question
        )
        seeded = replace(prepared.request, seed=seed)
        without = replace(prepared.request, seed=None)
        done = 0

        async def ask(number: int, request: ChatRequest) -> KeptAnswer:
            nonlocal done
            answer = await ask_kept(turn, self._model, request, f"compare {number}")
            if answer.finish is Finish.CUT:
                raise ServiceDownError("an answer to be compared broke off")
            done += 1
            turn.reply.show(say("comparing", done=done))
            return answer

        turn.reply.show(say("comparing", done=0))
        asked = [
            ask(number, request)
            for number, request in enumerate((seeded, seeded, without, without))
        ]
        # All come to their ends, whatever becomes of one: what is paid is kept for the next try.
        ended = await asyncio.gather(*asked, return_exceptions=True)
        answers = []
        for one in ended:
            if isinstance(one, BaseException):
                raise one
            answers.append(one)
        return answers


def _read_seed(word: str) -> int | None:
    if word in _OFF:
        return None
    if not _SEED.fullmatch(word) or not MIN_SEED <= int(word) <= MAX_SEED:
        raise wrong_arguments("seed")
    return int(word)


def _read_temperature(word: str) -> float | None:
    if word in _OFF:
        return None
    if not _TEMPERATURE.fullmatch(word):
        raise wrong_arguments("seed")
    temperature = float(word.replace(",", "."))
    if temperature > MAX_TEMPERATURE:
        raise wrong_arguments("seed")
    return temperature


def _seed_buttons(chosen: ChatSettings) -> ButtonRows:
    row = [
        Button(say("button_seed", seed=DEFAULT_SEED), f"seed {DEFAULT_SEED}")
        if chosen.seed is None
        else Button(say("button_seed_off"), "seed off")
    ]
    if chosen.temperature is not None:
        row.append(Button(say("button_temperature_off"), "seed temperature off"))
    return (tuple(row), (_footer_button(chosen),))


def _footer_button(chosen: ChatSettings) -> Button:
    if chosen.footer:
        return Button(say("button_footer_off"), "footer off")
    return Button(say("button_footer_on"), "footer on")
