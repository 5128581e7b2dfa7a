"""Who is answered, and that nobody reads what others said."""

import re

from tests.contract.stage import Stage


async def test_a_stranger_is_told_how_to_get_in_and_costs_nothing(stage: Stage) -> None:
    alice, chat = stage.alice()
    async with stage.running(ACCESS__MODE="listed"):
        chat.send_too_large_a_picture()
        line = await chat.wait_for(alice.key)
        await chat.command("image", "a red fox")
        await chat.wait_for(alice.key, 2)

    assert chat.texts == [line.text] * 2
    assert stage.openai.requests == []
    assert stage.platform.downloads == 0


async def test_a_stranger_is_told_once_and_whoever_calls_a_command_each_time(
    stage: Stage,
) -> None:
    alice, bob = stage.platform.person("Alice"), stage.platform.person("Bob")
    room = stage.platform.room(alice, bob)

    def times_told() -> int:
        return len([text for text in room.texts if alice.key in text])

    async with stage.running(ACCESS__MODE="listed", ACCESS__USERS=bob.key):
        room.say("hi")
        room.say("hello?")
        room.say("one", sender=bob)
        await room.wait_for("echo: Bob: one")
        told_for_words = times_told()
        for count in (2, 3):
            await room.command("usage")
            await room.wait_for(alice.key, count)
        room.say("two", sender=bob)
        await room.wait_for("echo: Bob: two")

    assert told_for_words == 1
    assert times_told() == 3
    assert stage.questions() == ["Bob: one", "Bob: two"]


async def test_two_peoples_private_chats_know_nothing_of_each_other(stage: Stage) -> None:
    _, chat = stage.alice()
    bob = stage.platform.private(stage.platform.person("Bob"))
    async with stage.running():
        chat.say("my word is sesame")
        await chat.wait_for("sesame")
        await chat.command("persona", "You are an oyster.")
        await chat.wait_for("From now on")
        bob.say("which word?")
        await bob.wait_for("which word?")

    assert not re.search("sesame|oyster", stage.openai.chats()[-1].prompt)
    assert bob.texts == ["echo: which word?"]


async def test_a_private_chat_and_a_room_know_nothing_of_each_other(stage: Stage) -> None:
    alice, chat = stage.alice()
    room = stage.platform.room(alice)
    async with stage.running():
        chat.say("my word is sesame")
        await chat.wait_for("sesame")
        room.say("our word is oyster")
        await room.wait_for("oyster")
        chat.say("which word?")
        await chat.wait_for("which word?")

    private, public, again = stage.openai.chats()
    assert "sesame" not in public.prompt
    assert "oyster" not in private.prompt + again.prompt
    assert "sesame" in again.prompt


async def test_the_places_of_a_community_know_nothing_of_each_other(stage: Stage) -> None:
    alice = stage.platform.person("Alice")
    places = stage.platform.neighbours(alice)
    words = [f"secret{number}" for number in range(len(places))]
    async with stage.running():
        for place, word in zip(places, words, strict=True):
            place.say(f"remember {word}")
            await place.wait_for(word)
        for place, word in zip(places, words, strict=True):
            place.say("which word?")
            await place.wait_for("which word?")
            assert re.findall(r"secret\d", stage.openai.chats()[-1].prompt)[0] == word
            assert set(re.findall(r"secret\d", stage.openai.chats()[-1].prompt)) == {word}

    assert [len(place.shown) for place in places] == [2] * len(places)
