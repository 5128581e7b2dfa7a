"""The line that tells how an answer was made."""

from handlers.answers.footers import footer
from handlers.messages import Capability, ChatSettings, UsageEntry
from handlers.ports.chat import AnswerFacts

USAGE = UsageEntry(
    Capability.CHAT, "gpt-x", input_tokens=1234, cached_tokens=1024, output_tokens=56
)
ON = ChatSettings(footer=True)


def test_there_is_none_unless_the_chat_wants_it() -> None:
    assert footer(AnswerFacts("gpt-x", "fp"), (USAGE,), ChatSettings()) == ""


def test_it_tells_all_that_an_answer_can_be_made_again_with() -> None:
    facts = AnswerFacts("gpt-x-2026", "fp_9", 0, 0.0)
    settings = ChatSettings(footer=True, seed=0, temperature=0.0)
    assert footer(facts, (USAGE,), settings) == (
        "⚙️ seed 0 · temperature 0 · gpt-x-2026 · fp_9 · 1,234 in (1,024 cached), 56 out"
    )


def test_what_the_route_did_not_take_or_tell_is_said() -> None:
    settings = ChatSettings(footer=True, seed=7, temperature=0.5)
    assert footer(AnswerFacts(), (USAGE, USAGE), settings) == (
        "⚙️ no seed is taken here · no temperature is taken here · gpt-x · no fingerprint · "
        "2,468 in (2,048 cached), 112 out"
    )


def test_a_chat_without_a_seed_reads_nothing_of_seeds() -> None:
    estimate = UsageEntry(Capability.CHAT, "gpt-x", input_tokens=5, is_estimate=True)
    assert footer(AnswerFacts("gpt-x", "fp"), (estimate,), ON) == "⚙️ gpt-x · fp · ≈5 in, 0 out"


def test_another_route_for_the_seeds_sake_is_said() -> None:
    facts = AnswerFacts("gpt-x", "fp", 7, is_rerouted=True)
    assert footer(facts, (), ON).splitlines() == [
        "⚙️ seed 7 · gpt-x · fp",
        "🔀 Asked by Chat Completions: the usual route takes no seed.",
    ]
