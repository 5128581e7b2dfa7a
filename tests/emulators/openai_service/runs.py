"""Background answers of Responses that run code: they come further each time they are looked at.

Nothing is run: a test says what the code was, what it gave, and what became of it.
"""

import asyncio
import base64
import itertools
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.emulators.openai_service.containers import Container, Containers
from tests.emulators.openai_service.errors import ApiError, refuse_unless
from tests.emulators.openai_service.ledger import Ledger
from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.steps import Usage

TOOL = "code_interpreter"
SESSION = "code_interpreter"
_INCLUDE = "code_interpreter_call.outputs"
End = Literal["completed", "failed", "incomplete", "cancelled", "needs_tool", "expired"]


@dataclass(frozen=True, slots=True)
class Ran:
    """A piece of code, and what it gave."""

    code: str
    logs: str = ""
    pictures: Sequence[bytes] = ()
    """PNG; told as outputs of the code."""
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class RunScript:
    """What a run does: one state for each look, then its end."""

    text: str = "Done."
    calls: Sequence[Ran] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """That it makes, by name; each is linked to in the text and cited."""
    is_cited: bool = True
    """False: the text links to them and nothing else tells of them."""
    end: End = "completed"
    error: Mapping[str, str] = field(
        default_factory=lambda: {"code": "server_error", "message": "It broke."}
    )
    reason: str = "max_output_tokens"
    """With ``incomplete``."""
    usage: Usage | None = field(default_factory=lambda: Usage(1200, 300, 200))
    """None: it is never told."""
    gate: asyncio.Event | None = None
    """It comes no further than its last piece of code, until this is set."""


@dataclass
class Run:
    id: str
    owner: str
    call: ChatCall
    container: Container
    script: RunScript
    looks: int = 0
    status: str = "queued"
    is_cancelled: bool = False

    @property
    def is_over(self) -> bool:
        return self.status not in ("queued", "in_progress")


class Runs:
    def __init__(self, containers: Containers, ledger: Ledger) -> None:
        self.scripts: deque[RunScript] = deque()
        self.all: dict[str, Run] = {}
        """Those that the service still keeps."""
        self.begun = 0
        self.cancelled: list[str] = []
        self.deleted: list[str] = []
        self._containers = containers
        self._ledger = ledger
        self._numbers = itertools.count(1)

    def begin(self, call: ChatCall, owner: str) -> dict[str, Any]:
        body = call.body
        refuse_unless(
            body.get("store") is not False, "Background mode requires 'store' to be true.", "store"
        )
        refuse_unless(not body.get("stream"), "This emulator is polled.", "stream")
        tools = [tool for tool in body.get("tools") or () if tool.get("type") == TOOL]
        refuse_unless(len(tools) == 1, "No code interpreter is among the tools.", "tools")
        place = tools[0]["container"]
        refuse_unless(isinstance(place, str), "This emulator wants a container's id.", "tools")
        container = self._containers.find_alive(place, owner)
        run_id = f"resp_{next(self._numbers):08d}{time.monotonic_ns():x}"
        script = self.scripts.popleft() if self.scripts else RunScript()
        run = Run(run_id, owner, call, container, script)
        self.all[run_id] = run
        self.begun += 1
        return self._told(run)

    def look(self, run_id: str, owner: str, include: Sequence[str]) -> dict[str, Any]:
        run = self._find(run_id, owner)
        if not run.is_over:
            self._advance(run)
        if run.status == "expired":
            del self.all[run_id]
            self._find(run_id, owner)
        return self._told(run, has_outputs=_INCLUDE in include or self._asked(run))

    def cancel(self, run_id: str, owner: str) -> dict[str, Any]:
        run = self._find(run_id, owner)
        if not run.is_over:
            run.status = "cancelled"
            self.cancelled.append(run_id)
            self._bill(run)
        return self._told(run)

    def delete(self, run_id: str, owner: str) -> dict[str, Any]:
        self._find(run_id, owner)
        del self.all[run_id]
        self.deleted.append(run_id)
        return {"id": run_id, "object": "response", "deleted": True}

    def _find(self, run_id: str, owner: str) -> Run:
        run = self.all.get(run_id)
        if run is None or run.owner != owner:
            raise ApiError(f"Response with id '{run_id}' not found.", status=404)
        return run

    @staticmethod
    def _asked(run: Run) -> bool:
        return _INCLUDE in (run.call.body.get("include") or ())

    def _advance(self, run: Run) -> None:
        """Queued, thinking, each piece of code, and the end."""
        run.looks += 1
        if run.looks == 1:
            return
        gate = run.script.gate
        is_held = gate is not None and not gate.is_set()
        last = 2 + len(run.script.calls)
        run.looks = min(run.looks, last if is_held else last + 1)
        run.status = "in_progress"
        if run.looks <= last:
            return
        run.status = "completed" if run.script.end == "needs_tool" else run.script.end
        if run.script.end == "completed":
            for name, data in run.script.files.items():
                self._containers.put(run.container, name, data, "assistant")
        self._bill(run)

    def _bill(self, run: Run) -> None:
        if run.script.usage is not None:
            self._ledger.bill_chat(run.call.model, run.script.usage, is_told=True)

    # ------------------------------------------------------------ what is told

    def _told(self, run: Run, *, has_outputs: bool = True) -> dict[str, Any]:
        script, is_over = run.script, run.is_over
        usage = script.usage if is_over else None
        is_failed, is_incomplete = run.status == "failed", run.status == "incomplete"
        return {
            "id": run.id,
            "object": "response",
            "created_at": 1_795_000_000,
            "status": run.status,
            "background": True,
            "error": dict(script.error) if is_failed else None,
            "incomplete_details": {"reason": script.reason} if is_incomplete else None,
            "instructions": None,
            "max_output_tokens": None,
            "metadata": {},
            "model": run.call.model,
            "output": self._output(run, has_outputs),
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": list(run.call.body["tools"]),
            "top_p": 1.0,
        } | ({"usage": _usage(usage)} if usage is not None else {})

    def _output(self, run: Run, has_outputs: bool) -> list[dict[str, Any]]:
        shown = len(run.script.calls) if run.is_over else max(0, run.looks - 2)
        if run.status == "cancelled":
            shown = max(0, run.looks - 2)
        items = []
        for number, ran in enumerate(run.script.calls[:shown]):
            is_running = number == shown - 1 and (not run.is_over or run.status == "cancelled")
            items.append(self._code_item(run, number, ran, is_running, has_outputs))
        if run.script.end == "needs_tool" and run.is_over:
            call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "x"}
            items.append({**call, "arguments": "{}", "status": "completed"})
        elif run.status in ("completed", "incomplete") and run.script.text:
            items.append(self._message(run))
        return items

    @staticmethod
    def _code_item(
        run: Run, number: int, ran: Ran, is_running: bool, has_outputs: bool
    ) -> dict[str, Any]:
        status = "interpreting" if is_running else "failed" if ran.is_failed else "completed"
        outputs: list[dict[str, Any]] | None = None
        if has_outputs and not is_running:
            outputs = [{"type": "logs", "logs": ran.logs}] if ran.logs else []
            for picture in ran.pictures:
                url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
                outputs.append({"type": "image", "url": url})
        return {
            "type": "code_interpreter_call",
            "id": f"ci_{run.id[5:]}_{number}",
            "status": status,
            "container_id": run.container.id,
            "code": ran.code,
            "outputs": outputs,
        }

    def _message(self, run: Run) -> dict[str, Any]:
        text, notes = run.script.text, []
        made = {one.name: one for one in run.container.files.values() if one.source != "user"}
        for name in run.script.files:
            file = made.get(name)
            if file is None:
                continue
            link = f"[{name}](sandbox:{file.path})"
            start = len(text) + 1
            text += f"\n{link}"
            notes.append(
                {
                    "type": "container_file_citation",
                    "container_id": run.container.id,
                    "file_id": file.id,
                    "filename": name,
                    "start_index": start,
                    "end_index": start + len(link),
                }
            )
        part = {
            "type": "output_text",
            "text": text,
            "annotations": notes if run.script.is_cited else [],
            "logprobs": [],
        }
        return {
            "type": "message",
            "id": f"msg_{run.id[5:]}",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
