"""Test whether a panel is visible, on a simulated event loop with a simulated clock."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.panels import visibility as module
from dpyauth.panels.visibility import GRACE, SILENCE, Visibility


class Loop:
    """An event loop with a clock that is set by hand. While it is blocked, no callback runs."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.closed = False
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    def call_later(self, seconds: float, work: Callable[..., None], *given: Any) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.now + seconds, self._number, work, given))

    def call_soon_threadsafe(self, work: Callable[..., None], *given: Any) -> None:
        if self.closed:
            raise RuntimeError("Event loop is closed")
        self.call_later(0, work, *given)

    def blocked(self, seconds: float) -> None:
        self.now += seconds

    def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            due, _, work, given = heapq.heappop(self._due)
            self.now = max(self.now, due)
            work(*given)
        self.now = max(self.now, end)

    @property
    def idle(self) -> bool:
        return not self._due


class Panel:
    """Records what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.visibility = Visibility(lambda: self.told.append("shown"), lambda: self.told.append("hidden"))


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr(module.time, "monotonic", lambda: loop.now)
    return loop


@pytest.fixture
def panel(loop: Loop) -> Panel:
    return Panel()


def test_not_yet_visible(panel: Panel, loop: Loop) -> None:
    loop.passes(1000)
    assert (panel.told, panel.visibility.visible) == ([], False)


def test_stays_while_the_browser_speaks(panel: Panel, loop: Loop) -> None:
    for _ in range(100):
        panel.visibility.seen()
        loop.passes(10)
    assert (panel.told, panel.visibility.visible) == (["shown"], True)


def test_gone_and_back(panel: Panel, loop: Loop) -> None:
    panel.visibility.seen()
    loop.passes(20)
    panel.visibility.seen()
    loop.passes(SILENCE + GRACE - 1)
    assert panel.told == ["shown"]
    loop.passes(1)
    assert (panel.told, panel.visibility.visible) == (["shown", "hidden"], False)
    assert loop.idle
    panel.visibility.seen()
    loop.passes(SILENCE + GRACE)
    assert panel.told == ["shown", "hidden", "shown", "hidden"]


def test_a_busy_kernel_handles_waiting_messages_first(panel: Panel, loop: Loop) -> None:
    panel.visibility.seen()
    loop.passes(1)
    loop.blocked(600)
    loop.passes(1)  # due callbacks run before incoming messages
    panel.visibility.seen()
    loop.passes(SILENCE)
    assert panel.told == ["shown"]


def test_two_views_of_one_panel(panel: Panel, loop: Loop) -> None:
    for _ in range(10):  # the other one was closed
        panel.visibility.seen()
        loop.passes(10)
        panel.visibility.seen()
        loop.passes(30)
    assert panel.told == ["shown"]


def test_the_end(panel: Panel, loop: Loop) -> None:
    panel.visibility.seen()
    panel.visibility.end()
    panel.visibility.end()
    panel.visibility.seen()
    loop.passes(1000)
    assert (panel.told, panel.visibility.visible, loop.idle) == (["shown", "hidden"], False, True)


def test_the_end_without_a_view(panel: Panel) -> None:
    """A model may have started something by itself that must be stopped."""
    panel.visibility.end()
    assert panel.told == ["hidden"]


def test_a_loop_that_is_closed(panel: Panel, loop: Loop) -> None:
    loop.closed = True
    panel.visibility.seen()
    assert (panel.told, panel.visibility.visible) == (["shown"], True)


def test_without_a_loop_a_visible_panel_stays_visible() -> None:
    panel = Panel()
    panel.visibility.seen()
    panel.visibility.seen()
    assert (panel.told, panel.visibility.visible) == (["shown"], True)


def test_becoming_visible_and_invisible_at_the_same_time(loop: Loop) -> None:
    """A browser returns on another thread at the moment when the panel is found to be invisible."""
    told: list[str] = []
    going, came = threading.Event(), threading.Event()

    def gone() -> None:
        going.set()
        came.wait(0.2)  # must not come: the other thread has to wait for this one
        told.append("hidden")

    def back() -> None:
        told.append("shown")

    visibility = Visibility(back, gone)
    visibility.seen()

    def return_() -> None:
        assert going.wait(5)
        visibility.seen()
        came.set()

    other = threading.Thread(target=return_)
    other.start()
    loop.passes(SILENCE + GRACE)
    other.join(5)
    assert told == ["shown", "hidden", "shown"]
    assert visibility.visible


async def on_a_real_loop() -> list[str]:
    ended = asyncio.Event()
    told: list[str] = []

    def gone() -> None:
        told.append("hidden")
        ended.set()

    visibility = Visibility(lambda: told.append("shown"), gone)
    await asyncio.to_thread(visibility.seen)
    await asyncio.wait_for(ended.wait(), 5)
    return told


def test_on_a_real_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE", 0.01)
    monkeypatch.setattr(module, "GRACE", 0.01)
    assert asyncio.run(on_a_real_loop()) == ["shown", "hidden"]
