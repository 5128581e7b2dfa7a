"""What a picture costs a model to look at. Estimates: which rule a model follows is not always
known, and the bill is what the service says."""

import math

TILE_BASE = 85
"""What a picture in low detail costs by tiles, and what is added to the tiles in high detail."""
TILE = 170
TILE_SIDE = 512
PATCH_SIDE = 32
MAX_PATCHES = 1_536
LOW_SIDE = 512
LOW_TOKENS = 256
"""At most, of a picture in low detail."""
HIGH_TOKENS = 800
"""About what a photo as phones take them costs in high detail; for one of unknown size."""


def estimate(width: int, height: int, detail: str) -> int:
    """Tokens by the dearer of the two rules, for a picture of this size. 0 means unknown."""
    if width <= 0 or height <= 0:
        return LOW_TOKENS if detail == "low" else HIGH_TOKENS
    return max(tile_tokens(width, height, detail), patch_tokens(width, height, detail))


def tile_tokens(width: int, height: int, detail: str) -> int:
    """As gpt-4o and gpt-4.1 count: in high detail within 2048x2048, the short side at most 768,
    so many for each tile of 512x512; in low detail always the same."""
    if detail == "low":
        return TILE_BASE
    scale = min(1.0, 2048 / max(width, height))
    scale = min(scale, 768 / min(width, height))
    across = math.ceil(round(width * scale) / TILE_SIDE)
    down = math.ceil(round(height * scale) / TILE_SIDE)
    return TILE_BASE + TILE * max(1, across) * max(1, down)


def patch_tokens(width: int, height: int, detail: str, factor: float = 1.0) -> int:
    """As newer models count: one for each patch of 32x32, up to a bound, times the model's factor.

    In low detail the picture is brought into 512x512 before.
    """
    if detail == "low":
        scale = min(1.0, LOW_SIDE / max(width, height))
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    patches = math.ceil(width / PATCH_SIDE) * math.ceil(height / PATCH_SIDE)
    return math.ceil(min(patches, MAX_PATCHES) * factor)
