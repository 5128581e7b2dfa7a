"""How long a recording may be, and what is told of its times."""

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest
from openai import AsyncOpenAI

from tests import samples
from tests.emulators.openai import OpenAIEmulator


@pytest.fixture
async def service() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator() as emulator:
        yield emulator


@pytest.fixture
async def client(service: OpenAIEmulator) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="sk-test", base_url=service.base_url, max_retries=0) as client:
        yield client


async def test_newer_models_refuse_more_than_1400_seconds(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    long = ("long.mp3", await asyncio.to_thread(samples.talk, 23.5))
    with pytest.raises(openai.BadRequestError, match="longer than 1400 seconds"):
        await client.audio.transcriptions.create(model="gpt-transcribe", file=long)
    heard = await client.audio.transcriptions.create(model="whisper-1", file=long)
    assert heard.text
    assert len(service.violations) == 1


async def test_whisper_tells_when_each_sentence_was_said(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.transcripts = "One here. Two there."
    heard = await client.audio.transcriptions.create(
        model="whisper-1",
        file=("note.ogg", samples.ogg_opus(4.0)),
        response_format="verbose_json",
        timestamp_granularities=["segment"],
    )
    segments = heard.segments or []
    assert [segment.text for segment in segments] == [" One here.", " Two there."]
    assert [segment.start for segment in segments] == pytest.approx([0.0, 2.0], abs=0.05)
    assert segments[-1].end == pytest.approx(heard.duration, abs=0.01)
    assert heard.usage is not None
    assert service.violations == []


async def test_silence_has_no_times(service: OpenAIEmulator, client: AsyncOpenAI) -> None:
    service.transcripts = ""
    heard = await client.audio.transcriptions.create(
        model="whisper-1",
        file=("note.ogg", samples.ogg_opus(1.0)),
        response_format="verbose_json",
    )
    assert heard.segments == []


async def test_newer_models_tell_no_times(service: OpenAIEmulator, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.audio.transcriptions.create(
            model="gpt-transcribe",
            file=("note.ogg", samples.ogg_opus(1.0)),
            response_format="verbose_json",
        )
