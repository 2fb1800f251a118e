from __future__ import annotations

import asyncio
import errno
import gc
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from dpyauth.net import bell
from dpyauth.net.bell import Bell


class Deaf(asyncio.SelectorEventLoop):
    """A loop that cannot listen to descriptors, like the one of Windows."""

    def add_reader(self, fd: Any, callback: Any, *args: Any) -> None:
        raise NotImplementedError


@pytest.fixture(params=[asyncio.SelectorEventLoop, Deaf], ids=["listens", "deaf"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    loop = request.param()
    yield loop
    loop.close()


def test_it_wakes_a_loop_that_sleeps_from_any_thread(loop: asyncio.AbstractEventLoop) -> None:
    rung: list[threading.Thread] = []

    def answer() -> None:
        rung.append(threading.current_thread())
        loop.stop()

    one = Bell(loop, answer)
    for _ in range(3):
        threading.Timer(0.02, one.ring).start()
        loop.run_forever()
    assert rung == [threading.current_thread()] * 3


def test_what_was_rung_before_the_loop_ran_is_answered(loop: asyncio.AbstractEventLoop) -> None:
    one = Bell(loop, loop.stop)
    for _ in range(5):
        one.ring()
    loop.run_forever()


def test_a_loop_within_the_loop_may_answer(loop: asyncio.AbstractEventLoop) -> None:
    answers = 0

    def answer() -> None:
        nonlocal answers
        answers += 1

    wrong: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda loop, context: wrong.append(context))
    one = Bell(loop, answer)
    one.ring()
    for handle in [handle for key in getattr(loop, "_selector").get_map().values() if (handle := key.data[0])]:  # noqa: B009
        loop.call_soon(handle._run)  # as one that nests loops does, before the loop itself hears it
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    assert answers >= 1
    assert wrong == []


def test_once_the_loop_is_closed_or_gone_it_has_no_effect(loop: asyncio.AbstractEventLoop) -> None:
    one = Bell(loop, loop.stop)
    loop.close()
    one.ring()
    other = Bell(gone := type(loop)(), print)
    there = weakref.ref(gone)
    gone.close()
    del gone
    gc.collect()
    assert there() is None
    other.ring()


def counters() -> int:
    """How many of the kernel's counters this process has."""
    return sum(
        os.path.realpath(f"/proc/self/fd/{number}").endswith("[eventfd]") for number in os.listdir("/proc/self/fd")
    )


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors as Linux does")
def test_it_keeps_no_loop_and_no_descriptor() -> None:
    async def ring() -> weakref.ref[asyncio.AbstractEventLoop]:
        loop = asyncio.get_running_loop()
        one = Bell(loop, lambda: None)
        one.ring()
        assert counters() == before + 1
        return weakref.ref(loop)

    gc.collect()
    gc.disable()
    try:
        before = counters()
        gone = asyncio.run(ring())
        assert gone() is None
        assert counters() <= before
    finally:
        gc.enable()


def test_many_threads_ring_and_nothing_is_missed(loop: asyncio.AbstractEventLoop) -> None:
    posted, found = [], []

    def answer() -> None:
        while posted:
            found.append(posted.pop())
        if len(found) == 2_000:
            loop.stop()

    def post(number: int) -> None:
        for count in range(500):
            posted.append((number, count))
            one.ring()

    one = Bell(loop, answer)
    threads = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    giving_up = loop.call_later(60, loop.stop)
    loop.run_forever()
    giving_up.cancel()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2_000


@pytest.mark.skipif(sys.platform != "linux", reason="about the kernel's counters")
def test_nobody_rings_a_descriptor_that_is_somebody_elses_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing lets other threads run first: one that gives the bell up then must not give its number away."""
    closed_between = []

    class Slow(bell._Counter):
        def write(self, data: Any) -> int:
            loop.close()
            bells.clear()
            closed_between.append(self.closed)
            return super().write(data)

    monkeypatch.setattr(bell, "_Counter", Slow)
    loop = asyncio.new_event_loop()
    bells = [Bell(loop, lambda: None)]
    bells[0].ring()
    assert closed_between == [False]


@pytest.mark.skipif(sys.platform != "linux", reason="about the kernel's counters")
def test_a_loop_that_listens_keeps_what_it_listens_to() -> None:
    """An interrupt may lose a bell that is being made; its number must not be given away while the loop knows it."""
    loop = asyncio.new_event_loop()
    Bell(loop, lambda: None)
    gc.collect()
    other = Bell(loop, loop.stop)
    other.ring()
    loop.run_forever()
    before = counters()
    loop.close()
    del other
    assert counters() == before - 2


@pytest.mark.skipif(sys.platform != "linux", reason="about the kernel's counters")
def test_without_a_descriptor_to_spare_it_rings_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*args: Any) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "eventfd", too_many)
    loop = asyncio.new_event_loop()
    one = Bell(loop, loop.stop)
    threading.Timer(0.02, one.ring).start()
    loop.run_forever()
    loop.close()
