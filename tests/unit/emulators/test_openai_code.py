"""The emulator's containers and background answers, asked with the real library."""

import json
from typing import Any

import openai
import pytest

from tests.emulators import specs
from tests.emulators.openai import OpenAIEmulator, Ran, RunScript

FOLDER = specs.specs_folder()


@pytest.fixture
async def emulator() -> OpenAIEmulator:
    return OpenAIEmulator(api_key=None)


def client(emulator: OpenAIEmulator, key: str = "sk-one") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=key, base_url=emulator.base_url, max_retries=0)


def asking(container: str, **more: Any) -> dict[str, Any]:
    tool = {"type": "code_interpreter", "container": container}
    body = {"model": "gpt-6-luna", "input": "sum", "background": True, "tools": [tool]}
    return body | more


async def test_what_it_tells_is_as_published(emulator: OpenAIEmulator) -> None:
    if FOLDER is None:
        pytest.skip("the published specs are not here")
    emulator.code.runs.scripts.append(RunScript("x", [Ran("1", "1")], {"a.csv": b"1"}))
    told: list[tuple[str, dict[str, Any]]] = []
    async with emulator, client(emulator) as sdk:
        raw = sdk.with_raw_response
        made = await raw.containers.create(name="a")
        container = json.loads(made.text)["id"]
        told.append(("ContainerResource", json.loads(made.text)))
        file = await raw.containers.files.create(container, file=("a.csv", b"a"))
        told.append(("ContainerFileResource", json.loads(file.text)))
        run = await sdk.responses.create(**asking(container))
        for _ in range(5):
            look = await raw.responses.retrieve(run.id)
            told.append(("Response", json.loads(look.text)))
        files = await raw.containers.files.list(container)
        told.append(("ContainerFileListResource", json.loads(files.text)))

    assert [body.get("status") for _, body in told][2:7] == [
        *("queued", "in_progress", "in_progress", "completed", "completed")
    ]
    assert [
        problem for name, body in told if (problem := specs.problem_with(name, body, FOLDER))
    ] == []


async def test_it_refuses_what_breaks_its_rules(emulator: OpenAIEmulator) -> None:
    async with emulator, client(emulator) as sdk, client(emulator, "sk-two") as other:
        container = (await sdk.containers.create(name="a")).id
        with pytest.raises(openai.BadRequestError, match="store"):
            await sdk.responses.create(**asking(container, store=False))
        with pytest.raises(openai.NotFoundError):
            await other.containers.retrieve(container)
        with pytest.raises(openai.NotFoundError):
            await other.responses.create(**asking(container))
        with pytest.raises(openai.BadRequestError):
            await sdk.containers.create(name="a", extra_body={"nmae": 1})
        emulator.code.containers.expire()
        with pytest.raises(openai.BadRequestError, match="expired"):
            await sdk.responses.create(**asking(container))

    assert len(emulator.violations) == 2
