"""The pages that a question names."""

import pytest

from handlers.knowledge.reading import asked_pages


@pytest.mark.parametrize(
    ("words", "pages"),
    [
        ("What is on page 3?", [3]),
        ("Compare p. 12 with pp. 14 and slide 2", [12, 14, 2]),
        ("Was steht auf Seite 7?", [7]),
        ("第12页讲了什么", [12]),
        ("페이지 말고 3쪽", [3]),
        ("На стр. 5", [5]),
        ("chapter 4, 19 apples", []),
        ("webpage 3000000", []),
        ("page 1 page 1 page 2", [1, 2]),
    ],
)
def test_pages_are_named_in_many_languages(words: str, pages: list[int]) -> None:
    assert asked_pages(words) == pages
