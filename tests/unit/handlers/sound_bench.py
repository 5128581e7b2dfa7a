"""A bench that hears: real recordings, cut by the real studio, heard by fakes."""

from dataclasses import replace

from handlers.access import Access
from handlers.dispatch import Dispatch, Limits, Routes
from handlers.media.sounds import SoundStudio
from handlers.messages import Attachment, AttachmentKind, ChatSettings, IncomingMessage, Quoted
from handlers.sounds.hearing import Hearing
from handlers.sounds.transcription import Transcription, VoiceNotes
from handlers.sounds.translation import Translation
from tests import samples
from tests.fakes import CHAT, FakeListener, message
from tests.unit.handlers.bench import Bench

TALK = Attachment(AttachmentKind.AUDIO, "talk", "audio/wav", "talk.wav")
"""Three phrases, in pieces of 4.5, 7 and 6.5 seconds where a request takes 8."""


class SoundBench(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.listener = FakeListener()
        self.platform.files["talk"] = samples.phrases(4.0, 6.0, 5.0)
        self.restart()

    def restart(self) -> None:
        """A new process: what is kept in the store is all that it knows."""
        hearing = Hearing(self.listener, self.listener, SoundStudio())
        self.chat._questions._hear = hearing.hear_spoken
        transcription = Transcription(hearing.hear, hearing.hear_with_times)
        translation = Translation(
            self.model, "fake", hearing.hear, hearing.hear_in_english, self.photos
        )
        notes = VoiceNotes(self.chat.answer, transcription.write_down, translation.translate)
        commands = {
            "transcribe": transcription.transcribe,
            "translate": translation.translate,
            "retry": self.chat.retry,
        }
        self.dispatch = Dispatch(
            inbox=self.store,
            settings=self.settings,
            platforms={"test": self.platform},
            access=Access(is_open=True, keys=frozenset(), clock=self.clock),
            routes=Routes(notes.answer, commands, self.chat.deliver),
            meter=self.meter,
            clock=self.clock,
            limits=Limits(),
            pause=self._pause,
        )

    def choose(self, **settings: object) -> None:
        self.settings.stored[CHAT] = replace(ChatSettings(), **settings)  # type: ignore[arg-type]  # the caller names real fields


def command(
    name: str, text: str = "", *attachments: Attachment, number: int = 1, **more: object
) -> IncomingMessage:
    return message(text, number=number, command=name, attachments=attachments, **more)


def reply_to(*attachments: Attachment, text: str = "") -> Quoted:
    return Quoted("0", "Bob", text, attachments)
