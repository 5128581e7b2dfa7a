"""Does Telegram know the bot? For ``python -m bot check``."""

from telegram import Bot
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError, TimedOut

from bot.telegram.transport import AiohttpRequest
from handlers.errors import KeyRefusedError, ServiceDownError, ServiceRejectedError


async def check_token(token: str, api_base_url: str, file_base_url: str) -> str:
    """What getMe tells, in a line. KeyRefusedError, ServiceDownError or ServiceRejectedError."""
    request = AiohttpRequest()
    bot = Bot(
        token,
        base_url=api_base_url,
        base_file_url=file_base_url,
        request=request,
        get_updates_request=request,
    )
    # The library's own words are left out: they may quote the token.
    try:
        async with bot:  # asks getMe
            me = bot.bot
    except InvalidToken as exc:
        raise KeyRefusedError(
            "telegram.token: not known to Telegram; copy it anew from @BotFather"
        ) from exc
    except TimedOut as exc:
        raise ServiceDownError("telegram.api_base_url: no answer") from exc
    except BadRequest as exc:
        raise ServiceRejectedError("telegram.api_base_url: getMe was refused") from exc
    except NetworkError as exc:
        raise ServiceDownError("telegram.api_base_url: cannot be reached") from exc
    except TelegramError as exc:
        raise ServiceRejectedError(
            f"telegram.api_base_url: getMe was refused ({type(exc).__name__})"
        ) from exc
    groups = "reads" if me.can_read_all_group_messages else "does not read"
    return f"@{me.username} (in groups it {groups} what is not addressed to it)"
