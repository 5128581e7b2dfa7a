"""The import rules, held against the source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("bot", "handlers", "storage", "tests")

ROOMS_OF_HANDLERS = frozenset(
    {"answers", "code", "exact", "knowledge", "people", "pictures", "sounds"}
)
CAPABILITIES = frozenset(
    {
        *("chat", "image_edits", "images", "settings", "transcription", "translation", "usage"),
        *("reproducing", "schemas", "structured"),
        *("saying", "speech_settings"),
        *("steps", "tool_choice"),
        *("assistants", "reminders"),
        "documents",
        "analysis",
        *("memories", "recall"),
    }
)
"""What people can ask for, one module each. None knows another; dispatch is given them."""
SHARED = frozenset(
    {
        "questions",
        "telling",
        "filling",
        "languages",
        "long_texts",
        *("code_results", "code_watch", "forgotten_runs", "workbench"),
        *("messages", "ports", "tools", "errors", "command", "commands", "texts", "prompts"),
        *("access", "context_window", "conversation", "lanes", "memory", "turn"),
        *("hearing", "speaking", "vision", "watching", "media"),
        *("gallery", "made_pictures", "picture_names", "picture_options", "picture_sources"),
        *("answer_drafts", "answering", "citations"),
        *("ahead", "menus", "speech_options"),
        *("alarm", "schedules"),
        "learning",
        *("facts", "finding"),
        *(
            "json_answers",
            "json_requests",
            "json_schemas",
            "saved_schemas",
            "schema_checks",
            "schema_worker",
        ),
        *("comparisons", "footers", "kept_answers"),
        *("hosted_documents", "kept_documents", "reading", "retrieval", "shelf"),
    }
)
"""What capabilities are made of. Knows none of them."""
DISPATCH = "dispatch"

ALLOWED_IN_HANDLERS = frozenset(
    {
        *("PIL", "imageio_ffmpeg", "pillow_heif", "pydub", "structlog", "handlers"),
        *("charset_normalizer", "docx", "lxml", "numpy", "pptx", "pypdfium2", "python_calamine"),
        *("dateutil", "jsonschema", "noto_cjk_sans_otc", "referencing"),
    }
)
SEEN_BY_STORAGE = ("storage", "handlers.errors", "handlers.messages", "handlers.ports")
ROOMS = {
    "aiosqlite": "storage",
    "sqlite3": "storage",
    "discord": "bot/discord",
    "mcp": "bot/mcp",
    "openai": "bot/openai",
    "telegram": "bot/telegram",
    "pyromark": "bot/markdown",
}
"""Each has one room: nobody else imports it."""
ROOMS_OF_BOT = ("bot/discord", "bot/internet", "bot/mcp", "bot/openai", "bot/telegram", "bot/web")
SEEN_BY_ROOMS = ("bot.markdown", "bot.patience")
"""What rooms share: nothing of it knows a platform or a vendor."""


@dataclass(frozen=True, slots=True)
class Import:
    path: Path
    line: int
    name: str
    """Dotted, with what was taken from the module: ``handlers.errors.ConfigError``."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.name}"

    def is_in(self, folder: str) -> bool:
        return self.path.is_relative_to(folder)

    def is_of(self, *modules: str) -> bool:
        return any(self.name == module or self.name.startswith(f"{module}.") for module in modules)

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]


def _read(path: Path) -> Iterator[Import]:
    relative = path.relative_to(ROOT)
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(relative))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(relative, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(relative.with_suffix("").parts[: -node.level]) if node.level else ""
            module = ".".join(part for part in (package, node.module) if part)
            for alias in node.names:
                yield Import(relative, node.lineno, f"{module}.{alias.name}")


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    found = [
        found
        for folder in OURS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in _read(path)
    ]
    assert found
    return found


def _show(broken: list[Import]) -> str:
    return "\n".join(map(str, broken))


def _module(name: str) -> str:
    """``chat`` of ``handlers.answers.chat.Chat``."""
    return name.split(".")[1]


def test_handlers_know_only_themselves_and_pure_libraries(imports: list[Import]) -> None:
    allowed = ALLOWED_IN_HANDLERS | sys.stdlib_module_names
    broken = [i for i in imports if i.is_in("handlers") and i.library not in allowed]
    assert not broken, _show(broken)


def test_storage_knows_only_values_ports_and_errors(imports: list[Import]) -> None:
    broken = [
        i
        for i in imports
        if i.is_in("storage") and i.library in OURS and not i.is_of(*SEEN_BY_STORAGE)
    ]
    assert not broken, _show(broken)


def test_every_handler_module_has_its_place() -> None:
    rooms = (ROOT / "handlers", *(ROOT / "handlers" / name for name in ROOMS_OF_HANDLERS))
    modules = {
        path.stem
        for room in rooms
        for path in room.iterdir()
        if path.name not in ("__init__.py", "__pycache__", *ROOMS_OF_HANDLERS)
    }
    assert modules == CAPABILITIES | SHARED | {DISPATCH}


def test_no_handler_imports_a_capability(imports: list[Import]) -> None:
    broken = [
        i
        for i in imports
        if i.is_in("handlers")
        and i.is_of("handlers")
        and _module(i.name) in {*CAPABILITIES, DISPATCH}
    ]
    assert not broken, _show(broken)


def test_media_knows_only_values_and_errors(imports: list[Import]) -> None:
    broken = [
        i
        for i in imports
        if i.is_in("handlers/media")
        and i.is_of("handlers")
        and not i.is_of("handlers.media", "handlers.errors", "handlers.messages", "handlers.ports")
    ]
    assert not broken, _show(broken)


def test_each_platform_and_vendor_has_one_room(imports: list[Import]) -> None:
    broken = [
        i
        for i in imports
        if i.library in ROOMS and not i.is_in(ROOMS[i.library]) and not i.is_in("tests")
    ]
    assert not broken, _show(broken)


def test_rooms_do_not_know_each_other(imports: list[Import]) -> None:
    broken = [
        i
        for i in imports
        for room in ROOMS_OF_BOT
        if i.is_in(room) and i.is_of("bot") and not i.is_of(room.replace("/", "."), *SEEN_BY_ROOMS)
    ]
    assert not broken, _show(broken)


def test_markdown_knows_only_its_parser(imports: list[Import]) -> None:
    allowed = {"pyromark"} | sys.stdlib_module_names
    broken = [
        i
        for i in imports
        if i.is_in("bot/markdown") and i.library not in allowed and not i.is_of("bot.markdown")
    ]
    assert not broken, _show(broken)


def test_rooms_do_not_know_storage(imports: list[Import]) -> None:
    broken = [i for i in imports for room in ROOMS_OF_BOT if i.is_in(room) and i.is_of("storage")]
    assert not broken, _show(broken)


def test_nothing_of_ours_imports_tests(imports: list[Import]) -> None:
    broken = [i for i in imports if not i.is_in("tests") and i.is_of("tests")]
    assert not broken, _show(broken)


def test_emulators_share_no_code_with_what_they_test(imports: list[Import]) -> None:
    broken = [
        i for i in imports if i.is_in("tests/emulators") and i.is_of("bot", "handlers", "storage")
    ]
    assert not broken, _show(broken)


def test_the_command_line_does_not_wait_for_libraries() -> None:
    heavy = ("PIL", "aiohttp", "aiosqlite", "discord", "openai", "pydub", "telegram")
    program = f"import sys, bot.cli; print([name for name in {heavy!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)  # noqa: S603  # our own words
    assert run.stdout.strip() == b"[]"
