"""What Discord demands of the content of a message, and whom the message notifies."""

from __future__ import annotations

import re

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.files import MAX_FILES
from tests.emulators.discord_service.places import ChannelState
from tests.emulators.discord_service.values import (
    EMPTY_MESSAGE,
    TOO_LARGE,
    ApiError,
    Json,
    Pings,
    Upload,
    breach,
    invalid_form,
)

MAX_CONTENT = 2000
MAX_EMBEDS, MAX_EMBED_CHARACTERS = 10, 6000
MAX_ROWS, MAX_IN_ROW = 5, 5
MAX_CUSTOM_ID, MAX_LABEL = 100, 80
COMPONENTS_V2 = 1 << 15
ALLOWED_FLAGS = 1 << 2 | 1 << 12 | 1 << 13  # suppress embeds, silent, voice message
LINK, PREMIUM = 5, 6
BUTTON, SELECTS = 2, {3, 5, 6, 7, 8}
ENFORCED = {"users", "roles", "everyone"}
CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)


def check_content(body: Json, *, is_interaction: bool = False) -> None:
    """Everything about a message's fields but its files."""
    content = body.get("content")
    if content is not None and len(content) > MAX_CONTENT:
        said = f"Must be {MAX_CONTENT} or fewer in length."
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", said)
    flags = body.get("flags") or 0
    allowed = ALLOWED_FLAGS | (1 << 6 if is_interaction else 0)
    if flags & COMPONENTS_V2:
        raise invalid_form("flags", "EMULATOR", "components v2 are not emulated")
    if flags & ~allowed:
        raise invalid_form("flags", "MESSAGE_FLAGS_INVALID", f"Flags {flags & ~allowed} not valid")
    _check_embeds(body.get("embeds") or [])
    check_components(body.get("components") or [])
    _check_allowed_mentions(body.get("allowed_mentions"))


def check_not_empty(body: Json, file_count: int) -> None:
    shown = (body.get("content") or "").strip()
    extras = any(body.get(key) for key in ("embeds", "components", "sticker_ids", "poll"))
    if not shown and not extras and not file_count:
        raise breach(EMPTY_MESSAGE, "Cannot send an empty message")


def check_files(body: Json, files: dict[int, Upload], known: set[str], limit_bytes: int) -> None:
    """``known`` are the ids of the files that the message already has."""
    named = {str(one.get("id")) for one in body.get("attachments") or []}
    if unknown_ids := named - known - {str(index) for index in files}:
        said = f"No file for the attachments {sorted(unknown_ids)}"
        raise invalid_form("attachments", "ATTACHMENT_NOT_FOUND", said)
    kept = len(known & named) if body.get("attachments") is not None else len(known)
    if len(files) + kept > MAX_FILES:
        said = f"Must be {MAX_FILES} or fewer in length."
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", said)
    if any(len(upload.content) > limit_bytes for upload in files.values()):
        raise breach(TOO_LARGE, "Request entity too large", 413)


def check_components(rows: list[Json]) -> None:
    if len(rows) > MAX_ROWS:
        raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5.")
    seen: set[str] = set()
    for index, row in enumerate(rows):
        where = f"components.{index}"
        if row.get("type") != 1:
            said = 'Value of field "type" must be one of (1,).'
            raise invalid_form(f"{where}.type", "BASE_TYPE_CHOICES", said)
        parts = row.get("components") or []
        if not 1 <= len(parts) <= MAX_IN_ROW:
            said = "Must be between 1 and 5 in length."
            raise invalid_form(f"{where}.components", "BASE_TYPE_BAD_LENGTH", said)
        if any(part["type"] in SELECTS for part in parts) and len(parts) > 1:
            said = "The specified component exceeds the maximum width"
            raise invalid_form(f"{where}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", said)
        for place, part in enumerate(parts):
            _check_component(part, f"{where}.components.{place}", seen)


def _check_component(part: Json, where: str, seen: set[str]) -> None:
    is_link = part["type"] == BUTTON and part.get("style") in {LINK, PREMIUM}
    custom_id = part.get("custom_id")
    if not is_link and not custom_id:
        raise invalid_form(f"{where}.custom_id", "BASE_TYPE_REQUIRED", "This field is required")
    if custom_id:
        if len(custom_id) > MAX_CUSTOM_ID:
            said = f"Must be {MAX_CUSTOM_ID} or fewer in length."
            raise invalid_form(f"{where}.custom_id", "BASE_TYPE_MAX_LENGTH", said)
        if custom_id in seen:
            said = "Component custom id cannot be duplicated"
            raise invalid_form(f"{where}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", said)
        seen.add(custom_id)
    if part["type"] != BUTTON:
        return
    if len(part.get("label") or "") > MAX_LABEL:
        said = f"Must be {MAX_LABEL} or fewer in length."
        raise invalid_form(f"{where}.label", "BASE_TYPE_MAX_LENGTH", said)
    if part.get("style") == LINK and (not part.get("url") or custom_id):
        said = "A link button has a url and no custom id"
        raise invalid_form(f"{where}.url", "BUTTON_COMPONENT_URL_REQUIRED", said)
    if part.get("style") != PREMIUM and not part.get("label") and not part.get("emoji"):
        said = "A button must have a label or emoji"
        raise invalid_form(where, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", said)


def _check_embeds(embeds: list[Json]) -> None:
    if len(embeds) > MAX_EMBEDS:
        said = f"Must be {MAX_EMBEDS} or fewer in length."
        raise invalid_form("embeds", "BASE_TYPE_MAX_LENGTH", said)
    total = 0
    for index, embed in enumerate(embeds):
        fields = embed.get("fields") or []
        for name, limit in (("title", 256), ("description", 4096)):
            if len(embed.get(name) or "") > limit:
                said = f"Must be {limit} or fewer in length."
                raise invalid_form(f"embeds.{index}.{name}", "BASE_TYPE_MAX_LENGTH", said)
        texts = [embed.get("title"), embed.get("description")]
        texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
        texts += [field.get(key) for field in fields for key in ("name", "value")]
        total += sum(len(text or "") for text in texts)
    if total > MAX_EMBED_CHARACTERS:
        said = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", said)


def _check_allowed_mentions(allowed: Json | None) -> None:
    if not allowed:
        return
    parsed = set(allowed.get("parse") or [])
    for kind in ("users", "roles"):
        if kind in parsed and allowed.get(kind):
            said = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise invalid_form("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", said)


def find_mentions(channel: ChannelState, text: str) -> Json:
    """The fields of a message about whom its text names, notified or not."""
    spoken = CODE.sub(" ", text)
    users = {int(number) for number in re.findall(r"<@!?(\d+)>", spoken)}
    known = channel.world.users
    return {
        "mentions": [known[number].raw for number in sorted(users) if number in known],
        "mention_roles": sorted(set(re.findall(r"<@&(\d+)>", spoken))),
        "mention_everyone": bool(re.search(r"@(everyone|here)\b", spoken)),
    }


def judge_mentions(
    channel: ChannelState, body: Json, replied_author: int | None
) -> tuple[Json, Pings]:
    """What a message of the bot shows of its mentions, and whom they notify.

    Without allowed_mentions everybody who is named is notified, and who is replied to.
    """
    named = find_mentions(channel, body.get("content") or "")
    allowed = body.get("allowed_mentions")
    if allowed is None:
        allowed = {"parse": sorted(ENFORCED), "replied_user": True}
    parsed = set(allowed.get("parse") or [])
    users = {int(user["id"]) for user in named["mentions"]}
    roles = {int(number) for number in named["mention_roles"]}
    if "users" not in parsed:
        users &= {int(number) for number in allowed.get("users") or []}
    if "roles" not in parsed:
        roles &= {int(number) for number in allowed.get("roles") or []}
    if replied_author is not None and allowed.get("replied_user"):
        users.add(replied_author)
    may_ping_all = bool(channel.allowed & permissions.MENTION_EVERYONE) and channel.guild
    is_everyone = bool(named["mention_everyone"] and "everyone" in parsed and may_ping_all)
    people = channel.world.users
    shown: Json = {"mentions": [people[number].raw for number in sorted(users)]}
    shown |= {"mention_roles": [str(number) for number in sorted(roles)]}
    users.discard(channel.world.bot.id)
    pings = Pings(frozenset(users), frozenset(roles), is_everyone)
    return shown | {"mention_everyone": is_everyone}, pings


def check_reference(channel: ChannelState, body: Json) -> int | None:
    """The author of the message that is replied to, None if there is no reply."""
    reference = body.get("message_reference")
    if not reference or reference.get("type", 0) != 0:
        return None
    replied = channel.message(int(reference["message_id"]))
    if replied is None:
        if reference.get("fail_if_not_exists", True):
            # a deleted message may happen to anybody; discord.py's Message.reply fails so too
            errors = {
                "_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]
            }
            form = {"message_reference": errors}
            raise ApiError(400, 50035, "Invalid Form Body", errors=form)
        return None
    if not channel.allowed & permissions.READ_MESSAGE_HISTORY:
        raise ApiError(403, 160002, "You cannot reply without permission to read message history")
    if replied.body["type"] in {18, 21}:
        form = {
            "message_reference": {
                "_errors": [
                    {
                        "code": "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
                        "message": "Cannot reply to a system message",
                    }
                ]
            }
        }
        raise ApiError(400, 50035, "Invalid Form Body", errors=form, is_violation=True)
    return replied.author.id
