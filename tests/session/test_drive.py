"""Test running the steps of a question, blocking and awaited, with a simulated connection."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from dpyauth.errors import (
    ConnectionLost,
    DpyauthError,
    InvalidArgument,
    InvalidRequest,
    RateLimited,
    SessionClosed,
    UnknownName,
)
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply
from dpyauth.net.pending import PendingCall
from dpyauth.progress import Notice
from dpyauth.session import Session, awaiting, blocking, waiters
from dpyauth.session.aio import AsyncSession
from dpyauth.session.blocking import result_of
from dpyauth.session.drive import Awaitables, awaitable, dual
from dpyauth.session.in_flight import InFlight
from dpyauth.session.steps import Batch, Request, Steps


class MadeUp:
    """The parts of a connection that a pending call uses."""

    def __init__(self) -> None:
        self.alive = True
        self.failure: DpyauthError | None = None
        self.abandoned: list[str] = []

    def abandon(self, pending: PendingCall) -> None:
        self.abandoned.append(pending.call)


class Driven:
    """A session that answers by itself."""

    def __init__(self) -> None:
        self.begun: list[Request] = []
        self.connection = MadeUp()
        self.answer: Callable[[PendingCall], object] = lambda pending: pending.resolve({pending.call: len(self.begun)})
        self.finish: Callable[[Reply], Reply] = lambda reply: reply
        self.changes = False

    @property
    def core(self) -> Driven:
        return self

    def begin(self, request: Request, deliver: Callable[[PendingCall], None]) -> InFlight:
        self.begun.append(request)
        pending = PendingCall(request.call, 1, "", 0.0, 5.0, deliver, changes=self.changes)

        class Asked(InFlight):
            def send(ticket) -> None:
                ticket.line = self.connection  # type: ignore[assignment]
                pending.take()
                pending.sent_at = 0.0
                self.answer(pending)

            def finish(ticket, reply: Reply) -> Reply:
                return self.finish(reply)

        return Asked(pending)

    def left(self) -> list[str]:
        """Return the calls that callers have cancelled, once the background thread has finished its work."""
        done = threading.Event()
        background.post(lambda _: done.set())
        assert done.wait(10)
        return self.connection.abandoned

    @dual
    def two(self, first: str = "a", *, second: str = "b") -> Steps[list[Reply]]:
        """Ask twice."""
        return [(yield Request(first)), (yield Request(second))]

    @dual
    def one(self, timeout: float | None = None) -> Steps[Reply]:
        return (yield Request("one", timeout=timeout))

    @dual
    def careful(self) -> Steps[str]:
        try:
            yield Request("a")
        except RateLimited:
            reply = yield Request("b")
            return f"then {reply}"
        return "at once"

    @dual
    def none(self) -> Steps[int]:
        return 5
        yield

    def other(self) -> None: ...


class DrivenAsync(Awaitables):
    """The awaitable methods."""

    careful = awaitable(Driven.careful)
    none = awaitable(Driven.none)
    one = awaitable(Driven.one)
    two = awaitable(Driven.two)


def call_blocking(driven: Driven, name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(driven, name)(*args, **kwargs)


def call_awaiting(driven: Driven, name: str, *args: Any, **kwargs: Any) -> Any:
    return asyncio.run(getattr(DrivenAsync(driven), name)(*args, **kwargs))


@pytest.fixture
def driven() -> Driven:
    return Driven()


both = pytest.mark.parametrize("run", [call_blocking, call_awaiting])


@both
def test_steps_get_the_replies_they_ask_for(driven: Driven, run: Any) -> None:
    assert run(driven, "two", "x", second="y") == [{"x": 1}, {"y": 2}]
    assert [request.call for request in driven.begun] == ["x", "y"]
    assert driven.left() == []


@both
def test_steps_may_ask_nothing(driven: Driven, run: Any) -> None:
    assert run(driven, "none") == 5


@both
def test_steps_may_handle_an_error(driven: Driven, run: Any) -> None:
    assert run(driven, "careful") == "at once"

    def finish(reply: Reply) -> Reply:
        if "a" in reply:
            raise RateLimited("slowly")
        return reply

    driven.finish = finish
    assert run(driven, "careful") == "then {'b': 3}"


@both
def test_an_unhandled_error_is_raised(driven: Driven, run: Any) -> None:
    driven.answer = lambda pending: pending.fail(RateLimited("slowly", call="a"))
    with pytest.raises(RateLimited):
        run(driven, "two")
    assert driven.left() == []


@both
def test_an_error_before_anything_is_sent_is_raised(driven: Driven, run: Any) -> None:
    def refuse(request: Request, deliver: Any) -> InFlight:
        raise InvalidRequest("no")

    driven.begin = refuse  # type: ignore[method-assign]
    with pytest.raises(InvalidRequest):
        run(driven, "two")


@both
def test_wrong_arguments_raise_type_errors(driven: Driven, run: Any) -> None:
    with pytest.raises(InvalidArgument, match="no argument 'third'"):
        run(driven, "two", third="z")
    assert driven.begun == []


@both
def test_a_reply_may_come_on_any_thread_at_any_time(driven: Driven, run: Any) -> None:
    threads = []

    def answer(pending: PendingCall) -> None:
        threads.append(threading.Timer(0.02, pending.resolve, [{pending.call: "late"}]))
        threads[-1].start()

    driven.answer = answer
    assert run(driven, "two") == [{"a": "late"}, {"b": "late"}]
    for thread in threads:
        thread.join(5)


@both
@pytest.mark.parametrize(
    ("failure", "kind"), [(SessionClosed("closed"), SessionClosed), (None, ConnectionLost)], ids=["failed", "gone"]
)
def test_a_connection_that_has_ended_leaves_no_caller_waiting(
    driven: Driven, run: Any, failure: DpyauthError | None, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "STEP", 0.01)
    monkeypatch.setattr(waiters, "HEARTBEAT", 0.01)
    driven.answer = lambda pending: None
    driven.connection.alive, driven.connection.failure = False, failure
    with pytest.raises(kind):
        run(driven, "one")


@pytest.mark.parametrize("changes", [False, True])
def test_an_interrupt_of_a_blocking_call(driven: Driven, changes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(notice: Any, pending: PendingCall) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(blocking, "STEP", 0.01)
    monkeypatch.setattr(Notice, "about", interrupted)
    driven.answer = lambda pending: None
    driven.changes = changes
    with pytest.raises(KeyboardInterrupt) as stopped:
        driven.one()
    assert driven.left() == ["one"]
    assert ["already been sent" in note for note in getattr(stopped.value, "__notes__", [])] == [True] * changes


def test_a_wait_is_made_in_short_steps(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait on a lock cannot be interrupted everywhere, so no single wait may be long."""
    looked: list[PendingCall] = []

    def look(notice: Any, pending: PendingCall) -> None:
        looked.append(pending)
        if len(looked) == 3:
            pending.resolve({"x": 1})

    monkeypatch.setattr(blocking, "STEP", 0.01)
    monkeypatch.setattr(Notice, "about", look)
    driven.answer = lambda pending: None
    assert driven.one() == {"x": 1}
    assert blocking.STEP < 1


def test_an_interrupt_reaches_a_loop_that_only_awaits(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a heartbeat, an idle loop would not check for signals."""
    monkeypatch.setattr(waiters, "HEARTBEAT", 0.005)
    driven.answer = lambda pending: None

    async def main() -> None:
        loop, beats = asyncio.get_running_loop(), 0
        call_later = loop.call_later

        def counting(delay: float, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
            nonlocal beats
            beats += delay == 0.005
            if beats == 3:
                task.cancel()
            return call_later(delay, *args, **kwargs)

        monkeypatch.setattr(loop, "call_later", counting)
        task = asyncio.ensure_future(DrivenAsync(driven).one())
        with pytest.raises(asyncio.CancelledError):
            await task
        after = beats
        await asyncio.sleep(0.02)
        assert beats == after >= 3

    asyncio.run(main())
    assert driven.left() == ["one"]


def test_every_loop_has_its_own_waiters_and_a_closed_one_is_forgotten(driven: Driven) -> None:
    before = [*waiters._waiters]
    results = [call_awaiting(driven, "one") for _ in range(5)]  # each on a loop of its own
    assert results == [{"one": count} for count in range(1, 6)]
    driven.left()
    gc.collect()
    assert not [loop for loop in waiters._waiters if loop not in before]

    async def both_loops() -> list[Reply]:
        one = asyncio.ensure_future(DrivenAsync(driven).one())
        other = asyncio.to_thread(asyncio.run, DrivenAsync(driven).one())
        return [await one, await other]

    assert len(asyncio.run(both_loops())) == 2


def test_a_reply_to_a_closed_loop_has_no_effect(driven: Driven) -> None:
    waiting: list[PendingCall] = []
    driven.answer = waiting.append

    async def leave() -> None:
        task = asyncio.ensure_future(DrivenAsync(driven).one())
        await asyncio.sleep(0)
        driven.left()
        assert not task.done()

    asyncio.run(leave())
    waiting[0].resolve({})
    assert driven.left() == ["one"]


def test_an_interrupt_of_a_task_that_the_heartbeat_wakes_does_not_end_the_heartbeat(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiters, "HEARTBEAT", 0.01)
    waiting: list[PendingCall] = []
    driven.answer = waiting.append

    async def interrupted() -> None:
        await DrivenAsync(driven).one()
        raise KeyboardInterrupt

    async def waits() -> Reply:
        reply: Reply = await DrivenAsync(driven).one()
        return reply

    def end(pending: PendingCall) -> None:
        pending.deliver = lambda pending: None  # as if an interrupt came where the reply is passed on
        pending.resolve({"end": True})

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        tasks = [loop.create_task(interrupted()), loop.create_task(waits())]
        loop.call_later(0.05, lambda: [end(pending) for pending in waiting[:1]])
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(tasks[1])
        end(waiting[1])
        assert loop.run_until_complete(asyncio.wait_for(tasks[1], 10)) == {"end": True}
        with pytest.raises(KeyboardInterrupt):
            tasks[0].result()


TASKS = [asyncio.Task, getattr(asyncio.tasks, "_PyTask")]  # noqa: B009  # nested loops need the one in Python


@pytest.mark.parametrize("task", TASKS, ids=["C", "Python"])
def test_replies_come_to_the_tasks_that_await_them(driven: Driven, task: type[asyncio.Task[Any]]) -> None:
    waiting: list[PendingCall] = []
    driven.answer = waiting.append

    async def main() -> list[Reply]:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coroutine, **more: task(coroutine, loop=loop, **more))
        tasks = [loop.create_task(DrivenAsync(driven).one()) for _ in range(5)]
        await asyncio.sleep(0)
        driven.left()
        for number, pending in reversed(list(enumerate(waiting))):
            threading.Thread(target=pending.resolve, args=({"number": number},)).start()
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [{"number": number} for number in range(5)]


@pytest.mark.parametrize("task", TASKS, ids=["C", "Python"])
def test_an_awaited_call_may_be_cancelled(driven: Driven, task: type[asyncio.Task[Any]]) -> None:
    waiting: list[PendingCall] = []
    driven.answer = waiting.append

    async def main() -> None:
        loop = asyncio.get_running_loop()
        awaiting = task(DrivenAsync(driven).one(), loop=loop)
        await asyncio.sleep(0)
        driven.left()
        awaiting.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await awaiting
        waiting[0].resolve({})  # too late
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(DrivenAsync(driven).one(), 0.01)
        both = task(DrivenAsync(driven).one(), loop=loop)
        await asyncio.sleep(0)
        driven.left()
        # The reply is on its way when the task is cancelled: the task must not be resumed twice.
        waiting[2].resolve({"came": "first"})
        both.cancel()
        with pytest.raises(asyncio.CancelledError):
            await both
        assert await settled()

    async def settled() -> bool:
        for _ in range(4):
            await asyncio.sleep(0)
        return True

    asyncio.run(main())
    assert driven.left() == ["one"] * 2  # the last one had ended


def test_waiting_for_a_future() -> None:
    done: Future[int] = Future()
    with pytest.raises(TimeoutError):
        result_of(done, 0.02)
    timer = threading.Timer(0.02, done.set_result, [5])
    timer.start()
    assert result_of(done, 5) == 5
    assert result_of(done, 0) == 5
    timer.join()
    failed: Future[int] = Future()
    failed.set_exception(TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        result_of(failed, 5)


def test_waiting_for_a_future_is_made_in_short_steps_too() -> None:
    waits: list[float] = []

    class Watched(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            assert timeout is not None
            waits.append(timeout)
            if len(waits) == 3:
                self.set_result(5)
            elif timeout:
                raise TimeoutError
            return super().result(0)

    assert result_of(Watched(), 60) == 5
    assert max(waits) <= blocking.STEP


def test_both_versions_keep_the_documentation(driven: Driven) -> None:
    assert inspect.getdoc(Driven.two) == "Ask twice."
    assert inspect.getdoc(DrivenAsync(driven).two) == "Ask twice."
    assert Driven.two.__name__ == DrivenAsync(driven).two.__name__ == "two"
    assert list(inspect.signature(Driven.two).parameters) == ["self", "first", "second"]
    assert inspect.iscoroutinefunction(DrivenAsync(driven).two)


def test_what_can_be_awaited(driven: Driven) -> None:
    assert dir(DrivenAsync(driven)) == ["careful", "none", "one", "two"]
    for missing, said in (
        ("zzz", "It has: careful, none, one, two"),
        ("carefull", "mean 'careful'"),
        ("other", "await"),
    ):
        with pytest.raises(UnknownName, match=said):
            getattr(DrivenAsync(driven), missing)
    assert not hasattr(DrivenAsync(driven), "_begin")


def test_every_query_of_a_session_can_be_awaited() -> None:
    dual = {name for name in dir(Session) if hasattr(getattr(Session, name), "steps") and not name.startswith("_")}
    twins = dir(AsyncSession(Session.__new__(Session)))
    assert twins == sorted(dual)
    for name in twins:
        twin, method = getattr(AsyncSession, name), getattr(Session, name)
        assert inspect.signature(twin) == inspect.signature(method)
        assert inspect.getdoc(twin) == inspect.getdoc(method)


def test_a_request_does_not_show_its_fields() -> None:
    assert "C4nary" not in repr(Request("authorize", {"authorize": "C4nary"}))


def test_replies_before_an_interrupt_count(session: Session) -> None:
    arrived: list[int] = []

    def on_reply(number: int, reply: Reply) -> None:
        arrived.append(number)
        if len(arrived) == 1:
            session.call("ping")  # its reply comes after all others
            raise KeyboardInterrupt

    def steps() -> Steps[None]:
        yield Batch([Request("ping") for _ in range(3)], on_reply)

    with pytest.raises(KeyboardInterrupt):
        blocking.run(session.core, steps())
    assert set(arrived) == {0, 1, 2}


def test_replies_before_an_interrupt_count_if_awaited(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancelled(waiting: set[asyncio.Future[Any]], **how: Any) -> Any:
        await asyncio.gather(*waiting)
        raise asyncio.CancelledError

    arrived: list[int] = []

    def steps() -> Steps[None]:
        yield Batch([Request("ping") for _ in range(3)], lambda number, reply: arrived.append(number))

    monkeypatch.setattr(asyncio, "wait", cancelled)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(awaiting.run_async(session.core, steps()))
    assert sorted(arrived) == [0, 1, 2]
