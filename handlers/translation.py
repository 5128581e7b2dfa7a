"""/transcribe and /translate: what a recording or a text says, in its own words or in English."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from handlers.conversation import pseudonym
from handlers.errors import NothingToDoError
from handlers.messages import Attachment, Capability, Delivery
from handlers.ports import Activity, ChatModel, ChatRequest, Finish, ModelMessage, Outcome, TextPart
from handlers.prompts import TRANSLATE
from handlers.texts import say
from handlers.turn import Turn

Listen = Callable[[Turn, Attachment], Awaitable[str]]


class Translation:
    def __init__(
        self, model: ChatModel, default_model: str, hear: Listen, hear_in_english: Listen
    ) -> None:
        self._model = model
        self._default_model = default_model
        self._hear = hear
        self._hear_in_english = hear_in_english

    async def transcribe(self, turn: Turn) -> None:
        """/transcribe, as a reply to sound or with it."""
        sound = _sound(turn)
        if sound is None:
            raise NothingToDoError("reply_to_sound")
        with turn.stoppable():
            words = await self._hear(turn, sound)
        await self._show(turn, words)

    async def translate(self, turn: Turn) -> None:
        """/translate, as a reply to sound or text, or with either."""
        sound = _sound(turn)
        quoted = turn.message.quoted
        text = turn.message.text or (quoted.text if quoted is not None else "")
        notice = ""
        with turn.stoppable():
            if sound is not None:
                english = await self._hear_in_english(turn, sound)
            elif text:
                english, notice = await self._translate_text(turn, text)
            else:
                raise NothingToDoError("reply_to_translate")
        await self._show(turn, english, notice)

    async def _translate_text(self, turn: Turn, text: str) -> tuple[str, str]:
        request = ChatRequest(
            model=turn.settings.model or self._default_model,
            system=TRANSLATE.format(language="English"),
            messages=(ModelMessage("user", (TextPart(text),)),),
            effort=turn.settings.effort,
            person=pseudonym(turn.message.sender.key),
        )
        english = ""
        stream = self._model.ask(request)
        try:
            async with turn.reply.working(Activity.WRITING):
                await stream.start()
            async for piece in stream:
                english += piece
                turn.reply.show(english)
        finally:
            await stream.aclose()
            turn.spent(*(replace(e, capability=Capability.TRANSLATION) for e in stream.usage))
        return english, "" if stream.finish is Finish.COMPLETE else say("notice_translation_cut")

    async def _show(self, turn: Turn, words: str, notice: str = "") -> None:
        delivery = Delivery(words, notice)
        await turn.commit(Outcome(delivery))
        await turn.deliver(delivery)


def _sound(turn: Turn) -> Attachment | None:
    quoted = turn.message.quoted
    attachments = (*turn.message.attachments, *(quoted.attachments if quoted is not None else ()))
    return next((a for a in attachments if a.kind.is_sound), None)
