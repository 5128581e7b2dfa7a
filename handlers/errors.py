"""Everything that can go wrong, in one tree.

    ParleyError
    ├── PersonError                 the person can mend it; logged as info
    │   ├── EmptyFileError
    │   ├── FileTooLargeError       bigger than the platform or the service takes
    │   ├── PictureUnreadableError
    │   ├── PictureTooLargeError    too many pixels
    │   ├── PictureUnreachableError the service could not fetch a picture's address
    │   ├── PicturesUnsupportedError the model cannot look at pictures
    │   ├── PictureOptionError      a picture cannot be had in that size, quality, ...
    │   ├── PictureValueError       ... and nobody knows what that value means
    │   ├── SpeechOptionError       nothing can be said in that voice, at that speed, ...
    │   ├── VideoUnreadableError    damaged, or of a kind that nobody decodes
    │   │   └── VideoWithoutFramesError
    │   ├── DocumentError
    │   │   ├── DocumentUnreadableError  damaged
    │   │   ├── DocumentEncryptedError   it has a password
    │   │   ├── DocumentUnsupportedError a kind of file that nobody reads
    │   │   ├── DocumentTooLargeError    unpacks to, or holds, more than there is room or time for
    │   │   └── DocumentEmptyError       no text in it
    │   ├── SoundUnreadableError
    │   ├── NothingHeardError       a recording without words
    │   ├── ContentUnsupportedError a kind of message that nobody reads
    │   ├── ArgumentsError          a command was called wrongly
    │   ├── NothingToDoError        no answer to retry, nothing replied to
    │   ├── QuestionTooLongError    more than the model takes
    │   ├── SchemaRefusedError      the service takes no answers of this schema
    │   ├── SchemaInvalidError      a JSON Schema that is none, or that cannot be used
    │   ├── PageError
    │   │   ├── PageRefusedError    an address that is not read: not public, no page
    │   │   └── PageFailedError     a page that cannot be had
    │   ├── ContentRefusedError     the service's safety system said no
    │   └── QueueFullError          the chat has too much waiting
    ├── ServiceError                somebody else's machine failed; logged as a warning
    │   ├── ServiceBusyError        429
    │   ├── ServiceDownError        5xx, no connection
    │   ├── ServiceSilentError      nothing came for too long
    │   ├── ServiceRejectedError    any other 4xx
    │   │   └── VoiceMissingError       nobody there speaks in that voice
    │   ├── KeyRefusedError         401, 403
    │   ├── ModelMissingError       404
    │   │   └── RouteMissingError   for what people cannot choose the model of
    │   │       └── CodeMissingError    nothing there runs code
    │   ├── ContainerGoneError      where code ran is no longer there
    │   ├── HostedGoneError         documents that were at the service are no longer there
    │   ├── RunFailedError          code that was to be run came to no answer
    │   ├── CreditExhaustedError    429 that no waiting cures
    │   ├── AnswerEmptyError        the service answered with nothing
    │   ├── SpeechUnfaithfulError   it said something else than what was to be read
    │   ├── AnswerInvalidError      it never became the JSON that was asked for
    │   ├── FileUnavailableError    the platform could not give a file
    │   ├── MediaWorkError          this machine had no room or process for a medium
    │   │   ├── MediaKeepError  what was made, and paid, cannot be kept
    │   │   ├── DocumentWorkError
    │   │   ├── SoundWorkError
    │   │   └── VideoWorkError
    │   └── DeliveryRefusedError    the platform will never take this message: blocked, chat gone
    └── OperatorError               the operator can mend it; ends the start with exit code 2
        ├── ConfigError
        └── StorageError            the database is newer, locked or broken

Whatever is outside the tree is our own fault: logged as an error with its traceback.

``text_key`` names the line in handlers/texts that people are told; ``values`` fill its gaps.
Foreign errors are mapped to these once, in the room that knows the library, always ``from exc``.
The message of an error is for the log: it may say more than people are told, but never a secret.
"""

import math

from handlers.messages import UsageEntry

LONG_WAIT_S = 90.0
"""A wait that people are told, rather than "in a minute"."""


class ParleyError(Exception):
    text_key: str = "error_ours"
    has_reference: bool = True
    """Whether people are told the reference by which operators find it in the log."""

    usage: tuple[UsageEntry, ...] = ()
    """What was billed before it failed, where whoever raises it is the only one to know."""

    def __init__(self, detail: str = "", **values: str | float) -> None:
        super().__init__(detail)
        self.values = values


class PersonError(ParleyError):
    pass


class EmptyFileError(PersonError):
    text_key = "error_empty_file"


class FileTooLargeError(PersonError):
    """Values: ``size`` (words, e.g. "31 MB") and ``limit``."""

    text_key = "error_file_too_large"


class PictureUnreadableError(PersonError):
    text_key = "error_picture_unreadable"


class PictureTooLargeError(PersonError):
    """Values: ``megapixels`` and ``limit``."""

    text_key = "error_picture_too_large"


class PictureUnreachableError(PersonError):
    text_key = "error_picture_unreachable"


class PicturesUnsupportedError(PersonError):
    text_key = "error_pictures_unsupported"


class VideoUnreadableError(PersonError):
    text_key = "error_video_unreadable"


class VideoWithoutFramesError(VideoUnreadableError):
    """Nothing to be seen in it, though there may be something to be heard."""

    text_key = "error_video_without_frames"


class DocumentError(PersonError):
    """Value: ``name`` of the file."""

    has_reference = False


class DocumentUnreadableError(DocumentError):
    text_key = "error_document_unreadable"
    has_reference = True


class DocumentEncryptedError(DocumentError):
    text_key = "error_document_encrypted"


class DocumentUnsupportedError(DocumentError):
    text_key = "error_document_unsupported"


class DocumentTooLargeError(DocumentError):
    text_key = "error_document_too_large"


class DocumentEmptyError(DocumentError):
    text_key = "error_document_empty"


class PictureOptionError(PersonError):
    """Value: ``option``, in words for people."""

    has_reference = False
    text_key = "error_picture_option"


class PictureValueError(PersonError):
    """Values: ``name`` of the option and ``allowed`` values."""

    has_reference = False
    text_key = "error_picture_value"


class SpeechOptionError(PersonError):
    """Values: ``name`` of the option and ``allowed`` values."""

    has_reference = False
    text_key = "error_speech_option"


class SoundUnreadableError(PersonError):
    text_key = "error_sound_unreadable"


class NothingHeardError(PersonError):
    text_key = "error_nothing_heard"


class ContentUnsupportedError(PersonError):
    """Value: ``kind``, in words for people."""

    text_key = "error_content_unsupported"


class ArgumentsError(PersonError):
    """Value: ``usage``, the right call."""

    has_reference = False
    text_key = "error_arguments"


class NothingToDoError(PersonError):
    """``text_key`` is given by the raiser: each command misses something else."""

    has_reference = False

    def __init__(self, text_key: str) -> None:
        super().__init__(text_key)
        self.text_key = text_key


class QuestionTooLongError(PersonError):
    text_key = "error_question_too_long"


class SchemaInvalidError(PersonError):
    """Values: ``where`` in it (a JSONPath, or line and column) and ``what`` is wrong there."""

    has_reference = False
    text_key = "error_schema"


class SchemaRefusedError(PersonError):
    """Value: ``reason``, the service's own words, at most a few lines."""

    text_key = "error_schema_refused"


class PageError(PersonError):
    """``reason``: words for people and for the model."""

    text_key = "error_page"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class PageRefusedError(PageError):
    pass


class PageFailedError(PageError):
    pass


class ContentRefusedError(PersonError):
    text_key = "error_content_refused"


class QueueFullError(PersonError):
    """Value: ``limit``."""

    text_key = "error_queue_full"


class ServiceError(ParleyError):
    pass


class ServiceBusyError(ServiceError):
    """``retry_after_s``: what the service asked to wait, or None."""

    text_key = "error_service_busy"

    def __init__(self, detail: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        if retry_after_s is not None and retry_after_s > LONG_WAIT_S:
            self.text_key = "error_service_busy_long"
            self.values = {"minutes": math.ceil(retry_after_s / 60)}


class ServiceDownError(ServiceError):
    text_key = "error_service_down"


class ServiceSilentError(ServiceError):
    text_key = "error_service_silent"


class ServiceRejectedError(ServiceError):
    text_key = "error_service_rejected"


class VoiceMissingError(ServiceRejectedError):
    has_reference = False
    text_key = "error_voice_missing"


class KeyRefusedError(ServiceError):
    text_key = "error_key_refused"


class ModelMissingError(ServiceError):
    """Value: ``model``."""

    text_key = "error_model_missing"


class RouteMissingError(ModelMissingError):
    """The server does not do this at all, or not with the configured model: sound, pictures."""

    text_key = "error_route_missing"


class CodeMissingError(RouteMissingError):
    text_key = "error_code_missing"


class ContainerGoneError(ServiceError):
    text_key = "error_container_gone"


class HostedGoneError(ServiceError):
    """Nobody is told: what was there is searched here."""


class RunFailedError(ServiceError):
    """``text_key`` is given by the raiser, and ``values`` with it."""

    def __init__(self, text_key: str, **values: str | float) -> None:
        super().__init__(text_key, **values)
        self.text_key = text_key


class CreditExhaustedError(ServiceError):
    text_key = "error_credit_exhausted"


class AnswerEmptyError(ServiceError):
    text_key = "error_answer_empty"


class AnswerInvalidError(ServiceError):
    """Values: ``wrong``, in words, and ``came``, the beginning of what came."""

    text_key = "error_answer_invalid"


class SpeechUnfaithfulError(ServiceError):
    text_key = "error_speech_unfaithful"


class FileUnavailableError(ServiceError):
    text_key = "error_file_unavailable"


class MediaWorkError(ServiceError):
    """Work on a medium failed for want of a process or of room on the disk."""

    text_key = "error_ours"


class MediaKeepError(MediaWorkError):
    text_key = "error_media_keep"


class DocumentWorkError(MediaWorkError):
    pass


class SoundWorkError(MediaWorkError):
    pass


class VideoWorkError(MediaWorkError):
    pass


class DeliveryRefusedError(ServiceError):
    text_key = "error_delivery_refused"


class OperatorError(ParleyError):
    pass


class ConfigError(OperatorError):
    pass


class StorageError(OperatorError):
    pass


class Stopped(Exception):  # noqa: N818  # not an error: the person's wish, raised where work is to end
    """Raised inside a stoppable region when the person presses Stop."""
