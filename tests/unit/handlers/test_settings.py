"""One line may choose several things at once, as fields that people fill in make it."""

import pytest

from handlers.messages import ChatSettings, VoiceMode, VoiceNote
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench


@pytest.mark.parametrize(
    ("command", "line", "chosen"),
    [
        ("settings", "detail low", ChatSettings(detail="low")),
        ("detail", "low", ChatSettings(detail="low")),
        ("detail", "High", ChatSettings(detail="high")),
        ("settings", "language pt-BR", ChatSettings(language="pt-BR")),
        ("settings", "detail low language de", ChatSettings(detail="low", language="de")),
        ("settings", "voice_note transcribe", ChatSettings(voice_note=VoiceNote.TRANSCRIBE)),
        (
            "settings",
            "language de voice_note translate",
            ChatSettings(language="de", voice_note=VoiceNote.TRANSLATE),
        ),
        ("voice", "on", ChatSettings(voice_mode=VoiceMode.ON)),
        ("voice", "Nova", ChatSettings(voice="nova")),
        ("voice", "off nova", ChatSettings(voice_mode=VoiceMode.OFF, voice="nova")),
        ("model", "other low", ChatSettings(model="other", effort="low")),
        ("model", "other effort low", ChatSettings(model="other", effort="low")),
        ("model", "default effort default", ChatSettings()),
        ("model", "unheard-of effort huge", ChatSettings(model="unheard-of", effort="huge")),
    ],
)
async def test_what_is_chosen_is_kept(
    bench: Bench, command: str, line: str, chosen: ChatSettings
) -> None:
    await bench.say(message(line, command=command))

    assert bench.settings.stored[CHAT] == chosen


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("settings", "detail huge"),
        ("detail", "huge"),
        ("detail", "low high"),
        ("settings", "detail low detail high"),
        ("settings", "colour red"),
        ("settings", "voice_note loud"),
        ("settings", "language de_DE!"),
        ("voice", "on loud"),
        ("model", "other huge"),
        ("model", "other effort"),
        ("model", "other effort low high"),
    ],
)
async def test_a_wrong_line_changes_nothing_and_says_how_it_is_written(
    bench: Bench, command: str, line: str
) -> None:
    await bench.say(message(line, command=command))

    assert CHAT not in bench.settings.stored
    assert f"/{command}" in bench.platform.said[0]


async def test_the_effort_alone_can_be_chosen(bench: Bench) -> None:
    bench.settings.stored[CHAT] = ChatSettings(model="other")
    await bench.say(message("effort high", command="model"))

    assert bench.settings.stored[CHAT] == ChatSettings(model="other", effort="high")


async def test_detail_alone_shows_what_can_be_chosen(bench: Bench) -> None:
    bench.settings.stored[CHAT] = ChatSettings(detail="auto")
    await bench.say(message("", command="detail"))

    assert bench.platform.buttons[0][:3] == ["detail low", "detail high", "detail auto"]
    assert "auto" in bench.platform.said[0].splitlines()[0]


async def test_topics_without_a_value_open_their_menus(bench: Bench) -> None:
    await bench.say(message("detail", command="settings"))
    await bench.say(message("language", command="settings", number=2))
    await bench.say(message("", command="settings", number=3))

    assert "detail low" in bench.platform.buttons[0]
    assert "settings language de" in bench.platform.buttons[1]
    assert "persona" in bench.platform.buttons[2]
    assert "settings voice_note" in bench.platform.buttons[2]


async def test_what_a_voice_note_does_is_offered_and_shown(bench: Bench) -> None:
    await bench.say(message("voice_note", command="settings"))
    await bench.say(message("voice_note translate", command="settings", number=2))
    await bench.say(message("", command="settings", number=3))

    assert bench.platform.buttons[0][:3] == [
        "settings voice_note chat",
        "settings voice_note transcribe",
        "settings voice_note translate",
    ]
    assert bench.platform.said[1].startswith("Voice notes: translate")
    assert "Voice notes: translate" in bench.platform.said[2]
