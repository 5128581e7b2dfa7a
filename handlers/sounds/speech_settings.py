"""/voice: whether answers are spoken, and how."""

import re
from dataclasses import replace

from handlers import menus
from handlers.answers.conversation import Defaults
from handlers.commands import wrong_arguments
from handlers.messages import Button, ChatSettings, VoiceMode
from handlers.ports.models import Catalogue
from handlers.ports.stores import SettingsStore
from handlers.sounds.speech_options import (
    DEFAULT,
    FORMATS,
    VOICE_MESSAGE,
    choose,
    describe,
    format_label,
    read_options,
)
from handlers.texts import say
from handlers.turn import Turn

SPEEDS = ("0.5", "0.75", "0.9", "1", "1.1", "1.25", "1.5", "2")
"""Offered in the menu; any in between can be typed."""
TONES = ("calm and slow", "warm and friendly", "cheerful", "clear, as for the news", "a whisper")
TOPICS = ("speed", "tone", "format")
"""Those that have a menu of their own."""
_ONE_OPTION = re.compile(r'(\w+)=(?:"[^"]*"|\S+)')


class SpeechSettings:
    def __init__(self, store: SettingsStore, catalogue: Catalogue, defaults: Defaults) -> None:
        self._store = store
        self._catalogue = catalogue
        self._defaults = defaults

    async def voice(self, turn: Turn) -> None:
        """/voice [on|off|auto] [voice name] [speed=…] [tone="…"] [format=…] [model=…]

        ``speed``, ``tone`` or ``format`` alone opens its menu.
        """
        line = turn.message.text.strip()
        topic = line.lower() if line.lower() in TOPICS else ""
        if line and not topic:
            chosen = self._read(line, turn.settings)
            if chosen != turn.settings:
                await self._store.save(turn.message.chat, chosen)
                turn.settings = chosen
            topic = _only_topic(line)
        match topic:
            case "speed":
                await self._speed_menu(turn)
            case "tone":
                await self._tone_menu(turn)
            case "format":
                await self._format_menu(turn)
            case _:
                await self._menu(turn)

    def _read(self, line: str, chosen: ChatSettings) -> ChatSettings:
        """Words and options, in any order."""
        voices = self._catalogue.voices
        names = {voice.lower() for voice in voices} | {DEFAULT}
        while line:
            chosen, line = read_options(line, chosen, voices)
            word, line = (*line.split(maxsplit=1), "", "")[:2]
            word = word.lower()
            if word in list(VoiceMode):
                chosen = replace(chosen, voice_mode=VoiceMode(word))
            elif word in names:
                chosen = choose(chosen, "voice", word, voices)
            elif word:
                raise wrong_arguments("voice")
        return chosen

    async def _menu(self, turn: Turn) -> None:
        chosen = turn.settings
        mode = chosen.voice_mode or self._defaults.voice_mode
        voice = chosen.voice or self._catalogue.voice
        modes = [(option.value, f"voice {option}", option is mode) for option in VoiceMode]
        names = [(name, f"voice {name}", name == voice) for name in self._catalogue.voices]
        topics = tuple(Button(say(f"button_{topic}"), f"voice {topic}") for topic in TOPICS)
        text = say("voice_menu", mode=mode.value, voice=voice, speech=describe(chosen))
        await turn.reply.menu(
            text, (*menus.rows(modes, 3), *menus.rows(names, 3), topics, menus.back())
        )

    async def _speed_menu(self, turn: Turn) -> None:
        chosen = turn.settings.speed
        options = [
            (f"{speed}×", f"voice speed={speed}", float(speed) == chosen) for speed in SPEEDS
        ]
        options.append((say("default"), "voice speed=default", not chosen))
        text = say("speed_menu", speech=describe(turn.settings))
        await turn.reply.menu(text, (*menus.rows(options, 3), _back()))

    async def _tone_menu(self, turn: Turn) -> None:
        chosen = turn.settings.tone
        options = [(tone, f'voice tone="{tone}"', tone == chosen) for tone in TONES]
        options.append((say("default"), "voice tone=default", not chosen))
        text = say("tone_menu", speech=describe(turn.settings))
        await turn.reply.menu(text, (*menus.rows(options, 2), _back()))

    async def _format_menu(self, turn: Turn) -> None:
        chosen = turn.settings.speech_format
        options = [(say("voice_message"), f"voice format={VOICE_MESSAGE}", not chosen)]
        options += [(name, f"voice format={name}", name == chosen) for name in FORMATS]
        text = say("format_menu", format=format_label(turn.settings))
        await turn.reply.menu(text, (*menus.rows(options, 3), _back()))


def _only_topic(line: str) -> str:
    """The one option that a line sets, if it has a menu: people go on with that."""
    found = _ONE_OPTION.fullmatch(line)
    return found[1].lower() if found and found[1].lower() in TOPICS else ""


def _back() -> tuple[Button, ...]:
    return menus.back(say("button_back_to_voice"), "voice")
