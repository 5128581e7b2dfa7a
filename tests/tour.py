"""``python -m tests.tour``: ``make run`` between emulated services, told as a transcript.

Starts the emulators, runs ``make run`` as an operator would, acts as people on their phones, and
prints what was sent and what came back, as Markdown. docs/first-run.md is its output.
"""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests import samples
from tests.emulators import discord as on_discord
from tests.emulators.discord import DiscordEmulator
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.telegram import Chat, Message, TelegramEmulator

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 300.0
"""The first ``make run`` on a machine installs everything."""
ANSWER_TIMEOUT_S = 30.0


def tell(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class TelegramTour:
    def __init__(self, telegram: TelegramEmulator, openai: OpenAIEmulator, chat: Chat) -> None:
        self.telegram = telegram
        self.openai = openai
        self.chat = chat
        self.shown = 0

    async def take(self) -> None:
        tell("## A text\n")
        tell("- Alice: Why is the sky blue?")
        self.openai.answer = lambda call: "Air scatters **blue** light more than red: `1/λ⁴`."
        self.chat.send_text("Why is the sky blue?")
        await self.see(1)

        tell("\n## An album\n")
        self.openai.answer = lambda call: (
            "I see "
            + ", ".join(f"{p.width}x{p.height} in {p.colour}" for p in call.last_user.images)
        )
        for number, colour in enumerate(("red", "green", "blue")):
            caption = "What are these?" if number == 0 else ""
            tell(f"- Alice: a 4000x3000 JPEG, {colour}{f', “{caption}”' if caption else ''}")
            self.chat.send_photo(samples.jpeg(4000, 3000, colour), caption, album="trip")
        await self.see(1)

        tell("\n## A voice note\n")
        tell("- Alice: 2 s of OGG/Opus")
        self.openai.transcripts = "what did I send you before"
        self.openai.answer = lambda call: (
            f"Three pictures, and I still see {sum(len(m.images) for m in call.messages)} of them."
        )
        self.chat.send_voice(samples.ogg_opus(2), 2)
        await self.see(3)

    async def see(self, count: int) -> None:
        """Wait for so many more messages of the bot, and tell them."""
        wanted = self.shown + count
        await self.telegram.wait_until(
            lambda: len(self.chat.bot_messages) >= wanted, ANSWER_TIMEOUT_S
        )
        for message in self.chat.bot_messages[self.shown : wanted]:
            tell(f"- Parley: {described(message)}")
        self.shown = wanted


class DiscordTour:
    def __init__(self, discord: DiscordEmulator, openai: OpenAIEmulator) -> None:
        self.discord = discord
        self.openai = openai
        self.bob = discord.user("bob")
        self.general = discord.guild("Family", [self.bob]).text_channel("general")

    async def take(self) -> None:
        tell("\n## In a server\n")
        self.openai.answer = lambda call: "About **384,400 km**, a little over a light second."
        tell("- Bob in #general: @Parley how far is the moon?")
        self.general.send("how far is the moon?", mention_bot=True)
        await self.see(self.general, "384,400")

        tell("\n## A command, answered in a thread\n")
        self.openai.answer = lambda call: "Day 1: the old town."
        tell("- Bob: /ask prompt: Plan three days in Lisbon thread: True")
        asked = self.general.slash("ask", prompt="Plan three days in Lisbon", thread=True)
        starter = await asked.wait_for_reply(contains="Lisbon", timeout_s=ANSWER_TIMEOUT_S)
        tell(f"- Parley in #general: {described_on_discord(starter)}")
        await self.discord.wait_until(lambda: starter.id in self.discord.world.channels)
        thread = self.discord.channel(starter.id)
        await self.see(thread, "Day 1")
        self.openai.answer = lambda call: "Day 2: the sea."
        tell("- Bob, in the thread, without naming the bot: and the second?")
        thread.send("and the second?", sender=self.bob)
        await self.see(thread, "Day 2")

        tell("\n## A voice message, by a message menu\n")
        self.openai.transcripts = "see you at eight"
        tell("- Bob: presses and holds a voice message of 2 s, Apps, Transcribe")
        voice = self.general.send_voice_message(samples.ogg_opus(2), 2)
        called = self.general.context_menu("Transcribe", voice)
        reply = await called.wait_for_reply(timeout_s=ANSWER_TIMEOUT_S)
        tell(f"- Parley: {described_on_discord(reply)}")

    async def see(self, channel: on_discord.Channel, words: str) -> None:
        """Wait for the whole answer that holds these words, and tell it."""
        answer = await channel.wait_for_bot_message(contains=words, timeout_s=ANSWER_TIMEOUT_S)
        await self.discord.wait_until(lambda: "↻ Retry" in described_on_discord(answer))
        tell(f"- Parley in #{channel.name}: {described_on_discord(answer)}")


def described_on_discord(message: on_discord.Message) -> str:
    buttons = " ".join(f"[{part['label']}]" for part in message.components)
    return "  ".join(filter(None, (f"“{message.content}”", buttons)))


def described(message: Message) -> str:
    if message.voice:
        return f"a voice message, {len(message.voice):,} bytes of OGG/Opus"
    marks = ", ".join(f"{e['type']} at {e['offset']}+{e['length']}" for e in message.entities)
    buttons = " ".join(f"[{label}]" for row in message.buttons for label in row)
    return "  ".join(filter(None, (f"“{message.text}”", f"({marks})" if marks else "", buttons)))


async def main() -> int:
    async with TelegramEmulator() as telegram, DiscordEmulator() as discord, OpenAIEmulator() as ai:
        with tempfile.TemporaryDirectory() as folder:
            return await run(telegram, discord, ai, Path(folder))


async def run(
    telegram: TelegramEmulator, discord: DiscordEmulator, openai: OpenAIEmulator, folder: Path
) -> int:
    alice = telegram.user(101, "Alice")
    in_discord = DiscordTour(discord, openai)
    environment = {
        **os.environ,
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "OPENAI_API_KEY": openai.api_key or "",
        "OPENAI_BASE_URL": openai.base_url,
        "PARLEY_TELEGRAM__API_BASE_URL": telegram.api_base_url,
        "PARLEY_STORAGE__PATH": str(folder / "parley.db"),
        "DISCORD_BOT_TOKEN": discord.token,
        "PARLEY_DISCORD__API_BASE_URL": discord.api_base_url,
        "PARLEY_DISCORD__GATEWAY_URL": discord.gateway_url,
        "PARLEY_ACCESS__USERS": f"telegram:101,discord:{in_discord.bob.id}",
        "PARLEY_WEB__PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        "make",
        "run",
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        process_group=0,
    )
    try:
        await telegram.wait_until(lambda: telegram.calls_of("getUpdates"), START_TIMEOUT_S)
        await discord.wait_until(
            lambda: discord.gateway.connected and discord.commands(), START_TIMEOUT_S
        )
        tell("# A first run\n")
        tell("What `python -m tests.tour` prints: `make run` between the emulated services of")
        tell("tests/emulators, Alice writing on Telegram, then Bob on Discord.\n")
        await TelegramTour(telegram, openai, telegram.private(alice)).take()
        await in_discord.take()
        tell("\n## The services' side\n")
        # What was said is learned for /search beside the answers, whenever there is time.
        asked = [r.route for r in openai.requests if r.route != "/embeddings"]
        requests = ", ".join(f"`{route}`" for route in asked)
        tell(f"- Requests to the model's service, in order: {requests}")
        tell("- Beside them, for /search: `/embeddings`")
        tell(f"- Rules of Telegram broken: {len(telegram.violations)}")
        tell(f"- Rules of Discord broken: {len(discord.violations)}")
        tell(f"- Rules of the model's service broken: {len(openai.violations)}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
    return 1 if telegram.violations or discord.violations or openai.violations else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
