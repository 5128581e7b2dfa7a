"""What people choose for a chat: menus for thumbs, words for those who type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from handlers import menus
from handlers.answers.conversation import Defaults
from handlers.commands import COMMANDS, DETAILS, wrong_arguments
from handlers.messages import Button, ChatSettings, VoiceNote
from handlers.ports.models import Catalogue
from handlers.ports.stores import HistoryStore, SettingsStore
from handlers.sounds.speech_options import choose, describe
from handlers.texts import say
from handlers.turn import Turn

SPEECH = ("voice", "speed", "format")
TOPICS = frozenset({"detail", "language", "voice_note", *SPEECH})
"""Of /settings, each with a value after it."""
LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ja", "ar")
"""Offered in the menu; any tag can be typed."""
MAX_LANGUAGE = 20
MAX_PERSONA = 8_000
"""Characters: a persona is sent with every request."""


class Settings:
    def __init__(
        self,
        store: SettingsStore,
        history: HistoryStore,
        catalogue: Catalogue,
        defaults: Defaults,
    ) -> None:
        self._store = store
        self._history = history
        self._catalogue = catalogue
        self._defaults = defaults

    async def start(self, turn: Turn) -> None:
        await turn.reply.line("start", say("start"))

    async def help(self, turn: Turn) -> None:
        lines = [f"{c.usage} - {c.summary}" for c in COMMANDS if c.is_listed]
        await turn.reply.line("help", "\n".join([say("help"), *lines]))

    async def new(self, turn: Turn) -> None:
        await self._history.reset(turn.message.chat)
        await turn.reply.line("new", say("new"))

    # ------------------------------------------------------------ /model

    async def model(self, turn: Turn) -> None:
        """/model [name] [effort low|high|…]"""
        words = turn.message.text.split()
        if words:
            await self._choose_model(turn, words)
        chosen = turn.settings.model or self._catalogue.chat_model
        names = dict.fromkeys((*self._catalogue.chat_models, chosen))
        models = [(name, f"model {name}", name == chosen) for name in names]
        effort_options = [
            (say("effort", effort=effort), f"model {chosen} {effort}", effort == self._effort(turn))
            for effort in self._efforts(chosen)
        ]
        label = self._model_label(turn.settings)
        await turn.reply.menu(
            say("model_menu", model=label),
            (*menus.rows(models), *menus.rows(effort_options), menus.back()),
        )

    async def _choose_model(self, turn: Turn, words: list[str]) -> None:
        chosen = turn.settings
        if words[0] != "effort":
            name = "" if words[0] == "default" else words[0]
            known = self._catalogue.efforts(name or self._catalogue.chat_model)
            effort = chosen.effort if chosen.effort in known else ""
            chosen = replace(chosen, model=name, effort=effort)
            words = words[1:]
        if words[:1] == ["effort"]:
            words = words[1:]
            if not words:
                raise wrong_arguments("model")
        if len(words) > 1:
            raise wrong_arguments("model")
        for effort in words:
            known = self._catalogue.efforts(chosen.model or self._catalogue.chat_model)
            if known and effort not in (*known, "default"):
                raise wrong_arguments("model")
            chosen = replace(chosen, effort="" if effort == "default" else effort)
        await self._save(turn, chosen)

    def _effort(self, turn: Turn) -> str:
        return turn.settings.effort or "default"

    def _efforts(self, model: str) -> Sequence[str]:
        efforts = self._catalogue.efforts(model)
        return ("default", *efforts) if efforts else ()

    def _model_label(self, settings: ChatSettings) -> str:
        model = settings.model or self._catalogue.chat_model
        if not settings.effort:
            return model
        return say("model_with_effort", model=model, effort=settings.effort)

    # ------------------------------------------------------------ /persona

    async def persona(self, turn: Turn) -> None:
        """/persona [text|default]"""
        text = turn.message.text.strip()
        if not text:
            shown = turn.settings.persona
            line = say("persona_shown", persona=shown) if shown else say("persona_standard")
        elif text.lower() in ("default", "reset", "off"):
            await self._save(turn, replace(turn.settings, persona=""))
            line = say("persona_reset")
        elif len(text) > MAX_PERSONA:
            raise wrong_arguments("persona")
        else:
            await self._save(turn, replace(turn.settings, persona=text))
            line = say("persona_set")
        await turn.reply.line("persona", line)

    # ------------------------------------------------------------ /detail

    async def detail(self, turn: Turn) -> None:
        """/detail [low|high|auto]"""
        if value := turn.message.text.strip().lower():
            await self._save(turn, _with_detail(turn.settings, value, "detail"))
        await self._detail_menu(turn)

    # ------------------------------------------------------------ /settings

    async def settings(self, turn: Turn) -> None:
        """/settings [detail …] [language …] [voice_note …] [voice …] [speed …] [format …]"""
        words = turn.message.text.split()
        chosen = dict(zip_longest(words[::2], words[1::2], fillvalue=""))
        if len(chosen) * 2 < len(words) or not set(chosen) <= TOPICS:
            raise wrong_arguments("settings")
        settings = self._chosen(turn.settings, chosen)
        if settings != turn.settings:
            await self._save(turn, settings)
        match tuple(chosen):
            case ("detail",):
                await self._detail_menu(turn)
            case ("language",):
                await self._language_menu(turn)
            case ("voice_note",):
                await self._voice_note_menu(turn)
            case _:
                await self._overview(turn)

    def _chosen(self, settings: ChatSettings, values: Mapping[str, str]) -> ChatSettings:
        """All or nothing: a value that cannot be raises before any is kept."""
        for topic, value in values.items():
            if topic in SPEECH:
                settings = choose(settings, topic, value, self._catalogue.voices)
            elif value:
                settings = CHOICES[topic](settings, value)
        return settings

    async def _overview(self, turn: Turn) -> None:
        chosen, defaults = turn.settings, self._defaults
        text = say(
            "settings",
            model=self._model_label(chosen),
            voice_mode=(chosen.voice_mode or defaults.voice_mode).value,
            voice=chosen.voice or self._catalogue.voice,
            speech=describe(chosen),
            detail=chosen.detail or defaults.detail,
            language=chosen.language or defaults.language or say("any_language"),
            voice_note=chosen.voice_note.value,
            persona=say("own_persona") if chosen.persona else say("standard_persona"),
        )
        topics = (
            Button(say("button_model"), "model"),
            Button(say("button_voice"), "voice"),
            Button(say("button_detail"), "detail"),
            Button(say("button_language"), "settings language"),
            Button(say("button_voice_note"), "settings voice_note"),
            Button(say("button_persona"), "persona"),
            Button(say("button_tools"), "tools"),
        )
        await turn.reply.menu(text, menus.in_rows(topics))

    async def _detail_menu(self, turn: Turn) -> None:
        detail = turn.settings.detail or self._defaults.detail
        options = [(option, f"detail {option}", option == detail) for option in DETAILS]
        await turn.reply.menu(
            say("detail_menu", detail=detail), (*menus.rows(options, 3), menus.back())
        )

    async def _language_menu(self, turn: Turn) -> None:
        language = turn.settings.language or self._defaults.language
        options = [(tag, f"settings language {tag}", tag == language) for tag in LANGUAGES]
        options.append((say("default"), "settings language default", not language))
        await turn.reply.menu(
            say("language_menu", language=language or say("any_language")),
            (*menus.rows(options, 5), menus.back()),
        )

    async def _voice_note_menu(self, turn: Turn) -> None:
        chosen = turn.settings.voice_note
        options = [
            (mode.value, f"settings voice_note {mode}", mode is chosen) for mode in VoiceNote
        ]
        text = say("voice_note_menu", voice_note=chosen.value)
        await turn.reply.menu(text, (*menus.rows(options, 3), menus.back()))

    async def _save(self, turn: Turn, settings: ChatSettings) -> None:
        await self._store.save(turn.message.chat, settings)
        turn.settings = settings


def _with_detail(settings: ChatSettings, value: str, command: str = "settings") -> ChatSettings:
    if value not in DETAILS:
        raise wrong_arguments(command)
    return replace(settings, detail=value)


def _with_language(settings: ChatSettings, value: str) -> ChatSettings:
    if len(value) > MAX_LANGUAGE or not value.replace("-", "").isalnum():
        raise wrong_arguments("settings")
    return replace(settings, language="" if value == "default" else value)


def _with_voice_note(settings: ChatSettings, value: str) -> ChatSettings:
    if value not in list(VoiceNote):
        raise wrong_arguments("settings")
    return replace(settings, voice_note=VoiceNote(value))


CHOICES: Mapping[str, Callable[[ChatSettings, str], ChatSettings]] = {
    "detail": _with_detail,
    "language": _with_language,
    "voice_note": _with_voice_note,
}
