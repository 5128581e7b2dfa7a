"""Commands, menus, buttons, forms and completions, as the real discord.py brings them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.discord.address import Address, Opening, channel_key
from bot.discord.controls import components
from bot.discord.interactions import Response
from bot.discord.rest import ORIGINAL
from handlers.messages import AttachmentKind, Button, ChatSettings, IncomingMessage, Origin
from handlers.texts import say
from tests.emulators.discord import (
    Channel,
    DiscordEmulator,
    Guild,
    Interaction,
    Message,
    Upload,
    User,
    permissions,
)
from tests.fakes import FakeSettings
from tests.integration.discord_desk import Desk, open_desk
from tests.unit.emulators.discord_client import point_at

PUBLIC, PRIVATE, RELEASED, SHOWN_FORM = (5, False), (5, True), (6, False), (9, False)
MENU = ((Button("Again", "retry"), Button("auto", "voice auto"), Button("Persona", "persona")),)


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator("test-token") as emulator:
        point_at(emulator, monkeypatch)
        yield emulator


@pytest.fixture
def alice(service: DiscordEmulator) -> User:
    return service.user("alice")


@pytest.fixture
def bob(service: DiscordEmulator) -> User:
    return service.user("bob")


@pytest.fixture
def guild(service: DiscordEmulator, alice: User, bob: User) -> Guild:
    return service.guild("Guild", [alice, bob])


@pytest.fixture
def general(guild: Guild) -> Channel:
    return guild.text_channel("general")


@pytest.fixture
def settings() -> FakeSettings:
    return FakeSettings()


@pytest.fixture
async def desk(
    service: DiscordEmulator, general: Channel, settings: FakeSettings
) -> AsyncIterator[Desk]:
    async with open_desk(service, settings) as desk:
        yield desk
    assert service.violations == []


def address_of(message: IncomingMessage) -> Address:
    return Address.decode(message.reply_ref)


async def how(interaction: Interaction) -> tuple[int, bool]:
    """Discord's number of the first response, and whether it is for one person alone."""
    ack = await interaction.wait_for_ack()
    return ack.kind, ack.is_ephemeral


async def show_hidden_menu(desk: Desk, channel: Channel, sender: User) -> Message:
    asked = channel.slash("settings", sender)
    message = await desk.next_message()
    body = {"content": "menu", "components": components(MENU)}
    await desk.rest.edit_reply(address_of(message).token, ORIGINAL, body)
    return asked.replies[0]


# ---------------------------------------------------------------- commands


async def test_a_command_becomes_a_message(alice: User, general: Channel, desk: Desk) -> None:
    asked = general.slash("ask", alice, prompt=" why?\ud800 ")
    message = await desk.next_message()
    assert await how(asked) == PUBLIC
    assert message.key == f"discord:i:{asked.id}"
    assert message.chat == channel_key(general.id, general.guild_id)
    assert (message.command, message.text) == ("ask", "why?\ufffd")
    assert (message.sender.key, message.sender.name) == (f"discord:{alice.id}", "Alice")
    assert message.sender.language == "en-US"
    assert message.message_id == str(asked.id)
    assert (message.origin, message.is_group) == (Origin.MESSAGE, True)
    assert message.sent_at == pytest.approx(asked.began_s, abs=0.01)
    assert not message.wants_thread
    address = address_of(message)
    assert address.opening is Opening.LOADING
    assert (address.token, address.application_id) == (asked.token, general.world.application_id)
    assert address.expires_at == pytest.approx(message.sent_at + 900)
    assert (address.is_hidden, address.may_write) == (False, True)
    assert address.file_bytes == 10 << 20


@pytest.mark.parametrize(
    ("name", "options", "text", "expected"),
    [
        ("start", {}, "", PRIVATE),
        ("help", {}, "", PRIVATE),
        ("new", {}, "", PUBLIC),
        ("image", {"prompt": "a cat"}, "a cat", PUBLIC),
        ("translate", {"text": "hola"}, "hola", PUBLIC),
        ("retry", {}, "", PUBLIC),
        ("stop", {}, "", PRIVATE),
        ("model", {"name": "other", "effort": "low"}, "other effort low", PRIVATE),
        ("voice", {"mode": "on", "name": "nova"}, "on nova", PRIVATE),
        ("voice", {}, "", PRIVATE),
        ("persona", {"text": "a poet"}, "a poet", PRIVATE),
        ("settings", {"language": "pt-BR"}, "language pt-BR", PRIVATE),
        ("usage", {}, "", PRIVATE),
    ],
)
async def test_every_command_is_acknowledged_as_the_table_says(
    general: Channel,
    desk: Desk,
    name: str,
    options: dict[str, Any],
    text: str,
    expected: tuple[int, bool],
) -> None:
    asked = general.slash(name, None, **options)
    message = await desk.next_message()
    assert await how(asked) == expected
    assert (message.command, message.text) == (name, text)
    assert address_of(message).is_hidden is expected[1]


@pytest.mark.parametrize("name", ["describe", "transcribe"])
async def test_a_file_of_a_command_is_its_attachment(
    general: Channel, desk: Desk, name: str
) -> None:
    asked = general.slash(name, file=Upload("cat.png", b"\x89PNG", "image/png"))
    message = await desk.next_message()
    assert await how(asked) == PUBLIC
    (file,) = message.attachments
    assert (file.kind, file.name, file.size_bytes) == (AttachmentKind.PHOTO, "cat.png", 4)
    assert file.ref.startswith("http")
    assert " " not in file.ref


async def test_several_files_keep_their_order(general: Channel, desk: Desk) -> None:
    files: dict[str, Any] = {
        name: Upload(f"{name}.png", b"x", "image/png") for name in ("file2", "file", "file4")
    }
    general.slash("ask", None, prompt="compare", **files)
    message = await desk.next_message()
    names = [file.name for file in message.attachments]
    assert names == ["file.png", "file2.png", "file4.png"]


async def test_the_limit_for_files_is_that_of_the_server(
    service: DiscordEmulator, alice: User, desk: Desk
) -> None:
    boosted = service.guild("Boosted", [alice], filesize_limit=50 << 20).text_channel()
    boosted.slash("new")
    assert address_of(await desk.next_message()).file_bytes == 50 << 20


async def test_a_command_that_is_no_longer_ours_is_answered_with_a_line(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    old = {"type": 1, "name": "sing", "description": "Sing"}
    await desk.rest.put_commands([old, {"type": 2, "name": "Poke"}, {"type": 3, "name": "Rhyme"}])
    for asked in (general.slash("sing"), general.context_menu("Rhyme", general.send("a"))):
        heard, is_acknowledged = await desk.next()
        assert is_acknowledged
        assert heard.message is None
        assert (await asked.wait_for_ack()).is_ephemeral
        assert asked.replies[0].content == say("unknown_command")
    assert service.refused_calls == []


# ---------------------------------------------------------------- where it is asked


async def test_a_thread_is_wanted_where_one_can_be_opened(
    service: DiscordEmulator, alice: User, guild: Guild, general: Channel, desk: Desk
) -> None:
    general.slash("ask", prompt="why?", thread=True)
    assert (await desk.next_message()).wants_thread
    general.slash("ask", prompt="why?", thread=False)
    assert not (await desk.next_message()).wants_thread
    may_not_open = permissions.BOT_PERMISSIONS & ~permissions.CREATE_PUBLIC_THREADS
    elsewhere = service.guild("Elsewhere", [alice], has_bot=False).text_channel()
    places = [
        general.thread("a thread"),
        service.dm(alice),
        guild.text_channel("strict", bot_permissions=may_not_open),
    ]
    for place in places:
        place.slash("ask", alice, prompt="why?", thread=True)
        assert not (await desk.next_message()).wants_thread
    elsewhere.slash("ask", alice, as_user_app=True, prompt="why?", thread=True)
    assert not (await desk.next_message()).wants_thread


async def test_a_thread_is_a_chat_of_its_own(general: Channel, desk: Desk) -> None:
    thread = general.thread("a thread")
    thread.slash("new")
    message = await desk.next_message()
    assert message.chat == channel_key(thread.id, general.guild_id)
    assert address_of(message).may_write


async def test_a_direct_chat_is_no_group(service: DiscordEmulator, alice: User, desk: Desk) -> None:
    chat = service.dm(alice)
    chat.slash("new")
    message = await desk.next_message()
    assert message.chat == channel_key(chat.id, None)
    assert not message.is_group
    assert address_of(message).may_write


async def test_where_the_bot_may_not_write_it_knows(
    guild: Guild, general: Channel, desk: Desk
) -> None:
    may_all = permissions.BOT_PERMISSIONS
    silent = guild.text_channel(bot_permissions=may_all & ~permissions.SEND_MESSAGES)
    silent.slash("new")
    assert not address_of(await desk.next_message()).may_write
    hidden = guild.text_channel(bot_permissions=may_all & ~permissions.VIEW_CHANNEL)
    hidden.slash("new")
    assert not address_of(await desk.next_message()).may_write
    no_threads = may_all & ~permissions.SEND_MESSAGES_IN_THREADS
    general.allow_bot(no_threads)
    general.slash("new")
    assert address_of(await desk.next_message()).may_write
    general.thread("a thread").slash("new")
    assert not address_of(await desk.next_message()).may_write


async def test_a_persons_own_installation_works_where_the_bot_is_not(
    service: DiscordEmulator, alice: User, bob: User, desk: Desk
) -> None:
    elsewhere = service.guild("Elsewhere", [alice, bob], has_bot=False).text_channel()
    for place in (elsewhere, service.private_chat(alice, bob)):
        asked = place.slash("ask", alice, as_user_app=True, prompt="why?")
        message = await desk.next_message()
        assert await how(asked) == PUBLIC
        assert message.chat == channel_key(place.id, place.guild_id)
        assert message.is_group
        assert not address_of(message).may_write
        said = place.send("look", sender=bob)
        place.context_menu("Describe image", said, alice, as_user_app=True)
        quoted = (await desk.next_message()).quoted
        assert quoted is not None
        assert (quoted.author, quoted.text) == ("Bob", "look")


# ---------------------------------------------------------------- menus of messages


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("Transcribe", "transcribe"),
        ("Translate to English", "translate"),
        ("Describe image", "describe"),
    ],
)
async def test_a_menu_quotes_the_message_that_it_is_on(
    alice: User, bob: User, general: Channel, desk: Desk, name: str, command: str
) -> None:
    said = general.send("look", sender=bob, attachments=[Upload("a.png", b"x", "image/png")])
    asked = general.context_menu(name, said, alice)
    message = await desk.next_message()
    assert await how(asked) == PUBLIC
    assert (message.command, message.text) == (command, "")
    assert message.message_id == str(asked.id)
    quoted = message.quoted
    assert quoted is not None
    assert (quoted.message_id, quoted.author, quoted.text) == (str(said.id), "Bob", "look")
    (file,) = quoted.attachments
    assert file.ref.endswith(f" {general.id}/{said.id}/{said.files[0].id}")


async def open_question(general: Channel, desk: Desk, said: Message, user: User) -> Interaction:
    asked = general.context_menu("Ask about this", said, user)
    heard, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert heard.message is None
    assert await how(asked) == SHOWN_FORM
    return asked


async def test_a_question_about_a_message_is_asked_in_a_form(
    service: DiscordEmulator, alice: User, bob: User, general: Channel, desk: Desk
) -> None:
    said = general.send("42", sender=bob)
    asked = await open_question(general, desk, said, alice)
    assert (await asked.wait_for_modal())["title"] == "Ask about this message"
    with pytest.raises(ValueError, match="is required"):
        general.submit_modal(asked, {})
    sent = general.submit_modal(asked, {"Your question": "is it right?"})
    message = await desk.next_message()
    assert await how(sent) == PUBLIC
    assert message.key == f"discord:i:{sent.id}"
    assert (message.command, message.text) == ("ask", "is it right?")
    assert message.quoted is not None
    assert (message.quoted.author, message.quoted.text) == ("Bob", "42")
    assert address_of(message).token == sent.token
    assert service.calls_of("get_message") == []


async def test_a_form_that_was_open_over_a_restart_finds_its_message(
    service: DiscordEmulator, alice: User, bob: User, general: Channel, desk: Desk
) -> None:
    thread = general.thread("a thread")
    for place in (general, thread):
        asked = await open_question(place, desk, place.send("42", sender=bob), alice)
        desk.restart()
        sent = place.submit_modal(asked, {"Your question": "is it right?"})
        quoted = (await desk.next_message()).quoted
        assert quoted is not None
        assert quoted.text == "42"
        assert await how(sent) == PUBLIC
    assert len(service.calls_of("get_message")) == 2


async def test_a_form_about_a_message_that_is_gone_is_answered_with_a_line(
    service: DiscordEmulator, alice: User, bob: User, general: Channel, desk: Desk
) -> None:
    said = general.send("42", sender=bob)
    asked = await open_question(general, desk, said, alice)
    desk.restart()
    general.delete(said)
    sent = general.submit_modal(asked, {"Your question": "is it right?"})
    heard, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert heard.message is None
    assert (await sent.wait_for_ack()).is_ephemeral
    assert sent.replies[0].content == say("message_gone")


async def test_a_forged_form_reads_no_message_of_another_channel(
    service: DiscordEmulator, alice: User, bob: User, guild: Guild, general: Channel, desk: Desk
) -> None:
    secret = guild.text_channel("secret")
    kept = secret.send("the code is 7", sender=bob)
    await open_question(secret, desk, kept, bob)
    asked = await open_question(general, desk, general.send("42", sender=bob), alice)
    assert asked.modal is not None
    asked.modal["custom_id"] = f"form:ask:{secret.id}:{kept.id}"
    sent = general.submit_modal(asked, {"Your question": "what is the code?"})
    heard, _ = await desk.next()
    assert heard.message is None
    assert sent.replies[0].content == say("message_gone")
    assert service.calls_of("get_message") == []


@pytest.mark.parametrize("custom_id", ["theirs", "form:sing", "form:ask:a:b", "form:"])
async def test_a_form_that_is_not_ours_is_answered_with_a_line(
    general: Channel, desk: Desk, custom_id: str
) -> None:
    asked = general.slash("persona")
    await desk.next()
    assert asked.modal is not None
    asked.modal["custom_id"] = custom_id
    sent = general.submit_modal(asked, {})
    heard, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert heard.response is Response.LINE
    assert sent.replies[0].is_ephemeral


# ---------------------------------------------------------------- the persona's form


async def test_the_form_of_the_persona_shows_it_and_sets_it(
    general: Channel, desk: Desk, settings: FakeSettings
) -> None:
    settings.stored[channel_key(general.id, general.guild_id)] = ChatSettings(persona="a poet")
    asked = general.slash("persona")
    heard, _ = await desk.next()
    assert heard.message is None
    assert await how(asked) == SHOWN_FORM
    (part,) = (await asked.wait_for_modal())["components"]
    assert part["component"]["value"] == "a poet"
    sent = general.submit_modal(asked, {"In your words; empty: my usual self": "a\npirate"})
    message = await desk.next_message()
    assert await how(sent) == PRIVATE
    assert (message.command, message.text) == ("persona", "a\npirate")
    assert message.origin is Origin.MESSAGE
    assert address_of(message).is_hidden


async def test_an_empty_form_stands_for_the_default(general: Channel, desk: Desk) -> None:
    asked = general.slash("persona")
    await desk.next()
    general.submit_modal(asked, {"words": "  "})
    message = await desk.next_message()
    assert (message.command, message.text) == ("persona", "default")


async def test_a_persona_that_has_no_room_in_the_form_is_not_lost_by_sending_it(
    general: Channel, desk: Desk, settings: FakeSettings
) -> None:
    chat = channel_key(general.id, general.guild_id)
    settings.stored[chat] = ChatSettings(persona="😀" * 2001)
    asked = general.slash("persona")
    await desk.next()
    (part,) = (await asked.wait_for_modal())["components"]
    assert "value" not in part["component"]
    with pytest.raises(ValueError, match="is required"):
        general.submit_modal(asked, {})


async def test_a_button_opens_the_form_as_well(alice: User, general: Channel, desk: Desk) -> None:
    menu = await desk.show_buttons(general, components(MENU))
    pressed = general.press(menu, "Persona", alice)
    await desk.next()
    assert await how(pressed) == SHOWN_FORM
    sent = general.submit_modal(pressed, {"words": "a pirate"})
    message = await desk.next_message()
    assert await how(sent) == PRIVATE
    assert (message.command, message.text, message.origin) == ("persona", "a pirate", "message")
    assert address_of(message).opening is Opening.LOADING


# ---------------------------------------------------------------- buttons


async def test_a_press_is_the_command_that_the_button_carries(
    alice: User, bob: User, general: Channel, desk: Desk
) -> None:
    menu = await desk.show_buttons(general, components(MENU))
    pressed = general.press(menu, "auto", bob)
    message = await desk.next_message()
    assert await how(pressed) == RELEASED
    assert message.key == f"discord:i:{pressed.id}"
    assert (message.command, message.text) == ("voice", "auto")
    assert (message.origin, message.message_id) == (Origin.BUTTON, str(menu.id))
    assert message.sender.name == "Bob"
    address = address_of(message)
    assert address.opening is Opening.PRESSED
    assert not address.is_hidden
    general.press(menu, "Again", bob)
    assert (await desk.next_message()).command == "retry"


async def test_a_press_under_what_one_person_sees_stays_between_the_two(
    alice: User, general: Channel, desk: Desk
) -> None:
    menu = await show_hidden_menu(desk, general, alice)
    pressed = general.press(menu, "auto", alice)
    message = await desk.next_message()
    assert await how(pressed) == RELEASED
    address = address_of(message)
    assert (address.opening, address.is_hidden) == (Opening.PRESSED, True)


@pytest.mark.parametrize("custom_id", ["theirs", "do:", "do:sing a song"])
async def test_a_button_that_does_nothing_any_more_says_so(
    general: Channel, desk: Desk, custom_id: str
) -> None:
    button = {"type": 2, "style": 2, "label": "Old", "custom_id": custom_id}
    old = await desk.show_buttons(general, [{"type": 1, "components": [button]}])
    pressed = general.press(old, "Old")
    heard, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert heard.message is None
    assert (await pressed.wait_for_ack()).is_ephemeral
    assert pressed.replies[0].content == say("unknown_command")


# ---------------------------------------------------------------- completions


async def test_completions_are_offered_while_typing(
    general: Channel, desk: Desk, settings: FakeSettings
) -> None:
    typed = general.type_option("voice", "name", "n")
    assert [choice["value"] for choice in await typed.wait_for_choices()] == ["nova"]
    typed = general.type_option("model", "effort", "", name="other")
    choices = await typed.wait_for_choices()
    assert [choice["value"] for choice in choices] == ["low", "high", "default"]
    settings.stored[channel_key(general.id, general.guild_id)] = ChatSettings(model="other")
    typed = general.type_option("model", "effort", "h")
    assert [choice["name"] for choice in await typed.wait_for_choices()] == ["high"]
    typed = general.type_option("model", "name", "m" * 101)
    assert await typed.wait_for_choices() == []


# ---------------------------------------------------------------- strangers


async def test_a_stranger_is_answered_in_private_whatever_it_was(
    alice: User, bob: User, general: Channel, desk: Desk
) -> None:
    desk.refuse(bob)
    said = general.send("42", sender=alice)
    menu = await desk.show_buttons(general, components(MENU))
    asked = [
        general.slash("ask", bob, prompt="why?"),
        general.slash("persona", bob),
        general.context_menu("Transcribe", said, bob),
        general.context_menu("Ask about this", said, bob),
        general.press(menu, "Again", bob),
        general.press(menu, "Persona", bob),
    ]
    for one in asked:
        message = await desk.next_message()
        assert await how(one) == PRIVATE
        address = address_of(message)
        assert (address.opening, address.is_hidden) == (Opening.LOADING, True)
        assert message.sender.name == "Bob"
    typed = general.type_option("voice", "name", "n", bob)
    assert await typed.wait_for_choices() == []


async def test_who_became_a_stranger_over_a_form_is_answered_in_private(
    service: DiscordEmulator, alice: User, bob: User, general: Channel, desk: Desk
) -> None:
    asked = await open_question(general, desk, general.send("42", sender=bob), alice)
    desk.restart()
    desk.refuse(alice)
    sent = general.submit_modal(asked, {"Your question": "is it right?"})
    await desk.next_message()
    assert await how(sent) == PRIVATE
    assert service.calls_of("get_message") == []
