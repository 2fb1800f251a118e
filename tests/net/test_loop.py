"""Test the background loop: work in order, coroutines, forks, and waking other loops."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from dpyauth.net.loop import Background, call_soon

Eventually = Callable[..., None]


@pytest.fixture
def background(eventually: Eventually) -> Iterator[Background]:
    before = set(threading.enumerate())
    yield Background()
    eventually(lambda: not {thread for thread in threading.enumerate() if thread.name == "dpyauth"} - before)


def seen(background: Background, what: Callable[[], Any] = threading.current_thread) -> Any:
    """Return what a function returns on the background thread."""
    found: Future[Any] = Future()
    background.post(lambda _: found.set_result(what()))
    return found.result(10)


def test_work_is_done_in_its_order_and_once(background: Background) -> None:
    done: list[tuple[int, int]] = []
    background.post(background.hold, "user")

    def post(number: int) -> None:
        for count in range(500):
            background.post(done.append, (number, count))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen(background)
    assert sorted(done) == [(number, count) for number in range(4) for count in range(500)]
    for number in range(4):
        assert [count for thread, count in done if thread == number] == list(range(500))
    background.post(background.let_go, "user")


def test_work_may_post_more_work_which_runs_once(background: Background) -> None:
    done: list[str] = []

    def after() -> None:
        done.append("after")

    def first(_: None) -> None:
        done.append("first")
        background.post(done.append, "third")
        background.afterwards(after)
        background.afterwards(after)

    background.post(background.hold, "user")
    background.post(lambda _: threading.Event().wait(0.05))
    background.post(first)
    background.post(done.append, "second")
    seen(background)
    assert [each for each in done if each != "after"] == ["first", "second", "third"]
    assert done.count("after") == 1
    background.post(background.let_go, "user")


def test_the_thread_runs_while_it_has_users(background: Background, eventually: Eventually) -> None:
    background.post(background.hold, "one")
    background.post(background.hold, "other")
    thread = seen(background)
    background.post(background.let_go, "one")
    background.post(background.let_go, "one")
    assert seen(background) is thread
    background.post(background.let_go, "other")
    eventually(lambda: not thread.is_alive())
    background.post(background.hold, "one")
    again = seen(background)
    assert again is not thread
    assert again.daemon  # a daemon, which does not delay the exit
    background.post(background.let_go, "one")


def test_the_thread_does_not_wait_for_itself(background: Background) -> None:
    assert not background.inside()
    assert seen(background, lambda: (background.inside(), background.join())) == (True, None)


def test_a_failing_task_stops_no_other(background: Background, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: None) -> None:
        raise RuntimeError("with a secret")

    background.post(background.hold, "user")
    background.post(fail)
    seen(background)
    background.post(background.let_go, "user")
    assert [(record.levelno, "secret" in record.getMessage()) for record in caplog.records] == [(logging.ERROR, False)]


def test_coroutines_run_and_can_be_cancelled(background: Background) -> None:
    async def steps() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    outcome: Future[str] = Future()
    background.run(steps, outcome)
    assert outcome.result(10) == "dpyauth"

    async def wrong() -> None:
        raise KeyError

    failed: Future[None] = Future()
    background.run(wrong, failed)
    with pytest.raises(KeyError):
        failed.result(10)

    started, cleared_up = threading.Event(), threading.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # the loop is still running
            cleared_up.set()

    stopped: Future[None] = Future()
    background.run(forever, stopped)
    assert started.wait(10)
    stopped.cancel()
    assert cleared_up.wait(10)
    with pytest.raises(CancelledError):
        stopped.result(10)


def test_coroutines_cancelled_before_they_begin(background: Background) -> None:
    begun: list[bool] = []

    async def steps() -> None:
        begun.append(True)

    outcome: Future[None] = Future()
    outcome.cancel()
    background.run(steps, outcome)
    seen(background)
    assert begun == []


def test_coroutines_cancelled_while_they_wait_for_the_thread(background: Background) -> None:
    hold, begun = threading.Event(), []

    async def busy() -> None:
        hold.wait(10)

    async def steps() -> None:
        begun.append(True)

    first: Future[None] = Future()
    second: Future[None] = Future()
    background.run(busy, first)
    background.run(steps, second)
    assert second.cancel()
    hold.set()
    first.result(10)
    seen(background)
    assert begun == []


def test_coroutines_that_cancel_themselves_end_as_cancelled(background: Background) -> None:
    async def steps() -> None:
        raise asyncio.CancelledError

    outcome: Future[None] = Future()
    background.run(steps, outcome)
    with pytest.raises(CancelledError):
        outcome.result(10)


@pytest.mark.parametrize("line", range(1, 40))
def test_an_interrupt_at_any_line_loses_no_later_work(background: Background, line: int) -> None:
    """An interrupted post may or may not count; what is posted after it counts, and comes after it."""
    done: list[str] = []
    left = [line]

    def interrupt(frame: Any, event: str, argument: Any) -> Any:
        if os.path.basename(frame.f_code.co_filename) not in {"background.py", "threads.py"}:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        background.post(background.hold, "user")
        background.post(done.append, "interrupted")
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    background.post(done.append, "later")
    seen(background)
    assert done in (["later"], ["interrupted", "later"])
    background.post(background.let_go, "user")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_starts_a_new_thread(background: Background) -> None:
    background.post(background.hold, "user")
    loop = seen(background, asyncio.get_running_loop)
    background._forked()  # as in the child, where the thread does not exist
    assert seen(background).name == "dpyauth"
    loop.call_soon_threadsafe(loop.stop)


# Waking another loop


@pytest.fixture
def other_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_a_loop_that_sleeps_is_woken_from_any_thread(other_loop: asyncio.AbstractEventLoop) -> None:
    called: list[threading.Thread] = []

    def answer() -> None:
        called.append(threading.current_thread())
        other_loop.stop()

    for _ in range(3):
        threading.Timer(0.02, call_soon, (other_loop, answer)).start()
        other_loop.run_forever()
    assert called == [threading.current_thread()] * 3


def test_waking_a_loop_that_is_closed_or_gone_has_no_effect(other_loop: asyncio.AbstractEventLoop) -> None:
    other_loop.close()
    call_soon(other_loop, other_loop.stop)
    gone = asyncio.new_event_loop()
    proxy, there = weakref.proxy(gone), weakref.ref(gone)
    call_soon(proxy, print)
    gone.close()
    del gone
    gc.collect()
    assert there() is None
    call_soon(proxy, print)


def test_many_threads_wake_a_loop_and_no_call_is_missed(other_loop: asyncio.AbstractEventLoop) -> None:
    posted: list[tuple[int, int]] = []
    found: list[tuple[int, int]] = []

    def answer() -> None:
        while posted:
            found.append(posted.pop())
        if len(found) == 2_000:
            other_loop.stop()

    def post(number: int) -> None:
        for count in range(500):
            posted.append((number, count))
            call_soon(other_loop, answer)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    giving_up = other_loop.call_later(60, other_loop.stop)
    other_loop.run_forever()
    giving_up.cancel()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2_000
