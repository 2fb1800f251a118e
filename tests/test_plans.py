"""Driving a plan, blocking and awaiting, against a driver that is made up."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from dpyauth import plans
from dpyauth.errors import CallTimeout, InvalidRequest, RateLimited
from dpyauth.plans import Awaitables, Plan, Request, Ticket, planned, result_of
from dpyauth.session import Session
from dpyauth.wire.calls import Pending, Reply


class Driven:
    """A session that answers by itself."""

    def __init__(self) -> None:
        self.begun: list[Request] = []
        self.abandoned: list[str] = []
        self.answer: Callable[[Pending], object] = lambda pending: pending.resolve({pending.call: len(self.begun)})
        self.finish: Callable[[Reply], Reply] = lambda reply: reply
        self.changes = False

    def _begin(self, request: Request) -> Ticket:
        self.begun.append(request)
        pending = Pending(request.call, 1, "", deadline=0, timeout=request.timeout or 5.0, changes=self.changes)
        pending.sent = True
        self.answer(pending)
        return Ticket(pending, lambda reply: self.finish(reply), lambda: self.abandoned.append(pending.call))

    @planned
    def two(self, first: str = "a", *, second: str = "b") -> Plan[list[Reply]]:
        """Ask twice."""
        return [(yield Request(first)), (yield Request(second))]

    @planned
    def one(self, timeout: float | None = None) -> Plan[Reply]:
        return (yield Request("one", timeout=timeout))

    @planned
    def careful(self) -> Plan[str]:
        try:
            yield Request("a")
        except RateLimited:
            reply = yield Request("b")
            return f"then {reply}"
        return "at once"

    @planned
    def none(self) -> Plan[int]:
        return 5
        yield

    def other(self) -> None: ...


def blocking(driven: Driven, name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(driven, name)(*args, **kwargs)


def awaiting(driven: Driven, name: str, *args: Any, **kwargs: Any) -> Any:
    return asyncio.run(getattr(Awaitables(driven), name)(*args, **kwargs))


@pytest.fixture
def driven() -> Driven:
    return Driven()


both = pytest.mark.parametrize("run", [blocking, awaiting])


@both
def test_a_plan_gets_the_replies_it_asks_for(driven: Driven, run: Any) -> None:
    assert run(driven, "two", "x", second="y") == [{"x": 1}, {"y": 2}]
    assert [request.call for request in driven.begun] == ["x", "y"]
    assert driven.abandoned == []


@both
def test_a_plan_may_ask_nothing(driven: Driven, run: Any) -> None:
    assert run(driven, "none") == 5


@both
def test_a_plan_may_deal_with_an_error(driven: Driven, run: Any) -> None:
    assert run(driven, "careful") == "at once"

    def finish(reply: Reply) -> Reply:
        if "a" in reply:
            raise RateLimited("slowly")
        return reply

    driven.finish = finish
    assert run(driven, "careful") == "then {'b': 3}"


@both
def test_an_error_it_does_not_deal_with_is_raised(driven: Driven, run: Any) -> None:
    driven.answer = lambda pending: pending.fail(RateLimited("slowly", call="a"))
    with pytest.raises(RateLimited):
        run(driven, "two")
    assert driven.abandoned == []


@both
def test_so_is_an_error_before_anything_was_sent(driven: Driven, run: Any) -> None:
    def refuse(request: Request) -> Ticket:
        raise InvalidRequest("no")

    driven._begin = refuse  # type: ignore[method-assign]
    with pytest.raises(InvalidRequest):
        run(driven, "two")


@both
def test_wrong_arguments_are_the_callers(driven: Driven, run: Any) -> None:
    with pytest.raises(TypeError, match="unexpected"):
        run(driven, "two", third="z")
    assert driven.begun == []


@both
def test_a_connection_that_does_not_keep_its_deadline(driven: Driven, run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(plans, "GRACE", 0.01)
    driven.answer = lambda pending: None
    with pytest.raises(CallTimeout, match=r"'one' was not answered within 0\.01 s") as overdue:
        run(driven, "one", timeout=0.01)
    assert overdue.value.call == "one"
    assert driven.abandoned == ["one"]


@pytest.mark.parametrize("changes", [False, True])
def test_an_interrupt_of_a_blocking_call(driven: Driven, changes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(future: Any, timeout: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plans, "result_of", interrupted)
    driven.changes = changes
    with pytest.raises(KeyboardInterrupt) as stopped:
        driven.one()
    assert driven.abandoned == ["one"]
    assert bool(getattr(stopped.value, "__notes__", [])) == changes


def test_an_interrupt_reaches_a_loop_that_only_awaits(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a heartbeat, a loop with nothing to do would not look for signals."""
    monkeypatch.setattr(plans, "HEARTBEAT", 0.005)
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
        task = asyncio.ensure_future(Awaitables(driven).one())
        with pytest.raises(asyncio.CancelledError):
            await task
        after = beats
        await asyncio.sleep(0.02)
        assert beats == after >= 3

    asyncio.run(main())
    assert driven.abandoned == ["one"]


def test_waiting_for_a_future(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "HEARTBEAT", 0.005)
    done: Future[int] = Future()
    with pytest.raises(TimeoutError):
        result_of(done, 0.02)
    timer = threading.Timer(0.02, done.set_result, [5])
    timer.start()
    assert result_of(done, 5) == 5
    assert result_of(done, None) == 5
    failed: Future[int] = Future()
    failed.set_exception(TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        result_of(failed, 5)


def test_an_interrupt_that_comes_just_before_the_wait_is_not_missed() -> None:
    """A wait on a lock would not notice it, so no wait may be long."""
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

    assert result_of(Watched(), None) == 5
    assert max(waits) <= plans.HEARTBEAT


def test_both_faces_keep_the_documentation(driven: Driven) -> None:
    assert inspect.getdoc(Driven.two) == "Ask twice."
    assert inspect.getdoc(Awaitables(driven).two) == "Ask twice."
    assert Driven.two.__name__ == Awaitables(driven).two.__name__ == "two"
    assert list(inspect.signature(Driven.two).parameters) == ["self", "first", "second"]
    assert inspect.iscoroutinefunction(Awaitables(driven).two)


def test_what_can_be_awaited(driven: Driven) -> None:
    assert dir(Awaitables(driven)) == ["careful", "none", "one", "two"]
    for missing in ("other", "nonsense", "_begin"):
        with pytest.raises(AttributeError, match="careful, none, one, two"):
            getattr(Awaitables(driven), missing)


def test_every_query_of_a_session_can() -> None:
    names = dir(Awaitables(Session.__new__(Session)))
    assert {"account_status", "accounts", "balance", "call", "logout", "verification"} <= set(names)
    assert not {name for name in names if name.startswith("_")}


def test_a_request_does_not_show_its_fields() -> None:
    assert "C4nary" not in repr(Request("authorize", {"authorize": "C4nary"}))
