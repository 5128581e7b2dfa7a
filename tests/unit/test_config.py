"""From a file and variables to a Config, or to one line that says what to do."""

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bot.config import (
    Config,
    ModelSection,
    OpenAISection,
    RoutesSection,
    find_unread_names,
    load_config,
)
from bot.config_sources import parse_yaml
from bot.openai.options import ModelFacts, OpenAIOptions, RouteChoices
from handlers.errors import ConfigError

ENOUGH = {"TELEGRAM_BOT_TOKEN": "123:plain", "OPENAI_API_KEY": "sk-plain-key"}
SHIPPED = Path(__file__).parents[2] / "config.yaml"

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(yaml: str = "", dotenv: str = "", environ: Mapping[str, str] = ENOUGH) -> Config:
        path = tmp_path / "config.yaml"
        path.write_text(yaml, encoding="utf-8")
        (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
        return load_config(path, environ)

    return load


def refusal(load: Load, *args: str, **kwargs: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(*args, **kwargs)
    line = str(caught.value)
    assert "\n" not in line
    return line


class TestSources:
    def test_the_plain_names_are_enough(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        config = load_config(None, ENOUGH | {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/"})
        assert config.telegram.token == "123:plain"
        assert config.openai.api_key == "sk-plain-key"
        assert config.openai.base_url == "http://127.0.0.1:1/v1"
        assert config.storage.path == tmp_path / "parley.db"

    def test_dotenv_beside_the_file_is_enough(self, load: Load) -> None:
        config = load(dotenv="TELEGRAM_BOT_TOKEN=1:d\nOPENAI_API_KEY=sk-d\n", environ={})
        assert (config.telegram.token, config.openai.api_key) == ("1:d", "sk-d")

    def test_a_name_without_a_value_in_dotenv_is_not_given(self, load: Load) -> None:
        assert load(dotenv="OPENAI_BASE_URL\n").openai.base_url == ""

    def test_dotenv_in_the_working_directory_is_enough(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=1:d\nOPENAI_API_KEY=sk-d\n")
        monkeypatch.chdir(tmp_path)
        before = dict(os.environ)
        assert load_config(None, {}).telegram.token == "1:d"
        assert dict(os.environ) == before

    def test_each_source_wins_over_the_next(self, load: Load) -> None:
        dotenv, plain = "OPENAI_API_KEY=sk-dotenv", ENOUGH | {"OPENAI_API_KEY": "sk-plain"}
        yaml, override = "openai: {api_key: sk-yaml}", {"PARLEY_OPENAI__API_KEY": "sk-override"}
        no_key = {"TELEGRAM_BOT_TOKEN": "1:t"}
        assert load("", dotenv, no_key).openai.api_key == "sk-dotenv"
        assert load("", dotenv, plain).openai.api_key == "sk-plain"
        assert load(yaml, dotenv, plain).openai.api_key == "sk-yaml"
        assert load(yaml, dotenv, plain | override).openai.api_key == "sk-override"

    def test_an_override_in_dotenv_is_an_override(self, load: Load) -> None:
        yaml, dotenv = "web: {port: 1}", "PARLEY_WEB__PORT=2"
        assert load(yaml, dotenv).web.port == 2
        assert load(yaml, dotenv, ENOUGH | {"PARLEY_WEB__PORT": "3"}).web.port == 3

    @pytest.mark.parametrize("nothing", ["", "token:", "token: null", "token: ${NOT_SET}"])
    def test_what_yaml_does_not_give_is_looked_for_elsewhere(
        self, load: Load, nothing: str
    ) -> None:
        assert load(f"telegram:\n  {nothing}\n").telegram.token == "123:plain"

    @pytest.mark.parametrize(
        ("yaml", "dotenv", "variables", "source"),
        [
            ("telegram: {token: ''}", "", {}, "config.yaml is empty"),
            (
                "telegram: {token: '${TELEGRAM_BOT_TOKEN}'}",
                "TELEGRAM_BOT_TOKEN=1:d",
                {"TELEGRAM_BOT_TOKEN": ""},
                "TELEGRAM_BOT_TOKEN in the environment is empty",
            ),
            (
                "",
                "TELEGRAM_BOT_TOKEN=1:d",
                {"TELEGRAM_BOT_TOKEN": " "},
                "TELEGRAM_BOT_TOKEN in the environment is empty",
            ),
            (
                "telegram: {token: 1:y}",
                "",
                {"PARLEY_TELEGRAM__TOKEN": ""},
                "PARLEY_TELEGRAM__TOKEN in the environment is empty",
            ),
            (
                "telegram: {token: '${MY_TOKEN}'}",
                "MY_TOKEN=",
                {},
                "MY_TOKEN in .env is empty",
            ),
        ],
    )
    def test_an_empty_token_is_named_by_the_source_that_is_empty(
        self, load: Load, yaml: str, dotenv: str, variables: dict[str, str], source: str
    ) -> None:
        line = refusal(load, yaml, dotenv=dotenv, environ=ENOUGH | variables)
        assert line.startswith("telegram.token: ")
        assert source in line

    def test_an_empty_key_is_named_by_the_source_that_is_empty(self, load: Load) -> None:
        line = refusal(load, environ=ENOUGH | {"PARLEY_OPENAI__API_KEY": ""})
        assert line.startswith("openai.api_key: PARLEY_OPENAI__API_KEY in the environment is empty")

    @pytest.mark.parametrize(
        "bad", ["TELEGRAM_BOT_TOKEN='s3cr3t", 'X="s3cr3t', "=s3cr3t", "A B", "X='a' s3cr3t"]
    )
    def test_a_bad_line_in_dotenv_is_refused_by_its_number(
        self, load: Load, caplog: pytest.LogCaptureFixture, bad: str
    ) -> None:
        line = refusal(load, dotenv=f"A=1\n\n{bad}\nB=2\n")
        assert ".env, line 3" in line
        assert "s3cr3t" not in line
        assert caplog.records == []

    def test_dotenv_may_hold_quotes_comments_and_a_byte_order_mark(self, load: Load) -> None:
        dotenv = "\ufeff# mine\nexport OPENAI_API_KEY='sk d'  # it\n\nTELEGRAM_BOT_TOKEN=\"1:d\"\n"
        config = load(dotenv=dotenv, environ={})
        assert (config.telegram.token, config.openai.api_key) == ("1:d", "sk d")

    def test_an_empty_text_in_yaml_is_given(self, load: Load) -> None:
        assert "telegram.token" in refusal(load, "telegram: {token: ''}")

    def test_an_empty_value_means_the_default(self, load: Load) -> None:
        config = load("web: {port: 9}", environ=ENOUGH | {"PARLEY_WEB__PORT": ""})
        assert config.web.port == 8080
        assert load("storage: {path: ''}").storage.path.name == "parley.db"

    def test_an_empty_translation_model_is_a_choice(self, load: Load) -> None:
        assert load("openai: {translation_model: ''}").openai.translation_model == ""

    def test_references_see_the_environment_and_then_dotenv(self, load: Load) -> None:
        yaml = "chat:\n  persona: I am ${NAME}, not $${NAME}.\n"
        assert load(yaml, "NAME=Dot").chat.persona == "I am Dot, not ${NAME}."
        environ = ENOUGH | {"NAME": "Env"}
        assert load(yaml, "NAME=Dot", environ).chat.persona == "I am Env, not ${NAME}."

    def test_references_work_in_lists_and_models(self, load: Load) -> None:
        yaml = (
            "access:\n  owners:\n    - ${OWNER}\n    - ${NOBODY}\n"
            "openai:\n  models:\n    m:\n      per_image: ${PRICE}\n"
        )
        config = load(yaml, "OWNER=telegram:7\nPRICE=0.5")
        assert config.access.owners == ("telegram:7",)
        assert config.openai.models["m"].per_image == 0.5

    def test_an_unset_variable_in_the_middle_of_a_text_is_refused(self, load: Load) -> None:
        line = refusal(load, "openai:\n  base_url: http://${HOST_NAME}/v1\n")
        assert "openai.base_url" in line
        assert "HOST_NAME" in line

    def test_a_reference_that_is_none_is_refused(self, load: Load) -> None:
        assert "chat.persona" in refusal(load, "chat:\n  persona: ${NAME:-x}\n")


class TestOverrides:
    @pytest.mark.parametrize("token", ["123:45", "0123", "1e5", "true", "[x]", "a,b"])
    def test_a_text_is_taken_literally(self, load: Load, token: str) -> None:
        config = load(environ=ENOUGH | {"PARLEY_TELEGRAM__TOKEN": token})
        assert config.telegram.token == token

    @pytest.mark.parametrize(
        "text",
        [
            "telegram:1,discord:2",
            " telegram:1 , discord:2, ",
            "[telegram:1, discord:2]",
            '["telegram:1", "discord:2"]',
            "- telegram:1\n- discord:2",
        ],
    )
    def test_a_list_may_be_written_in_many_ways(self, load: Load, text: str) -> None:
        config = load(environ=ENOUGH | {"PARLEY_ACCESS__OWNERS": text})
        assert config.access.owners == ("telegram:1", "discord:2")

    def test_numbers_and_deeper_keys(self, load: Load) -> None:
        environ = ENOUGH | {
            "PARLEY_WEB__PORT": "0",
            "PARLEY_OPENAI__TIMEOUT_S": "2.5",
            "PARLEY_OPENAI__MODELS__SMALL__PER_IMAGE": "0.25",
        }
        config = load(environ=environ)
        assert (config.web.port, config.openai.timeout_s) == (0, 2.5)
        assert config.openai.models["small"].per_image == 0.25

    def test_models_as_json(self, load: Load) -> None:
        text = '{"gpt-x.1": {"efforts": ["low"], "shutdown": "2027-01-06"}}'
        config = load(environ=ENOUGH | {"PARLEY_OPENAI__MODELS": text})
        model = config.openai.models["gpt-x.1"]
        assert (model.efforts, model.shutdown) == (("low",), date(2027, 1, 6))

    def test_names_without_a_key_are_not_ours(self, load: Load) -> None:
        assert load(environ=ENOUGH | {"PARLEY_SPECS": "x", "PARLEY_": "y"}).web.port == 8080

    def test_a_name_with_one_underscore_is_found(self, load: Load, tmp_path: Path) -> None:
        load(dotenv="PARLEY_WEB_PORT=1")
        environ = {"PARLEY_OPENAI_CHAT_MODEL": "x", "PARLEY_SPECS": "x", "PARLEY_WEB__PORT": "1"}
        found = find_unread_names(tmp_path / "config.yaml", environ)
        assert found == ("PARLEY_OPENAI_CHAT_MODEL", "PARLEY_WEB_PORT")

    def test_an_unknown_name_is_refused_with_the_nearest(self, load: Load) -> None:
        line = refusal(load, environ=ENOUGH | {"PARLEY_WEB__PROT": "1"})
        assert "PARLEY_WEB__PROT" in line
        assert "did you mean web.port?" in line
        assert "PARLEY_NO__SUCH" in refusal(load, environ=ENOUGH | {"PARLEY_NO__SUCH": "1"})


class TestRefusals:
    @pytest.mark.parametrize(
        ("yaml", "key", "mend"),
        [
            ("web: {prot: 1}", "web.prot", "did you mean web.port?"),
            ("wbe: {port: 1}", "wbe", "did you mean web?"),
            ("base_url: x", "base_url", "did you mean openai.base_url?"),
            ("openai: {models: {m: {per_imge: 1}}}", "per_imge", "per_image?"),
            ("openai: {routes: {speech: radio}}", "openai.routes.speech", "endpoint, realtime"),
            ("openai: {routes: {spech: auto}}", "openai.routes.spech", "openai.routes.speech?"),
            ("openai: {routes: auto}", "openai.routes", "keys of its own"),
            ("web: {port: eighty}", "web.port", "whole number"),
            ("web: {port: 80.5}", "web.port", "whole number"),
            ("web: {port: true}", "web.port", "number"),
            ("web: {port: 70000}", "web.port", "at most 65535"),
            ("web: 8080", "web", "keys of its own"),
            ("openai: {timeout_s: 0}", "openai.timeout_s", "more than 0"),
            ("openai: {timeout_s: soon}", "openai.timeout_s", "number"),
            ("openai: {chat_model: 4.1}", "openai.chat_model", "quotes"),
            ("openai: {chat_models: {a: b}}", "openai.chat_models", "list"),
            ("openai: {models: [a]}", "openai.models", "names"),
            ("openai: {chat_api: completions}", "openai.chat_api", "chat_completions"),
            ("openai: {base_url: localhost:1}", "openai.base_url", "http://"),
            ("telegram: {api_base_url: 'http://h:1'}", "telegram.api_base_url", "/bot"),
            ("limits: {queue_per_chat: 99}", "limits.queue_per_chat", "at least 100"),
            ("openai: {api_key: sk-…}", "openai.api_key", "copy it anew"),
            ("telegram: {token: '1:ü'}", "telegram.token", "copy it anew"),
            ("access: {mode: closed}", "access.mode", "listed"),
            ("access: {owners: [123]}", "access.owners, entry 1", "telegram:123456"),
            ("access: {users: ['telegram:1', '@ann']}", "access.users, entry 2", "discord:123456"),
            ("access: {owners: ['telegram:-1']}", "access.owners", "access.users"),
            ("discord: {gateway_url: 'http://h'}", "discord.gateway_url", "wss://"),
        ],
    )
    def test_a_mistake_is_named_with_its_mend(
        self, load: Load, yaml: str, key: str, mend: str
    ) -> None:
        line = refusal(load, yaml)
        assert key in line
        assert mend in line
        assert "config.yaml" in line

    @pytest.mark.parametrize(
        ("yaml", "line_number"),
        [("web:\n  port: [1\n", 3), ("web:\n\tport: 1", 2), ("web:\n  port: 1\n  port: 2\n", 3)],
    )
    def test_bad_yaml_is_named_with_its_line(self, load: Load, yaml: str, line_number: int) -> None:
        assert f"config.yaml, line {line_number} " in refusal(load, yaml)

    def test_a_file_that_is_no_configuration_is_refused(self, load: Load, tmp_path: Path) -> None:
        assert "sections" in refusal(load, "- a\n- b\n")
        assert "does not allow" in refusal(load, "web: \x00")
        with pytest.raises(ConfigError, match="no file"):
            load_config(tmp_path / "missing.yaml", ENOUGH)
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(tmp_path, ENOUGH)
        (tmp_path / "latin.yaml").write_bytes(b"chat: {persona: caf\xe9}")
        with pytest.raises(ConfigError, match="UTF-8"):
            load_config(tmp_path / "latin.yaml", ENOUGH)

    def test_no_platform_is_refused(self, load: Load) -> None:
        line = refusal(load, environ={"OPENAI_API_KEY": "k"})
        assert "TELEGRAM_BOT_TOKEN" in line
        assert "DISCORD_BOT_TOKEN" in line

    @pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN"])
    def test_one_platform_is_enough_and_an_empty_token_is_none(self, load: Load, name: str) -> None:
        load(environ={name: "1:t", "OPENAI_API_KEY": "k"})
        line = refusal(load, environ={name: "", "OPENAI_API_KEY": "k"})
        assert f"{name} in the environment is empty" in line

    def test_openai_wants_a_key_and_another_server_does_not(self, load: Load) -> None:
        environ = {"TELEGRAM_BOT_TOKEN": "1:t"}
        assert "openai.api_key" in refusal(load, environ=environ)
        yaml = "openai: {base_url: 'https://eu.api.openai.com/v1'}"
        assert "openai.api_key" in refusal(load, yaml, environ=environ)
        environ["OPENAI_BASE_URL"] = "http://127.0.0.1:11434/v1"
        assert load(environ=environ).openai.api_key == ""

    @pytest.mark.parametrize(
        "yaml",
        [
            "telegram: {token: [s3cr3t-value]}",
            "telegram:\n  token: s3cr3t-value: x",
            "telegram:\n  token: *s3cr3t-value",
            "telegram:\n  token: !s3cr3t-value x",
            "telegram:\n  token: 's3cr3t-value",
            "openai: {api_key: {a: s3cr3t-value}}",
            "openai: s3cr3t-value",
            "openai: {base_url: 's3cr3t-value'}",
            "access: {owners: [s3cr3t-value]}",
        ],
    )
    def test_a_value_is_never_repeated(self, load: Load, yaml: str) -> None:
        line = refusal(load, yaml)
        assert "s3cr3t" not in line

    def test_a_traceback_does_not_show_what_was_refused(self, load: Load) -> None:
        with pytest.raises(ConfigError) as caught:
            load("openai: {api_key: [s3cr3t-value]}")
        assert "s3cr3t" not in str(caught.value.__cause__)


class TestValues:
    def test_secrets_are_not_shown(self, load: Load) -> None:
        config = load("discord: {token: discord-secret}")
        assert config.secrets == ("123:plain", "discord-secret", "sk-plain-key")
        for secret in config.secrets:
            assert secret not in repr(config)
            assert secret not in str(config)

    def test_a_config_is_frozen(self, load: Load) -> None:
        config = load()
        with pytest.raises(ValidationError):
            config.web.port = 1

    def test_paths_start_at_the_configuration_file(self, load: Load, tmp_path: Path) -> None:
        storage = load("storage: {path: data/bot.db}").storage
        assert storage.path == tmp_path / "data/bot.db"
        assert storage.media_path == tmp_path / "data/bot-media"
        storage = load("storage: {path: /var/x.db, media_path: photos}").storage
        assert storage.path == Path("/var/x.db")
        assert storage.media_path == tmp_path / "photos"

    def test_files_come_from_where_messages_come_from(self, load: Load) -> None:
        assert load().telegram.file_url == "https://api.telegram.org/file/bot"
        yaml = "telegram: {api_base_url: 'http://127.0.0.1:8081/bot'}"
        assert load(yaml).telegram.file_url == "http://127.0.0.1:8081/file/bot"
        yaml = "telegram: {file_base_url: 'http://127.0.0.1:9/f/'}"
        assert load(yaml).telegram.file_url == "http://127.0.0.1:9/f"

    def test_words_that_older_yaml_takes_for_truth_stay_words(self, load: Load) -> None:
        assert load("chat: {voice: off}").chat.voice == "off"

    def test_white_space_around_a_token_is_no_part_of_it(self, load: Load) -> None:
        assert load(environ=ENOUGH | {"TELEGRAM_BOT_TOKEN": " 1:t\n"}).telegram.token == "1:t"

    def test_a_route_is_chosen_by_file_and_by_variable(self, load: Load) -> None:
        config = load(
            "openai: {routes: {speech: realtime, images: endpoint}}",
            environ=ENOUGH | {"PARLEY_OPENAI__ROUTES__IMAGES": "responses"},
        )
        expected = RouteChoices(speech="realtime", images="responses")
        assert config.openai.to_options().routes == expected

    def test_openai_options_hold_what_was_configured(self, load: Load) -> None:
        config = load("openai: {voice: sage, models: {m: {per_minute: 2, efforts: [low]}}}")
        options = config.openai.to_options()
        expected = OpenAIOptions(
            api_key="sk-plain-key",
            voice="sage",
            models={"m": ModelFacts(per_minute=2.0, efforts=("low",))},
        )
        assert options == expected

    @pytest.mark.parametrize(
        ("section", "options"),
        [
            (OpenAISection, OpenAIOptions),
            (ModelSection, ModelFacts),
            (RoutesSection, RouteChoices),
        ],
    )
    def test_the_keys_are_those_of_the_options(
        self, section: type[BaseModel], options: type[Any]
    ) -> None:
        assert set(section.model_fields) == {field.name for field in dataclasses.fields(options)}


def test_tools_are_all_a_list_or_none() -> None:
    def enabled(value: str) -> tuple[str, ...]:
        return load_config(None, ENOUGH | {"PARLEY_TOOLS__ENABLED": value}).tools.enabled

    assert load_config(None, ENOUGH).tools.enabled == ("all",)
    assert enabled("calculator, weather") == ("calculator", "weather")
    assert enabled("") == ()


class TestShippedFile:
    """config.yaml documents every key; a setting that is commented out is ``#key: default``."""

    def test_it_changes_nothing(self, tmp_path: Path) -> None:
        copy = tmp_path / "config.yaml"
        copy.write_text(SHIPPED.read_text())
        environ = ENOUGH | {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
        bare = load_config(None, environ).placed_in(tmp_path)
        shipped = load_config(copy, environ)
        assert shipped.model_copy(update={"storage": bare.storage}) == bare
        assert load_config(copy, ENOUGH).openai.base_url == ""

    def test_it_documents_every_key_at_its_default(self) -> None:
        documented = parse_yaml(re.sub(r"(?m)^(\s*)#(?=\w+:)", r"\1", SHIPPED.read_text()))
        model = Config()
        assert {key: set(values) for key, values in documented.items()} == {
            name: set(type(getattr(model, name)).model_fields) for name in Config.model_fields
        }
        for section, values in documented.items():
            written = {key: value for key, value in values.items() if "${" not in str(value)}
            defaults = getattr(model, section)
            validated = type(defaults).model_validate(
                {key: value for key, value in written.items() if value is not None}
            )
            assert validated == defaults, section

    def test_it_explains_what_is_known_of_a_model(self) -> None:
        text = SHIPPED.read_text()
        assert all(f"{name}:" in text for name in ModelSection.model_fields)
