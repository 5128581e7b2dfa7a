"""What people do in a channel, and how tests look at it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.commands import MESSAGE_MENU, SLASH
from tests.emulators.discord_service.directory import open_thread, start_thread
from tests.emulators.discord_service.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
)
from tests.emulators.discord_service.invocations import (
    descend,
    describe_interaction,
    fill_options,
    find_command,
)
from tests.emulators.discord_service.modals import fill_in
from tests.emulators.discord_service.places import ChannelState
from tests.emulators.discord_service.rules import MAX_CONTENT, find_mentions
from tests.emulators.discord_service.values import Json, Typing, Upload, User
from tests.emulators.discord_service.world import (
    REPLY,
    THREAD_CREATED,
    VOICE,
    Event,
    Message,
    emoji_of,
)

WAVEFORM = "AAgQGCAoMDhASFBYYGhweICIkJigqLC4wMjQ2ODo8Pg="
FORWARDED = 1


class Channel(ChannelState):
    """``sender`` is by default the channel's first member. What people do is told to the bot's
    gateway sessions.
    """

    # Talking

    def send(
        self,
        text: str = "",
        *,
        sender: User | None = None,
        reply_to: Message | None = None,
        attachments: Sequence[Upload] = (),
        stickers: Sequence[Json] = (),
        mention_bot: bool = False,
        is_ping: bool = True,
    ) -> Message:
        """A reply notifies whom it answers unless ``is_ping`` is off.

        ``stickers``: id, name and format_type of each; their pictures are kept elsewhere.
        """
        if mention_bot:
            text = f"{self.world.bot.mention} {text}"
        if len(text) > MAX_CONTENT:
            raise ValueError(f"the app does not send more than {MAX_CONTENT} characters")
        fields: Json = {"content": text} | find_mentions(self, text)
        if reply_to is not None:
            fields |= {"type": REPLY, "message_reference": self._reference(reply_to)}
            author = reply_to.author.raw
            if is_ping and author not in fields["mentions"]:
                fields["mentions"] = [*fields["mentions"], author]
        if stickers:
            fields["sticker_items"] = [dict(sticker) for sticker in stickers]
        files = [self.world.files.add(upload, self.id) for upload in attachments]
        bot = self.world.bot
        if self.is_thread and bot.raw in fields["mentions"] and bot not in self.members:
            self.add_member(bot)
        return self.add(self._sender(sender), fields, files)

    def send_voice_message(
        self, ogg: bytes, duration_s: float = 1.0, *, sender: User | None = None
    ) -> Message:
        upload = Upload("voice-message.ogg", ogg, "audio/ogg")
        extra: Json = {"duration_secs": duration_s, "waveform": WAVEFORM}
        file = self.world.files.add(upload, self.id, extra)
        return self.add(self._sender(sender), {"flags": VOICE}, [file])

    def forward(self, message: Message, *, sender: User | None = None) -> Message:
        raw = message.raw
        kept = (
            "type",
            "content",
            "embeds",
            "attachments",
            "timestamp",
            "edited_timestamp",
            "flags",
        )
        snapshot = {key: raw[key] for key in (*kept, "mentions", "mention_roles", "components")}
        reference = self._reference(message) | {"type": FORWARDED}
        fields: Json = {"message_reference": reference}
        return self.add(
            self._sender(sender), fields | {"message_snapshots": [{"message": snapshot}]}
        )

    def edit(self, message: Message, text: str) -> None:
        self.rewrite(message, {"content": text} | find_mentions(self, text))

    def delete(self, message: Message) -> None:
        self.remove(message)

    def react(self, message: Message, emoji: str, *, sender: User | None = None) -> None:
        user = self._sender(sender)
        message.reactions.setdefault(emoji, []).append(user)
        intent = permissions.GUILD_MESSAGE_REACTIONS
        data: Json = {"user_id": str(user.id), "message_id": str(message.id), "burst": False}
        data |= {"emoji": emoji_of(emoji), "type": 0, "message_author_id": str(message.author.id)}
        if self.guild is None:
            intent = permissions.DIRECT_MESSAGE_REACTIONS
        else:
            data["member"] = self.guild.member(user)
        self.tell("MESSAGE_REACTION_ADD", data, intent)

    def thread(
        self, name: str, message: Message | None = None, *, sender: User | None = None
    ) -> Channel:
        """A public thread, on a message or without one."""
        user = self._sender(sender)
        if message is not None:
            thread = start_thread(self, message.id, name, user)
        else:
            thread = open_thread(self, name, user)
            reference = {"channel_id": str(thread.id), "guild_id": str(self.guild_id)}
            fields = {"type": THREAD_CREATED, "content": name, "message_reference": reference}
            self.add(user, fields)
        return as_channel(thread)

    def allow_bot(self, bot_permissions: int) -> None:
        """What the bot may do in this channel from now on."""
        self.bot_permissions = bot_permissions
        self.tell("CHANNEL_UPDATE", self.raw, permissions.GUILDS)

    def vanish(self) -> None:
        """Somebody deletes the channel."""
        del self.world.channels[self.id]
        name = "THREAD_DELETE" if self.is_thread else "CHANNEL_DELETE"
        self.tell(name, self.raw, permissions.GUILDS)

    # Using the app

    def slash(
        self,
        name: str,
        sender: User | None = None,
        /,
        *,
        as_user_app: bool = False,
        **options: object,
    ) -> Interaction:
        """``name`` may go on with sub-commands ("settings persona"). Files are Uploads, people
        Users. ``as_user_app``: by the sender's own installation, also where the bot is not.
        """
        first, *path = name.split()
        command = find_command(self, first, SLASH, is_user_app=as_user_app)
        filled, resolved = fill_options(self, descend(command, path), options)
        data: Json = {"id": command["id"], "name": first, "type": SLASH, "options": filled}
        data |= {"resolved": resolved} if resolved else {}
        return self._begin(COMMAND, sender, data, is_user_app=as_user_app)

    def type_option(
        self, name: str, option: str, text: str, sender: User | None = None, /, **others: object
    ) -> Interaction:
        """Begin to fill in an option, for its autocompletion; see wait_for_choices()."""
        first, *path = name.split()
        command = find_command(self, first, SLASH, is_user_app=False)
        steps = descend(command, path)
        offered = [one for one in steps[-1].get("options") or [] if one["name"] == option]
        if not offered or not offered[0].get("autocomplete"):
            raise LookupError(f"{name!r} has no option {option!r} with autocompletion")
        filled, resolved = fill_options(self, steps, others | {option: text}, option)
        data: Json = {"id": command["id"], "name": first, "type": SLASH, "options": filled}
        return self._begin(
            AUTOCOMPLETE, sender, data | ({"resolved": resolved} if resolved else {})
        )

    def context_menu(
        self,
        name: str,
        message: Message,
        sender: User | None = None,
        *,
        as_user_app: bool = False,
    ) -> Interaction:
        command = find_command(self, name, MESSAGE_MENU, is_user_app=as_user_app)
        data: Json = {"id": command["id"], "name": name, "type": MESSAGE_MENU}
        data |= {"target_id": str(message.id)}
        data["resolved"] = {"messages": {str(message.id): message.raw}}
        return self._begin(COMMAND, sender, data, is_user_app=as_user_app)

    def press(
        self, message: Message, label_or_custom_id: str, sender: User | None = None
    ) -> Interaction:
        """Press a button, named by its label or its custom_id."""
        usable = [part for part in message.components if part.get("custom_id")]
        named = [
            part
            for part in usable
            if label_or_custom_id in {part.get("label"), part["custom_id"]}
            and not part.get("disabled")
        ]
        if not named or message.is_deleted:
            raise LookupError(f"no button {label_or_custom_id!r} under {message!r}")
        data = {"custom_id": named[0]["custom_id"], "component_type": named[0]["type"]}
        return self._begin(COMPONENT, sender, data, message)

    def choose(
        self, message: Message, custom_id: str, values: list[str], sender: User | None = None
    ) -> Interaction:
        """Choose from a select menu."""
        named = [part for part in message.components if part.get("custom_id") == custom_id]
        offered = {one["value"] for part in named for one in part.get("options", [])}
        if not named or not offered.issuperset(values):
            raise LookupError(f"no menu {custom_id!r} with {values} under {message!r}")
        data = {"custom_id": custom_id, "component_type": named[0]["type"], "values": values}
        return self._begin(COMPONENT, sender, data, message)

    def submit_modal(self, opened_by: Interaction, values: dict[str, str]) -> Interaction:
        """Send the form that an interaction opened; ``values`` by custom_id or label."""
        if opened_by.modal is None:
            raise LookupError(f"{opened_by!r} opened no modal")
        data: Json = {"custom_id": opened_by.modal["custom_id"]}
        data["components"] = fill_in(opened_by.modal, values)
        return self._begin(MODAL_SUBMIT, opened_by.user, data, opened_by.message)

    # Looking

    async def wait_for_bot_message(
        self, count: int = 1, contains: str = "", timeout_s: float = 10, *, after: int = 0
    ) -> Message:
        """The count-th of the bot's messages with an id over ``after`` that hold ``contains``;
        deferred answers count once they say something.
        """

        def matching() -> list[Message]:
            said = (message for message in self.bot_messages if message.id > after)
            return [one for one in said if contains in one.content and not one.is_loading]

        await self.world.changes.wait_until(lambda: len(matching()) >= count, timeout_s)
        if len(matching()) < count:
            tail = [(call.name, call.status, call.error) for call in self.world.calls[-5:]]
            raise TimeoutError(
                f"{len(matching())} bot messages with {contains!r}, {count} wanted; the channel"
                f" shows {self.messages[-5:]}, last calls {tail}"
            )
        return matching()[count - 1]

    async def wait_for_typing(self, count: int = 1, timeout_s: float = 10) -> Typing:
        await self.world.changes.wait_until(lambda: len(self.typing) >= count, timeout_s)
        if len(self.typing) < count:
            raise TimeoutError(f"the bot typed {len(self.typing)} times, {count} wanted")
        return self.typing[count - 1]

    def _begin(
        self,
        kind: int,
        sender: User | None,
        data: Json,
        message: Message | None = None,
        *,
        is_user_app: bool = False,
    ) -> Interaction:
        world = self.world
        interaction = Interaction(
            world,
            world.clock.snowflake(),
            secrets.token_urlsafe(24),
            kind,
            self,
            self._sender(sender),
            data,
            world.clock.now(),
            message,
            is_user_app,
        )
        world.interactions[interaction.token] = interaction
        world.dispatch(
            Event("INTERACTION_CREATE", describe_interaction(interaction), self._shard_guild())
        )
        return interaction

    def _shard_guild(self) -> int | None:
        return self.guild_id if self.has_bot else None

    def _reference(self, message: Message) -> Json:
        reference: Json = {"message_id": str(message.id), "type": 0}
        reference |= {"channel_id": str(message.channel.id)}
        guild_id = message.channel.guild_id
        return reference | ({"guild_id": str(guild_id)} if guild_id else {})

    def _sender(self, sender: User | None) -> User:
        if sender is not None:
            return sender
        return self.guild.members[0] if self.guild else self.members[0]


def as_channel(channel: ChannelState) -> Channel:
    """The world makes its channels of this type."""
    if not isinstance(channel, Channel):
        raise TypeError(f"{channel!r} is no channel of people")
    return channel
