"""The emulator against the real client: what it answers, how it fails, what it counts."""

import asyncio
import base64
import io
import sys
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from PIL import Image

from tests.emulators import specs
from tests.emulators.openai import (
    Answer,
    CutAfter,
    Empty,
    EndWithoutFinish,
    Fail,
    FailInStream,
    Garbage,
    Gated,
    Hang,
    HangAfter,
    OpenAIEmulator,
    Usage,
)
from tests.unit.emulators.openai_samples import (
    MODEL,
    QUESTION,
    client_of,
    completions,
    data_url,
    picture,
    responses,
    sound,
    text_of,
)


@pytest.fixture
async def service() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator() as emulator:
        yield emulator


@pytest.fixture
async def client(service: OpenAIEmulator) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(service) as client:
        yield client


# ---------------------------------------------------------------- answers


async def test_completions_stream_roles_deltas_finish_and_usage(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    stream = await completions(client, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]

    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].delta.content for c in chunks[1:-2]] == ["echo:", " hi"]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2
    assert service.violations == []


async def test_completions_tell_no_usage_that_was_not_asked_for(client: AsyncOpenAI) -> None:
    chunks = [chunk async for chunk in await completions(client)]

    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)


async def test_responses_stream_every_event_in_order(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", Answer(["good ", "day"], usage=Usage(9, 5, 3)))
    stream = await responses(client, instructions="be kind", reasoning={"effort": "none"})
    events = [event async for event in stream]

    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == "good day"
    assert last.response.usage is not None
    assert last.response.usage.input_tokens_details.cached_tokens == 3
    assert service.chats()[0].system == "be kind"


async def test_whole_answers_come_in_both_dialects(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    whole = await client.chat.completions.create(model=MODEL, messages=QUESTION)
    response = await client.responses.create(model=MODEL, input=QUESTION)

    assert whole.choices[0].message.content == response.output_text == "echo: hi"
    assert [(call.system, call.last_user.text) for call in service.chats()] == [
        ("be kind", "hi"),
        ("be kind", "hi"),
    ]
    assert service.violations == []


async def test_what_it_answers_is_what_the_published_spec_says(client: AsyncOpenAI) -> None:
    folder = specs.specs_folder()
    if folder is None:
        pytest.skip("no folder with the published specs")
    whole = await client.chat.completions.create(model=MODEL, messages=QUESTION)
    response = await client.responses.create(model=MODEL, input="hi")
    bodies = [("CreateChatCompletionResponse", whole), ("Response", response)]
    bodies += [("CreateChatCompletionStreamResponse", c) async for c in await completions(client)]
    bodies += [("ResponseStreamEvent", event) async for event in await responses(client)]

    problems = [specs.problem_with(name, sent.to_dict(), folder) for name, sent in bodies]
    assert [problem for problem in problems if problem] == []


async def test_an_answer_that_is_too_long_says_so(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.answer = lambda call: f"{call.last_user.text} " * 50
    chunks = [chunk async for chunk in await completions(client, max_completion_tokens=5)]
    events = [event async for event in await responses(client, max_output_tokens=16)]

    assert chunks[-1].choices[0].finish_reason == "length"
    last = events[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "max_output_tokens"


async def test_pictures_are_decoded_and_told(service: OpenAIEmulator, client: AsyncOpenAI) -> None:
    url = data_url(picture("PNG"), "image/png")
    content = [{"type": "text", "text": "and"}, {"type": "image_url", "image_url": {"url": url}}]
    parts = [
        {"type": "input_text", "text": "and"},
        {"type": "input_image", "image_url": url, "detail": "low"},
    ]
    messages = [{"role": "user", "content": content}]
    text = await text_of(await completions(client, messages=messages))
    body: dict[str, Any] = {"model": MODEL, "input": [{"role": "user", "content": parts}]}
    response = await client.responses.create(**body)

    assert text == response.output_text == "echo: and [photo 768x1024 #c03020]"
    assert [call.last_user.images[0].tokens for call in service.chats()] == [765, 85]
    assert service.chats()[0].last_user.images[0].data == picture("PNG")


# ---------------------------------------------------------------- faults


async def test_a_scripted_failure_carries_its_code_and_retry_after(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", Fail(429, "rate_limit_exceeded", headers={"Retry-After": "7"}))

    with pytest.raises(openai.RateLimitError) as caught:
        await completions(client)

    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "7"
    assert await text_of(await completions(client)) == "echo: hi"
    assert service.violations == []


async def test_silence_lasts_until_the_client_leaves(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", Hang())
    request = asyncio.create_task(completions(client))
    await service.wait_for_request("/chat/completions")
    assert not request.done()
    request.cancel()

    await service.wait_until(lambda: service.disconnects == 1)


async def test_silence_ends_when_the_emulator_stops() -> None:
    async with OpenAIEmulator() as service, client_of(service) as client:
        service.script("chat", Hang(), Answer("never said", chunk_delay_s=3600))
        silent = asyncio.create_task(completions(client))
        await service.wait_for_request("chat")
        slow = asyncio.create_task(text_of(await completions(client)))
        await service.__aexit__(None, None, None)
        for request in (silent, slow):
            with pytest.raises(openai.APIConnectionError):
                await request
    assert service.disconnects == 0


async def test_leaving_in_the_middle_is_counted_and_billed_as_far_as_it_came(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", HangAfter(["four", "five"]))
    stream = await responses(client, reasoning={"effort": "none"})
    async for event in stream:
        if event.type == "response.output_text.delta" and event.delta == "five":
            break
    await stream.close()
    await service.wait_until(lambda: service.disconnects == 1)

    assert service.billed[MODEL, "output_tokens"] == 2
    assert service.ledger.untold[MODEL, "output_tokens"] == 2


async def test_reading_to_the_end_is_no_disconnect(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    for _ in range(5):
        await text_of(await completions(client))
        stream = await responses(client)
        async for event in stream:
            if event.type == "response.completed":
                break
        await stream.close()

    assert service.disconnects == 0
    assert service.ledger.untold == {}


async def test_a_cut_stream_gives_its_chunks_and_then_breaks(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", CutAfter("one two"))
    heard: list[str] = []

    async def listen() -> None:
        async for chunk in await completions(client):
            heard.append(chunk.choices[0].delta.content or "")  # noqa: PERF401  -- kept if it breaks

    with pytest.raises(openai.APIConnectionError):
        await listen()
    assert heard == ["", "one", " two"]
    assert service.disconnects == 0


async def test_a_stream_can_end_without_a_finish(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", EndWithoutFinish("one two"), EndWithoutFinish("one two"))
    chunks = [chunk async for chunk in await completions(client)]
    events = [event async for event in await responses(client)]

    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)
    assert events[-1].type == "response.output_text.delta"


async def test_a_gate_holds_an_answer_in_the_middle(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    gate = asyncio.Event()
    service.script("/chat/completions", Gated(["one"], gate, [" two"]))
    stream = await completions(client)
    heard = [(await anext(stream)).choices[0].delta.content for _ in range(2)]
    assert heard == ["", "one"]
    rest = asyncio.create_task(text_of(stream))
    assert await text_of(await completions(client)) == "echo: hi"
    assert not rest.done()
    gate.set()
    assert await rest == " two"


async def test_an_empty_answer_is_whole(service: OpenAIEmulator, client: AsyncOpenAI) -> None:
    service.script("chat", Empty())
    chunks = [chunk async for chunk in await completions(client)]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, "stop"]


async def test_errors_in_a_stream_come_in_the_words_of_the_dialect(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", FailInStream("one", message="overloaded"))
    with pytest.raises(openai.APIError, match="overloaded"):
        await text_of(await completions(client))
    service.script("chat", FailInStream("one"), FailInStream("one", event="response.failed"))

    assert [event.type async for event in await responses(client)][-1] == "error"
    last = [event async for event in await responses(client)][-1]
    assert last.type == "response.failed"
    assert last.response.error is not None


async def test_garbage_is_no_stream_and_no_json(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", Garbage(), Garbage())
    with pytest.raises(ValueError):
        await text_of(await completions(client))
    with pytest.raises((ValueError, openai.APIError)):
        await client.chat.completions.create(model=MODEL, messages=QUESTION)


# ---------------------------------------------------------------- the spec


async def test_what_only_the_published_spec_forbids_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    if specs.specs_folder() is None:
        pytest.skip("no folder with the published specs")
    with pytest.raises(openai.BadRequestError, match="CreateChatCompletionRequest"):
        await completions(client, extra_body={"metadata": {"a": 5}})
    assert "metadata" in service.violations[0]


async def test_values_newer_than_the_spec_are_taken(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    image = {"url": data_url(picture()), "detail": "original"}
    content = [{"type": "image_url", "image_url": image}]
    await text_of(await completions(client, messages=[{"role": "user", "content": content}]))
    assert service.violations == []


# ---------------------------------------------------------------- models


async def test_models_tell_their_shutdown_and_those_shut_down_are_gone(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    ends = {model.id: model.shutdown_date async for model in client.models.list()}
    assert ends["gpt-6-luna"] is None
    assert (await client.models.retrieve("whisper-1")).shutdown_date == "2027-02-26"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("nobody-listed")
    with pytest.raises(openai.NotFoundError):
        await completions(client, model="gpt-3.5-turbo")
    assert await text_of(await completions(client, model="nobody-listed")) == "echo: hi"


async def test_a_retired_route_is_gone(service: OpenAIEmulator, client: AsyncOpenAI) -> None:
    service.retired_routes["/audio/speech"] = 410
    with pytest.raises(openai.APIStatusError) as caught:
        await client.audio.speech.create(model="tts-1", voice="ash", input="hi")
    assert caught.value.status_code == 410


# ---------------------------------------------------------------- sound


async def test_a_voice_note_is_decoded_and_transcribed(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    note = sound(2.0)
    service.transcripts = lambda request: f"heard {request.files[0].filename}"
    heard = await client.audio.transcriptions.create(
        model="gpt-transcribe", file=("note.ogg", note), language="en", keywords=["Parley"]
    )
    with pytest.warns(DeprecationWarning, match="deprecated"):
        english = await client.audio.translations.create(model="whisper-1", file=("note.ogg", note))

    assert heard.text == "heard note.ogg"
    assert english.text == "hello in English"
    assert service.billed["gpt-transcribe", "seconds"] == pytest.approx(2.0, abs=0.1)
    assert service.requests[0].files[0].data == note
    assert service.requests[0].body["keywords"] == ["Parley"]
    assert service.violations == []


async def test_a_scripted_transcript_can_be_empty_or_fail(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    note = ("note.ogg", sound(1.0))
    service.script("/audio/transcriptions", Answer("as told"), Empty(), Fail(500))
    create = client.audio.transcriptions.create
    assert (await create(model="gpt-transcribe", file=note)).text == "as told"
    assert (await create(model="gpt-transcribe", file=note)).text == ""
    with pytest.raises(openai.InternalServerError):
        await create(model="gpt-transcribe", file=note)


@pytest.mark.parametrize(
    ("shape", "magic"),
    [("opus", b"OggS"), ("mp3", b"ID3"), ("wav", b"RIFF"), ("flac", b"fLaC")],
)
async def test_speech_is_real_sound_as_long_as_its_text(
    service: OpenAIEmulator, client: AsyncOpenAI, shape: Any, magic: bytes
) -> None:
    spoken = await client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="marin", input="x" * 50, response_format=shape
    )
    assert spoken.content.startswith(magic)
    ending = {"opus": "ogg"}.get(shape, shape)
    await client.audio.transcriptions.create(
        model="gpt-transcribe", file=(f"speech.{ending}", spoken.content)
    )
    assert service.billed["gpt-transcribe", "seconds"] == pytest.approx(3.0, abs=0.15)
    assert service.billed["gpt-4o-mini-tts", "characters"] == 50


# ---------------------------------------------------------------- pictures, vectors


async def test_a_picture_is_really_drawn(service: OpenAIEmulator, client: AsyncOpenAI) -> None:
    made = await client.images.generate(model="gpt-image-2", prompt="a cat", size="1536x1024")
    assert made.data is not None
    assert made.usage is not None
    with Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json or ""))) as image:
        assert (image.format, image.size) == ("PNG", (1536, 1024))
    edited = await client.images.edit(
        model="gpt-image-2",
        prompt="a dog",
        image=[("a.png", picture("PNG")), ("b.jpg", picture())],
        mask=("mask.png", picture("PNG", mode="RGBA")),
        n=2,
    )
    assert edited.data is not None
    assert len(edited.data) == 2
    assert service.billed["gpt-image-2", "images"] == 3
    assert service.violations == []


async def test_embeddings_follow_from_the_words(client: AsyncOpenAI) -> None:
    made = await client.embeddings.create(
        model="text-embedding-3-small", input=["red car", "the red car", "blue sea"]
    )
    vectors = [item.embedding for item in made.data]
    near, far = (
        sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors[1:]
    )
    assert len(vectors[0]) == 1536
    assert near > far


async def test_moderation_flags_what_is_bad(client: AsyncOpenAI) -> None:
    checked = await client.moderations.create(input=["good day", "murder"])
    assert [result.flagged for result in checked.results] == [False, True]


# ---------------------------------------------------------------- bills


async def test_the_unchanged_prefix_is_cached_and_its_share_told(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    first: list[Any] = [{"role": "user", "content": "x" * 400}]
    more = [*first, {"role": "assistant", "content": "a"}, {"role": "user", "content": "next"}]
    changed = [{"role": "user", "content": "y" * 400}]
    counts = []
    for messages in (first, more, changed):
        body: dict[str, Any] = {"messages": messages, "prompt_cache_key": "chat-1"}
        whole = await client.chat.completions.create(model=MODEL, **body)
        assert whole.usage is not None
        assert whole.usage.prompt_tokens_details is not None
        counts.append(whole.usage.prompt_tokens_details.cached_tokens)

    assert counts == [0, 101, 1]
    assert 0.3 < service.prefix_share("chat-1") < 0.34
    assert service.prefix_share("chat-2") == 0


async def test_alone_it_prints_its_address_and_stops_at_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.emulators.openai", "--port", "0", "--chunks", "3"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    base_url = (await process.stdout.readline()).decode().strip()
    async with AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0) as client:
        chunks = [chunk async for chunk in await completions(client)]
    process.terminate()
    assert await process.wait() == 0
    assert len(chunks) == 1 + 3 + 1
