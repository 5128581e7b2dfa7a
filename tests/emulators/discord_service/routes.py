"""The operations that the emulator serves, by the names of Discord's own description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.emulators.discord_service.commands import Commands
from tests.emulators.discord_service.directory import Directory
from tests.emulators.discord_service.interactions import Interactions
from tests.emulators.discord_service.messages import Messages
from tests.emulators.discord_service.values import Call

Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    run: Handler

    @property
    def has_token_in_path(self) -> bool:
        """Interactions and webhooks are authorised by their token, not by the bot's."""
        return self.path.startswith(("/interactions/", "/webhooks/"))


def list_operations(
    messages: Messages, interactions: Interactions, commands: Commands, places: Directory
) -> list[Operation]:
    """Literal paths before those with a placeholder in the same place."""
    channel = "/channels/{channel_id}"
    message = f"{channel}/messages/{{message_id}}"
    reaction = f"{message}/reactions/{{emoji_name}}/@me"
    webhook = "/webhooks/{webhook_id}/{webhook_token}"
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    app = "/applications/{application_id}"
    original, followup = f"{webhook}/messages/@original", f"{webhook}/messages/{{message_id}}"
    table: list[tuple[str, str, str, Handler]] = [
        ("create_message", "POST", f"{channel}/messages", messages.create),
        ("list_messages", "GET", f"{channel}/messages", messages.list_recent),
        ("get_message", "GET", message, messages.get),
        ("update_message", "PATCH", message, messages.update),
        ("delete_message", "DELETE", message, messages.delete),
        ("add_my_message_reaction", "PUT", reaction, messages.react),
        ("delete_my_message_reaction", "DELETE", reaction, messages.unreact),
        ("trigger_typing_indicator", "POST", f"{channel}/typing", messages.type),
        ("get_channel", "GET", channel, places.get_channel),
        ("update_channel", "PATCH", channel, places.update_channel),
        ("create_thread", "POST", f"{channel}/threads", places.create_thread),
        (
            "create_thread_from_message",
            "POST",
            f"{message}/threads",
            places.create_thread_from_message,
        ),
        ("join_thread", "PUT", f"{channel}/thread-members/@me", places.join_thread),
        (
            "list_public_archived_threads",
            "GET",
            f"{channel}/threads/archived/public",
            places.list_archived_threads,
        ),
        (
            "get_active_guild_threads",
            "GET",
            "/guilds/{guild_id}/threads/active",
            places.list_active_threads,
        ),
        ("list_guild_channels", "GET", "/guilds/{guild_id}/channels", places.list_guild_channels),
        ("get_guild_member", "GET", "/guilds/{guild_id}/members/{user_id}", places.get_member),
        ("get_guild", "GET", "/guilds/{guild_id}", places.get_guild),
        ("create_dm", "POST", "/users/@me/channels", places.create_dm),
        ("list_my_guilds", "GET", "/users/@me/guilds", places.list_my_guilds),
        ("get_my_user", "GET", "/users/@me", places.get_me),
        ("get_user", "GET", "/users/{user_id}", places.get_user),
        ("get_gateway", "GET", "/gateway", places.get_gateway),
        ("get_bot_gateway", "GET", "/gateway/bot", places.get_bot_gateway),
        (
            "get_my_oauth2_application",
            "GET",
            "/oauth2/applications/@me",
            places.get_application,
        ),
        ("get_my_application", "GET", "/applications/@me", places.get_application),
        ("create_interaction_response", "POST", callback, interactions.respond),
        ("execute_webhook", "POST", webhook, interactions.follow_up),
        ("get_original_webhook_message", "GET", original, interactions.get_message),
        ("update_original_webhook_message", "PATCH", original, interactions.edit_message),
        ("delete_original_webhook_message", "DELETE", original, interactions.delete_message),
        ("get_webhook_message", "GET", followup, interactions.get_message),
        ("update_webhook_message", "PATCH", followup, interactions.edit_message),
        ("delete_webhook_message", "DELETE", followup, interactions.delete_message),
    ]
    for infix, base in (("", app), ("guild_", f"{app}/guilds/{{guild_id}}")):
        many, one = f"{base}/commands", f"{base}/commands/{{command_id}}"
        table += [
            (f"list_{infix}application_commands", "GET", many, commands.list_all),
            (f"bulk_set_{infix}application_commands", "PUT", many, commands.replace_all),
            (f"create_{infix}application_command", "POST", many, commands.create),
            (f"get_{infix}application_command", "GET", one, commands.get),
            (f"delete_{infix}application_command", "DELETE", one, commands.delete),
        ]
    return [Operation(*row) for row in table]
