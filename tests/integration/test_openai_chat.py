"""Chat over real sockets, in both dialects."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    CreditExhaustedError,
    KeyRefusedError,
    ModelMissingError,
    ParleyError,
    QuestionTooLongError,
    ServiceBusyError,
    ServiceDownError,
    ServiceSilentError,
)
from handlers.messages import Capability, UsageEntry
from handlers.ports.chat import Finish, PicturePart
from tests import samples
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
    Step,
    Usage,
)
from tests.integration.openai_room import KEY, MODEL, Pauses, ask, open_room, read, started

SHORT_S = 0.8
"""A silence that tests can afford to wait for."""


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture(params=["responses", "chat_completions"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_an_answer_comes_in_pieces_with_what_it_cost(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Answer(["One, ", "two, ", "three."], usage=Usage(1000, 200, 400)))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Count"))
        assert [piece async for piece in stream] == ["One, ", "two, ", "three."]
        (usage,) = stream.usage
    assert stream.finish is Finish.COMPLETE
    assert (usage.capability, usage.model) == (Capability.CHAT, MODEL)
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (1000, 200, 400)
    assert usage.cost_usd == pytest.approx((600 * 0.1 + 400 * 0.01 + 200 * 0.5) / 1e6)
    assert not usage.is_estimate
    assert emulator.violations == []


async def test_the_first_piece_is_there_before_the_answer_is_whole(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    gate = asyncio.Event()
    emulator.script("chat", Gated(["first"], gate, [" second"]))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))
        pieces = aiter(stream)
        assert await anext(pieces) == "first"
        gate.set()
        assert await anext(pieces) == " second"
        assert [piece async for piece in pieces] == []


async def test_a_model_that_nobody_listed_works_and_has_no_price(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Answer("Hello"))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello", model="some-new-model"))
        assert await read(stream) == "Hello"
    assert stream.usage[-1].cost_usd is None
    assert stream.usage[-1].output_tokens > 0


@pytest.mark.parametrize(
    "step",
    [
        CutAfter(["Half an ", "answer"]),
        EndWithoutFinish(["Half an ", "answer"]),
        FailInStream(["Half an ", "answer"]),
        FailInStream(["Half an ", "answer"], event="response.failed"),
        FailInStream(["Half an ", "answer"], code="rate_limit_exceeded"),
    ],
    ids=["cut", "no finish", "error event", "failed event", "busy event"],
)
async def test_what_breaks_off_keeps_its_text_and_is_not_asked_again(
    emulator: OpenAIEmulator, dialect: str, step: Step
) -> None:
    emulator.script("chat", step)
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "Half an answer"
    assert stream.finish is Finish.CUT
    assert stream.usage[-1].is_estimate
    assert stream.usage[-1].input_tokens > 0
    assert stream.usage[-1].output_tokens > 0
    assert len(emulator.requests) == 1


async def test_what_falls_silent_keeps_its_text_and_is_not_asked_again(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", HangAfter(["Half an ", "answer"]))
    async with open_room(emulator.base_url, chat_api=dialect, timeout_s=SHORT_S) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "Half an answer"
        await emulator.wait_until(lambda: emulator.disconnects == 1)
    assert stream.finish is Finish.CUT
    assert len(emulator.requests) == 1


async def test_an_answer_at_its_bound_says_so(emulator: OpenAIEmulator, dialect: str) -> None:
    emulator.script("chat", Answer("As far as it goes", finish="length"))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "As far as it goes"
    assert stream.finish is Finish.LENGTH


async def test_a_filtered_answer_says_so(emulator: OpenAIEmulator, dialect: str) -> None:
    emulator.script("chat", Answer("As far as it", finish="content_filter"))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "As far as it"
    assert stream.finish is Finish.FILTERED


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Empty(), AnswerEmptyError),
        (Answer([" ", "\n"]), AnswerEmptyError),
        (Answer([], finish="content_filter"), ContentRefusedError),
    ],
    ids=["nothing", "white space", "filtered"],
)
async def test_an_answer_without_text_is_an_error(
    emulator: OpenAIEmulator, dialect: str, step: Step, expected: type[ParleyError]
) -> None:
    emulator.script("chat", step)
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        with pytest.raises(expected):
            await started(room.chat, ask("Hello"))
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Fail(429), ServiceBusyError),
        (Fail(500), ServiceDownError),
        (Fail(503), ServiceDownError),
        (FailInStream([]), ServiceDownError),
        (FailInStream([], code="rate_limit_exceeded"), ServiceBusyError),
        (EndWithoutFinish([]), ServiceDownError),
        (CutAfter([]), ServiceDownError),
        (Garbage(), ServiceDownError),
    ],
    ids=["429", "500", "503", "error event", "busy event", "no finish", "cut", "garbage"],
)
async def test_what_fails_before_the_first_piece_is_tried_twice_more(
    emulator: OpenAIEmulator, dialect: str, step: Step, expected: type[ParleyError]
) -> None:
    pauses = Pauses()
    emulator.script("chat", step, step, step)
    async with open_room(emulator.base_url, pauses, chat_api=dialect) as room:
        with pytest.raises(expected):
            await started(room.chat, ask("Hello"))
        assert len(emulator.requests) == 3
        first_s, second_s = pauses.waited_s
        assert 0 < first_s < second_s < 2

        emulator.script("chat", step, step, Answer("At last"))
        assert await read(await started(room.chat, ask("Hello"))) == "At last"


async def test_the_wait_that_the_server_asks_for_is_kept(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    pauses = Pauses()
    emulator.script(
        "chat",
        Fail(429, headers={"Retry-After": "7"}),
        Fail(503, headers={"Retry-After-Ms": "1500"}),
        Answer("Here"),
    )
    async with open_room(emulator.base_url, pauses, chat_api=dialect) as room:
        assert await read(await started(room.chat, ask("Hello"))) == "Here"
    assert pauses.waited_s == [7.0, 1.5]


async def test_a_wait_that_nobody_would_sit_out_is_told_at_once(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    pauses = Pauses()
    emulator.script("chat", Fail(429, headers={"Retry-After": "60"}))
    async with open_room(emulator.base_url, pauses, chat_api=dialect) as room:
        with pytest.raises(ServiceBusyError) as raised:
            await started(room.chat, ask("Hello"))
    assert raised.value.retry_after_s == 60
    assert pauses.waited_s == []
    assert len(emulator.requests) == 1


async def test_silence_is_told_at_once(emulator: OpenAIEmulator, dialect: str) -> None:
    pauses = Pauses()
    emulator.script("chat", Hang())
    async with open_room(emulator.base_url, pauses, chat_api=dialect, timeout_s=SHORT_S) as room:
        with pytest.raises(ServiceSilentError):
            await started(room.chat, ask("Hello"))
    assert pauses.waited_s == []
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Fail(401, code="invalid_api_key", message=f"Incorrect key: {KEY}"), KeyRefusedError),
        (Fail(403, message=f"Not with {KEY}"), KeyRefusedError),
        (Fail(404, code="model_not_found"), ModelMissingError),
        (Fail(429, code="insufficient_quota"), CreditExhaustedError),
        (Fail(400, code="context_length_exceeded"), QuestionTooLongError),
        (Fail(500, message=f"Authorization: Bearer {KEY}"), ServiceDownError),
    ],
    ids=["401", "403", "404", "quota", "too long", "500"],
)
async def test_a_refusal_is_named_and_never_shows_the_key(
    emulator: OpenAIEmulator, dialect: str, step: Step, expected: type[ParleyError]
) -> None:
    emulator.script("chat", step, step, step)
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        with pytest.raises(expected) as raised:
            await started(room.chat, ask("Hello"))
    assert KEY not in "".join(traceback.format_exception(raised.value))


async def test_no_server_at_all_is_down(dialect: str) -> None:
    async with OpenAIEmulator() as emulator:
        address = emulator.base_url
    async with open_room(address, chat_api=dialect) as room:
        with pytest.raises(ServiceDownError):
            await started(room.chat, ask("Hello"))


async def test_half_a_character_in_a_question_does_not_stop_it(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Answer("Fine"))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        assert await read(await started(room.chat, ask("Half: \ud83d, NUL: \0"))) == "Fine"


async def test_answers_come_side_by_side(emulator: OpenAIEmulator, dialect: str) -> None:
    gate = asyncio.Event()
    emulator.script("chat", *(Gated(["a"], gate, [f"{n}"]) for n in range(20)))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        streams = await asyncio.gather(*(started(room.chat, ask("Hello")) for _ in range(20)))
        gate.set()
        answers = await asyncio.gather(*(read(stream) for stream in streams))
    assert sorted(answers) == sorted(f"a{n}" for n in range(20))


async def test_what_is_told_is_what_was_billed(emulator: OpenAIEmulator, dialect: str) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        usages: list[UsageEntry] = []
        for _ in range(3):
            stream = await started(room.chat, ask("Tell me a story", system="Be brief. " * 300))
            await read(stream)
            usages.extend(stream.usage)
    billed = emulator.billed
    assert sum(usage.input_tokens for usage in usages) == billed[MODEL, "input_tokens"]
    assert sum(usage.output_tokens for usage in usages) == billed[MODEL, "output_tokens"]
    assert sum(usage.cached_tokens for usage in usages) == billed[MODEL, "cached_tokens"] > 0


async def test_cancelling_the_iteration_closes_the_connection(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    got_first = asyncio.Event()
    emulator.script("chat", Gated(["Half"], asyncio.Event()))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))

        async def follow() -> None:
            async for _ in stream:
                got_first.set()

        following = asyncio.create_task(follow())
        await got_first.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        await emulator.wait_until(lambda: emulator.disconnects == 1)
        assert stream.finish is Finish.CUT
        assert stream.usage[-1].is_estimate
        await stream.aclose()
        await stream.aclose()


async def test_closing_a_stream_that_nobody_read_closes_the_connection(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Gated(["Half"], asyncio.Event()))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))
        await stream.aclose()
        await emulator.wait_until(lambda: emulator.disconnects == 1)


async def test_cancelling_while_nothing_has_come_closes_the_connection(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Hang())
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        opening = asyncio.create_task(started(room.chat, ask("Hello")))
        await emulator.wait_for_request("chat")
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await emulator.wait_until(lambda: emulator.disconnects == 1)


Write = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def serve(script: Callable[[Write], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that writes what ``script`` does, whatever it is asked."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await script(response.write)
        return response

    app = web.Application()
    app.router.add_post("/v1/{route:.*}", answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_a_server_that_only_keeps_the_line_open_is_silent() -> None:
    async def script(write: Write) -> None:
        while True:
            await write(b": still working\n\n")
            await asyncio.sleep(SHORT_S / 10)

    async with serve(script) as address, open_room(address, timeout_s=SHORT_S) as room:
        with pytest.raises(ServiceSilentError):
            await started(room.chat, ask("Hello"))


async def test_a_server_that_tells_no_usage_is_estimated() -> None:
    async def script(write: Write) -> None:
        await write(b'data: {"choices": [{"delta": {"content": "Four words are here"}}]}\n\n')
        await write(b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n')
        await write(b"data: [DONE]\n\n")

    async with serve(script) as address, open_room(address) as room:
        picture = PicturePart("low", samples.png(8, 8), "image/png")
        stream = await started(room.chat, ask("Hello there", picture))
        assert await read(stream) == "Four words are here"
    assert stream.finish is Finish.COMPLETE
    assert stream.usage[-1].is_estimate
    assert 2 <= stream.usage[-1].output_tokens <= 6
    assert 85 < stream.usage[-1].input_tokens < 110


async def test_an_answer_that_is_whole_stays_whole_when_the_line_breaks_after_it() -> None:
    async def script(write: Write) -> None:
        await write(b'data: {"choices": [{"delta": {"content": "All"}}]}\n\n')
        await write(b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n')
        await write(b"data: {broken\n\n")

    async with serve(script) as address, open_room(address) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "All"
    assert stream.finish is Finish.COMPLETE


async def test_a_failure_before_the_answer_closes_the_connection() -> None:
    left = asyncio.Event()

    async def script(write: Write) -> None:
        error = '{"code": "invalid_prompt", "message": "No."}'
        failed = f'{{"type": "response.failed", "response": {{"error": {error}}}}}'
        try:
            await write(f"event: response.failed\ndata: {failed}\n\n".encode())
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            left.set()
            raise

    async with serve(script) as address, open_room(address, chat_api="responses") as room:
        with pytest.raises(ContentRefusedError):
            await started(room.chat, ask("Hello"))
        await asyncio.wait_for(left.wait(), 10)
