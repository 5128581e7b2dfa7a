"""Commands, buttons and modals of the Discord emulator, driven by the real discord.py."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.emulators.discord import Channel, DiscordEmulator, Fail, Upload, User
from tests.unit.emulators.discord_client import WAIT_S, Robot, running, wanted_intents

Asked = discord.Interaction[Robot]


class Desk:
    """A bot with every kind of command; each hands its interaction to the test."""

    def __init__(self) -> None:
        self.robot = Robot(wanted_intents(content=False))
        self.asked: asyncio.Queue[Asked] = asyncio.Queue()
        self.given: dict[str, Any] = {}
        self._register(self.robot.tree)

    async def next(self) -> Asked:
        async with asyncio.timeout(WAIT_S):
            return await self.asked.get()

    def _register(self, tree: app_commands.CommandTree[Robot]) -> None:
        everywhere = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
        by_anyone = app_commands.allowed_installs(guilds=True, users=True)

        @tree.command(description="Ask the model")
        @app_commands.choices(model=[app_commands.Choice(name="Small", value="small")])
        @everywhere
        @by_anyone
        async def ask(
            interaction: Asked,
            prompt: str,
            model: str = "small",
            file: discord.Attachment | None = None,
            user: discord.User | None = None,
            times: app_commands.Range[int, 1, 5] = 1,
        ) -> None:
            self.given = {"prompt": prompt, "model": model, "file": file, "user": user}
            await self.asked.put(interaction)

        @tree.command(description="Choose a voice")
        async def voice(interaction: Asked, name: str) -> None:
            await self.asked.put(interaction)

        @voice.autocomplete("name")
        async def suggest(interaction: Asked, typed: str) -> list[app_commands.Choice[str]]:
            names = [name for name in ("alloy", "ash", "sage") if name.startswith(typed)]
            return [app_commands.Choice(name=name, value=name) for name in names]

        settings: app_commands.Group = app_commands.Group(name="settings", description="Settings")

        @settings.command(description="Set the persona")
        async def persona(interaction: Asked) -> None:
            await self.asked.put(interaction)

        tree.add_command(settings)

        @tree.context_menu(name="Describe image")
        async def describe(interaction: Asked, message: discord.Message) -> None:
            self.given = {"message": message}
            await self.asked.put(interaction)


@pytest.fixture
async def desk(service: DiscordEmulator, general: Channel) -> AsyncIterator[Desk]:
    desk = Desk()
    async with running(service, robot=desk.robot) as robot:
        await robot.tree.sync()
        yield desk


def code(number: int) -> Any:
    def is_it(error: discord.HTTPException) -> bool:
        return error.code == number

    return pytest.raises(discord.HTTPException, check=is_it)


# Slash commands


async def test_an_answer_in_place_is_shown_with_its_delay(
    service: DiscordEmulator, alice: User, general: Channel, desk: Desk
) -> None:
    asked = general.slash("ask", alice, prompt="why?", model="small")
    interaction = await desk.next()
    assert (interaction.user.id, interaction.channel_id) == (alice.id, general.id)
    assert desk.given["prompt"] == "why?"
    assert interaction.filesize_limit == 10 << 20
    response = await interaction.response.send_message("because")
    assert (await asked.wait_for_ack()).kind == 4
    assert asked.ack is not None
    assert 0 < asked.ack.delay_s < 3
    shown = await general.wait_for_bot_message()
    assert (shown.id, shown.content) == (response.message_id, "because")
    assert asked.replies == [shown]
    assert service.violations == []


async def test_files_and_people_are_handed_over_as_options(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    assert general.guild is not None
    bob = general.guild.members[1]
    upload = Upload("notes.txt", b"text", "text/plain")
    general.slash("ask", prompt="read", file=upload, user=bob)
    interaction = await desk.next()
    assert await desk.given["file"].read() == b"text"
    assert desk.given["user"].id == bob.id
    await interaction.response.send_message(
        "read", file=discord.File(io.BytesIO(b"sum"), "sum.txt")
    )
    assert general.bot_messages[0].files[0].content == b"sum"


async def test_a_deferred_answer_is_thinking_until_it_is_edited(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    asked = general.slash("ask", prompt="why?")
    interaction = await desk.next()
    await interaction.response.defer(thinking=True)
    assert asked.is_deferred
    (shown,) = general.bot_messages
    assert (shown.is_loading, shown.content) == (True, "")
    await interaction.edit_original_response(content="because")
    assert (shown.is_loading, shown.content) == (False, "because")
    await interaction.followup.send("and so on")
    assert (await asked.wait_for_reply(2)).content == "and so on"
    assert len(general.bot_messages) == 2
    assert service.violations == []


async def test_the_first_follow_up_fills_a_deferred_answer(general: Channel, desk: Desk) -> None:
    asked = general.slash("ask", prompt="why?")
    interaction = await desk.next()
    await interaction.response.defer(thinking=True, ephemeral=True)
    await interaction.followup.send("because")
    assert [reply.content for reply in asked.replies] == ["because"]
    assert asked.replies[0].is_ephemeral


async def test_an_ephemeral_answer_is_not_in_the_channel(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    asked = general.slash("settings persona")
    interaction = await desk.next()
    await interaction.response.send_message("only you", ephemeral=True)
    assert asked.ack is not None
    assert asked.ack.is_ephemeral
    assert general.bot_messages == []
    assert [message.content for message in general.ephemeral_messages] == ["only you"]
    with code(10008):
        await desk.robot.text_channel(general.id).fetch_message(asked.replies[0].id)
    await interaction.delete_original_response()
    assert asked.replies == []


async def test_follow_ups_are_edited_fetched_and_deleted(general: Channel, desk: Desk) -> None:
    asked = general.slash("ask", prompt="why?")
    interaction = await desk.next()
    await interaction.response.send_message("first")
    more = await interaction.followup.send("second", wait=True)
    await more.edit(content="2nd")
    assert (await interaction.followup.fetch_message(more.id)).content == "2nd"
    assert (await interaction.original_response()).content == "first"
    await more.delete()
    assert [reply.content for reply in asked.replies] == ["first"]
    with code(10008):
        await more.edit(content="3rd")


async def test_an_acknowledgement_after_three_seconds_is_too_late(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    asked = general.slash("ask", prompt="why?")
    interaction = await desk.next()
    service.clock.advance(3.1)
    with code(10062):
        await interaction.response.defer()
    assert asked.ack is None
    assert len(service.violations) == 1
    with code(10015):
        await interaction.followup.send("because")


async def test_a_second_acknowledgement_is_refused(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    general.slash("ask", prompt="why?")
    interaction = await desk.next()
    again = discord.InteractionResponse(interaction)
    await interaction.response.defer()
    with code(40060):
        await again.send_message("because")


async def test_after_fifteen_minutes_nothing_more_can_be_said(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    general.slash("ask", prompt="why?")
    interaction = await desk.next()
    await interaction.response.defer(thinking=True)
    service.clock.advance(14 * 60)
    await interaction.edit_original_response(content="wait")
    service.clock.advance(61)
    with code(50027):
        await interaction.edit_original_response(content="because")
    with code(50027):
        await interaction.followup.send("because")
    assert service.violations == []


async def test_an_answer_against_the_rules_leaves_the_interaction_open(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    asked = general.slash("ask", prompt="why?")
    interaction = await desk.next()
    with code(50006):
        await interaction.response.send_message("")
    assert asked.ack is None
    await interaction.response.send_message("short")
    assert asked.replies[0].content == "short"


async def test_an_unknown_interaction_can_be_scripted(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    service.script("create_interaction_response", Fail(404, 10062, "Unknown interaction"))
    general.slash("ask", prompt="why?")
    interaction = await desk.next()
    with code(10062):
        await interaction.response.defer()
    assert service.violations == []


async def test_the_app_sends_no_command_that_does_not_fit(general: Channel, desk: Desk) -> None:
    with pytest.raises(ValueError, match="'prompt' is required"):
        general.slash("ask")
    with pytest.raises(ValueError, match="is one of"):
        general.slash("ask", prompt="why?", model="huge")
    with pytest.raises(ValueError, match="takes 1 to 5"):
        general.slash("ask", prompt="why?", times=6)
    with pytest.raises(ValueError, match="no options"):
        general.slash("ask", prompt="why?", colour="red")
    with pytest.raises(LookupError, match="no command 'sing'"):
        general.slash("sing")


async def test_autocompletion_offers_choices(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    typed = general.type_option("voice", "name", "a")
    choices = await typed.wait_for_choices()
    assert [choice["value"] for choice in choices] == ["alloy", "ash"]
    assert service.violations == []


# Places without the bot


async def test_a_user_installed_app_answers_where_the_bot_is_not(
    service: DiscordEmulator, alice: User, desk: Desk
) -> None:
    for place in (
        service.guild("Elsewhere", [alice], has_bot=False).text_channel(),
        service.private_chat(alice, service.user("bob")),
    ):
        asked = place.slash("ask", alice, as_user_app=True, prompt="why?")
        interaction = await desk.next()
        assert interaction.is_user_integration()
        assert not interaction.is_guild_integration()
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content="because")
        assert (await asked.wait_for_reply()).content == "because"
        for number in range(5):
            await interaction.followup.send(f"{number}")
        with code(40094):
            await interaction.followup.send("6")
        with code(50001):
            await desk.robot.http.send_typing(place.id)
    with pytest.raises(LookupError, match="does not offer"):
        place.slash("voice", alice, as_user_app=True, name="ash")


async def test_a_command_in_a_direct_chat_has_no_server(
    service: DiscordEmulator, alice: User, desk: Desk
) -> None:
    chat = service.dm(alice)
    chat.slash("ask", prompt="why?")
    interaction = await desk.next()
    assert interaction.guild_id is None
    assert isinstance(interaction.channel, discord.DMChannel)
    await interaction.response.send_message("because")
    assert (await chat.wait_for_bot_message()).content == "because"


# Context menus, buttons, modals


async def test_a_context_menu_brings_its_message_with_content(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    picture = general.send("look", attachments=[Upload("a.png", b"\x89PNG", "image/png")])
    general.context_menu("Describe image", picture)
    interaction = await desk.next()
    message = desk.given["message"]
    assert (message.id, message.content) == (picture.id, "look")
    assert await message.attachments[0].read() == b"\x89PNG"
    await interaction.response.send_message("a dot")
    assert general.bot_messages[0].content == "a dot"


class Keys(discord.ui.View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(timeout=None)
        self._desk = desk

    @discord.ui.button(label="Stop", custom_id="stop")
    async def stop_it(self, interaction: Asked, button: discord.ui.Button[Any]) -> None:
        await self._desk.asked.put(interaction)


async def test_a_button_is_pressed_also_after_a_restart(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    await desk.robot.text_channel(general.id).send("…", view=Keys(desk))
    (message,) = general.bot_messages
    await desk.robot.close()
    second = Desk()
    second.robot.add_view(Keys(second))
    async with running(service, robot=second.robot):
        pressed = general.press(message, "Stop")
        interaction = await second.next()
        await interaction.response.edit_message(content="stopped", view=None)
        assert (await pressed.wait_for_ack()).kind == 7
        assert (message.content, message.buttons) == ("stopped", [])
        assert [revision.buttons for revision in message.history] == [(("Stop",),), ()]
        assert pressed.replies == []
        with pytest.raises(LookupError, match="no button"):
            general.press(message, "Stop")


async def test_a_press_may_be_acknowledged_silently_and_answered_in_private(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    await desk.robot.text_channel(general.id).send("…", view=Keys(desk))
    (message,) = general.bot_messages
    pressed = general.press(message, "stop")
    interaction = await desk.next()
    await interaction.response.defer()
    assert (await pressed.wait_for_ack()).kind == 6
    await interaction.followup.send("not yours", ephemeral=True)
    assert pressed.replies[0].is_ephemeral
    await interaction.edit_original_response(content="still here")
    assert message.content == "still here"


class Persona(discord.ui.Modal, title="Persona"):
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Who am I?", default="a poet", max_length=20
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(custom_id="persona")
        self._desk = desk

    async def on_submit(self, interaction: Asked) -> None:  # type: ignore[override]  # of our client
        self._desk.given = {"words": self.words.value}
        await self._desk.asked.put(interaction)


async def test_a_modal_is_opened_filled_in_and_answered(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    asked = general.slash("settings persona")
    interaction = await desk.next()
    await interaction.response.send_modal(Persona(desk))
    assert (await asked.wait_for_modal())["title"] == "Persona"
    with pytest.raises(ValueError, match="takes 0 to 20"):
        general.submit_modal(asked, {"Who am I?": "x" * 21})
    sent = general.submit_modal(asked, {"Who am I?": "a pirate"})
    submitted = await desk.next()
    assert desk.given["words"] == "a pirate"
    await submitted.response.send_message("arr", ephemeral=True)
    assert (await sent.wait_for_reply()).content == "arr"
    assert service.violations == []


async def test_a_modal_cannot_follow_a_defer_nor_a_modal(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    asked = general.slash("settings persona")
    interaction = await desk.next()
    late = discord.InteractionResponse(interaction)
    await interaction.response.defer()
    with code(40060):
        await late.send_modal(Persona(desk))
    asked = general.slash("settings persona")
    await (await desk.next()).response.send_modal(Persona(desk))
    general.submit_modal(asked, {})
    submitted = await desk.next()
    assert desk.given["words"] == "a poet"
    with code(50035):
        await submitted.response.send_modal(Persona(desk))


# Registration


async def test_commands_are_registered_globally_and_for_a_server(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    names = [command["name"] for command in service.commands()]
    assert sorted(names) == ["Describe image", "ask", "settings", "voice"]
    ids = {command["id"] for command in service.commands()}
    await desk.robot.tree.sync()
    assert {command["id"] for command in service.commands()} == ids
    assert len(await desk.robot.tree.fetch_commands()) == 4
    guild = desk.robot.guilds[0]
    desk.robot.tree.copy_global_to(guild=guild)
    await desk.robot.tree.sync(guild=guild)
    assert len(service.world.commands[guild.id]) == 4
    assert service.violations == []


OPTION = {"type": 3, "name": "text", "description": "Text"}
REQUIRED = {"type": 3, "name": "must", "description": "Text", "required": True}
CHOICE = {"name": "a", "value": "a"}


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Ask"},
        {"name": "ask me"},
        {"name": "x" * 33},
        {"description": ""},
        {"description": "x" * 101},
        {"options": [OPTION] * 2},
        {"options": [OPTION, REQUIRED]},
        {"options": [OPTION | {"choices": [CHOICE] * 26}]},
        {"options": [OPTION | {"choices": [CHOICE], "autocomplete": True}]},
        {"options": [OPTION | {"name": "Text"}]},
        {"options": [OPTION | {"name": f"text{n}"} for n in range(26)]},
        {"options": [{"type": 1, "name": "sub", "description": "x"}, OPTION]},
        {"type": 3},
        {"type": 3, "name": "", "description": ""},
    ],
)
async def test_a_command_against_the_rules_is_refused(
    service: DiscordEmulator, desk: Desk, command: dict[str, Any]
) -> None:
    before = list(service.commands())
    body: Any = [{"type": 1, "name": "ask", "description": "Ask"} | command]
    with code(50035):
        await desk.robot.http.bulk_upsert_global_commands(service.world.application_id, body)
    assert service.commands() == before
    assert len(service.violations) == 1


async def test_two_commands_of_a_name_or_too_many_are_refused(
    service: DiscordEmulator, desk: Desk
) -> None:
    ask = {"type": 1, "name": "ask", "description": "Ask"}
    upsert = desk.robot.http.bulk_upsert_global_commands
    twice: Any = [ask, ask]
    with code(50035):
        await upsert(service.world.application_id, twice)
    many: Any = [ask | {"name": f"ask{number}"} for number in range(101)]
    with code(30032):
        await upsert(service.world.application_id, many)
