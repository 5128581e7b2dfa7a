"""Interactions: what people set off, how the bot acknowledges and answers it, and by when."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.emulators.discord_service.messages import Messages
from tests.emulators.discord_service.modals import check_choices, check_modal
from tests.emulators.discord_service.places import ChannelState
from tests.emulators.discord_service.values import (
    ALREADY_ACKNOWLEDGED,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    ApiError,
    Call,
    Json,
    User,
    breach,
    invalid_form,
    unknown,
)
from tests.emulators.discord_service.world import (
    EPHEMERAL,
    LOADING,
    MENU_ANSWER,
    ORDINARY,
    SLASH_ANSWER,
    Message,
    World,
)

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
ANSWER, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LASTS_S = 15 * 60.0
MAX_USER_APP_FOLLOWUPS = 5
ALLOWED = {
    COMMAND: {ANSWER, DEFER, MODAL},
    COMPONENT: {ANSWER, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {ANSWER, DEFER, DEFER_UPDATE, UPDATE},
}


@dataclass(frozen=True, slots=True)
class Ack:
    """The first response; ``kind`` is Discord's number, 4 to 9."""

    kind: int
    delay_s: float
    is_ephemeral: bool


@dataclass(slots=True)
class Interaction:
    """What a person set off, with all that the bot made of it.

    ``replies`` are the answer and the follow-ups as they are now, without what was deleted.
    """

    world: World
    id: int
    token: str
    kind: int
    channel: ChannelState
    user: User
    data: Json
    began_s: float
    message: Message | None = None
    is_user_app: bool = False
    ack: Ack | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    shown_s: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return str(self.data.get("name") or self.data.get("custom_id"))

    @property
    def is_deferred(self) -> bool:
        return self.ack is not None and self.ack.kind in {DEFER, DEFER_UPDATE}

    @property
    def replies(self) -> list[Message]:
        answer = [self.original] if self.original and self.original is not self.message else []
        return [reply for reply in answer + self.followups if not reply.is_deleted]

    async def wait_for_ack(self, timeout_s: float = 10) -> Ack:
        await self.world.changes.wait_until(lambda: self.ack, timeout_s)
        if self.ack is None:
            raise TimeoutError(f"nobody acknowledged {self!r}")
        return self.ack

    async def wait_for_reply(
        self, count: int = 1, contains: str = "", timeout_s: float = 10
    ) -> Message:
        """The count-th of the replies that hold ``contains`` and no longer say "is thinking"."""

        def matching() -> list[Message]:
            shown = (reply for reply in self.replies if not reply.is_loading)
            return [reply for reply in shown if contains in reply.content]

        await self.world.changes.wait_until(lambda: len(matching()) >= count, timeout_s)
        if len(matching()) < count:
            raise TimeoutError(f"{self!r} has no reply {count} with {contains!r}: {self.replies}")
        return matching()[count - 1]

    async def wait_for_modal(self, timeout_s: float = 10) -> Json:
        await self.world.changes.wait_until(lambda: self.modal, timeout_s)
        if self.modal is None:
            raise TimeoutError(f"{self!r} opened no modal")
        return self.modal

    async def wait_for_choices(self, timeout_s: float = 10) -> list[Json]:
        await self.world.changes.wait_until(lambda: self.choices is not None, timeout_s)
        if self.choices is None:
            raise TimeoutError(f"{self!r} was given no choices")
        return self.choices

    def __repr__(self) -> str:
        return f"<interaction {self.name!r} of {self.user.name}, {self.ack}, {self.replies}>"


class Interactions:
    def __init__(self, world: World, messages: Messages) -> None:
        self._world = world
        self._messages = messages

    async def respond(self, call: Call) -> Json | None:
        interaction = self._world.interactions.get(call.ids["interaction_token"])
        if interaction is None or interaction.id != call.number("interaction_id"):
            raise unknown(UNKNOWN_INTERACTION, "interaction")
        if interaction.ack is not None:
            said = "Interaction has already been acknowledged."
            raise breach(ALREADY_ACKNOWLEDGED, said)
        if self._world.clock.now() - interaction.began_s > ACKNOWLEDGE_WITHIN_S:
            raise breach(UNKNOWN_INTERACTION, "Unknown interaction", 404)
        kind, data = call.fields.get("type"), call.fields.get("data") or {}
        is_about_message = kind in {DEFER_UPDATE, UPDATE} and interaction.message is None
        if kind not in ALLOWED[interaction.kind] or is_about_message:
            said = f"Response type {kind} does not fit interaction type {interaction.kind}"
            raise invalid_form("type", "INTERACTION_APPLICATION_RESPONSE_TYPE", said)
        delay_s = time.monotonic() - interaction.shown_s
        interaction.ack = Ack(kind, delay_s, bool((data.get("flags") or 0) & EPHEMERAL))
        try:
            await self._carry_out(interaction, kind, call, data)
        except ApiError:
            interaction.ack = None
            raise
        self._world.changes.announce()
        is_response_wanted = call.query.get("with_response") in {"1", "true", "True"}
        return self._describe(interaction, kind) if is_response_wanted else None

    async def _carry_out(self, interaction: Interaction, kind: int, call: Call, data: Json) -> None:
        if kind == ANSWER:
            interaction.original = await self._post(interaction, call, data)
        elif kind == DEFER:
            flags = LOADING | ((data.get("flags") or 0) & EPHEMERAL)
            extra = self._marks(interaction) | {"flags": flags}
            interaction.original = interaction.channel.add(self._world.bot, extra)
        elif kind == CHOICES:
            interaction.choices = check_choices(data)
        elif kind == MODAL:
            interaction.modal = check_modal(data)
        else:
            interaction.original = interaction.message
            if kind == UPDATE and interaction.message is not None:
                await self._messages.rewrite(interaction.message, call, data)

    async def follow_up(self, call: Call) -> Json:
        interaction = self._known(call)
        original = interaction.original
        if original is not None and original.is_loading and not original.is_deleted:
            # an old habit of Discord's: the first follow-up fills the deferred answer
            return await self._edit(original, call)
        if interaction.is_user_app and len(interaction.followups) >= MAX_USER_APP_FOLLOWUPS:
            said = "This interaction has reached the maximum number of follow up messages"
            raise breach(40094, said)
        message = await self._post(interaction, call, call.fields)
        interaction.followups.append(message)
        self._world.changes.announce()
        return message.raw

    async def get_message(self, call: Call) -> Json:
        return self._target(call).raw

    async def edit_message(self, call: Call) -> Json:
        return await self._edit(self._target(call), call)

    async def delete_message(self, call: Call) -> None:
        message = self._target(call)
        message.channel.remove(message)

    async def _edit(self, message: Message, call: Call) -> Json:
        extra: Json = {"flags": message.flags & ~LOADING}
        await self._messages.rewrite(message, call, call.fields, extra=extra)
        return message.raw

    async def _post(self, interaction: Interaction, call: Call, body: Json) -> Message:
        return await self._messages.post(
            interaction.channel, call, body, extra=self._marks(interaction)
        )

    def _marks(self, interaction: Interaction) -> Json:
        """What tells the message of an interaction from an ordinary one."""
        kind = ORDINARY
        if interaction.kind == COMMAND:
            kind = SLASH_ANSWER if interaction.data["type"] == 1 else MENU_ANSWER
        owners = owners_of(interaction)
        about: Json = {"id": str(interaction.id), "type": interaction.kind}
        about |= {"user": interaction.user.raw, "authorizing_integration_owners": owners}
        return {
            "type": kind,
            "interaction_metadata": about,
            "application_id": str(self._world.application_id),
            "webhook_id": str(self._world.application_id),
        }

    def _known(self, call: Call) -> Interaction:
        interaction = self._world.interactions.get(call.ids["webhook_token"])
        is_mine = call.number("webhook_id") == self._world.application_id
        if interaction is None or not is_mine or interaction.ack is None:
            raise unknown(UNKNOWN_WEBHOOK, "Webhook")
        if self._world.clock.now() - interaction.began_s > TOKEN_LASTS_S:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _target(self, call: Call) -> Message:
        interaction = self._known(call)
        if "message_id" not in call.ids or call.ids["message_id"] == "@original":
            found = interaction.original
        else:
            wanted = call.number("message_id")
            mine = [
                *interaction.followups,
                *([interaction.original] if interaction.original else []),
            ]
            found = next((message for message in mine if message.id == wanted), None)
        if found is None or found.is_deleted:
            raise unknown(UNKNOWN_MESSAGE, "Message")
        return found

    def _describe(self, interaction: Interaction, kind: int) -> Json:
        about: Json = {"id": str(interaction.id), "type": interaction.kind}
        resource: Json = {"type": kind}
        original = interaction.original
        if original is not None:
            about |= {"response_message_id": str(original.id)}
            about |= {"response_message_loading": original.is_loading}
            about |= {"response_message_ephemeral": original.is_ephemeral}
            resource |= {"message": original.raw}
        return {"interaction": about, "resource": resource}


def owners_of(interaction: Interaction) -> Json:
    """Who installed the app that the interaction came by: "0" a server, "1" a person."""
    if interaction.is_user_app:
        return {"1": str(interaction.user.id)}
    return {"0": str(interaction.channel.guild_id or 0)}
