import pytest

from handlers.media.sizes import human_size

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (20 * MB, "20 MB"),
        (31 * MB, "31 MB"),
        (MB - 1, "1 MB"),
        (1024 * MB, "1 GB"),
        (5000 * 1024 * MB, "5000 GB"),
    ],
)
def test_a_size_is_said_in_the_unit_people_use(size_bytes: int, words: str) -> None:
    assert human_size(size_bytes) == words


def test_a_little_over_a_limit_never_reads_like_the_limit() -> None:
    assert human_size(20 * MB + 1) == "20.1 MB"
