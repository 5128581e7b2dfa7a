"""Pictures by several requests: what each cost is told, whatever came of it."""

from bot.openai.image_requests import in_rounds
from handlers.errors import ContentRefusedError
from handlers.messages import Capability, UsageEntry
from handlers.ports.images import OnPartial, Picture, Pictures


async def test_what_a_later_request_cost_that_failed_is_told_with_the_others() -> None:
    told: list[Pictures] = []
    asked = 0

    async def ask(count: int, watcher: OnPartial | None) -> Pictures:
        nonlocal asked
        asked += 1
        if asked == 2:
            refusal = ContentRefusedError("moderation")
            refusal.usage = (UsageEntry(Capability.IMAGE, "m", output_tokens=7, cost_usd=0.5),)
            raise refusal
        entry = UsageEntry(Capability.IMAGE, "m", output_tokens=3, images=1, cost_usd=0.25)
        return Pictures((Picture(b"x", "image/png"),), entry)

    async def keep(made: Pictures) -> None:
        told.append(made)

    made = await in_rounds(3, 1, ask, None, keep)
    assert len(made.pictures) == 1
    assert (made.usage.output_tokens, made.usage.cost_usd) == (10, 0.75)
    assert [(len(one.pictures), one.usage.output_tokens) for one in told] == [(1, 3), (0, 7)]
