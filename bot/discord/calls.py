"""One try at a message: made, changed or taken back by the way that is open now.

All raise RefusedError, also if no way is open, or NotNowError.
"""

import asyncio
import hashlib
from collections.abc import Sequence

from bot.discord.delivery import (
    GoneError,
    NotNowError,
    RefusedError,
    TokenLostError,
    UncertainError,
    judged,
)
from bot.discord.rest import ORIGINAL, Json, Rest, Upload
from bot.discord.ways import Ways

NONCE_BYTES = 12
"""24 letters; Discord takes 25."""
SUPPRESS_EMBEDS, EPHEMERAL = 1 << 2, 1 << 6
NO_MENTIONS: Json = {"parse": [], "replied_user": False}
CANNOT_REPLY = 160002
"""To reply, the bot must be allowed to read what was said before."""
FORBIDDEN = 403
STOP_THINKING_S = 5.0
NO_WAY = "the interaction is over, and the bot may not write there by itself"


class Calls:
    def __init__(
        self, rest: Rest, ways: Ways, key: str, channel_id: int, reply_to: int | None
    ) -> None:
        """``key``: of the message that is answered. ``reply_to``: what the first message shows."""
        self.channel_id = channel_id
        self._rest = rest
        self._ways = ways
        self._key = key
        self._reply_to = reply_to
        self._followed: set[str] = set()
        """Ids of what went by the token."""
        self._thinking = asyncio.Lock()
        """Held while the thinking message is filled or taken away."""

    async def create(
        self,
        slot: str,
        number: int,
        body: Json,
        uploads: Sequence[Upload] = (),
        *,
        replaces: str = "",
        is_voice: bool = False,
    ) -> str:
        """The id of the number-th message of a slot. In a channel, again gives the same message.

        The first, number 0, shows what it replies to.

        ``replaces``: the id of the one before in its place. A voice message fills no other.
        """
        ways = self._ways
        await ways.ready()
        shut: RefusedError | None = None
        while True:
            is_open = ways.is_channel_open and shut is None
            may_fill = not replaces and not is_voice
            try:
                if may_fill and ways.may_fill(slot, number, is_last_way=not is_open):
                    if message_id := await self._fill(slot, number, body, uploads, is_open):
                        return message_id
                elif is_open:
                    try:
                        return await self._post(slot, number, body, uploads, replaces)
                    except RefusedError as refusal:
                        if is_voice or refusal.status != FORBIDDEN:
                            raise
                        # A token may still open what the channel does not (any more).
                        shut = refusal
                elif ways.is_token_alive:
                    return await self._follow_up(body, uploads)
                else:
                    raise shut or RefusedError(NO_WAY)
            except TokenLostError:
                ways.lose_token()

    async def change(self, message_id: str, body: Json, uploads: Sequence[Upload] = ()) -> None:
        """``message_id``: one of this answer's, or ORIGINAL for a message that was pressed."""
        ways = self._ways
        await ways.ready()
        is_original = message_id in (ORIGINAL, ways.original_id)
        if ways.has_token and (is_original or self._goes_by_token(message_id)):
            name = ORIGINAL if is_original else message_id
            try:
                await judged(self._rest.edit_reply(ways.token, name, body, uploads))
            except TokenLostError:
                ways.lose_token()
            except GoneError:
                if is_original:
                    await ways.lose_original()
                raise
            else:
                return
        known = ways.original_id if is_original else message_id
        if not ways.is_channel_open or not known:
            raise RefusedError(NO_WAY)
        await judged(self._rest.edit_message(self.channel_id, int(known), body, uploads))

    async def remove(self, message_id: str) -> None:
        """``message_id``: one of this answer's, or ORIGINAL."""
        ways = self._ways
        await ways.ready()
        is_original = message_id in (ORIGINAL, ways.original_id)
        if ways.is_token_alive and (is_original or self._goes_by_token(message_id)):
            try:
                name = ORIGINAL if is_original else message_id
                await judged(self._rest.delete_reply(ways.token, name))
            except TokenLostError:
                ways.lose_token()
            else:
                return
        if not ways.is_channel_open or message_id == ORIGINAL:
            raise RefusedError(NO_WAY)
        await judged(self._rest.delete_message(self.channel_id, int(message_id)))

    def _goes_by_token(self, message_id: str) -> bool:
        return message_id in self._followed or not self._ways.is_channel_open

    async def stop_thinking(self) -> None:
        """Take the thinking message away, unless something fills it. One try, of some seconds.

        Raises what other calls do, TimeoutError and StorageError; nothing fills it afterwards.
        """
        async with self._thinking:
            if not self._ways.is_thinking:
                return
            try:
                async with asyncio.timeout(STOP_THINKING_S):
                    await self.remove(ORIGINAL)
            except (RefusedError, NotNowError, TimeoutError):
                await self._ways.lose_original()
                raise
            await self._ways.lose_original()

    async def whisper(self, user_id: int, slot: str, body: Json) -> str:
        """In the direct chat with a person. Again gives the same message."""
        channel_id = await judged(self._rest.open_dm(user_id))
        nonce = self._nonce(slot, 0, "direct")
        message = await judged(self._rest.create_message(channel_id, body, nonce=nonce))
        return str(message["id"])

    async def type(self) -> None:
        await judged(self._rest.type(self.channel_id))

    # ------------------------------------------------------------ the ways

    async def _fill(
        self, slot: str, number: int, body: Json, uploads: Sequence[Upload], is_open: bool
    ) -> str:
        """The id of the thinking message; empty if it is not there for this (any more)."""
        ways = self._ways
        async with self._thinking:
            if not ways.may_fill(slot, number, is_last_way=not is_open):
                return ""
            await ways.begin_filling(slot, number)
            try:
                call = self._rest.edit_reply(ways.token, ORIGINAL, body, uploads)
                message_id = str((await judged(call))["id"])
            except GoneError:
                await ways.lose_original()
                return ""
            await ways.end_filling(message_id)
            return message_id

    async def _post(
        self, slot: str, number: int, body: Json, uploads: Sequence[Upload], replaces: str
    ) -> str:
        nonce = self._nonce(slot, number, replaces)
        message = await self._post_in_reply(number, body, uploads, nonce)
        message_id = str(message["id"])
        if not _shows(message, body):
            # It is from before a crash, or from a try whose answer was lost.
            try:
                await judged(self._rest.edit_message(self.channel_id, int(message_id), body))
            except GoneError:
                return await self._post(slot, number, body, uploads, message_id)
        return message_id

    async def _post_in_reply(
        self, number: int, body: Json, uploads: Sequence[Upload], nonce: str
    ) -> Json:
        if number or self._reply_to is None:
            call = self._rest.create_message(self.channel_id, body, uploads, nonce=nonce)
            return await judged(call)
        reference = {"message_id": str(self._reply_to), "fail_if_not_exists": False}
        reply = {**body, "message_reference": reference}
        try:
            call = self._rest.create_message(self.channel_id, reply, uploads, nonce=nonce)
            return await judged(call)
        except RefusedError as refusal:
            if refusal.code != CANNOT_REPLY and "message_reference" not in str(refusal):
                raise
            self._reply_to = None
        return await self._post_in_reply(number, body, uploads, nonce)

    async def _follow_up(self, body: Json, uploads: Sequence[Upload]) -> str:
        ways = self._ways
        if ways.follow_ups_left == 0:
            raise RefusedError("this interaction takes no more follow-ups")
        hidden = EPHEMERAL if ways.is_hidden else 0
        body = {**body, "flags": body.get("flags", 0) | hidden}
        # Counted before it is sent: one that is counted and not there does less harm.
        await ways.count_follow_up(1)
        try:
            message = await judged(self._rest.follow_up(ways.token, body, uploads))
        except NotNowError as failure:
            if failure.may_be_done:
                # There is no nonce, and no list to look it up in: nobody can know. What must
                # arrive is sent again, if need be twice; a preview is not.
                raise UncertainError(str(failure), failure.pause_s, may_be_done=True) from failure
            await ways.count_follow_up(-1)
            raise
        except (RefusedError, TokenLostError):
            await ways.count_follow_up(-1)
            raise
        self._followed.add(message_id := str(message["id"]))
        return message_id

    def _nonce(self, slot: str, number: int, replaces: str) -> str:
        """The same for the same message, also after a crash; another for the one in its place."""
        name = "\n".join((self._key, slot, str(number), replaces))
        return hashlib.blake2s(name.encode(), digest_size=NONCE_BYTES).hexdigest()


def _shows(message: Json, body: Json) -> bool:
    shown = str(message.get("content") or "").strip()
    wanted = str(body.get("content") or "").strip()
    return shown == wanted and _presses(message) == _presses(body)


def _presses(message: Json) -> list[str]:
    rows = message.get("components") or []
    return [part["custom_id"] for row in rows for part in row["components"]]
