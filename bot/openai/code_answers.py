"""What a background answer says of itself: its state, the code that ran, and what came of it."""

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from handlers.errors import ContentRefusedError, ParleyError
from handlers.messages import Capability, UsageEntry
from handlers.ports.code import CodeCall, Look, MadeFile, RunState

_STATES = {
    "queued": RunState.QUEUED,
    "in_progress": RunState.IN_PROGRESS,
    "requires_action": RunState.NEEDS_TOOL,
    "completed": RunState.COMPLETED,
    "failed": RunState.FAILED,
    "incomplete": RunState.INCOMPLETE,
    "cancelled": RunState.CANCELLED,
    "cancelling": RunState.IN_PROGRESS,
    "expired": RunState.EXPIRED,
}
_WANTS = frozenset({"function_call", "mcp_approval_request", "custom_tool_call"})
_RUNNING = frozenset({"in_progress", "interpreting"})
_TARGET = re.compile(
    # Brackets in pairs, and one that closes in the midst of a file's name.
    r"\]\(<?(?:sandbox:)?(/mnt/data/(?:[^()<>\n]|\([^()\n]*\)|\)(?=[^\s()\[\]]*\.\w{1,8}\)))*?)"
    r"(?:[ \t]+\"[^\"\n]*\")?>?\)(?![^\s()\[\]]*\.\w{1,8}\))"
)
_BARE = re.compile(r"sandbox:(/mnt/data/[^\s)\]`'\"]*\w)")
_MAX_WORDS = 300
_MAX_PICTURE = 64 * 1024 * 1024


async def read_look(told: Any, client: Client, catalogue: ModelCatalogue) -> Look:
    output = find_list(told, "output")
    status = find_text(told, "status")
    state = _STATES.get(status, RunState.IN_PROGRESS)
    texts = [_read_text(item) for item in output if find(item, "type") == "message"]
    if state in (RunState.COMPLETED, RunState.IN_PROGRESS) and _waits_for_tool(output):
        state = RunState.NEEDS_TOOL
    calls = [item for item in output if find(item, "type") == "code_interpreter_call"]
    whole = "\n\n".join(text for text in texts if text)
    text, named = unlinked(whole)
    model = find_text(told, "model")
    return Look(
        state=state,
        text=text,
        calls=tuple([await _read_call(call, is_over=state.is_over) for call in calls]),
        files=_read_files(output),
        named=named,
        usage=_read_usage(told, model, catalogue) if state.is_over else (),
        failure=_read_failure(told, state, client, model),
    )


def _waits_for_tool(output: Sequence[Any]) -> bool:
    return bool(output) and find(output[-1], "type") in _WANTS


def _read_text(message: Any) -> str:
    parts = find_list(message, "content")
    return "".join(find_text(part, "text") + find_text(part, "refusal") for part in parts)


def unlinked(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without links into the container, which lead nowhere, and the paths of those."""
    paths: list[str] = []
    done, end = "", 0
    for link in _TARGET.finditer(text):
        paths.append(link[1])
        # A picture may stand in the words of a link: what is left of it is in what is done.
        done += text[end : link.start()]
        opened = _find_opening(done)
        if opened < 0:
            done += _base(link[1])
        elif done[:opened].endswith("!"):
            done = done[: opened - 1]
        else:
            done = done[:opened] + done[opened + 1 :]
        end = link.end()
    done += text[end:]
    paths += _BARE.findall(done)
    done = _BARE.sub(lambda bare: _base(bare[1]), done)
    return done.strip(), tuple(dict.fromkeys(paths))


def _find_opening(text: str) -> int:
    """Where the bracket is that opens a link's words, which end where ``text`` does; else -1."""
    depth = 1
    start = max(0, len(text) - _MAX_WORDS)
    for place in range(len(text) - 1, start - 1, -1):
        depth += {"]": 1, "[": -1}.get(text[place], 0)
        if depth == 0:
            return place
    # A bracket in a file's name may have no other.
    return text.rfind("[", max(start, text.rfind("\n") + 1))


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


async def _read_call(call: Any, *, is_over: bool) -> CodeCall:
    outputs = find_list(call, "outputs")
    logs = [find_text(one, "logs") for one in outputs if find(one, "type") == "logs"]
    urls = [find_text(one, "url") for one in outputs if find(one, "type") == "image"]
    pictures = [await asyncio.to_thread(_decode, url) for url in urls]
    status = find_text(call, "status")
    return CodeCall(
        code=find_text(call, "code"),
        logs="\n".join(filter(None, logs)),
        pictures=tuple(filter(None, pictures)),
        is_running=status in _RUNNING and not is_over,
        is_failed=status in ("failed", "incomplete") or (status in _RUNNING and is_over),
    )


def _decode(url: str) -> bytes:
    """The picture in a data URL; none of any other address, which may lead anywhere."""
    head, _, encoded = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        return b""
    if len(encoded) > _MAX_PICTURE:
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


def _read_files(output: Sequence[Any]) -> tuple[MadeFile, ...]:
    """Those that the answer names, each once."""
    found: dict[str, MadeFile] = {}
    for item in output:
        for part in find_list(item, "content"):
            for note in find_list(part, "annotations"):
                if find(note, "type") == "container_file_citation":
                    made = MadeFile(
                        find_text(note, "container_id"),
                        find_text(note, "file_id"),
                        find_text(note, "filename"),
                    )
                    if made.id and made.container:
                        found.setdefault(made.id, made)
    return tuple(found.values())


def _read_usage(told: Any, model: str, catalogue: ModelCatalogue) -> tuple[UsageEntry, ...]:
    asked, answered = (find_count(told, "usage", f"{kind}_tokens") for kind in ("input", "output"))
    if asked is None or answered is None:
        return ()
    cached = find_count(told, "usage", "input_tokens_details", "cached_tokens")
    entry = UsageEntry(
        Capability.CODE,
        model,
        input_tokens=asked,
        cached_tokens=cached or 0,
        output_tokens=answered,
    )
    return (catalogue.price(entry),)


def _read_failure(told: Any, state: RunState, client: Client, model: str) -> ParleyError | None:
    if state is RunState.FAILED:
        return client.map_failure(read_failure(find(told, "error")), model)
    if state is RunState.INCOMPLETE:
        reason = find_text(told, "incomplete_details", "reason")
        if reason == "content_filter":
            return ContentRefusedError("the answer was filtered")
    return None
