"""/translate: a recording, the text on a photo or a text, in English or another language."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from handlers.answers.conversation import pseudonym
from handlers.errors import NothingToDoError
from handlers.media.photos import PhotoStudio
from handlers.media.spoken import pieces
from handlers.messages import Attachment, AttachmentKind, Capability, Delivery, IncomingMessage
from handlers.ports.chat import ChatModel, ChatRequest, Finish, ModelMessage, PicturePart, TextPart
from handlers.ports.platforms import Activity
from handlers.ports.stores import Outcome
from handlers.prompts import TRANSLATE, TRANSLATE_PICTURES
from handlers.sounds.languages import ENGLISH, read_target
from handlers.sounds.long_texts import deliverable
from handlers.texts import say
from handlers.turn import Turn

Listen = Callable[[Turn, Attachment], Awaitable[str]]

PIECE_CHARACTERS = 8_000
"""A longer text is translated in pieces: the answer of a model is bounded, and each is kept."""
DETAIL = "high"
"""Small print is what photos of text are made of."""


@dataclass(frozen=True, slots=True)
class _Material:
    """What is to be translated: sounds if there are any, else photos and text."""

    sounds: tuple[Attachment, ...] = ()
    photos: tuple[Attachment, ...] = ()
    text: str = ""


class Translation:
    def __init__(
        self,
        model: ChatModel,
        default_model: str,
        hear: Listen,
        hear_in_english: Listen,
        photos: PhotoStudio,
    ) -> None:
        self._model = model
        self._default_model = default_model
        self._hear = hear
        self._hear_in_english = hear_in_english
        self._photos = photos

    async def translate(self, turn: Turn) -> None:
        """/translate [to language] [text], as a reply to sound, a photo or text, or with them."""
        has_more = bool(turn.message.attachments or turn.message.quoted)
        language, text = read_target(turn.message.text, has_more=has_more)
        material = _material(turn.message, text)
        with turn.stoppable():
            if material.sounds:
                delivery = await self._translate_sounds(turn, material.sounds, language)
            elif material.photos:
                delivery = await self._translate_photos(turn, material, language)
            elif material.text:
                delivery = await self._translate_text(turn, material.text, language)
            else:
                raise NothingToDoError("reply_to_translate")
        await turn.commit(Outcome(delivery))
        await turn.deliver(delivery)

    async def _translate_sounds(
        self, turn: Turn, sounds: Sequence[Attachment], language: str
    ) -> Delivery:
        if language.lower() in (ENGLISH.lower(), "en"):
            english = [await self._hear_in_english(turn, sound) for sound in sounds]
            return deliverable("\n\n".join(english), "translation.txt", is_plain=True)
        heard = [await self._hear(turn, sound) for sound in sounds]
        return await self._translate_text(turn, "\n\n".join(heard), language)

    async def _translate_photos(self, turn: Turn, material: _Material, language: str) -> Delivery:
        parts: list[TextPart | PicturePart] = [TextPart(material.text)] if material.text else []
        for photo in material.photos:
            async with turn.downloaded(photo) as data:
                prepared = await self._photos.prepare(data)
            scaled = await self._photos.scale(DETAIL, prepared.data)
            parts.append(PicturePart(DETAIL, scaled.data, scaled.mime))
        system = TRANSLATE_PICTURES.format(language=language)
        translated, notice = await self._ask(turn, system, parts, turn.reply.show)
        return Delivery(translated, notice)

    async def _translate_text(self, turn: Turn, text: str, language: str) -> Delivery:
        system = TRANSLATE.format(language=language)
        cut = await asyncio.to_thread(pieces, text, PIECE_CHARACTERS)
        if len(cut) == 1:
            translated, notice = await self._ask(turn, system, [TextPart(text)], turn.reply.show)
            return Delivery(translated, notice)
        done: list[str] = []
        notice = ""
        for number, piece in enumerate(cut):
            turn.reply.show(say("translating", done=number, total=len(cut)))
            step = f"translated to {language} {number}"
            known = turn.step(step)
            if known is None:
                known, notice = await self._ask(turn, system, [TextPart(piece)])
                if not notice:
                    await turn.save_step(step, known)
            done.append(known)
            if notice:
                break
        return deliverable("\n\n".join(done), "translation.txt", notice, is_plain=False)

    async def _ask(
        self,
        turn: Turn,
        system: str,
        parts: Sequence[TextPart | PicturePart],
        show: Callable[[str], None] | None = None,
    ) -> tuple[str, str]:
        """The translation, and a notice if it is not whole."""
        request = ChatRequest(
            model=turn.settings.model or self._default_model,
            system=system,
            messages=(ModelMessage("user", tuple(parts)),),
            effort=turn.settings.effort,
            person=pseudonym(turn.message.sender.key),
        )
        translated = ""
        stream = self._model.ask(request)
        try:
            async with turn.reply.working(Activity.WRITING):
                await stream.start()
            async for piece in stream:
                translated += piece
                if show is not None:
                    show(translated)
        finally:
            await stream.aclose()
            turn.spent(*(replace(e, capability=Capability.TRANSLATION) for e in stream.usage))
        notice = "" if stream.finish is Finish.COMPLETE else say("notice_translation_cut")
        return translated, notice


def _material(message: IncomingMessage, text: str) -> _Material:
    """What came with the message goes before what it replies to."""
    own = _seen_or_heard(message.attachments)
    if own.sounds or own.photos:
        return replace(own, text=text)
    if text or message.quoted is None:
        return _Material(text=text)
    return replace(_seen_or_heard(message.quoted.attachments), text=message.quoted.text)


def _seen_or_heard(attachments: Sequence[Attachment]) -> _Material:
    return _Material(
        sounds=tuple(a for a in attachments if a.kind.may_have_sound),
        photos=tuple(a for a in attachments if a.kind is AttachmentKind.PHOTO),
    )
