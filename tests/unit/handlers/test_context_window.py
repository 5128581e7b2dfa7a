"""What the model is sent: within the budget, with a beginning that rarely changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.answers.context_window import (
    KEPT_ALWAYS,
    Look,
    Shown,
    fit,
    fit_pictures,
    with_pictures,
)
from handlers.errors import QuestionTooLongError
from handlers.messages import Exchange, MediaRef
from tests.unit.handlers.bench import EXCHANGE_TOKENS, tokens


def exchange(number: int, words: int = 10, pictures: int = 0) -> Exchange:
    return Exchange(
        question="word " * words,
        answer="",
        media=tuple(MediaRef(f"{number}-{n}", "image/jpeg") for n in range(pictures)),
        id=number,
        ordinal=number,
    )


def test_what_fits_is_kept_whole() -> None:
    exchanges = [exchange(n) for n in range(1, 6)]

    assert fit(exchanges, 1_000, tokens).exchanges == tuple(exchanges)
    assert fit(exchanges, 1_000, tokens).trimmed_through is None


def test_what_does_not_fit_is_trimmed_to_half_at_once() -> None:
    exchanges = [exchange(n) for n in range(1, 12)]
    window = fit(exchanges, 10 * (10 + EXCHANGE_TOKENS), tokens)

    assert window.trimmed_through == 6
    assert [e.id for e in window.exchanges] == [7, 8, 9, 10, 11]


def test_a_huge_question_does_not_drive_out_itself() -> None:
    exchanges = [exchange(1), exchange(2), exchange(3, words=100_000)]
    window = fit(exchanges, 500, tokens)

    assert [e.id for e in window.exchanges] == [2, 3]


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(100, 2_000))
def test_the_window_is_the_newest_end_and_within_the_budget(sizes: list[int], budget: int) -> None:
    exchanges = [exchange(n + 1, words) for n, words in enumerate(sizes)]
    window = fit(exchanges, budget, tokens)

    assert window.exchanges == tuple(exchanges[len(exchanges) - len(window.exchanges) :])
    cost = sum(tokens(e.question) + EXCHANGE_TOKENS for e in window.exchanges)
    assert cost <= budget or len(window.exchanges) <= KEPT_ALWAYS


@given(st.integers(20, 200), st.integers(200, 2_000))
def test_a_growing_conversation_keeps_its_beginning_nearly_always(count: int, budget: int) -> None:
    kept: list[Exchange] = []
    trims = 0
    for number in range(1, count):
        kept.append(exchange(number))
        window = fit(kept, budget, tokens)
        trims += window.trimmed_through is not None
        kept = list(window.exchanges)

    per_block = max(1, int(budget * 0.5 / (10 + EXCHANGE_TOKENS)) - 1)
    assert trims <= count / per_block + 1


def pictures_of(exchange: Exchange) -> int:
    return len(exchange.media)


def test_recent_pictures_are_sent_again_and_old_ones_are_not() -> None:
    exchanges = [exchange(n, pictures=1 if n in (1, 15) else 0) for n in range(1, 25)]

    assert with_pictures(exchanges[:5], 6, pictures_of) == {1}
    assert with_pictures(exchanges, 25, pictures_of) == {15}


def test_many_pictures_are_dropped_in_blocks() -> None:
    chosen = [
        with_pictures([exchange(n, pictures=1) for n in range(1, count)], 9, pictures_of)
        for count in range(2, 12)
    ]

    assert chosen[7] == set(range(1, 9))
    assert chosen[8] == {5, 6, 7, 8, 9}
    assert chosen[9] == {5, 6, 7, 8, 9, 10}


def test_an_album_larger_than_the_bound_is_seen_again() -> None:
    exchanges = [exchange(1, pictures=5), exchange(2, pictures=9)]

    assert with_pictures(exchanges[1:], 3, pictures_of) == {2}
    assert with_pictures(exchanges, 3, pictures_of) == {2}


def test_a_new_photo_rarely_changes_which_are_sent_again() -> None:
    chosen = [
        with_pictures([exchange(n, pictures=1) for n in range(1, count)], 9, pictures_of)
        for count in range(2, 40)
    ]
    firsts = [min(ids) for ids in chosen]

    assert len(set(firsts)) <= 10
    assert max(map(len, chosen)) <= 8


def test_very_many_short_exchanges_are_trimmed_by_their_number() -> None:
    window = fit([exchange(n, words=1) for n in range(1, 500)], 1_000_000, tokens)

    assert len(window.exchanges) == 200
    assert window.trimmed_through == 299


PHOTO = MediaRef("p", "image/jpeg", 768, 768)
"""765 tokens in high detail, 256 in low."""


def frames(count: int) -> list[MediaRef]:
    """Each of 256 tokens in low detail, 255 more or less in high."""
    return [MediaRef(str(n), "image/jpeg", 512, 512, is_frame=True) for n in range(count)]


def test_pictures_that_fit_are_shown_as_asked_for() -> None:
    look = Look("high", "high")
    assert fit_pictures([PHOTO, *frames(3)], 0, look, 16_000) == Shown((PHOTO, *frames(3)), look)


def test_too_many_photos_are_shown_in_lower_detail() -> None:
    shown = fit_pictures([PHOTO] * 4, 0, Look(), 4 * 256)
    assert shown == Shown((PHOTO,) * 4, Look("low", "low"))


def test_frames_lose_detail_before_photos_do() -> None:
    large = [MediaRef(str(n), "image/jpeg", 1024, 768, is_frame=True) for n in range(4)]
    shown = fit_pictures([PHOTO, *large], 0, Look("high", "high"), 765 + 4 * 256)
    assert shown.look == Look("high", "low")
    assert shown.left_out == 0


def test_what_does_not_fit_even_so_loses_frames_from_all_over_its_length() -> None:
    shown = fit_pictures([PHOTO, *frames(6)], 0, Look(), 3 * 256)
    assert [ref.sha256 for ref in shown.media] == ["p", "1", "4"]
    assert (shown.look, shown.left_out) == (Look("low", "low"), 4)


def test_addresses_cost_as_much_as_photos() -> None:
    assert fit_pictures([], 2, Look(), 1_600).look == Look()
    assert fit_pictures([], 2, Look(), 1_599).look == Look("low", "low")
    with pytest.raises(QuestionTooLongError):
        fit_pictures([], 2, Look(), 511)


def test_pictures_without_room_are_too_long_a_question() -> None:
    with pytest.raises(QuestionTooLongError):
        fit_pictures([PHOTO] * 4, 0, Look(), 4 * 256 - 1)
    with pytest.raises(QuestionTooLongError):
        fit_pictures(frames(3), 0, Look(), 255)


def test_the_window_counts_pictures_by_how_closely_they_are_looked_at() -> None:
    exchanges = [
        Exchange("", "", media=tuple(frames(4)), id=number, ordinal=number)
        for number in range(1, 6)
    ]
    each = 4 * 256 + EXCHANGE_TOKENS
    assert fit(exchanges, 5 * each, tokens).trimmed_through is None
    assert fit(exchanges, 5 * each - 1, tokens).trimmed_through is not None
    photos = [exchange(number, words=0, pictures=1) for number in range(1, 6)]
    assert fit(photos, 5 * (256 + EXCHANGE_TOKENS), tokens, Look("low")).trimmed_through is None
