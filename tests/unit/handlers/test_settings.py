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
        (
            "voice",
            'speed=1.5 tone="a b" format=mp3 model=m on nova',
            ChatSettings(
                voice_mode=VoiceMode.ON,
                voice="nova",
                speed=1.5,
                tone="a b",
                speech_format="mp3",
                speech_model="m",
            ),
        ),
        (
            "voice",
            "nova on speed=2",
            ChatSettings(voice_mode=VoiceMode.ON, voice="nova", speed=2.0),
        ),
        (
            "settings",
            "voice nova speed 2 format ogg",
            ChatSettings(voice="nova", speed=2.0, speech_format="ogg"),
        ),
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


@pytest.mark.parametrize(
    ("command", "line", "told"),
    [
        ("voice", "on speed=9", "speed can be: 0.25 to 4."),
        ("voice", "format=midi", "format can be: voice, mp3, wav, flac, aac, ogg."),
        ("voice", "voice=robot", "voice can be: alloy, nova."),
        ("settings", "detail low speed 9", "speed can be: 0.25 to 4."),
        ("settings", "voice robot", "voice can be: alloy, nova."),
        ("settings", "speed", "speed can be: 0.25 to 4."),
    ],
)
async def test_a_value_of_speech_that_cannot_be_is_told_in_a_line(
    bench: Bench, command: str, line: str, told: str
) -> None:
    await bench.say(message(line, command=command))

    assert bench.platform.said == [told]
    assert CHAT not in bench.settings.stored


async def test_speech_has_menus_that_go_on_where_a_button_was_pressed(bench: Bench) -> None:
    await bench.say(message("", command="voice"))
    await bench.say(message("speed", command="voice", number=2))
    await bench.say(message("speed=1.25", command="voice", number=3))
    await bench.say(message("tone", command="voice", number=4))
    await bench.say(message('tone="cheerful"', command="voice", number=5))
    await bench.say(message("format", command="voice", number=6))
    await bench.say(message("format=mp3", command="voice", number=7))
    await bench.say(message("", command="settings", number=8))

    main, speeds, _, tones, _, formats, _, overview = bench.platform.buttons
    assert {"voice nova", "voice speed", "voice tone", "voice format", "settings"} <= set(main)
    assert {"voice speed=1.25", "voice speed=default", "voice"} <= set(speeds)
    assert {'voice tone="calm and slow"', "voice tone=default", "voice"} <= set(tones)
    assert {"voice format=voice", "voice format=mp3", "voice"} <= set(formats)
    assert "voice" in overview
    assert bench.platform.said[2].startswith("Speech: speed 1.25×")
    assert bench.platform.said[4].startswith("Speech: speed 1.25×, tone cheerful")
    assert bench.platform.said[6].startswith("What is spoken is sent as: mp3 file")
    assert "Speech: speed 1.25×, tone cheerful, mp3 file" in bench.platform.said[7]
    assert all(len(action.encode()) <= 64 for row in bench.platform.buttons for action in row)


@pytest.mark.parametrize("line", ["speed=1.25 on nova", "on nova speed=1.25"])
async def test_several_choices_at_once_are_shown_all_in_whatever_order(
    bench: Bench, line: str
) -> None:
    await bench.say(message(line, command="voice"))

    [said] = bench.platform.said
    assert said.startswith("Spoken answers: on, voice nova\nSpeech: speed 1.25×")


async def test_every_button_of_the_menus_is_understood(bench: Bench) -> None:
    for number, topic in enumerate(("", "speed", "tone", "format")):
        await bench.say(message(topic, command="voice", number=number))
    actions = {action for row in bench.platform.buttons for action in row}
    for number, action in enumerate(sorted(actions - {"settings"}), start=10):
        await bench.say(message(action.partition(" ")[2], command="voice", number=number))

    assert not any("write it like this" in said or "can be" in said for said in bench.platform.said)
