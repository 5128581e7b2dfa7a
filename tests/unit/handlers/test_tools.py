"""The loop: what a model calls is carried out, told to it and shown, whatever goes wrong."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from handlers.errors import QuestionTooLongError, ServiceDownError, SoundUnreadableError
from handlers.messages import AnswerState, ChatSettings
from handlers.ports.chat import Finish, HostedTool, Source, ToolCall
from handlers.tools.running import ToolLimits
from handlers.tools.tool import HostedSwitch, ToolDefault, ToolOutput
from handlers.tools.toolbox import ToolRules
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench, pressed
from tests.unit.handlers.tool_bench import FakeTool, call, crash, fail, hang, tell_weather


def outputs(bench: Bench) -> list[str]:
    """What the model was told of the calls of the last round."""
    return [result.output for result in bench.model.requests[-1].rounds[-1].results]


async def test_a_call_is_carried_out_told_and_shown_and_its_text_stays() -> None:
    tool = FakeTool()
    bench = Bench(tools=lambda _: [tool])
    bench.model.scripts = [["Let me look.", call(city="Berlin")], ["It rains."]]
    await bench.say(message("weather in Berlin?"))

    assert tool.asked == [{"city": "Berlin"}]
    first, second = bench.model.requests
    assert [spec.name for spec in first.tools] == ["weather"]
    [done] = second.rounds
    assert (done.text, done.calls) == ("Let me look.", (call(city="Berlin"),))
    assert [(one.call_id, one.output) for one in done.results] == [("call_1", "rain in Berlin")]
    assert bench.platform.previews[-2] == "Let me look.\n\n🔧 weather: Berlin …"
    assert bench.platform.said == ["Let me look.\n\nIt rains.\n🔧 weather: Berlin"]
    assert bench.platform.buttons == [["retry", "steps"]]
    [exchange] = bench.store.exchanges
    assert exchange.answer == "Let me look.\n\nIt rains."
    assert [step.output for step in exchange.steps] == ["rain in Berlin"]
    assert len(bench.store.usage) == 2


async def test_the_next_question_carries_nothing_of_the_calls() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    bench.model.scripts = [[call(city="Berlin")], ["It rains."]]
    await bench.say(message("weather?"))
    await bench.say(message("thanks", number=2))
    last = bench.model.requests[-1]
    assert last.rounds == ()
    assert [part.text for part in last.messages[1].parts] == ["It rains."]  # type: ignore[union-attr]


async def test_calls_of_one_round_are_carried_out_side_by_side() -> None:
    both = asyncio.Barrier(2)

    async def meet(arguments: Mapping[str, Any]) -> ToolOutput:
        await both.wait()
        return await tell_weather(arguments)

    bench = Bench(tools=lambda _: [FakeTool(work=meet)])
    bench.model.scripts = [[call(number=1, city="Rome"), call(number=2, city="Oslo")], ["Rain."]]
    await bench.say(message("weather?"))
    assert outputs(bench) == ["rain in Rome", "rain in Oslo"]
    assert bench.platform.said == ["Rain.\n🔧 weather: Rome\n🔧 weather: Oslo"]


@pytest.mark.parametrize(
    ("called", "told"),
    [
        (ToolCall("1", "weather", "{"), "no JSON"),
        (ToolCall("1", "weather", "[]"), "must be a JSON object"),
        (ToolCall("1", "weather", "[" * 90_000), "no JSON"),
        (ToolCall("1", "weather", "x" * 200_000), "too long"),
        (ToolCall("1", "weather", ""), "'city' is a required property"),
        (ToolCall("1", "weather", '{"city": 7}'), "city: 7 is not of type 'string'"),
        (ToolCall("1", "whether", "{}"), "no tool of that name. There are: weather"),
    ],
)
async def test_a_wrong_call_is_an_error_for_the_model_to_mend(called: ToolCall, told: str) -> None:
    tool = FakeTool()
    bench = Bench(tools=lambda _: [tool])
    bench.model.scripts = [[called], [call(city="Rome")], ["Rain."]]
    await bench.say(message("weather?"))

    assert bench.model.requests[1].rounds[0].results[0].output.startswith("Error: ")
    assert told in bench.model.requests[1].rounds[0].results[0].output
    assert outputs(bench) == ["rain in Rome"]
    assert bench.platform.said[0].startswith("Rain.\n⚠️ wh" if "wh" in called.name else "Rain.\n⚠️")


async def test_a_tool_that_fails_hangs_or_gives_nonsense_is_an_error_for_the_model() -> None:
    async def refuse(arguments: Mapping[str, Any]) -> ToolOutput:
        raise SoundUnreadableError("secret detail")

    async def cancel(arguments: Mapping[str, Any]) -> ToolOutput:
        raise asyncio.CancelledError

    async def chat(arguments: Mapping[str, Any]) -> ToolOutput:
        return "words"  # type: ignore[return-value]  # as a stranger's tool might

    works = {"fails": fail, "hangs": hang, "refuses": refuse, "cancels": cancel, "chats": chat}
    bench = Bench(
        tools=lambda _: [FakeTool(name, work) for name, work in works.items()],
        limits=ToolLimits(call_timeout_s=0.05),
    )
    bench.model.scripts = [[call(name, city="x") for name in works], ["Sorry."]]
    await bench.say(message("try"))

    told = outputs(bench)
    assert all(one.startswith("Error: ") for one in told)
    assert "took longer" in told[1]
    assert "cannot read that recording" in told[2]
    assert "broke off" in told[3]
    assert not any("secret" in one or "fault of" in one for one in told)
    assert bench.platform.said[0].startswith("Sorry.\n⚠️ fails: x")


async def test_a_tool_that_does_not_end_when_it_is_cancelled_holds_nobody_up() -> None:
    end = asyncio.Event()

    async def cling(arguments: Mapping[str, Any]) -> ToolOutput:
        while not end.is_set():
            try:
                await end.wait()
            except asyncio.CancelledError:
                continue
        return ToolOutput("too late")

    bench = Bench(tools=lambda _: [FakeTool(work=cling)], limits=ToolLimits(call_timeout_s=0.05))
    bench.model.scripts = [[call(city="x")], ["Sorry."]]
    await bench.say(message("try"))
    assert bench.platform.said[0].startswith("Sorry.")
    end.set()


async def test_a_long_result_is_cut_and_says_so() -> None:
    async def flood(arguments: Mapping[str, Any]) -> ToolOutput:
        return ToolOutput("x" * 10_000_000 + "\ud800")

    bench = Bench(tools=lambda _: [FakeTool(work=flood)])
    bench.model.scripts = [[call(city="x")], ["Much."]]
    await bench.say(message("go"))
    [told] = outputs(bench)
    assert told.startswith("x" * 32_000 + "\n[Cut here: these are the first 32,000 of 10,000,001")
    assert len(told) < 32_200


async def test_half_a_pair_in_what_a_tool_says_reaches_nobody() -> None:
    async def halve(arguments: Mapping[str, Any]) -> ToolOutput:
        return ToolOutput("half \ud800")

    bench = Bench(tools=lambda _: [FakeTool(work=halve)])
    bench.model.scripts = [[call(city="\udfff")], ["Hm."]]
    await bench.say(message("go"))
    for text in (*outputs(bench), *bench.platform.said):
        assert text.encode()


async def test_a_model_that_calls_for_ever_is_asked_once_more_without_tools() -> None:
    tool = FakeTool()
    bench = Bench(tools=lambda _: [tool], limits=ToolLimits(rounds=3))
    bench.model.answer = lambda request: (
        [call(city="Rome")] if request.tools else ["That is all I know."]
    )
    await bench.say(message("go"))

    assert len(tool.asked) == 3
    assert [bool(request.tools) for request in bench.model.requests] == [True] * 3 + [False]
    assert len(bench.model.requests[-1].rounds) == 3
    assert bench.platform.said[0].startswith("That is all I know.")


async def test_calls_over_the_bound_are_refused_and_each_has_a_result() -> None:
    tool = FakeTool()
    bench = Bench(tools=lambda _: [tool], limits=ToolLimits(calls=2))
    bench.model.scripts = [[call(number=n, city=str(n)) for n in range(5)], ["Enough."]]
    await bench.say(message("go"))

    assert [asked["city"] for asked in tool.asked] == ["0", "1"]
    assert len(outputs(bench)) == 5
    assert all("too many calls" in one for one in outputs(bench)[2:])
    assert bench.model.requests[-1].tools == ()


async def test_the_time_of_all_calls_is_bounded_too() -> None:
    bench = Bench(
        tools=lambda _: [FakeTool(work=hang)],
        limits=ToolLimits(call_timeout_s=60, total_timeout_s=0.05),
    )
    bench.model.scripts = [[call(city="a")], [call(city="b")], ["Sorry."]]
    await bench.say(message("go"))
    rounds = bench.model.requests[-1].rounds
    assert "took longer" in rounds[0].results[0].output
    assert "time for tools is used up" in rounds[1].results[0].output


async def test_stop_ends_a_call_and_keeps_what_was_said() -> None:
    running = asyncio.Event()

    async def run(arguments: Mapping[str, Any]) -> ToolOutput:
        running.set()
        return await hang(arguments)

    bench = Bench(tools=lambda _: [FakeTool(work=run)])
    bench.model.scripts = [["One moment.", call(city="x")], ["never"]]
    await bench.dispatch.submit([message("go")])
    await running.wait()
    await bench.say(message("", number=2, command="stop"))
    await bench.store.all_done(2)
    assert bench.platform.said == ["One moment.\n⏹ Stopped."]
    assert bench.store.exchanges[0].state is AnswerState.STOPPED
    assert len(bench.model.requests) == 1


async def test_stop_in_a_call_before_any_words_stores_nothing() -> None:
    running = asyncio.Event()

    async def run(arguments: Mapping[str, Any]) -> ToolOutput:
        running.set()
        return await hang(arguments)

    bench = Bench(tools=lambda _: [FakeTool(work=run)])
    bench.model.scripts = [[call(city="x")]]
    await bench.dispatch.submit([message("go")])
    await running.wait()
    await bench.say(message("", number=2, command="stop"))
    await bench.store.all_done(2)
    assert bench.platform.said == ["⏹ Stopped."]
    assert bench.store.exchanges == []


# ---------------------------------------------------------------- a crash, and what is tried again


async def test_after_a_crash_no_call_is_made_twice_and_the_model_is_not_asked_again() -> None:
    slow = asyncio.Event()
    quick, reminders = FakeTool(), FakeTool("remind", is_lasting=True)

    async def wait(arguments: Mapping[str, Any]) -> ToolOutput:
        await slow.wait()
        return ToolOutput("at last")

    bench = Bench(tools=lambda _: [quick, reminders, FakeTool("slow", wait)])
    bench.model.scripts = [
        ["First.", call(city="Rome")],
        [call("remind", 2, city="x"), call("slow", 3, city="y")],
        ["Done."],
    ]
    await bench.dispatch.submit([message("go")])
    await bench.store.steps_saved(4)  # two rounds, and the calls that have ended
    slow.set()
    await crash(bench, 4)

    assert len(quick.asked) == len(reminders.asked) == 1
    assert len(bench.model.requests) == 3
    done = bench.model.requests[-1].rounds
    assert [[r.output for r in one.results] for one in done] == [
        ["rain in Rome"],
        ["rain in x", "at last"],
    ]
    assert bench.platform.said[0].startswith("First.\n\nDone.\n🔧 weather: Rome")
    assert len(bench.store.usage) == 3


async def test_after_a_crash_the_sources_of_before_are_still_listed() -> None:
    gate = asyncio.Event()
    bench = Bench(tools=lambda _: [FakeTool()])
    one = Source("One", "https://one.example/")
    bench.model.scripts = [[one, call(city="Rome")], [gate], ["Rain."]]
    await bench.dispatch.submit([message("go")])
    await bench.model.waiting.wait()
    await crash(bench, 2)
    assert "1. [One](https://one.example/)" in bench.platform.said[0]


async def test_what_failed_and_is_tried_again_goes_on_behind_the_last_call() -> None:
    tool = FakeTool()
    bench = Bench(tools=lambda _: [tool])
    bench.model.scripts = [[call(city="Rome")], ServiceDownError("500"), ["Rain."]]
    await bench.say(message("go"))
    assert "has a problem" in bench.platform.said[0]
    await bench.say(pressed(message(number=2), "retry", under="out1"))
    assert bench.platform.said[-1].startswith("Rain.")
    assert len(tool.asked) == 1
    assert len(bench.model.requests) == 3


async def test_what_is_tried_again_much_later_asks_anew_but_for_what_lasts() -> None:
    news, reminders = FakeTool(), FakeTool("remind", is_lasting=True)
    bench = Bench(tools=lambda _: [news, reminders])
    bench.model.scripts = [
        [call(city="Rome"), call("remind", 2, city="x")],
        ServiceDownError("500"),
        ["Rain."],
    ]
    await bench.say(message("go"))
    bench.clock.time += 3600
    await bench.say(pressed(message(number=2), "retry", under="out1"))
    assert (len(news.asked), len(reminders.asked)) == (2, 1)


async def test_another_model_is_not_given_what_the_first_carried() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    bench.model.scripts = [[call(city="Rome")], ServiceDownError("500"), ["Rain."]]
    await bench.say(message("go"))
    row = bench.store.rows["test:1"]
    row.steps["round 0"] = row.steps["round 0"].replace('"carried": ""', '"carried": "opaque"')
    bench.settings.stored[CHAT] = ChatSettings(model="other")
    await bench.say(pressed(message(number=2), "retry", under="out1"))
    assert [one.carried for one in bench.model.requests[-1].rounds] == [""]


async def test_words_that_were_shown_stay_when_the_service_takes_no_more() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    bench.model.scripts = [["So far.", call(city="Rome")], QuestionTooLongError("too long")]
    await bench.say(message("go"))
    assert bench.platform.said[0].startswith("So far.\n🔧 weather: Rome\n⚠️ This answer broke off")
    assert bench.platform.buttons == [["continue", "retry", "steps"]]


async def test_an_answer_that_goes_on_keeps_its_steps() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    bench.model.scripts = [
        ["A ", call(city="Rome")],
        ["b", Finish.CUT],
        [call(city="Oslo")],
        [" c"],
    ]
    await bench.say(message("go"))
    await bench.say(pressed(message(number=2), "continue", under="out1"))
    [exchange] = bench.store.exchanges
    assert [step.title for step in exchange.steps] == ["weather: Rome", "weather: Oslo"]
    await bench.say(pressed(message(number=3), "retry", under="out2"))
    assert bench.store.exchanges[0].steps == ()


# ---------------------------------------------------------------- what is offered


async def test_tools_are_offered_in_a_fixed_order_and_only_where_they_are_on() -> None:
    names = ("b", "a", "off", "owners")
    tools = [FakeTool(n, default=ToolDefault.OFF if n == "off" else ToolDefault.ON) for n in names]
    switch = HostedSwitch("web_search", "the web", HostedTool.WEB_SEARCH)
    bench = Bench(
        tools=lambda _: tools,
        switches=[switch],
        rules=ToolRules(owners_only=frozenset({"owners"})),
        owners=frozenset({"test:9"}),
    )
    await bench.say(message("hi"))
    bench.settings.stored[CHAT] = ChatSettings(tools_on=("off",), tools_off=("b", "web_search"))
    await bench.say(message("hi", number=2))

    first, second = bench.model.requests
    assert [spec.name for spec in first.tools] == ["b", "a"]
    assert first.hosted == {HostedTool.WEB_SEARCH}
    assert [spec.name for spec in second.tools] == ["a", "off"]
    assert second.hosted == frozenset()


async def test_a_tool_that_was_not_offered_is_not_carried_out_when_it_is_called() -> None:
    tool = FakeTool("danger")
    bench = Bench(
        tools=lambda _: [tool, FakeTool()], rules=ToolRules(owners_only=frozenset({"danger"}))
    )
    bench.model.scripts = [[call("danger", city="x")], ["No."]]
    await bench.say(message("go"))
    assert tool.asked == []
    assert outputs(bench) == ["Error: there is no tool of that name. There are: weather"]


async def test_what_cannot_be_offered_does_not_take_the_others_with_it() -> None:
    bad = [
        FakeTool("no name"),
        FakeTool("weather"),
        FakeTool("list", schema={"type": "array"}),
        FakeTool("broken", schema={"type": "object", "properties": 7}),
    ]
    bench = Bench(tools=lambda _: [FakeTool(), *bad, FakeTool("last")])
    await bench.say(message("hi"))
    assert [spec.name for spec in bench.model.requests[0].tools] == ["weather", "last"]


async def test_a_schema_that_refers_to_another_place_fetches_nothing() -> None:
    schema = {"type": "object", "properties": {"city": {"$ref": "https://example.org/city"}}}
    bench = Bench(tools=lambda _: [FakeTool(schema=schema)])
    bench.model.scripts = [[call(city="Rome")], ["Hm."]]
    await bench.say(message("go"))
    assert outputs(bench)[0].startswith("Error: the arguments could not be checked")


async def test_operators_choose_which_tools_exist() -> None:
    bench = Bench(
        tools=lambda _: [FakeTool(), FakeTool("other")],
        rules=ToolRules(enabled=frozenset({"other"})),
    )
    await bench.say(message("hi"))
    assert [spec.name for spec in bench.model.requests[0].tools] == ["other"]


async def test_of_two_tools_with_one_name_the_first_is_meant() -> None:
    first, second = FakeTool(), FakeTool()
    bench = Bench(tools=lambda _: [first, second])
    bench.model.scripts = [[call(city="Rome")], ["Rain."]]
    await bench.say(message("go"))
    assert (len(first.asked), len(second.asked)) == (1, 0)


async def test_without_tools_a_request_is_what_it_always_was(bench: Bench) -> None:
    await bench.say(message("hi"))
    [request] = bench.model.requests
    assert (request.tools, request.rounds, request.hosted) == ((), (), frozenset())
    assert "tools" not in request.system


# ---------------------------------------------------------------- sources


async def test_sources_stand_under_the_answer_and_not_in_the_history() -> None:
    bench = Bench()
    odd = Source("a]b*c\n d", "https://example.org/x_(y)")
    bad = [Source("no", url) for url in ("javascript://x/%0aalert(1)", "ftp://x/y", "[", "")]
    spaced = Source("again", f" {odd.url} ")
    bench.model.scripts = [["News.", odd, spaced, *bad]]
    await bench.say(message("news?"))
    assert bench.platform.said == [
        "News.\n\nSources:\n1. [a\\]b\\*c d](https://example.org/x_%28y%29)"
    ]
    assert bench.store.exchanges[0].answer == "News."


async def test_sources_of_every_round_are_listed_once() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    one, two = Source("One", "https://one.example/"), Source("", "https://two.example/a")
    bench.model.scripts = [[one, call(city="Rome")], ["So.", two, one]]
    await bench.say(message("news?"))
    assert (
        "1. [One](https://one.example/)\n2. [two.example](https://two.example/a)"
        in bench.platform.said[0]
    )


async def test_stop_leaves_a_trace_of_what_lasts_and_the_next_question_knows_of_it() -> None:
    gate = asyncio.Event()
    bench = Bench(tools=lambda _: [FakeTool(is_lasting=True)])
    bench.model.scripts = [[call(city="Rome")], [gate]]
    await bench.dispatch.submit([message("remind me")])
    await bench.model.waiting.wait()
    await bench.say(message("", number=2, command="stop"))
    await bench.store.all_done(2)
    assert "🔧 weather: Rome\n⏹ Stopped." in bench.platform.said[0]
    [exchange] = bench.store.exchanges
    assert exchange.state is AnswerState.STOPPED
    await bench.say(message("did you?", number=3))
    [told] = bench.model.requests[-1].messages[1].parts
    assert "weather: Rome" in getattr(told, "text", "")


async def test_calls_beyond_the_bound_are_one_step_and_none_of_them_is_kept() -> None:
    bench = Bench(tools=lambda _: [FakeTool()], limits=ToolLimits(calls=3))
    bench.model.scripts = [[call(number=n, city=str(n)) for n in range(50)], ["Many."]]
    await bench.say(message("weather?"))
    assert len(outputs(bench)) == 50
    assert sum("too many calls" in told for told in outputs(bench)) == 47
    assert len(bench.store.exchanges[0].steps) == 4
    assert len([name for name in bench.store.rows["test:1"].steps if "call" in name]) == 3


async def test_of_many_steps_the_chat_shows_the_first_and_the_file_all() -> None:
    bench = Bench(tools=lambda _: [FakeTool()], limits=ToolLimits(calls=40))
    bench.model.scripts = [[call(number=n, city=f"c{n}") for n in range(40)], ["Many."]]
    await bench.say(message("weather?"))
    await bench.say(message(text="", number=2, command="steps"))
    shown = next(text for text in bench.platform.said if text.startswith("**1"))
    assert "**10\\." in shown
    assert "**11\\." not in shown
    assert "the file holds all of it" in shown
    assert b"c39" in bench.platform.sent_files["steps.md"]
