"""How people write how something is to be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.command import command_line
from handlers.commands import BY_NAME
from handlers.errors import SpeechOptionError
from handlers.messages import ChatSettings
from handlers.sounds.speech_options import describe, read_options

VOICES = ("alloy", "Nova")
PLAIN = ChatSettings()


@pytest.mark.parametrize(
    ("line", "chosen", "words"),
    [
        ("Hello there", PLAIN, "Hello there"),
        ("voice=NOVA Hello", ChatSettings(voice="Nova"), "Hello"),
        ("speed=1.2 Hello", ChatSettings(speed=1.2), "Hello"),
        ("speed=1,2x Hello", ChatSettings(speed=1.2), "Hello"),
        ("speed=.5 Hello", ChatSettings(speed=0.5), "Hello"),
        ("speed=٢ Hello", ChatSettings(speed=2.0), "Hello"),
        ("tone=calm Hello", ChatSettings(tone="calm"), "Hello"),
        ('tone="calm and slow" Hello', ChatSettings(tone="calm and slow"), "Hello"),
        ("tone=“calm and slow” Hello", ChatSettings(tone="calm and slow"), "Hello"),
        ("tone=„ruhig und leise“ Hallo", ChatSettings(tone="ruhig und leise"), "Hallo"),
        ("tone=«doux et lent» Salut", ChatSettings(tone="doux et lent"), "Salut"),
        ("tone='it is late' Hello", ChatSettings(tone="it is late"), "Hello"),
        ("format=MP3 Hello", ChatSettings(speech_format="mp3"), "Hello"),
        ("format=voice Hello", PLAIN, "Hello"),
        ("model=tts-2 Hello", ChatSettings(speech_model="tts-2"), "Hello"),
        (
            'Voice=alloy, speed=2 tone="a b" format=ogg\nOne.\nTwo.',
            ChatSettings(voice="alloy", speed=2.0, tone="a b", speech_format="ogg"),
            "One.\nTwo.",
        ),
        ("speed=2 speed=3 is fast", ChatSettings(speed=2.0), "speed=3 is fast"),
        ("Set speed=9 please", PLAIN, "Set speed=9 please"),
        ("", PLAIN, ""),
    ],
)
def test_options_stand_before_the_words(line: str, chosen: ChatSettings, words: str) -> None:
    assert read_options(line, PLAIN, VOICES) == (chosen, words)


def test_default_is_the_operators_choice() -> None:
    chosen = ChatSettings("", "", voice="alloy", tone="a", speed=2.0, speech_model="m")
    line = "voice=default tone=default speed=default model=default format=default"
    assert read_options(line, chosen, VOICES) == (PLAIN, "")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("voice=robot Hi", ("voice", "alloy, Nova")),
        ("voice= Hi", ("voice", "alloy, Nova")),
        ("speed=fast Hi", ("speed", "0.25 to 4")),
        ("speed=0.2 Hi", ("speed", "0.25 to 4")),
        ("speed=4.1 Hi", ("speed", "0.25 to 4")),
        ("speed=nan Hi", ("speed", "0.25 to 4")),
        ("speed=1e0 Hi", ("speed", "0.25 to 4")),
        ("format=midi Hi", ("format", "voice, mp3, wav, flac, aac, ogg")),
        ('tone="calm and slow Hi', ("tone", 'tone="calm and slow"')),
        ('tone="" Hi', ("tone", "up to 500 characters")),
        (f'tone="{"a" * 501}" Hi', ("tone", "up to 500 characters")),
        ("model= Hi", ("model", "the name of a speech model")),
    ],
)
def test_a_value_that_cannot_be_is_told_with_those_that_can(
    line: str, told: tuple[str, str]
) -> None:
    with pytest.raises(SpeechOptionError) as raised:
        read_options(line, PLAIN, VOICES)
    name, allowed = told
    assert raised.value.values["name"] == name
    assert allowed in str(raised.value.values["allowed"])


@given(st.text(max_size=60))
def test_words_that_are_no_options_are_said_as_they_are(text: str) -> None:
    line = f". {text}"
    assert read_options(line, PLAIN, VOICES) == (PLAIN, line.strip())


@given(st.text(alphabet="ab c=\"'“”„«»\n", max_size=40))
def test_fields_make_the_line_that_is_read(tone: str) -> None:
    """As Discord has them; quotes inside become others."""
    filled = {"text": "voice=me and you", "tone": tone, "speed": "1.5", "voice": "alloy"}
    line = command_line(BY_NAME["say"], filled)
    chosen, words = read_options(line, PLAIN, VOICES)

    assert words == ("voice=me and you")
    assert (chosen.voice, chosen.speed) == ("alloy", 1.5)
    assert chosen.tone == " ".join(tone.replace('"', "'").split())


def test_what_is_chosen_is_described_in_a_line() -> None:
    chosen = ChatSettings(speed=1.25, tone="x" * 300, speech_format="mp3", speech_model="tts-2")
    assert describe(PLAIN) == "Speech: speed default, tone default, voice message"
    line = describe(chosen)
    assert line.startswith("Speech: speed 1.25×, tone xxx")
    assert line.endswith("mp3 file, model tts-2")
    assert len(line) < 150
