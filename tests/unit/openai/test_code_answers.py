"""What is left of an answer's text without its links into the container."""

import pytest

from bot.openai.code_answers import unlinked


@pytest.mark.parametrize(
    ("text", "left", "paths"),
    [
        ("See [a.csv](sandbox:/mnt/data/a.csv).", "See a.csv.", ["/mnt/data/a.csv"]),
        ("![chart](sandbox:/mnt/data/c.png)", "", ["/mnt/data/c.png"]),
        (
            "[![c](sandbox:/mnt/data/c.png)](sandbox:/mnt/data/big.png) there",
            "there",
            ["/mnt/data/c.png", "/mnt/data/big.png"],
        ),
        ("[t](sandbox:/mnt/data/a(1).csv)!", "t!", ["/mnt/data/a(1).csv"]),
        ("[t](sandbox:/mnt/data/a).csv), ok", "t, ok", ["/mnt/data/a).csv"]),
        ("[a[1].csv](sandbox:/mnt/data/a[1].csv)", "a[1].csv", ["/mnt/data/a[1].csv"]),
        ("[a].csv](sandbox:/mnt/data/a].csv)", "a].csv", ["/mnt/data/a].csv"]),
        ("[1] see [a](/mnt/data/a) and [b](/mnt/data/b)", "[1] see a and b", None),
        ("[a b](</mnt/data/a b.csv>)", "a b", ["/mnt/data/a b.csv"]),
        ('[a](sandbox:/mnt/data/a b.csv "the table")', "a", ["/mnt/data/a b.csv"]),
        ("([a](/mnt/data/a.csv)) e.g.)", "(a) e.g.)", ["/mnt/data/a.csv"]),
        ("It is at sandbox:/mnt/data/z.py.", "It is at z.py.", ["/mnt/data/z.py"]),
        ("[site](https://example.org/mnt/data/x)", "[site](https://example.org/mnt/data/x)", []),
        ("](/mnt/data/a.csv)", "a.csv", ["/mnt/data/a.csv"]),
    ],
)
def test_links_into_the_container_leave_their_words(
    text: str, left: str, paths: list[str] | None
) -> None:
    found = unlinked(text)
    assert found[0] == left
    assert list(found[1]) == (["/mnt/data/a", "/mnt/data/b"] if paths is None else paths)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["[]x", "[", "](/mnt/data/", "[a](/mnt/data/(", "](/mnt/data/a)", "[a](/mnt/data/a) "]
)
def test_a_long_line_of_brackets_ends_in_time(piece: str) -> None:
    unlinked(piece * 20_000)
