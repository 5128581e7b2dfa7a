"""Assistants: one of somebody's own making answers in a chat."""

from tests.contract.stage import Stage
from tests.emulators.openai import Answer


async def test_an_assistant_answers_where_it_was_chosen_and_outlives_a_restart(
    stage: Stage,
) -> None:
    alice, private = stage.alice()
    room = stage.platform.room(alice)
    stage.openai.script(
        "chat", Answer("Boil water."), Answer("As usual."), Answer("Boil it again.")
    )
    async with stage.running():
        await private.command("assistant", "new chef You are a chef. Be short.")
        await private.wait_for("chef is there")
        private.say("How do I make tea?")
        await private.wait_for("Boil water.")
        room.say("And here?")
        await room.wait_for("As usual.")
    async with stage.running():
        private.say("And for two?")
        await private.wait_for("Boil it again.")
        private.press("My usual self")
        await private.wait_for("I am my usual self here")

    told = [call.system for call in stage.openai.chats()]
    assert [text.startswith("You are a chef. Be short.") for text in told] == [True, False, True]


async def test_an_assistant_answers_from_its_files_and_nobody_else_does(stage: Stage) -> None:
    alice, private = stage.alice()
    room = stage.platform.room(alice)
    house = b"The heating is serviced every March by the firm Lindqvist."
    async with stage.running():
        private.send_file(house, "house.txt", "text/plain", "/assistant new guide Be brief.")
        await private.wait_for("house.txt")
        private.say("Which firm services the heating?")
        await private.wait_for("Which firm services the heating?")
        await private.command("assistant", "use off")
        await private.wait_for("I am my usual self here")
        private.say("Who services the heating, which firm?")
        await private.wait_for("Who services the heating, which firm?")
        room.say("Which firm services the heating here?")
        await room.wait_for("Which firm services the heating here?")

    told = [call.last_user.text for call in stage.openai.chats()]
    assert ["Lindqvist" in text for text in told] == [True, False, False]
