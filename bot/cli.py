"""The command line: ``parley``, which is ``python -m bot``."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from bot.config import Config, find_unread_names, load_config
from bot.logs import Scrubber, configure_logging
from handlers.errors import OperatorError

log = structlog.get_logger(__name__)

DEFAULT_CONFIG = Path("config.yaml")
BROKEN = 1
MISCONFIGURED = 2
INTERRUPTED = 130

Work = Coroutine[Any, Any, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the exit code: 0 done, 1 check found faults, 2 configuration."""
    options = _parser().parse_args(arguments)
    path: Path | None = options.config
    if path is None and DEFAULT_CONFIG.exists():
        path = DEFAULT_CONFIG
    scrub = Scrubber()
    try:
        config = load_config(path, os.environ)
        scrub = Scrubber(config.secrets)
        level = options.log_level or config.logging.level
        configure_logging(level, config.logging.format, config.secrets)
        for name in find_unread_names(path, os.environ):
            log.warning("a variable is not read", name=name, mend="PARLEY_<SECTION>__<KEY>")
        command: Callable[[Config], Work] = options.command
        return asyncio.run(command(config))
    except OperatorError as exc:
        line = " ".join(scrub(str(exc)).split())
        print(f"parley: {line}", file=sys.stderr)
        return MISCONFIGURED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument(
        "--config", type=Path, metavar="FILE", help="default: config.yaml, if there is one here"
    )
    parser = argparse.ArgumentParser(
        prog="parley",
        description="Talk to OpenAI from the chat apps already on your phone.",
        parents=[shared],
    )
    parser.add_argument("--version", action="version", version=f"parley {version('parley')}")
    parser.set_defaults(config=None, command=_run, log_level=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, command, log_level, purpose in (
        ("run", _run, None, "start the bot (what happens without a command)"),
        ("check", _check, "warning", "tell, line by line, what works and what does not"),
    ):
        subparser = commands.add_parser(name, help=purpose, description=purpose, parents=[shared])
        subparser.set_defaults(command=command, log_level=log_level)
    return parser


# What a command needs is imported with it: --help and a wrong key must not wait for the libraries.


def _run(config: Config) -> Work:
    from bot.bootstrap import run  # noqa: PLC0415

    return run(config)


def _check(config: Config) -> Work:
    from bot.check import check  # noqa: PLC0415

    async def work() -> int:
        return 0 if await check(config, print) else BROKEN

    return work()
