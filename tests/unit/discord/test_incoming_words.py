"""What a Discord message says: names for mentions, nothing else changed, and typed commands."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.discord.people import read_sender
from bot.discord.text import clean_name
from handlers.messages import Sender
from tests.emulators.discord import User
from tests.unit.discord.ear import Scene, listening, read

RIGHT_TO_LEFT = "\u202e"
ZERO_WIDTH = "\u200b"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with listening(monkeypatch) as scene:
        yield scene


async def text_of(scene: Scene, text: str) -> str:
    """How a message of a server is read, wherever it is for the bot."""
    scene.general.send(text)
    return (await scene.hear(is_followed=True)).text


# ---------------------------------------------------------------- the bot's mention


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{us} how are you?", "how are you?"),
        ("<@!{us_id}> how are you?", "how are you?"),
        ("<@&{role}> how are you?", "how are you?"),
        ("{us}, hi", "hi"),
        ("{us}: hi", "hi"),
        ("{us}:8080 is taken", ":8080 is taken"),
        ("{us}\n  indented", "  indented"),
        ("hello {us} how are you", "hello how are you"),
        ("hello {us}", "hello"),
        ("hello {us}!", "hello!"),
        ("hello ({us}) you", "hello () you"),
        ("one\n{us} two", "one\ntwo"),
        ("one {us}\ntwo", "one\ntwo"),
        ("😀 {us} 😀 hi", "😀 😀 hi"),
        ("{us} {us} hi", "hi"),
        ("{us}{us}, hi", "hi"),
        ("a {us}{us} b", "a b"),
        ("a{us}b", "ab"),
        ("{us} hi {us}", "hi"),
        ("{us}", ""),
        ("`{us}` {us} is code", "`{us}` is code"),
        ("hi @everyone", "hi @everyone"),
    ],
)
async def test_the_mention_leaves_no_gap(scene: Scene, text: str, words: str) -> None:
    named = {"us": scene.us.mention, "us_id": scene.us.id, "role": scene.guild.bot_role_id}
    assert await text_of(scene, text.format(**named)) == words.format(**named)


async def test_the_mention_is_taken_from_a_direct_message_too(scene: Scene) -> None:
    scene.direct.send("hi there", mention_bot=True)
    assert (await scene.hear()).text == "hi there"


# ---------------------------------------------------------------- everybody else's


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ask {bob}, {alice}", "ask @Bob, @Alice"),
        ("ask <@!{bob_id}>", "ask @Bob"),
        ("ask <@&{cooks}>", "ask @Cooks"),
        ("ask <@&{everyone}>", "ask @everyone"),
        ("see <#{general}>", "see #general"),
        ("see <#{thread}>", "see #Plans"),
        ("<:smile:123456789012345678> and <a:wave_1:123456789012345678>", ":smile: and :wave_1:"),
        ("ask <@404>, <@&404>, <#404>", "ask @unknown-user, @unknown-role, #unknown"),
        ("at <t:1618953630:R>, </ask:816437322781949972>, 1 < 2 > 0, <b>, <@>, <@x>, <:a:>", ""),
        ("**bold** _it_ ||spoiler|| <https://example.com> \\<3", ""),
        ("`{bob}` and ``<#{general}> ` `` and\n```py\n<:a:1> {bob}\n```", ""),
        ("` {bob}", "` @Bob"),
        ("`` {bob} `", "`` @Bob `"),
        ("  two  spaces \n\n and lines", ""),
        ("<@٣>", ""),
    ],
)
async def test_people_and_places_are_called_by_their_names(
    scene: Scene, text: str, words: str
) -> None:
    """Where ``words`` is empty, nothing is changed."""
    thread = scene.general.thread("Plans", sender=scene.alice)
    await scene.ear.message()  # says in the channel that the thread is there
    named = {
        "alice": scene.alice.mention,
        "bob": scene.bob.mention,
        "bob_id": scene.bob.id,
        "cooks": scene.guild.add_role("Cooks"),
        "everyone": scene.guild.id,
        "general": scene.general.id,
        "thread": thread.id,
    }
    assert await text_of(scene, text.format(**named)) == (words or text).format(**named)


async def test_the_name_that_a_server_knows_somebody_by_is_theirs(scene: Scene) -> None:
    member: dict[str, Any] = scene.guild.member(scene.bob, with_user=False) | {"nick": "Bobby"}
    said = scene.general.send(f"ask {scene.bob.mention}", sender=scene.bob)
    mentions = [scene.bob.raw | {"member": member}]
    heard = read(scene.build(said, member=member, mentions=mentions), is_followed=True)
    assert heard is not None
    assert (heard.sender.name, heard.text) == ("Bobby", "ask @Bobby")


# ---------------------------------------------------------------- hostile names and texts


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Bob\n/new", "Bob /new"),
        ("Bob\x00\x1b[31m", "Bob [31m"),
        (f"{RIGHT_TO_LEFT}Bob{ZERO_WIDTH}", "Bob"),
        (FAMILY, FAMILY),
        ("Bob \ud83d", "Bob \ufffd"),
        (ZERO_WIDTH * 3, "account"),
        ("\u200d \u200d", "account"),
        (" \n ", "account"),
        ("<@1> `x` @everyone", "<@1> `x` @everyone"),
    ],
)
async def test_a_name_is_one_line_that_can_be_seen(scene: Scene, name: str, shown: str) -> None:
    eve = User(4321, "account", name)
    scene.service.world.users[eve.id] = eve
    scene.general.send(f"I am {eve.mention}.", sender=eve)
    heard = await scene.hear(is_followed=True)
    assert heard.sender == Sender("discord", "4321", shown)
    assert heard.text == f"I am @{shown}."


async def test_a_name_that_looks_like_a_mention_stands_for_nobody(scene: Scene) -> None:
    eve = User(4321, "account", scene.us.mention)
    scene.service.world.users[eve.id] = eve
    assert await text_of(scene, f"ask {eve.mention} now") == f"ask @{scene.us.mention} now"


@given(st.text(st.characters(), max_size=40))
def test_no_name_has_what_cannot_be_kept_or_seen(name: str) -> None:
    shown = clean_name(name)
    shown.encode()
    assert shown == " ".join(shown.split())
    assert clean_name(shown) == shown


def test_an_interaction_tells_the_language(scene: Scene) -> None:
    user = scene.bot.build_user(scene.bob.raw)
    assert read_sender(user, "pt-BR") == Sender("discord", str(scene.bob.id), "Bob", "pt-BR")


async def test_half_a_surrogate_pair_is_replaced(scene: Scene) -> None:
    text = await text_of(scene, f"\ud800 {scene.us.mention}\ude00 <:a:1>")
    assert text == "\ufffd \ufffd :a:"
    text.encode()


async def test_invisible_letters_of_a_text_are_left_as_they_are(scene: Scene) -> None:
    text = f"a{ZERO_WIDTH}b {RIGHT_TO_LEFT}c {FAMILY}"
    assert await text_of(scene, text) == text


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("{us}", ""),
        ("{us} ", ""),
        ("x{us}", "x" * 2000),
        ("{bob}", "@Bob" * 2000),
        ("<:a:1>", ":a:" * 2000),
    ],
)
async def test_two_thousand_mentions_are_read_in_one_go(
    scene: Scene, part: str, words: str
) -> None:
    said = scene.general.send(f"{scene.us.mention} {scene.bob.mention}")
    named = part.format(us=scene.us.mention, bob=scene.bob.mention)
    heard = read(scene.build(said, content=named * 2000))
    assert heard is not None
    assert heard.text == words


@pytest.mark.parametrize("text", ["`" * 4000, "` `` ``` " * 440, "<" * 4000, "<@" * 2000])
async def test_a_text_that_opens_much_and_closes_nothing_is_read(scene: Scene, text: str) -> None:
    said = scene.general.send("hello")
    heard = read(scene.build(said, content=text), is_followed=True)
    assert heard is not None
    assert heard.text == text


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("<@!&#:0123456789>` ,\na\ud800"), max_size=60))
def test_no_text_is_too_odd(scene: Scene, text: str) -> None:
    said = scene.general.send("hello")
    heard = read(scene.build(said, content=text), is_followed=True)
    assert heard is None or heard.text.encode() is not None


# ---------------------------------------------------------------- typed commands


@pytest.mark.parametrize(
    ("text", "command", "arguments"),
    [
        ("{us} /ask why? ", "ask", "why?"),
        ("{us} /ASK why?", "ask", "why?"),
        ("{us}, /ask\nwhy?", "ask", "why?"),
        ("{us}  /new", "new", ""),
        ("/new {us}", "new", ""),
        ("/image {us} a cat for {bob}", "image", "a cat for @Bob"),
        ("{us} /asking why?", "", "/asking why?"),
        ("{us} /ask/why", "", "/ask/why"),
        ("{us} /ban bob", "", "/ban bob"),
        ("{us} what is /ask", "", "what is /ask"),
        ("{us} `/new`", "", "`/new`"),
    ],
)
async def test_a_command_may_be_typed(
    scene: Scene, text: str, command: str, arguments: str
) -> None:
    scene.general.send(text.format(us=scene.us.mention, bob=scene.bob.mention))
    heard = await scene.hear()
    assert (heard.command, heard.text) == (command, arguments)


async def test_a_command_needs_no_mention_in_a_direct_chat(scene: Scene) -> None:
    scene.direct.send("/voice on")
    heard = await scene.hear()
    assert (heard.command, heard.text) == ("voice", "on")
