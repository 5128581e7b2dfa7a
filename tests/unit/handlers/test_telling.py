"""What is left of an error once it is judged."""

import weakref

from handlers.errors import PictureUnreadableError
from handlers.telling import forget_frames


class Large:
    """Stands for a file of 20 MB."""


def test_an_error_that_is_kept_does_not_keep_the_file_that_it_is_about() -> None:
    held: list[weakref.ref[Large]] = []

    def decode(large: Large) -> None:
        raise ValueError("broken")

    def prepare() -> None:
        large = Large()
        held.append(weakref.ref(large))
        try:
            decode(large)
        except ValueError as exc:
            raise PictureUnreadableError("broken") from exc

    kept: BaseException | None = None
    try:
        prepare()
    except PictureUnreadableError as error:
        kept = error
    assert kept is not None
    assert held[0]() is not None
    forget_frames(kept)
    assert held[0]() is None
