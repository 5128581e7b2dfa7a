"""Interactions that the emulator's people do not set off, built as Discord tells them."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.discord.address import Address, channel_key
from bot.discord.client import ParleyBot
from bot.discord.forms import OpenForm, Target, build_modal, typed_words
from bot.discord.interactions import Heard, InteractionReader, Response
from handlers.command import Form
from handlers.texts import say
from tests.emulators.discord import permissions

Json = dict[str, Any]

ID = 1_300_000_000_000_000_000
GUILD, CHANNEL, THREAD = 11, 12, 13
ALICE: Json = {"id": "7", "username": "alice", "discriminator": "0", "avatar": None}
BARE = {"type": 2, "data": {"id": "1", "name": "new", "type": 1}}
TEXT_CHANNEL: Json = {"id": f"{CHANNEL}", "type": 0, "name": "general", "position": 0}
ON_A_THREAD: Json = {
    "id": f"{THREAD}",
    "type": 11,
    "name": "thread",
    "parent_id": f"{CHANNEL}",
    "owner_id": "7",
    "message_count": 1,
    "member_count": 1,
    "thread_metadata": {
        "archived": False,
        "archive_timestamp": "2026-11-21T12:00:00+00:00",
        "auto_archive_duration": 1440,
    },
}


class Deaf:
    """A listener that nothing is told."""

    def on_connect(self, shard_id: int) -> None: ...
    def on_message(self, message: discord.Message) -> None: ...
    def on_edit(self, message: discord.Message) -> None: ...
    def on_interaction(self, interaction: discord.Interaction) -> None: ...


@pytest.fixture
async def bot() -> ParleyBot:
    """One that is logged in, as far as the library asks for it."""
    bot = ParleyBot(Deaf())
    data: Any = ALICE | {"id": "1", "username": "parley", "bot": True}
    bot._connection.user = discord.ClientUser(state=bot._connection, data=data)
    return bot


def read(bot: ParleyBot, **changes: object) -> Heard:
    """By default /new in a server's channel, with every permission."""
    raw: Json = {
        "id": f"{ID}",
        "application_id": "1",
        "token": "secret",
        "version": 1,
        "channel": TEXT_CHANNEL,
        "guild_id": f"{GUILD}",
        "member": {"user": ALICE, "roles": [], "joined_at": None, "permissions": "0", "flags": 0},
        "app_permissions": str(permissions.BOT_PERMISSIONS),
        "attachment_size_limit": 10 << 20,
        "authorizing_integration_owners": {"0": f"{GUILD}"},
        "context": 0,
        **BARE,
        **changes,
    }
    told = {key: value for key, value in raw.items() if value is not None}
    data: Any = told
    interaction = discord.Interaction(data=data, state=bot._connection)
    return InteractionReader(bot, lambda message: True).read(interaction)


async def test_commands_that_a_server_has_without_the_bot_let_it_write_nowhere(
    bot: ParleyBot,
) -> None:
    heard = read(bot)
    assert heard.message is not None
    assert heard.message.chat == channel_key(CHANNEL, GUILD)
    assert not Address.decode(heard.message.reply_ref).may_write


async def test_two_people_who_use_the_bot_between_them_are_a_group(bot: ParleyBot) -> None:
    chat = {"id": "20", "type": 1, "recipients": []}
    private: Json = {"channel": chat, "guild_id": None, "member": None, "user": ALICE}
    between_them = read(bot, **private, context=2).message
    with_the_bot = read(bot, **private, context=1).message
    assert between_them is not None
    assert with_the_bot is not None
    assert between_them.chat == with_the_bot.chat == channel_key(20, None)
    assert (between_them.is_group, with_the_bot.is_group) == (True, False)
    assert not Address.decode(between_them.reply_ref).may_write
    assert Address.decode(with_the_bot.reply_ref).may_write


async def test_the_message_that_a_thread_hangs_on_can_be_asked_about_in_it(
    bot: ParleyBot,
) -> None:
    typed = {"type": 1, "components": [{"type": 4, "custom_id": "words", "value": "why?"}]}
    sent = {"custom_id": f"form:ask:{CHANNEL}:{THREAD}", "components": [typed]}
    heard = read(bot, type=5, data=sent, channel=ON_A_THREAD)
    assert heard.target == Target(CHANNEL, THREAD)
    assert heard.message is not None
    assert heard.message.text == "why?"
    assert heard.message.chat == channel_key(THREAD, GUILD)


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": TEXT_CHANNEL | {"type": 99}},
        {"channel": {}},
        {"member": None},
        {"data": None},
        {"data": {"type": 1}},
        {"type": 3, "data": {"component_type": 2}},
        {"type": 5, "data": {"custom_id": "form:persona"}},
        {"data": {"id": "1", "name": "Transcribe", "type": 3, "target_id": "1", "resolved": {}}},
        {
            "data": {
                "name": "describe",
                "type": 1,
                "options": [{"name": "file", "type": 11, "value": "5"}],
            }
        },
    ],
)
async def test_what_is_not_as_it_should_be_is_answered_with_a_line(
    bot: ParleyBot, changes: Json
) -> None:
    heard = read(bot, **changes)
    assert (heard.response, heard.message) == (Response.LINE, None)
    assert heard.line == say("error_ours")


async def test_a_kind_of_interaction_that_is_new_is_answered_with_a_line(bot: ParleyBot) -> None:
    for kind in (1, 99):
        assert read(bot, type=kind).line == say("unknown_command")


async def test_what_cannot_be_completed_is_offered_nothing(bot: ParleyBot) -> None:
    typed = {"name": "strange", "type": 3, "value": "a", "focused": True}
    for data in (
        {"name": "sing", "type": 1, "options": [typed]},
        {"name": "model", "type": 1, "options": [typed]},
        {"name": "ask", "type": 1, "options": [typed | {"name": "prompt"}]},
        {"name": "model", "type": 1},
    ):
        heard = read(bot, type=4, data=data)
        assert (heard.response, heard.completion) == (Response.COMPLETE, None)


async def test_the_library_keeps_no_form(bot: ParleyBot) -> None:
    opened = OpenForm(Form("Title", "Label", "default"), channel_key(CHANNEL, GUILD), "persona")
    modal = build_modal(opened, "a poet")
    assert modal.is_finished()
    assert modal.custom_id == "form:persona"


def test_the_words_of_a_form_are_found_in_either_frame() -> None:
    words = {"type": 4, "custom_id": "words", "value": " a\npoet "}
    other = {"type": 4, "custom_id": "other", "value": "no"}
    assert typed_words([{"type": 18, "component": other}, {"type": 18, "component": words}]) == (
        "a\npoet"
    )
    assert typed_words([{"type": 10}, {"type": 1, "components": [other, words]}]) == "a\npoet"
    assert typed_words([{"type": 18, "component": words | {"value": None}}]) == ""
    assert typed_words([]) == ""
