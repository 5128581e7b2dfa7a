import pytest

from handlers.command import command_line
from handlers.commands import BY_NAME, PICTURE_OPTIONS
from handlers.errors import NothingToDoError, PictureValueError
from handlers.pictures.picture_options import read_line
from handlers.ports.images import ImageOptions


def test_options_before_the_prompt_are_read_and_the_prompt_is_left_as_it_is() -> None:
    line = "size=1024x1536 Quality=HIGH n=2\nbackground=transparent format=webp  a red\nfox"
    options, prompt = read_line(line)
    assert options == ImageOptions("1024x1536", "high", "transparent", "webp", 2)
    assert prompt == "a red\nfox"


@pytest.mark.parametrize(
    "prompt",
    [
        "a sign that says n=2",
        "colour=red fox",
        "size = large",
        "",
        "e=mc2 on a blackboard, size=huge",
    ],
)
def test_what_is_no_option_is_the_prompt(prompt: str) -> None:
    assert read_line(prompt) == (ImageOptions(), prompt)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("size=1024×1536", ImageOptions(size="1024x1536")),
        ("size=auto,", ImageOptions(size="auto")),
        ("format=jpg", ImageOptions(format="jpeg")),
        ("n=10", ImageOptions(count=10)),
    ],
)
def test_words_as_people_write_them_are_understood(word: str, expected: ImageOptions) -> None:
    assert read_line(f"{word} fox") == (expected, "fox")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("size=big", "size"),
        ("size=0x0", "size"),
        ("size=1024x", "size"),
        ("n=0", "n"),
        ("n=11", "n"),
        ("n=010", "n"),
        ("n=two", "n"),
        ("n=²", "n"),
        ("quality=ultra", "quality"),
        ("background=green", "background"),
        ("format=gif", "format"),
    ],
)
def test_a_value_that_nobody_knows_is_told_with_those_that_are(word: str, name: str) -> None:
    with pytest.raises(PictureValueError) as refused:
        read_line(f"{word} fox")
    assert refused.value.values["name"] == name
    assert refused.value.values["allowed"]


def test_a_transparent_jpeg_is_declined() -> None:
    with pytest.raises(NothingToDoError):
        read_line("background=transparent format=jpeg fox")


@pytest.mark.parametrize("name", ["image", "edit"])
def test_fields_make_the_line_that_is_read(name: str) -> None:
    filled = {
        "prompt": "n=1 is not an option here, a fox is",
        "size": "1536x1024",
        "quality": "low",
        "background": "opaque",
        "format": "png",
        "count": "3",
    }
    options, prompt = read_line(command_line(BY_NAME[name], filled))
    assert (options.size, options.quality, options.background) == ("1536x1024", "low", "opaque")
    assert (options.format, options.count) == ("png", 3)
    assert prompt == filled["prompt"]


def test_every_choice_that_is_offered_is_understood() -> None:
    for option in PICTURE_OPTIONS:
        for choice in option.choices:
            read_line(f"{option.keyword}{choice} fox")
