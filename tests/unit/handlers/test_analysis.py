"""/analyze over fakes: what is told while a run goes on, and what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from handlers.answers.memory import Memory
from handlers.code.analysis import Analysis
from handlers.code.code_results import MAX_FILE_BYTES, CodeResults
from handlers.code.code_watch import LONGEST_PAUSE_S, CodeWatch
from handlers.code.forgotten_runs import KEPT_S, ForgottenRuns
from handlers.code.workbench import Workbench, file_name
from handlers.errors import (
    ContainerGoneError,
    ContentRefusedError,
    KeyRefusedError,
    ParleyError,
    ServiceDownError,
    ServiceRejectedError,
    ServiceSilentError,
)
from handlers.messages import AnswerState, Attachment, AttachmentKind, Capability, Quoted
from handlers.ports.code import CodeCall, Look, MadeFile, RunState
from tests import samples
from tests.fakes import message
from tests.fakes_code import DONE, FakeCode, FakeContainers, FakeRuns
from tests.unit.handlers.bench import Bench

CSV = Attachment(AttachmentKind.DOCUMENT, "csv", "text/csv", "s.csv")
RUNNING = Look(RunState.IN_PROGRESS, calls=(CodeCall("print(1)", is_running=True),))
RAN = CodeCall("# Add\nprint(1)", "1\n")


class AnalysisBench(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.code = FakeCode()
        self.containers = FakeContainers()
        self.waited_s: list[float] = []
        self.gate: asyncio.Event | None = None
        """A run is waited for until this is set."""
        self.at_gate = asyncio.Event()
        self.platform.files["csv"] = b"a,b\n1,2\n"
        self.runs = FakeRuns()
        self.forgotten = ForgottenRuns(self.code, self.runs, self.clock)
        analysis = Analysis(
            workbench=Workbench(self.code, self.containers),
            watch=CodeWatch(self.code, self.forgotten, self.clock, 600, self._wait),
            results=CodeResults(self.code, self.media, self.photos),
            history=self.store,
            conversation=self.conversation,
            memory=Memory(self.model, self.store),
            deliver=self.chat.deliver,
        )
        self.commands["analyze"] = analysis.analyze
        self.commands["retry"] = analysis.retrying(self.chat.retry)

    async def _wait(self, seconds: float) -> None:
        self.waited_s.append(seconds)
        self.clock.time += seconds
        if self.gate is not None:
            self.at_gate.set()
            await self.gate.wait()
        await asyncio.sleep(0)

    async def analyse(self, text: str = "add it up", number: int = 1, *files: Attachment) -> None:
        asked = message(text, number=number)
        await self.say(replace(asked, command="analyze", attachments=files))


@pytest.fixture
async def bench() -> AsyncIterator[AnalysisBench]:
    bench = AnalysisBench()
    yield bench
    await bench.close()


async def test_each_state_is_told_as_it_comes(bench: AnalysisBench) -> None:
    between = replace(RUNNING, calls=(RAN,))
    second = replace(RUNNING, calls=(RAN, *RUNNING.calls))
    bench.code.looks = [
        Look(RunState.QUEUED),
        Look(RunState.IN_PROGRESS),
        RUNNING,
        between,
        second,
        DONE,
    ]
    await bench.analyse()
    told = [text.partition(" ")[2] for text in bench.platform.previews]
    assert told == [
        "Bringing the files to where the code runs …",
        "Queued …",
        "In progress: thinking …",
        "In progress: running code, step 1 …",
        "In progress: 1 step done, thinking …",
        "In progress: running code, step 2 …",
    ]
    assert bench.platform.said == ["done"]
    await bench.dispatch.drain(1)
    assert bench.code.forgotten == ["run1"]


async def test_pauses_grow_to_a_bound_and_passing_failures_end_nothing(
    bench: AnalysisBench,
) -> None:
    failures = [ServiceDownError("502"), ServiceSilentError("late")]
    bench.code.looks = [Look(RunState.QUEUED), *failures, *[RUNNING] * 20, DONE]
    await bench.analyse()
    assert bench.platform.said == ["done"]
    assert bench.waited_s == sorted(bench.waited_s)
    assert bench.waited_s[0] < 0.5
    assert bench.waited_s[-1] == LONGEST_PAUSE_S


async def test_a_run_is_cancelled_when_its_time_is_over(bench: AnalysisBench) -> None:
    bench.code.looks = [RUNNING]
    await bench.analyse()
    assert bench.code.cancelled == ["run1"]
    assert 600 < sum(bench.waited_s) < 610
    assert "took longer than 10 minutes" in bench.platform.said[0]
    [exchange] = bench.store.exchanges
    assert exchange.state is AnswerState.STOPPED
    assert [(step.input, step.language) for step in exchange.steps] == [("print(1)", "python")]


async def test_what_is_stopped_while_it_begins_is_cancelled_at_the_service(
    bench: AnalysisBench,
) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        begun.set()
        await gate.wait()

    bench.code.on_begin = hold
    bench.code.looks = [Look(RunState.QUEUED)]
    asked = replace(message("add"), command="analyze")
    await bench.dispatch.submit([asked])
    await begun.wait()
    await bench.dispatch.submit([replace(message("", number=2), command="cancel")])
    gate.set()
    await bench.store.all_done(2)
    assert bench.code.cancelled == ["run1"]
    assert bench.platform.said == ["⏹ Stopped."]


async def test_a_new_process_looks_at_the_same_run(bench: AnalysisBench) -> None:
    bench.gate = asyncio.Event()
    bench.code.looks = [RUNNING]
    await bench.dispatch.submit([replace(message("add"), command="analyze", attachments=(CSV,))])
    await bench.at_gate.wait()
    await bench.dispatch.drain(0)
    bench.gate = None
    bench.code.looks = [DONE]
    bench.restart()
    await bench.dispatch.resume()
    await bench.store.all_done(1)
    assert len(bench.code.requests) == 1
    assert bench.code.cancelled == []
    assert bench.code.uploads == {"container1": ["s.csv"]}
    assert bench.platform.said[-1] == "done"
    spent = [entry.model for entry in bench.store.usage if entry.capability is Capability.CODE]
    assert sorted(spent) == ["fake", "session"]


async def test_a_container_that_ends_before_the_run_is_renewed_with_the_files(
    bench: AnalysisBench,
) -> None:
    await bench.analyse("one", 1, CSV)
    bench.code.begins_badly = [ContainerGoneError("gone")]

    async def expire() -> None:
        bench.code.expired.add("container1")
        bench.code.on_begin = None

    bench.code.on_begin = expire
    await bench.analyse("two", 2, CSV)
    assert bench.code.uploads == {"container1": ["s.csv"], "container2": ["s.csv"]}
    assert bench.platform.said == ["done", "done"]


async def test_the_same_file_goes_there_once_and_old_ones_are_told_of(
    bench: AnalysisBench,
) -> None:
    await bench.analyse("one", 1, CSV)
    quoted = Quoted("in1", "Ann", attachments=(CSV,))
    await bench.say(replace(message("two", number=2), command="analyze", quoted=quoted))
    await bench.analyse("three", 3)
    assert bench.code.uploads == {"container1": ["s.csv"]}
    systems = [request.system for request in bench.code.requests]
    assert "(sent with this question as s.csv)" in systems[1]
    assert "(sent earlier as s.csv)" in systems[2]


async def test_pictures_and_files_are_sent_and_what_cannot_be_is_told(
    bench: AnalysisBench,
) -> None:
    bench.code.files = {"p": samples.png(), "t": b"1\n", "big": b"0" * (MAX_FILE_BYTES + 1)}
    names = {"p": "chart.png", "t": "t.csv", "big": "big.bin", "gone": "gone.csv", "x": "x.exe"}
    bench.code.files["x"] = b"MZ"
    bench.platform.refused_files = (".exe",)
    made = tuple(MadeFile("container1", key, f"/mnt/data/{name}") for key, name in names.items())
    bench.code.looks = [replace(DONE, files=made, calls=(RAN,))]
    await bench.analyse()
    assert bench.platform.photos == [samples.png()]
    assert bench.platform.sent_files == {"t.csv": b"1\n"}
    answer = bench.platform.said[0]
    assert "big.bin is too large" in answer
    assert "gone.csv could not be fetched" in answer
    assert bench.platform.said[-1] == "📎 x.exe (2 bytes) is larger than this chat takes."
    [exchange] = bench.store.exchanges
    assert [ref.is_made for ref in exchange.media] == [True]
    assert exchange.question == "add it up"


@pytest.mark.parametrize(
    ("look", "line"),
    [
        (Look(RunState.FAILED), "failed at the service"),
        (Look(RunState.FAILED, failure=ContentRefusedError("no")), "safety system declined"),
        (Look(RunState.EXPIRED), "has expired"),
        (Look(RunState.INCOMPLETE), "ended incomplete"),
        (Look(RunState.NEEDS_TOOL), "asked for a tool"),
    ],
)
async def test_what_comes_to_nothing_is_one_line_and_leaves_no_orphan(
    bench: AnalysisBench, look: Look, line: str
) -> None:
    bench.code.looks = [look]
    await bench.analyse()
    [told] = bench.platform.said
    assert line in told
    assert "\n" not in told
    assert bench.store.exchanges == []
    await bench.dispatch.drain(1)
    assert bench.code.forgotten == ["run1"]


@pytest.mark.parametrize(
    "failure", [ServiceRejectedError("Container is expired."), ServiceDownError("502")]
)
async def test_a_file_that_cannot_be_fetched_costs_no_more_than_itself(
    bench: AnalysisBench, failure: ParleyError
) -> None:
    bench.code.files = {"t": b"1\n"}
    bench.code.fetches_badly = {"bad": failure}
    made = (MadeFile("container1", "bad", "bad.csv"), MadeFile("container1", "t", "t.csv"))
    bench.code.looks = [replace(DONE, files=made)]
    await bench.analyse()
    assert bench.platform.sent_files == {"t.csv": b"1\n"}
    assert "done" in bench.platform.said[0]
    assert "bad.csv could not be fetched" in bench.platform.said[0]


@pytest.mark.parametrize("failure", [KeyRefusedError("401"), ServiceRejectedError("400")])
async def test_a_failure_that_does_not_pass_ends_the_watch_and_the_run(
    bench: AnalysisBench, failure: ParleyError
) -> None:
    bench.code.looks = [failure]
    await bench.analyse()
    assert "\n" not in bench.platform.said[0]
    await bench.dispatch.drain(1)
    assert bench.code.cancelled == ["run1"]
    assert bench.code.forgotten == ["run1"]
    assert bench.runs.kept == {}
    bench.restart()
    bench.code.looks = [DONE]
    await bench.dispatch.submit([replace(message("", number=2), command="retry")])
    await bench.store.all_done(2)
    assert len(bench.code.requests) == 2
    assert bench.platform.said[-1] == "done"


async def test_what_the_service_does_not_erase_is_erased_later(bench: AnalysisBench) -> None:
    bench.code.looks = [KeyRefusedError("401")]
    bench.code.forgets_badly = [KeyRefusedError("401")]
    await bench.analyse()
    await bench.dispatch.drain(1)
    assert set(bench.runs.kept) == {"run1"}
    bench.code.cancelled.clear()
    await bench.forgotten.tidy()
    assert bench.code.cancelled == ["run1"]
    assert bench.code.forgotten == ["run1"]
    assert bench.runs.kept == {}


async def test_a_run_that_nobody_came_back_for_is_erased_in_the_end(bench: AnalysisBench) -> None:
    bench.gate = asyncio.Event()
    bench.code.looks = [RUNNING]
    await bench.dispatch.submit([replace(message("add"), command="analyze")])
    await bench.at_gate.wait()
    await bench.dispatch.drain(0)
    await bench.forgotten.tidy()
    assert bench.code.cancelled == []
    bench.clock.time += 600 + KEPT_S
    await bench.forgotten.tidy()
    assert bench.code.cancelled == ["run1"]
    assert bench.code.forgotten == ["run1"]


async def test_what_would_be_refused_for_ever_keeps_no_other(bench: AnalysisBench) -> None:
    for run in ("a", "b"):
        await bench.runs.save(run, 0)
    bench.code.forgets_badly = [ServiceRejectedError("400")]
    await bench.forgotten.tidy()
    assert bench.code.forgotten == ["b"]
    assert bench.runs.kept == {}


async def test_retry_analyses_again_where_the_files_are_in_the_old_answers_place(
    bench: AnalysisBench,
) -> None:
    bench.code.files = {"p": samples.png()}
    bench.code.looks = [replace(DONE, files=(MadeFile("container1", "p", "p.png"),), calls=(RAN,))]
    await bench.say(replace(message("before", number=1)))
    await bench.analyse("add it up", 2, CSV)
    bench.code.looks = [replace(DONE, text="again")]
    await bench.say(replace(message("", number=3), command="retry"))
    assert len(bench.code.requests) == 2
    assert bench.code.uploads == {"container1": ["s.csv"]}
    first, second = bench.code.requests
    assert second.messages == first.messages
    assert "(sent earlier as s.csv)" in second.system
    exchange = bench.store.exchanges[-1]
    assert [one.question for one in bench.store.exchanges] == ["before", "add it up"]
    assert (exchange.answer, exchange.media, exchange.steps) == ("again", (), ())
    assert exchange.question_message_ids == ("2",)


async def test_retry_of_another_answer_is_left_to_the_chat(bench: AnalysisBench) -> None:
    await bench.analyse("add it up", 1)
    await bench.say(message("hello", number=2))
    await bench.say(replace(message("", number=3), command="retry"))
    assert len(bench.code.requests) == 1
    assert [one.command for one in bench.store.exchanges] == ["analyze", ""]


async def test_what_an_analysis_lacks_is_asked_for_with_analyze(bench: AnalysisBench) -> None:
    bench.code.looks = [replace(DONE, state=RunState.INCOMPLETE)]
    await bench.analyse()
    await bench.say(replace(message("", number=2), command="continue"))
    assert "/analyze" in bench.platform.said[-1]
    assert len(bench.store.exchanges) == 1
    assert bench.store.exchanges[0].answer == "done"


async def test_without_anything_to_work_on_it_says_how(bench: AnalysisBench) -> None:
    await bench.analyse("")
    assert bench.platform.said == ["Please write it like this: /analyze [what to find out]"]
    assert bench.code.uploads == {}


@pytest.mark.parametrize(
    ("name", "kind", "safe"),
    [
        ("../../etc/passwd", AttachmentKind.DOCUMENT, "passwd"),
        ("a b;rm -rf $HOME.csv", AttachmentKind.DOCUMENT, "a b_rm -rf _HOME.csv"),
        ("売上.xlsx", AttachmentKind.DOCUMENT, "売上.xlsx"),
        ("", AttachmentKind.PHOTO, "photo.jpg"),
        ("x" * 300 + ".csv", AttachmentKind.DOCUMENT, "x" * 80 + ".csv"),
        ("line\nbreak.csv", AttachmentKind.DOCUMENT, "line_break.csv"),
    ],
)
def test_names_of_files_are_made_harmless(name: str, kind: AttachmentKind, safe: str) -> None:
    assert file_name(Attachment(kind, "ref", name=name)) == safe
