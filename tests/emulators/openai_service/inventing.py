"""What the emulator says where no script tells it what to."""

import hashlib
import itertools
import json

from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.schemas import example
from tests.emulators.openai_service.spoken_chats import is_spoken

_LONGEST_RESULT = 500


def echo(call: ChatCall) -> str:
    """The question, what was seen in its pictures, and what its functions gave.

    Asked to speak, it reads what it is given.
    """
    asked = call.last_user
    if is_spoken(call.body):
        return asked.text
    results = [f"[{result.name}: {result.output[:_LONGEST_RESULT]}]" for result in call.results]
    return " ".join(["echo:", *filter(None, [asked.text]), *map(str, asked.images), *results])


class Inventing:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def finish(self, call: ChatCall, answer: str, fingerprint: str) -> str:
        """The answer in the form that was asked for.

        With a ``fingerprint`` it is one of many: always the same for the same seed of the same
        prompt, and never the same without a seed.
        """
        if fingerprint:
            answer += f" (variant {self._vary(call, fingerprint)})"
        match call.format["type"]:
            case "json_object" if not _is_json(answer):
                return json.dumps({"answer": answer}, ensure_ascii=False)
            case "json_schema" if not _is_json(answer):
                return json.dumps(example(call.format["schema"], answer), ensure_ascii=False)
        return answer

    def _vary(self, call: ChatCall, fingerprint: str) -> str:
        if call.seed is None:
            return str(next(self._numbers))
        told = f"{fingerprint} {call.seed} {call.body.get('temperature')} {call.prompt}"
        return hashlib.sha256(told.encode()).hexdigest()[:6]


def _is_json(answer: str) -> bool:
    try:
        json.loads(answer)
    except ValueError:
        return False
    return True
