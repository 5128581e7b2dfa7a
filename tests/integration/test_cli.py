"""The command line as a process: exit codes, and what is on standard error."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


BROKEN_START = {
    "TELEGRAM_BOT_TOKEN": "1:made-up",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "PARLEY_TELEGRAM__API_BASE_URL": "http://127.0.0.1:9/bot",
    "PARLEY_STORAGE__PATH": "/proc/nope/x.db",
}


def parley(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("run",), ("check",)])
def test_without_a_platform_it_ends_with_one_line(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run = parley(tmp_path, *arguments)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "telegram.token" in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("place", [("--config", "my.yaml"), ("run", "--config", "my.yaml")])
def test_config_is_taken_before_and_after_the_command(
    tmp_path: Path, place: tuple[str, ...]
) -> None:
    (tmp_path / "my.yaml").write_text("web: {port: eighty}")
    run = parley(tmp_path, *place)
    assert run.returncode == 2
    assert run.stderr == "parley: web.port (my.yaml): must be a whole number\n"


def test_config_yaml_in_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("wbe: {}")
    run = parley(tmp_path)
    assert run.returncode == 2
    assert "did you mean web?" in run.stderr


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    run = parley(tmp_path, "run", "--config", "missing.yaml")
    assert run.returncode == 2
    assert "missing.yaml" in run.stderr
    assert "Traceback" not in run.stderr


def test_check_says_by_its_exit_code_that_something_is_broken(tmp_path: Path) -> None:
    run = parley(
        tmp_path,
        "check",
        TELEGRAM_BOT_TOKEN="1:made-up",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
        PARLEY_TELEGRAM__API_BASE_URL="http://127.0.0.1:9/bot",
    )
    assert run.returncode == 1
    assert "FAIL  telegram" in run.stdout
    assert "Traceback" not in run.stderr


def test_a_port_that_is_no_port_of_this_machine_ends_the_start(tmp_path: Path) -> None:
    run = parley(
        tmp_path,
        TELEGRAM_BOT_TOKEN="1:made-up",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
        PARLEY_TELEGRAM__API_BASE_URL="http://127.0.0.1:9/bot",
        PARLEY_WEB__HOST="192.0.2.1",
    )
    assert run.returncode == 2
    assert "parley: web.host" in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


def test_a_bad_line_in_dotenv_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=1:made-up\nOPENAI_API_KEY='sk-made-up\n")
    run = parley(tmp_path)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert ".env, line 2" in run.stderr
    assert "sk-made-up" not in run.stderr


def test_a_variable_that_nobody_reads_is_warned_of(tmp_path: Path) -> None:
    run = parley(tmp_path, **BROKEN_START, PARLEY_OPENAI_CHAT_MODEL="x", PARLEY_SPECS="x")
    (warning, _) = run.stderr.splitlines()
    assert "PARLEY_OPENAI_CHAT_MODEL" in warning
    assert "warning" in warning


@pytest.mark.parametrize("path", ["/proc/nope/x.db", "folder", "garbage"])
def test_a_database_that_cannot_be_used_is_one_line_with_its_mend(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "garbage").write_bytes(b"no database" * 999)
    run = parley(tmp_path, **BROKEN_START | {"PARLEY_STORAGE__PATH": path})
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("parley: storage.path: ")
    assert "; " in line


def test_help_and_version_need_no_configuration(tmp_path: Path) -> None:
    assert "check" in parley(tmp_path, "--help").stdout
    assert parley(tmp_path, "--version").stdout.startswith("parley ")
