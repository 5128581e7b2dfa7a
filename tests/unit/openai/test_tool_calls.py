"""What was called is given back in a form that the service takes."""

import json
import re

import pytest

from bot.openai.tool_calls import carry, write_items, write_round
from handlers.ports.chat import ToolCall, ToolResult, ToolRound

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@pytest.mark.parametrize("name", ["functions.calculator", "tool **b** [x]", "", "n" * 100])
@pytest.mark.parametrize("is_carried", [True, False])
def test_a_name_that_the_service_refuses_is_made_one_that_it_takes(
    name: str, is_carried: bool
) -> None:
    call = ToolCall("call_1", name, "{}")
    items = [
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "x", "summary": []},
        {"type": "function_call", "call_id": "call_1", "name": name, "arguments": "{}"},
    ]
    carried = carry(items) if is_carried else ""
    done = ToolRound((call,), (ToolResult("call_1", "2"),), carried=carried)
    written = write_items(done)
    [called] = [item for item in written if item.get("type") == "function_call"]
    assert NAME.fullmatch(called["name"])
    assert ("reasoning" in json.dumps(written)) is is_carried
    [message, _] = write_round(done)
    assert NAME.fullmatch(message["tool_calls"][0]["function"]["name"])
