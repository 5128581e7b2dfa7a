"""What pictures cost, against the service's published rules."""

import pytest

from handlers.media.picture_tokens import estimate, patch_tokens, tile_tokens


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (512, 512, 85 + 170),
        (513, 512, 85 + 170 * 2),
        (768, 768, 85 + 170 * 4),
        (1024, 1024, 765),  # as the service's own example: 768x768, four tiles
        (2048, 4096, 1105),  # the same: 1024x2048, then 768x1536, six tiles
        (4096, 100, 85 + 170 * 4),
        (1, 1, 85 + 170),
    ],
)
def test_tiles(width: int, height: int, tokens: int) -> None:
    assert tile_tokens(width, height, "high") == tokens
    assert tile_tokens(width, height, "auto") == tokens
    assert tile_tokens(width, height, "low") == 85


@pytest.mark.parametrize(
    ("width", "height", "high", "low"),
    [
        (32, 32, 1, 1),
        (33, 32, 2, 2),
        (512, 512, 256, 256),
        (1024, 1024, 1024, 256),  # as the service's own example
        (1024, 512, 512, 128),
        (2048, 768, 1536, 96),
        (4096, 4096, 1536, 256),
    ],
)
def test_patches(width: int, height: int, high: int, low: int) -> None:
    assert patch_tokens(width, height, "high") == high
    assert patch_tokens(width, height, "low") == low


def test_patches_are_multiplied_by_the_factor_of_the_model() -> None:
    assert patch_tokens(1024, 1024, "high", factor=1.62) == 1659


def test_the_estimate_is_the_dearer_of_both_rules() -> None:
    assert estimate(768, 768, "high") == 765
    assert estimate(2048, 768, "high") == 1536
    assert estimate(512, 288, "low") == 144
    assert estimate(64, 64, "low") == 85


def test_a_picture_of_unknown_size_is_estimated_as_a_photo() -> None:
    assert (estimate(0, 0, "high"), estimate(0, 0, "low")) == (800, 256)
