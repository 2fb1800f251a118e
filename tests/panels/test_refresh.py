"""Test refreshing a panel: it restarts with every change, and ends when the panel is not visible."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from dpyauth.panels.refresh import Refresher, once
from dpyauth.session import Session


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "dpyauth-test"]


@pytest.fixture(autouse=True)
def no_thread_left(eventually: Callable[..., None]) -> Iterator[None]:
    yield
    eventually(lambda: not threads())


def test_refreshing_restarts_with_every_change(session: Session, eventually: Callable[..., None]) -> None:
    begun: list[str] = []
    ended: list[str] = []

    async def work() -> None:
        begun.append(session.state)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    refresher = Refresher(session, work, "test")
    eventually(lambda: begun == ["signed in"])
    session.core.sign_out("the test says so")
    eventually(lambda: begun == ["signed in", "signed out"])
    assert ended == ["ended"]
    refresher.end()
    eventually(lambda: not threads())
    assert len(ended) == 2
    refresher.end()
    left = len(session.core.watchers)
    session.core.notify()
    assert len(begun) == 2
    assert left == 0


def test_refreshing_ends_with_the_session(session: Session, eventually: Callable[..., None]) -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    Refresher(session, work, "test")
    session.close()
    eventually(lambda: not threads() and session.core.watchers == [])


def test_a_bug_is_logged_and_ends_nothing(
    session: Session, eventually: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)
        raise ZeroDivisionError("never with its text")

    with caplog.at_level(logging.ERROR, "dpyauth"):
        refresher = Refresher(session, work, "test")
        eventually(lambda: begun)
        session.core.notify()
        eventually(lambda: len(begun) == 2)
    refresher.end()
    assert "the test panel failed: ZeroDivisionError" in caplog.text
    assert "never with its text" not in caplog.text


def test_reading_once_waits_only_for_a_time(eventually: Callable[..., None]) -> None:
    done: list[str] = []
    go_on = threading.Event()

    async def quick() -> None:
        done.append("quick")

    async def slow() -> None:
        while not go_on.is_set():
            await asyncio.sleep(0.005)
        done.append("slow")

    once(quick(), "test", 10)
    assert done == ["quick"]
    once(slow(), "test", 0)
    assert done == ["quick"]
    go_on.set()
    eventually(lambda: done == ["quick", "slow"])
