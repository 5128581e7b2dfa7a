"""The values that cross every seam: what came in, what was asked, what was kept.

All of them are frozen and know no platform and no vendor. Times are seconds since the epoch (UTC).
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ChatKey:
    """A conversation: a chat on a platform, or one topic or thread of it."""

    platform: str
    chat: str
    thread: str = ""

    def __str__(self) -> str:
        return f"{self.platform}:{self.chat}" + (f"/{self.thread}" if self.thread else "")


@dataclass(frozen=True, slots=True)
class Sender:
    platform: str
    id: str
    name: str
    """What people see; chosen by the person, so never to be trusted."""
    language: str = ""
    """BCP 47 tag as the platform tells it, or empty."""

    @property
    def key(self) -> str:
        """How configuration and the database name this person, e.g. ``telegram:123``."""
        return f"{self.platform}:{self.id}"


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    """A picture, sent as a photo or as a file."""
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO_NOTE = "video_note"
    """A round video: somebody speaks into the camera."""
    VIDEO = "video"
    """A film; it may have sound."""
    ANIMATION = "animation"
    """A moving picture without sound."""
    STICKER = "sticker"
    """A picture, still or moving; without a ``ref`` where there is none that can be shown."""
    DOCUMENT = "document"
    """A file of text, a table or an archive of such; ``name`` is its file name."""
    PASTE = "paste"
    """The person's own words, as a file, for they were too long for a message."""
    OTHER = "other"
    """Something no handler reads yet; ``name`` says what, in words for people."""

    @property
    def is_sound(self) -> bool:
        """Somebody speaks to the bot, and what they say is their question."""
        return self in (AttachmentKind.VOICE, AttachmentKind.AUDIO, AttachmentKind.VIDEO_NOTE)

    @property
    def may_have_sound(self) -> bool:
        return self.is_sound or self is AttachmentKind.VIDEO

    @property
    def is_read(self) -> bool:
        """Its text is what matters."""
        return self in (AttachmentKind.DOCUMENT, AttachmentKind.PASTE)

    @property
    def is_visible(self) -> bool:
        """It is looked at whatever is said with it."""
        return self in (
            AttachmentKind.PHOTO,
            AttachmentKind.VIDEO,
            AttachmentKind.ANIMATION,
            AttachmentKind.STICKER,
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    kind: AttachmentKind
    ref: str
    """What the platform needs to fetch it; opaque to everyone else."""
    mime: str = ""
    name: str = ""
    size_bytes: int | None = None
    duration_s: float | None = None
    about: str = ""
    """What the platform tells of it beside its bytes: a sticker's emoji and kind."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that was replied to."""

    message_id: str
    author: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    is_from_bot: bool = False


class Origin(StrEnum):
    MESSAGE = "message"
    EDIT = "edit"
    BUTTON = "button"


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One thing a person did, as an adapter understood it.

    ``key`` is what the platform calls it once; a second delivery has the same key.
    ``text`` holds the person's words (a caption too), without the bot's mention; for a command,
    its arguments. A pressed button is the command line that the button carries.
    """

    key: str
    chat: ChatKey
    sender: Sender
    message_id: str
    """The message itself; for a button, the message under which it was pressed."""
    text: str = ""
    command: str = ""
    attachments: tuple[Attachment, ...] = ()
    quoted: Quoted | None = None
    origin: Origin = Origin.MESSAGE
    is_group: bool = False
    is_addressed: bool = True
    """False for a part of a group's album whose caption, in another part, may address the bot."""
    album: str = ""
    """Parts that share it are one turn."""
    may_continue: bool = False
    """The text is so long that the app may have split it: its rest may follow as a message."""
    sent_at: float = 0.0
    reply_ref: str = ""
    """What the platform needs to answer this one; opaque to everyone else. It may let its holder
    write in the chat for a while: never logged, and erased with the rest of the message."""
    wants_thread: bool = False
    """The answer is to stand in a thread of its own, which is not opened yet."""
    merged_keys: tuple[str, ...] = ()
    """The keys of the parts that were merged into this one, its own first; empty if it is whole."""
    merged_message_ids: tuple[str, ...] = ()
    """The same for the platform's ids of the messages."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Every inbox key that is finished when this message is."""
        return self.merged_keys or (self.key,)

    @property
    def message_ids(self) -> tuple[str, ...]:
        return self.merged_message_ids or (self.message_id,)


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file in the media store, named by what is in it."""

    sha256: str
    mime: str
    width: int = 0
    height: int = 0
    is_frame: bool = False
    """One of several that were taken from a video or an animation."""
    is_made: bool = False
    """Made by a tool on the way to the answer, and sent with it."""
    is_mask: bool = False
    """It says where another picture was to be changed: no model is ever shown it."""

    @property
    def mark(self) -> str:
        """What a button knows it by."""
        return self.sha256[:8]


class AnswerState(StrEnum):
    COMPLETE = "complete"
    STOPPED = "stopped"
    """The person stopped it."""
    UNFINISHED = "unfinished"
    """The service broke off or ran out of room."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done on the way to an answer: a tool that was called, code that was run."""

    title: str
    """One quiet line for people: ``weather: Berlin``."""
    input: str = ""
    """What went in, whole: arguments as JSON, or the code."""
    output: str = ""
    """What came out, as the model was told it."""
    language: str = ""
    """Of ``input``, for a code block: ``json``, ``python``."""
    is_failed: bool = False
    pictures: tuple[MediaRef, ...] = ()
    """That it made."""
    sources: tuple[MediaRef, ...] = ()
    """What those were made from."""
    line: str = ""
    """The command line that makes others like them: ``/image a red fox``."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer. One value, so that neither can be stored without the other."""

    question: str
    answer: str
    author: str = ""
    """Who asked, in a group; empty in a private chat."""
    quote: str = ""
    """The text of what was replied to, author first; empty if nothing was."""
    media: tuple[MediaRef, ...] = ()
    """Pictures that came with the question, then those that were made on the way to the answer."""
    state: AnswerState = AnswerState.COMPLETE
    model: str = ""
    question_message_ids: tuple[str, ...] = ()
    answer_message_ids: tuple[str, ...] = ()
    is_spoken: bool = False
    """The question came as sound, so that a new answer to it may be spoken too."""
    command: str = ""
    """The command that alone can answer it again, where the chat cannot: ``analyze``."""
    steps: tuple[Step, ...] = ()
    """What was done on the way to the answer; /steps shows it. A window's exchanges come without:
    ``HistoryStore.find`` gives them."""
    replaced: tuple[Step, ...] = ()
    """Those steps of answers whose place this one took that made pictures: buttons under these
    still mean them. Given by ``HistoryStore.find``, and kept by the store."""
    id: int = 0
    """Ascending in a chat; 0 until it is stored."""
    ordinal: int = 0
    """1 for a chat's first exchange, then one more each; 0 until it is stored."""

    @property
    def visible(self) -> tuple[MediaRef, ...]:
        """The pictures that a model may be shown."""
        return tuple(ref for ref in self.media if not ref.is_mask)

    def left_behind(self, media: tuple[MediaRef, ...]) -> tuple[Step, ...]:
        """What ``replaced`` is for an exchange with ``media`` that takes the place of this one."""
        there = {ref.sha256 for ref in media}
        steps = [step for step in (*self.replaced, *self.steps) if step.pictures]
        named = {ref.sha256 for step in steps for ref in step.pictures}
        others = tuple(ref for ref in self.media if ref.is_made and ref.sha256 not in named)
        if others:
            steps.append(Step("", pictures=others))
        return tuple(s for s in steps if any(ref.sha256 not in there for ref in s.pictures))


class Capability(StrEnum):
    CHAT = "chat"
    SUMMARY = "summary"
    TRANSCRIPTION = "transcription"
    TRANSLATION = "translation"
    SPEECH = "speech"
    IMAGE = "image"
    EMBEDDING = "embedding"
    CODE = "code"
    """The service's code interpreter."""
    WEB_SEARCH = "web search"


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """What one call to the service used and cost."""

    capability: Capability
    model: str
    input_tokens: int = 0
    """All input tokens, the cached ones among them."""
    cached_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    """Of sound, heard or spoken."""
    characters: int = 0
    """Of text, spoken."""
    images: int = 0
    cost_usd: float | None = None
    """None if the price table has no price for the model."""
    is_estimate: bool = False
    """The service did not tell, or the call was cut before it could."""


class VoiceMode(StrEnum):
    AUTO = "auto"
    """Voice answers voice."""
    ON = "on"
    OFF = "off"


class VoiceNote(StrEnum):
    """What becomes of a message that is sound and nothing else."""

    CHAT = "chat"
    """It is a question."""
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What people chose for a chat; an empty value means the operator's default."""

    model: str = ""
    effort: str = ""
    persona: str = ""
    voice_mode: VoiceMode | None = None
    voice: str = ""
    detail: str = ""
    """low, high or auto: how closely the model looks at pictures."""
    language: str = ""
    """BCP 47 tag: what people speak here and are answered in."""
    voice_note: VoiceNote = VoiceNote.CHAT
    tone: str = ""
    """How to speak, in words: ``calm and slow``."""
    speed: float = 0.0
    """Of speech, 0.25 to 4; 0 is the operator's."""
    speech_model: str = ""
    speech_format: str = ""
    """Empty for a voice message; else a file: mp3, wav, flac, aac or ogg."""
    seed: int | None = None
    temperature: float | None = None
    footer: bool = False
    """Under each answer: seed, model, fingerprint and tokens."""
    tools_on: tuple[str, ...] = ()
    """Names of tools that are off unless a chat wants them."""
    tools_off: tuple[str, ...] = ()
    assistant: int = 0
    """The id of the assistant that answers here; 0 for the usual self."""
    assistant_by: str = ""
    """Who chose it: it answers here for as long as it is in their reach."""


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    action: str
    """The command line that pressing it sends, without the slash: ``voice auto``."""


ButtonRows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class TextFile:
    name: str
    text: str
    mime: str = "text/plain"


@dataclass(frozen=True, slots=True)
class AnswerPicture:
    """A picture that follows an answer."""

    ref: MediaRef
    place: int
    """In ``Exchange.media``."""
    caption: str = ""
    line: str = ""
    """As ``Step.line``."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file that follows an answer, as it is: made by code, say."""

    name: str
    ref: MediaRef


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer that is ready to be shown: enough to deliver it again after a crash."""

    text: str
    notice: str = ""
    """One line of ours under the answer; empty for a whole answer."""
    buttons: ButtonRows = ()
    is_spoken: bool = False
    """The answer is to be spoken too."""
    supersedes: str = ""
    """The message with the buttons of the answer before."""
    earlier_texts: tuple[str, ...] = ()
    """The messages of the answer that goes on with this one."""
    earlier_pictures: tuple[str, ...] = ()
    """The same for its pictures."""
    files: tuple[TextFile, ...] = ()
    """What follows the text: a transcript that is too long for messages, subtitles."""
    pictures: tuple[AnswerPicture, ...] = ()
    """What follows the text and belongs to the exchange."""
    made_files: tuple[AnswerFile, ...] = ()
    """Files that follow the pictures."""
    appendix: str = ""
    """Markdown under the text that is neither spoken nor part of the history: sources."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An inbox row that is not done."""

    message: IncomingMessage
    steps: dict[str, str] = field(default_factory=dict)
    """What was worked out before, by name (a transcript, say), so that it is not paid for twice."""
    sent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Platform ids of what was sent already, by slot."""
    delivery: Delivery | None = None
    """Set once the answer is stored: what is left is to deliver it."""

    @property
    def ref(self) -> str:
        return reference(self.message.key)


def reference(key: str) -> str:
    """The short name of a message in logs and in what people are told; the same after a restart."""
    return hashlib.blake2s(key.encode("utf-8", "replace"), digest_size=3).hexdigest()
