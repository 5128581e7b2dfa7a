"""Logs: readable on a terminal, one JSON object a line elsewhere, and never a secret in them.

Everything goes through one handler: structlog's events, the standard library's loggers, warnings,
and the traceback of what ends the process. Whatever is bound with structlog.contextvars (``ref``,
the reference of a message) stands on every line that is logged in that context.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

OURS = ("bot", "handlers", "storage")
"""Only they are logged below WARNING. Libraries log there whatever passes through them: SQL with
its values, requests with their bodies, addresses with the bot's token in them."""
_LOWEST = {
    "asyncio": logging.ERROR,  # warns of slow callbacks with what they were called with
    # Its warnings name addresses, with tokens by which one may answer in a chat.
    "discord.http": logging.ERROR,
    "discord.webhook.async_": logging.ERROR,
    # A connection that is lost and taken up again is foreseen; what it means we say ourselves.
    "discord.shard": logging.CRITICAL + 1,
    "discord.gateway": logging.ERROR,
    "discord.client": logging.ERROR,  # warns at each start of voice calls, which we do not make
    # These say with a whole answer of Telegram what else is an exception, which we log.
    "telegram.Bot": logging.CRITICAL + 1,
    "telegram.ext.ExtBot": logging.CRITICAL + 1,
    "telegram.request.BaseRequest": logging.CRITICAL + 1,
}
SHORTEST_SECRET = 6
"""Placeholders such as ``none``, which servers without keys are given, are words of logs, too."""
HIDDEN = "[secret]"
_SHAPES = (
    r"(?<=/bot)\d+(?::|%3A)[\w-]+",  # in the addresses of Telegram's Bot API
    r"\b\d{6,}(?::|%3A)[\w-]{30,}",
    r"\bsk-[\w-]{16,}",
    r"(?<=[Bb]earer )[\w.~+/-]+=*",
    r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)",
)


class Scrubber:
    """Takes secrets out of texts: those that are known, and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= SHORTEST_SECRET
            for form in _spellings(secret)
        }
        known = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._pattern = re.compile("|".join((*known, *_SHAPES)))

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text)


def _spellings(secret: str) -> set[str]:
    """As it is, in an address, quoted by Python, and any of these inside JSON."""
    plain = (secret, repr(secret)[1:-1], quote(secret, safe=""))
    in_json = (
        json.dumps(form, ensure_ascii=is_ascii)[1:-1]
        for form in plain
        for is_ascii in (True, False)
    )
    return {*plain, *in_json}


def configure_logging(
    level: str, log_format: str, secrets: Iterable[str], stream: TextIO | None = None
) -> None:
    """Set up logging for the process. ``log_format``: auto, console or json.

    ``stream``: standard error unless given.
    """
    stream = stream or sys.stderr
    is_readable = log_format == "console" or (log_format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(Scrubber(secrets), is_readable, stream.isatty()))
    root = logging.getLogger()
    handler.addFilter(_holds_no_words)
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, getattr(logging, level.upper())))
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    sys.excepthook = _log_crash


def _holds_no_words(record: logging.LogRecord) -> bool:
    # Asked of every line, whatever level its logger has: some libraries choose their own.
    if record.name.partition(".")[0] in OURS:
        return True
    return record.levelno >= _LOWEST.get(record.name, logging.WARNING)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(
    scrub: Scrubber, is_readable: bool, has_colors: bool
) -> structlog.stdlib.ProcessorFormatter:
    renderer: Callable[[WrappedLogger, str, EventDict], str | bytes]
    if is_readable:
        renderer = structlog.dev.ConsoleRenderer(
            colors=has_colors, exception_formatter=structlog.dev.plain_traceback
        )
    else:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)

    def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
        # The whole line at the end: whatever was formatted into it, tracebacks too, is seen.
        return scrub(str(renderer(logger, name, event)))

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            render,
        ],
    )


def _log_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    structlog.get_logger(__name__).critical("crashed", exc_info=(kind, error, traceback))
