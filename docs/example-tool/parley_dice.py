"""A tool for Parley: an async function with types and a docstring is all it takes."""

import secrets
from typing import Annotated

from pydantic import Field


async def roll_dice(
    count: Annotated[int, Field(ge=1, le=100, description="How many dice")] = 1,
    sides: Annotated[int, Field(ge=2, le=1000)] = 6,
) -> str:
    """Roll dice and tell each number.

    Use it whenever somebody wants chance: never make numbers up.
    """
    rolled = [secrets.randbelow(sides) + 1 for _ in range(count)]
    return f"{', '.join(map(str, rolled))} (sum {sum(rolled)})"
