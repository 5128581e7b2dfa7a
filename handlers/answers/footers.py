"""The line under an answer that tells how it was made, so that it can be made again. Pure."""

from collections.abc import Sequence

from handlers.messages import ChatSettings, UsageEntry
from handlers.ports.chat import AnswerFacts
from handlers.texts import say


def footer(facts: AnswerFacts, usage: Sequence[UsageEntry], settings: ChatSettings) -> str:
    """Seed, temperature, model, fingerprint and tokens; empty where a chat did not ask for it."""
    return describe(facts, usage, settings) if settings.footer else ""


def describe(facts: AnswerFacts, usage: Sequence[UsageEntry], settings: ChatSettings) -> str:
    """``settings``: what was wished for, which a route may not have taken."""
    told = [
        _seed(facts, settings),
        _temperature(facts, settings),
        facts.model or next((entry.model for entry in usage), ""),
        facts.fingerprint or say("footer_no_fingerprint"),
        tokens(usage),
    ]
    lines = [say("footer", told=" · ".join(filter(None, told)))]
    if facts.is_rerouted:
        lines.append(say("footer_rerouted"))
    return "\n".join(lines)


def tokens(usage: Sequence[UsageEntry]) -> str:
    """``1,234 in (1,024 cached), 56 out``; empty if nothing was counted."""
    came = sum(entry.input_tokens for entry in usage)
    cached = sum(entry.cached_tokens for entry in usage)
    went = sum(entry.output_tokens for entry in usage)
    if not (came or went):
        return ""
    key = "footer_tokens_cached" if cached else "footer_tokens"
    words = say(key, input=f"{came:,}", cached=f"{cached:,}", output=f"{went:,}")
    return f"≈{words}" if any(entry.is_estimate for entry in usage) else words


def _seed(facts: AnswerFacts, settings: ChatSettings) -> str:
    if facts.seed is not None:
        return say("footer_seed", seed=facts.seed)
    return say("footer_seed_not_taken") if settings.seed is not None else ""


def _temperature(facts: AnswerFacts, settings: ChatSettings) -> str:
    if facts.temperature is not None:
        return say("footer_temperature", temperature=f"{facts.temperature:g}")
    return say("footer_temperature_not_taken") if settings.temperature is not None else ""
