"""Cutting texts into passages, and the words by which they are found."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handlers.media.documents.passages import MAX_PASSAGE, cut
from handlers.media.documents.values import Section
from handlers.media.documents.words import asked, searchable


def pieces(text: str, label: str = "", *, has_lines: bool = False) -> list[tuple[str, str]]:
    return [(one.label, one.text) for one in cut([Section(label, text, has_lines)])]


def test_what_is_short_stays_whole() -> None:
    assert pieces("  one\n\ntwo ", "p. 4") == [("p. 4", "one\n\ntwo")]
    assert pieces(" \n ") == []


def test_a_long_text_is_cut_between_paragraphs_and_goes_on_with_a_little_of_before() -> None:
    paragraphs = [f"Paragraph {number}. " + "Words and words. " * 20 for number in range(12)]
    found = pieces("\n\n".join(paragraphs), "p. 1")
    assert len(found) > 3
    assert all(label == "p. 1" and len(text) <= MAX_PASSAGE + 200 for label, text in found)
    for (_, before), (_, after) in pairwise(found):
        assert after.split("\n")[0] in before  # it overlaps, and begins at a border


def test_a_heading_begins_a_passage_and_names_what_follows() -> None:
    text = "# One\n\n" + "First words. " * 30 + "\n\n## Two\n\n" + "Other words. " * 120
    found = pieces(text)
    assert found[0][0] == "One"
    assert found[1][1].startswith("## Two")
    assert {label for label, _ in found[1:]} == {"Two"}


def test_code_is_told_by_its_lines() -> None:
    text = "\n".join(f"line_{number} = {number}" for number in range(1, 201))
    found = pieces(text, has_lines=True)
    assert found[0][0].startswith("lines 1-")
    for label, words in found:
        first, last = label.removeprefix("lines ").split("-")
        assert words.splitlines()[0] == f"line_{first} = {first}"
        assert words.splitlines()[-1] == f"line_{last} = {last}"
    assert found[-1][0].endswith("-200")
    assert pieces("x", "a.py", has_lines=True) == [("a.py, line 1", "x")]


@given(st.text(alphabet=st.sampled_from("ab .\n#。語"), max_size=6_000))
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    found = [words for _, words in pieces(text)]
    assert all(0 < len(words) <= MAX_PASSAGE + 200 for words in found)
    at = 0
    covered = 0
    for words in found:
        at = text.find(words, at)
        assert at != -1
        assert not text[covered:at].strip()  # all between two passages is white
        covered = max(covered, at + len(words))
        at += 1
    assert not text[covered:].strip()


def test_words_are_compared_without_case_and_dense_scripts_by_pairs() -> None:
    assert searchable("The ＡＰＩ of 北京大学, v2.0") == "the api of 北京 京大 大学 v2 0"
    assert asked("What is the API of the university?") == ["api", "university"]
    assert asked("what is it") == ["what", "is", "it"]
    assert asked("大学在哪里") == ["大学", "学在", "在哪", "哪里"]
