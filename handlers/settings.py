"""What people choose for a chat: menus for thumbs, words for those who type."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from handlers.commands import COMMANDS, DETAILS, wrong_arguments
from handlers.conversation import Defaults
from handlers.messages import Button, ButtonRows, ChatSettings, VoiceMode, VoiceNote
from handlers.ports.models import Catalogue
from handlers.ports.stores import HistoryStore, SettingsStore
from handlers.texts import say
from handlers.turn import Turn

TOPICS = frozenset({"detail", "language", "voice_note"})
"""Of /settings, each with a value after it."""
LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ja", "ar")
"""Offered in the menu; any tag can be typed."""
MAX_LANGUAGE = 20
MAX_PERSONA = 8_000
"""Characters: a persona is sent with every request."""
MAX_ACTION_BYTES = 64
"""What the narrowest platform lets a button carry."""
PER_ROW = 2


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
            say("model_menu", model=label), (*_rows(models), *_rows(effort_options), _back())
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

    # ------------------------------------------------------------ /voice

    async def voice(self, turn: Turn) -> None:
        """/voice [on|off|auto] [voice name]"""
        voices = self._catalogue.voices
        chosen = turn.settings
        for word in turn.message.text.lower().split():
            if word in list(VoiceMode):
                chosen = replace(chosen, voice_mode=VoiceMode(word))
            elif word in voices:
                chosen = replace(chosen, voice=word)
            else:
                raise wrong_arguments("voice")
        if chosen != turn.settings:
            await self._save(turn, chosen)
        mode = self._voice_mode(turn.settings)
        voice = turn.settings.voice or self._catalogue.voice
        modes = [(option.value, f"voice {option}", option is mode) for option in VoiceMode]
        choices = [(name, f"voice {name}", name == voice) for name in voices]
        await turn.reply.menu(
            say("voice_menu", mode=mode.value, voice=voice),
            (*_rows(modes, 3), *_rows(choices, 3), _back()),
        )

    def _voice_mode(self, settings: ChatSettings) -> VoiceMode:
        return settings.voice_mode or self._defaults.voice_mode

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
            await self._save_detail(turn, value, "detail")
        await self._detail_menu(turn)

    # ------------------------------------------------------------ /settings

    async def settings(self, turn: Turn) -> None:
        """/settings [detail …] [language …] [voice_note …]"""
        words = turn.message.text.split()
        chosen = dict(zip_longest(words[::2], words[1::2], fillvalue=""))
        if len(chosen) * 2 < len(words) or not set(chosen) <= TOPICS:
            raise wrong_arguments("settings")
        if value := chosen.get("detail"):
            await self._save_detail(turn, value, "settings")
        if value := chosen.get("language"):
            await self._save_language(turn, value)
        if value := chosen.get("voice_note"):
            await self._save_voice_note(turn, value)
        match tuple(chosen):
            case ("detail",):
                await self._detail_menu(turn)
            case ("language",):
                await self._language_menu(turn)
            case ("voice_note",):
                await self._voice_note_menu(turn)
            case _:
                await self._overview(turn)

    async def _overview(self, turn: Turn) -> None:
        chosen, defaults = turn.settings, self._defaults
        text = say(
            "settings",
            model=self._model_label(chosen),
            voice_mode=self._voice_mode(chosen).value,
            voice=chosen.voice or self._catalogue.voice,
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
        )
        rows = tuple(topics[i : i + PER_ROW] for i in range(0, len(topics), PER_ROW))
        await turn.reply.menu(text, rows)

    async def _save_detail(self, turn: Turn, value: str, command: str) -> None:
        if value not in DETAILS:
            raise wrong_arguments(command)
        await self._save(turn, replace(turn.settings, detail=value))

    async def _detail_menu(self, turn: Turn) -> None:
        detail = turn.settings.detail or self._defaults.detail
        options = [(option, f"detail {option}", option == detail) for option in DETAILS]
        await turn.reply.menu(say("detail_menu", detail=detail), (*_rows(options, 3), _back()))

    async def _save_language(self, turn: Turn, value: str) -> None:
        if len(value) > MAX_LANGUAGE or not value.replace("-", "").isalnum():
            raise wrong_arguments("settings")
        language = "" if value == "default" else value
        await self._save(turn, replace(turn.settings, language=language))

    async def _language_menu(self, turn: Turn) -> None:
        language = turn.settings.language or self._defaults.language
        options = [(tag, f"settings language {tag}", tag == language) for tag in LANGUAGES]
        options.append((say("default"), "settings language default", not language))
        await turn.reply.menu(
            say("language_menu", language=language or say("any_language")),
            (*_rows(options, 5), _back()),
        )

    async def _save_voice_note(self, turn: Turn, value: str) -> None:
        if value not in list(VoiceNote):
            raise wrong_arguments("settings")
        await self._save(turn, replace(turn.settings, voice_note=VoiceNote(value)))

    async def _voice_note_menu(self, turn: Turn) -> None:
        chosen = turn.settings.voice_note
        options = [
            (mode.value, f"settings voice_note {mode}", mode is chosen) for mode in VoiceNote
        ]
        text = say("voice_note_menu", voice_note=chosen.value)
        await turn.reply.menu(text, (*_rows(options, 3), _back()))

    async def _save(self, turn: Turn, settings: ChatSettings) -> None:
        await self._store.save(turn.message.chat, settings)
        turn.settings = settings


def _rows(options: Sequence[tuple[str, str, bool]], per_row: int = PER_ROW) -> ButtonRows:
    """Buttons for (label, action, is chosen); what no button can carry is left to typing."""
    buttons = [
        Button(say("chosen", label=label) if is_chosen else label, action)
        for label, action, is_chosen in options
        if len(action.encode()) <= MAX_ACTION_BYTES
    ]
    return tuple(tuple(buttons[i : i + per_row]) for i in range(0, len(buttons), per_row))


def _back() -> tuple[Button, ...]:
    return (Button(say("button_back"), "settings"),)
