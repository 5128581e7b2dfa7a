"""Does Discord know the bot, and may it read? For ``python -m bot check``."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
from discord import ApplicationFlags
from discord.http import HTTPClient

from bot.discord.client import point_at
from bot.discord.permissions import REQUIRED_PERMISSIONS
from handlers.errors import KeyRefusedError, ServiceDownError, ServiceRejectedError

TIMEOUT_S = 20.0
"""For all of it. The library asks a broken server again for about as long."""
_PORTAL = "discord.com/developers/applications"
_NOT_DISCORD = "discord.api_base_url: what answers there is not Discord's API"
# What the library raises on answers that are JSON of another shape, or none.
_ODD_ANSWERS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Finding:
    text: str
    is_warning: bool = False


async def check_token(
    token: str, api_base_url: str, gateway_url: str = "", timeout_s: float = TIMEOUT_S
) -> list[Finding]:
    """The bot's name, what keeps it from reading or from being invited, and its invite link.

    Nothing connects to the gateway. KeyRefusedError, ServiceDownError or ServiceRejectedError,
    none of which quotes the token. Where Discord is holds for the whole process afterwards.
    """
    if not token.isascii() or not token.isprintable():
        raise KeyRefusedError("discord.token: holds letters that no token has; copy it anew")
    point_at(api_base_url, gateway_url)
    http = HTTPClient(asyncio.get_running_loop())
    # The library's own words are left out: they may quote what a stranger's server says.
    try:
        async with asyncio.timeout(timeout_s):
            return list(_read(*await _ask(http, token)))
    except discord.LoginFailure as exc:
        raise KeyRefusedError(
            f"discord.token: not known to Discord; reset it at {_PORTAL}, Bot, and copy it anew"
        ) from exc
    except TimeoutError as exc:
        raise ServiceDownError("discord.api_base_url: no answer") from exc
    except discord.DiscordServerError as exc:
        raise ServiceDownError(f"discord.api_base_url: answers with {exc.status}") from exc
    except discord.HTTPException as exc:
        raise ServiceRejectedError(
            f"discord.api_base_url: the request was refused ({exc.status})"
        ) from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise ServiceDownError("discord.api_base_url: cannot be reached") from exc
    except _ODD_ANSWERS as exc:
        raise ServiceRejectedError(_NOT_DISCORD) from exc
    finally:
        await http.close()


async def _ask(http: HTTPClient, token: str) -> tuple[Any, Any]:
    """The bot and its application, as Discord describes them."""
    return await http.static_login(token), await http.application_info()


def _read(me: Any, application: Any) -> Iterator[Finding]:
    """Raises one of _ODD_ANSWERS if it was not Discord that answered."""
    name, number = str(me["username"]), me.get("discriminator", "0")
    servers = application.get("approximate_guild_count")
    yield Finding(
        (name if number == "0" else f"{name}#{number}")
        + (f", in {servers} server{'' if servers == 1 else 's'}" if servers is not None else "")
    )
    flags = ApplicationFlags._from_value(int(application["flags"]))  # noqa: SLF001  # no other way
    if not (flags.gateway_message_content or flags.gateway_message_content_limited):
        yield Finding(
            "the message content intent is off: only direct messages, mentions and commands carry "
            f"words; switch it on at {_PORTAL}, Bot, Privileged Gateway Intents",
            is_warning=True,
        )
    if application.get("bot_require_code_grant"):
        yield Finding(
            f"nobody can invite the bot: switch off Requires OAuth2 Code Grant at {_PORTAL}, Bot",
            is_warning=True,
        )
    link = discord.utils.oauth_url(
        int(application["id"]),
        permissions=REQUIRED_PERMISSIONS,
        scopes=("bot", "applications.commands"),
    )
    yield Finding(f"invite it with {link}")
