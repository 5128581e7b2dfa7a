"""A server of tools that speaks the protocol by hand, of 2025-06-18, with faults by name.

``python tests/emulators/mcp_script.py FAULT``: it needs nothing, so it is there at once.
"""

import base64
import json
import os
import subprocess
import sys
import time
from typing import Any

FAULT = sys.argv[1] if len(sys.argv) > 1 else ""
OBJECT = {"type": "object", "properties": {}}
TOOLS: list[dict[str, Any]] = [
    {"name": name, "description": f"Do {name}.", "inputSchema": OBJECT}
    for name in (
        "ok",
        "many",
        "struct",
        "long",
        "wide",
        "deep",
        "image",
        "pid",
        "hang",
        "grow",
        "heard",
        "die",
    )
]
heard: list[str] = []
"""The methods of what came, and what was cancelled."""


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def say_id_last(request: int, result: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"result": result, "jsonrpc": "2.0", "id": request}) + "\n")
    sys.stdout.flush()


def text(*words: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": one} for one in words]}


def call(request: int, name: str) -> None:
    match name:
        case "many":  # within the size that is taken
            say(id=request, result=text(*["x" * 20] * 90_000))
        case "struct":
            say(id=request, result={"content": [], "structuredContent": {"a": [*range(250_000)]}})
        case "long":
            say(id=request, result=text("x" * 14_000_000))
        case "wide":
            say_id_last(request, {"content": [], "structuredContent": {"a": [{}] * 2_000_000}})
        case "deep":
            sys.stdout.write(f'{{"jsonrpc": "2.0", "id": {request}, "result": {"[" * 100_000}\n')
            sys.stdout.flush()
        case "image":
            forged = {"type": "image", "mimeType": "image/png"}
            forged["data"] = base64.b64encode(b"no picture" * 1_000).decode()
            say(id=request, result={"content": [forged]})
        case "pid":
            child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)  # noqa: S607
            say(id=request, result=text(f"{os.getpid()} {child.pid}"))
        case "hang":
            heard.append(f"hang {request}")
        case "grow":
            TOOLS.append({"name": "late", "description": "Later.", "inputSchema": OBJECT})
            say(method="notifications/tools/list_changed")
            say(id=request, result=text("grown"))
        case "die":
            os._exit(3)
        case "heard":
            say(id=request, result=text(*heard))
        case _:
            say(id=request, result=text("ok"))


def answer(message: dict[str, Any]) -> None:
    method, request = message.get("method"), message.get("id")
    if method == "notifications/cancelled":
        heard.append(f"cancelled {message['params']['requestId']}")
    elif request is None:
        return
    elif method == "initialize":
        about = {"name": "script", "version": "1"}
        version, capabilities = "2025-06-18", {"tools": {"listChanged": True}}
        result = {
            "protocolVersion": version, "capabilities": capabilities, "serverInfo": about
        }  # fmt: skip
        say(id=request, result=result)
    elif method == "tools/list":
        if FAULT == "cursor":
            say(id=request, result={"tools": [], "nextCursor": "again"})
            return
        say(id=request, result={"tools": [*_broken(), *TOOLS]})
    elif method == "tools/call":
        call(request, message["params"]["name"])
    else:
        say(id=request, error={"code": -32601, "message": "no such method"})


def _broken() -> list[Any]:
    if FAULT != "broken":
        return []
    return [
        {"name": "list", "inputSchema": {"type": "array"}},
        {"name": "typo", "inputSchema": {"type": "object", "properties": {"a": {"type": "strin"}}}},
        {"name": "odd", "inputSchema": {"type": "object", "properties": {"a": 3}}},
        {"name": 7, "inputSchema": OBJECT},
        {"name": "none"},
        "words",
    ]


def main() -> None:
    if FAULT == "silent":
        time.sleep(600)
    for line in sys.stdin:
        answer(json.loads(line))


main()
