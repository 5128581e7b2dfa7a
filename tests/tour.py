"""``python -m tests.tour``: ``make run`` between emulated services, told as a transcript.

Starts the emulators, runs ``make run`` as an operator would, acts as a person on a phone, and
prints what was sent and what came back, as Markdown. docs/first-run.md is its output.
"""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests import samples
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.telegram import Chat, Message, TelegramEmulator

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 300.0
"""The first ``make run`` on a machine installs everything."""
ANSWER_TIMEOUT_S = 30.0


def tell(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Tour:
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


def described(message: Message) -> str:
    if message.voice:
        return f"a voice message, {len(message.voice):,} bytes of OGG/Opus"
    marks = ", ".join(f"{e['type']} at {e['offset']}+{e['length']}" for e in message.entities)
    buttons = " ".join(f"[{label}]" for row in message.buttons for label in row)
    return "  ".join(filter(None, (f"“{message.text}”", f"({marks})" if marks else "", buttons)))


async def main() -> int:
    async with TelegramEmulator() as telegram, OpenAIEmulator() as openai:
        with tempfile.TemporaryDirectory() as folder:
            return await run(telegram, openai, Path(folder))


async def run(telegram: TelegramEmulator, openai: OpenAIEmulator, folder: Path) -> int:
    alice = telegram.user(101, "Alice")
    environment = {
        **os.environ,
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "OPENAI_API_KEY": openai.api_key or "",
        "OPENAI_BASE_URL": openai.base_url,
        "PARLEY_TELEGRAM__API_BASE_URL": telegram.api_base_url,
        "PARLEY_STORAGE__PATH": str(folder / "parley.db"),
        "PARLEY_ACCESS__USERS": "telegram:101",
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
        tell("# A first run\n")
        tell("What `python -m tests.tour` prints: `make run` between the emulated services of")
        tell("tests/emulators, and Alice writing from her phone.\n")
        await Tour(telegram, openai, telegram.private(alice)).take()
        tell("\n## The services' side\n")
        requests = ", ".join(f"`{r.route}`" for r in openai.requests)
        tell(f"- Requests to the model's service, in order: {requests}")
        tell(f"- Rules of Telegram broken: {len(telegram.violations)}")
        tell(f"- Rules of the model's service broken: {len(openai.violations)}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
    return 1 if telegram.violations or openai.violations else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
