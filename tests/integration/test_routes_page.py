"""docs/routes.md says what really happens."""

from pathlib import Path

from tests.routes import write_page

PAGE = Path(__file__).parents[2] / "docs" / "routes.md"


async def test_the_page_of_routes_is_what_the_routes_do() -> None:
    written = await write_page()
    assert PAGE.read_text("utf-8") == written, "run: python -m tests.routes > docs/routes.md"
