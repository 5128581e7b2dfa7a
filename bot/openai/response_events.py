"""The events of an answer in the dialect of Responses."""

from typing import Any

from bot.openai.answer import Event, Gathered, Tokens
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.sources import Sources
from bot.openai.tool_calls import carry, make_id
from handlers.ports.chat import Finish, ToolCall

_TEXT_EVENTS = {"response.output_text.delta", "response.refusal.delta"}
_INCOMPLETE = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.FILTERED}
_LAST_EVENTS = {"response.completed", "response.incomplete", "response.failed"}
_ITEM_EVENTS = {"response.output_item.added", "response.output_item.done"}
_ARGUMENTS = "response.function_call_arguments"
_BETWEEN_MESSAGES = "\n\n"


class ResponsesReader:
    def __init__(self) -> None:
        self._place: tuple[Any, Any] | None = None
        self._has_text = False
        self._items: list[dict[str, Any]] = []
        """What the model put out, in order."""
        self._at: dict[Any, int] = {}
        """Where in it the newest of each ``output_index`` stands."""
        self._done: set[int] = set()
        self._sources = Sources()
        self._model = ""

    def read(self, raw: Any) -> Event:
        kind = find_text(raw, "type")
        self._model = find_text(raw, "response", "model") or self._model
        if kind in _TEXT_EVENTS:
            self._has_text = True
            return Event(text=self._separate(raw) + find_text(raw, "delta"))
        if kind in _LAST_EVENTS:
            return self._read_whole(find(raw, "response"), kind.removeprefix("response."))
        if find_text(raw, "object") == "response":
            # A server that does not stream sends what the last event would hold.
            self._model = find_text(raw, "model")
            return self._read_whole(raw, find_text(raw, "status"))
        if kind == "error":
            # Its own type is the event's, and says nothing of the failure.
            told = {name: find(raw, name) for name in ("code", "message")}
            return Event(failure=read_failure(told))
        return self._read_item(raw, kind)

    def gather(self) -> Gathered:
        items = self._items
        calls = tuple(_read_call(item) for item in items if _is_call(item))
        return Gathered(
            calls=calls,
            is_broken=any(not call.name or not call.id for call in calls)
            or any(_is_call(item) and item.get("status") == "incomplete" for item in items),
            carried=carry(items) if calls else "",
            sources=self._sources.found,
            searches=sum(1 for item in items if _is_search(item)),
            model=self._model,
        )

    def _read_item(self, raw: Any, kind: str) -> Event:
        place = find(raw, "output_index")
        if kind in _ITEM_EVENTS:
            item = find(raw, "item")
            is_done = kind.endswith(".done")
            if isinstance(item, dict):
                self._keep(self._locate(place), item, is_done=is_done)
            return Event(has_call=is_done and _is_call(item))
        if kind == f"{_ARGUMENTS}.delta":
            call = self._items[self._locate(place)]
            call["arguments"] = find_text(call, "arguments") + find_text(raw, "delta")
        elif kind == f"{_ARGUMENTS}.done":
            call = self._items[self._locate(place)]
            call["arguments"] = find_text(raw, "arguments") or find_text(call, "arguments")
        elif kind == "response.output_text.annotation.added":
            self._sources.add([find(raw, "annotation")])
        return Event()

    def _locate(self, place: Any) -> int:
        """The item that an event is about: the newest of its place, unless that one is done."""
        known = self._at.get(place) if isinstance(place, int) else len(self._items) - 1
        if known is None or known < 0 or known in self._done:
            known = len(self._items)
            self._items.append({"type": "function_call"})
        if isinstance(place, int):
            self._at[place] = known
        return known

    def _keep(self, number: int, item: dict[str, Any], *, is_done: bool) -> None:
        kept, known = dict(item), self._items[number]
        if _is_call(kept):
            kept["arguments"] = find_text(kept, "arguments") or find_text(known, "arguments")
            told = (find_text(kept, "call_id"), find_text(known, "call_id"), find_text(kept, "id"))
            # For good: it goes back with the result, and is asked for again.
            kept["call_id"] = next(filter(None, told), "") or make_id()
        self._items[number] = kept
        if is_done:
            self._done.add(number)
        for part in find_list(kept, "content"):
            self._sources.add(find_list(part, "annotations"))

    def _keep_unseen(self, output: list[Any]) -> None:
        """Take what no event of its own told of: not every server sends them."""
        seen = {_identify(item) for item in self._items}
        for item in output:
            if isinstance(item, dict) and (_identify(item) not in seen or not any(_identify(item))):
                self._items.append({})
                self._keep(len(self._items) - 1, item, is_done=True)

    def _read_whole(self, response: Any, ending: str) -> Event:
        """The end of an answer; its text too, if no event brought it piece by piece."""
        tokens = _read_usage(find(response, "usage"))
        self._keep_unseen(find_list(response, "output"))
        text = "" if self._has_text else _read_text(response)
        status = find_text(response, "status") or ending
        if "failed" in (status, ending):
            return Event(failure=read_failure(find(response, "error")), tokens=tokens)
        finish = Finish.COMPLETE
        if (status, ending) != ("completed", "completed"):
            reason = find_text(response, "incomplete_details", "reason")
            finish = _INCOMPLETE.get(reason, Finish.CUT)
        return Event(text=text, finish=finish, tokens=tokens)

    def _separate(self, raw: Any) -> str:
        """What stands between two messages of one answer, each of which is a text of its own."""
        place = (find(raw, "output_index"), find(raw, "content_index"))
        is_next = self._place is not None and place != self._place
        self._place = place
        return _BETWEEN_MESSAGES if is_next else ""


def _identify(item: Any) -> tuple[str, str]:
    """What tells one item from another; empty where the server gives it no id."""
    call_id = find_text(item, "call_id")
    return ("", call_id) if call_id else (find_text(item, "id"), "")


def _is_call(item: Any) -> bool:
    return find_text(item, "type") == "function_call"


def _is_search(item: Any) -> bool:
    """Whether it is one that the service bills: opening a page that was found is not."""
    if find(item, "type") != "web_search_call" or find(item, "status") == "failed":
        return False
    return find(item, "action", "type") in (None, "search")


def _read_call(item: dict[str, Any]) -> ToolCall:
    return ToolCall(
        find_text(item, "call_id"), find_text(item, "name"), find_text(item, "arguments")
    )


def _read_text(response: Any) -> str:
    messages = [item for item in find_list(response, "output") if find(item, "type") == "message"]
    parts = [part for message in messages for part in find_list(message, "content")]
    return "".join(find_text(part, "text") + find_text(part, "refusal") for part in parts)


def _read_usage(usage: Any) -> Tokens | None:
    asked = find_count(usage, "input_tokens")
    answered = find_count(usage, "output_tokens")
    if asked is None or answered is None:
        return None
    cached = find_count(usage, "input_tokens_details", "cached_tokens")
    return Tokens(input=asked, output=answered, cached=cached or 0)
