"""What the service billed, and how much of it was in an unchanged prefix."""

from collections import defaultdict, deque
from collections.abc import Mapping

from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.steps import Usage

_REMEMBERED = 8


def tokens_of(text: str) -> int:
    return -(-len(text) // 4)


def _common_prefix(one: str, other: str) -> int:
    least, most = 0, min(len(one), len(other))
    while least < most:  # halving: a window's prompt is long, and so is its prefix
        middle = (least + most + 1) // 2
        if one[:middle] == other[:middle]:
            least = middle
        else:
            most = middle - 1
    return least


class Ledger:
    def __init__(self) -> None:
        self.billed: defaultdict[tuple[str, str], float] = defaultdict(float)
        """By model and kind: input_tokens, cached_tokens (some of them), output_tokens, seconds,
        characters, images, searches."""
        self.untold: defaultdict[tuple[str, str], float] = defaultdict(float)
        """The part of it that the client never heard of, because its answer was cut."""
        self._prompts: defaultdict[tuple[str, str], deque[str]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )
        self._prefixes: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])

    def read_prompt(self, call: ChatCall) -> Usage:
        """Count a prompt, and what an earlier one of the same cache key shares with its start."""
        prompts = self._prompts[call.model, call.cache_key]
        shared = max((_common_prefix(earlier, call.prompt) for earlier in prompts), default=0)
        prompts.append(call.prompt)
        usage = Usage(tokens_of(call.prompt), 0, shared // 4)
        counts = self._prefixes[call.cache_key]
        counts[0] += usage.input_tokens
        counts[1] += usage.cached_tokens
        return usage

    def prefix_share(self, cache_key: str | None = None) -> float:
        """Share of the input tokens that an earlier request had begun with, 0 to 1."""
        counts = [c for key, c in self._prefixes.items() if cache_key in (None, key)]
        total = sum(count[0] for count in counts)
        return sum(count[1] for count in counts) / total if total else 0.0

    def bill_chat(self, model: str, usage: Usage, *, is_told: bool) -> None:
        amounts = {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
        }
        self.bill(model, amounts, is_told=is_told)

    def bill_searches(self, model: str, count: int) -> None:
        if count:
            self.bill(model, {"searches": count})

    def bill(self, model: str, amounts: Mapping[str, float], *, is_told: bool = True) -> None:
        for kind, amount in amounts.items():
            self.billed[model, kind] += amount
            if not is_told:
                self.untold[model, kind] += amount
