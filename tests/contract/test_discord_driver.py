"""The driver of Discord shows what people see, told by discord.py in the place of the bot."""

from collections.abc import AsyncIterator

import discord
import pytest

from tests.contract.discord import REFUSED_IN_A_ROW, DiscordPlatform
from tests.contract.protocol import RETRY, STOP, Chat, Code, Fault
from tests.unit.emulators.discord_client import Robot, point_at, running, wanted_intents

Asked = discord.Interaction[Robot]


@pytest.fixture
async def platform() -> AsyncIterator[DiscordPlatform]:
    async with DiscordPlatform() as platform:
        yield platform


@pytest.fixture
async def robot(platform: DiscordPlatform, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Robot]:
    """Answers /persona to the person alone."""
    point_at(platform.emulator, monkeypatch)
    robot = Robot(wanted_intents())

    @robot.tree.command(description="Who it is")
    async def persona(asked: Asked, text: str) -> None:
        await asked.response.send_message(f"I am {text}", ephemeral=True)

    async with running(platform.emulator, robot=robot):
        await robot.tree.sync()
        yield robot


def buttons(label: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=label, custom_id="one"))
    return view


@pytest.fixture
def chat(platform: DiscordPlatform) -> Chat:
    return platform.private(platform.person("Alice"))


async def test_an_answer_is_seen_being_written_and_then_whole(
    platform: DiscordPlatform, robot: Robot, chat: Chat
) -> None:
    assert platform.connections == 1
    chat.say("hi")
    message = await robot.take_message()
    sent = await message.channel.send("Once", view=buttons(STOP))
    assert (await chat.wait_for_preview("Once")).revisions == 1
    assert platform.find_faults() != []
    await sent.edit(content="Once upon\n```py\na = 1\n\nb\n```\na time", view=buttons(RETRY))

    answer = await chat.wait_for("a time")
    assert chat.shown == [answer]
    assert chat.preview is None
    assert (answer.code, answer.buttons) == ((Code("py", "a = 1\n\nb"),), (RETRY,))
    assert answer.revisions == 2
    assert platform.find_faults() == []


async def test_commands_and_presses_reach_the_bot(
    platform: DiscordPlatform, robot: Robot, chat: Chat
) -> None:
    await chat.command("persona", "a pirate")
    assert (await chat.wait_for("I am")).text == "I am a pirate"
    chat.say("hi")
    message = await robot.take_message()
    await message.channel.send("Here", view=buttons(RETRY))
    chat.press(RETRY)
    pressed = await robot.take("interaction")
    while pressed.type is not discord.InteractionType.component:
        pressed = await robot.take("interaction")
    assert platform.find_faults() != []  # nobody has answered it
    await pressed.response.defer()
    assert platform.find_faults() == []
    with pytest.raises(LookupError):
        chat.press("Continue")


async def test_rooms_are_addressed_by_mention(platform: DiscordPlatform, robot: Robot) -> None:
    alice, bob = platform.person("Alice"), platform.person("Bob")
    rooms = (platform.room(alice, bob), *platform.neighbours(alice, bob))
    for number, room in enumerate(rooms):
        room.say(f"to nobody {number}", sender=bob, is_addressed=False)
        room.say(f"to it {number}")
        message = await take_message(robot, "to nobody")
        assert f"discord:{message.author.id}" == bob.key
        assert message.mentions == []
        message = await take_message(robot, "to it")
        assert f"discord:{message.author.id}" == alice.key
        assert robot.user in message.mentions


async def take_message(robot: Robot, words: str) -> discord.Message:
    """The next with these words; the opening of a thread is a message too."""
    while words not in (message := await robot.take_message()).content:
        pass
    return message


async def test_faults_meet_the_next_deliveries(
    platform: DiscordPlatform, robot: Robot, chat: Chat
) -> None:
    chat.say("hi")
    message = await robot.take_message()
    platform.fail_sends(Fault.CUT_AFTER)
    with pytest.raises(Exception, match="disconnected"):
        await message.channel.send("lost and there")
    assert chat.texts == ["lost and there"]
    platform.limit_rate()
    with pytest.raises(discord.HTTPException):
        await message.channel.send("refused")
    assert 0 < platform.refusals < REFUSED_IN_A_ROW
