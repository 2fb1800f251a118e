from __future__ import annotations

import asyncio
import threading

from dpyauth.wire.background import Background


def threads() -> int:
    return sum(thread.name == "dpyauth" for thread in threading.enumerate())


def test_users_share_one_loop_and_the_last_one_ends_it() -> None:
    background = Background()
    before = threads()
    loop = background.acquire()
    assert background.acquire() is loop
    assert threads() == before + 1
    background.release()
    assert loop.is_running()
    background.release()
    assert loop.is_closed()
    assert threads() == before


def test_it_starts_again() -> None:
    background = Background()
    first = background.acquire()
    background.release()
    second = background.acquire()
    assert second is not first
    assert asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "alive"), second).result(5) == "alive"
    background.release()


def test_what_still_runs_is_cancelled() -> None:
    background = Background()
    loop = background.acquire()
    started, cancelled = threading.Event(), threading.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    asyncio.run_coroutine_threadsafe(forever(), loop)
    assert started.wait(5)
    background.release()
    assert cancelled.is_set()
    assert loop.is_closed()


def test_it_may_be_given_back_from_inside() -> None:
    background = Background()
    loop = background.acquire()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "dpyauth"][-1:]
    assert not background.inside()
    inside: list[bool] = []
    loop.call_soon_threadsafe(lambda: (inside.append(background.inside()), background.release()))
    thread.join(5)
    assert not thread.is_alive()
    assert inside == [True]
    assert loop.is_closed()


def test_the_thread_does_not_hold_up_the_exit() -> None:
    background = Background()
    background.acquire()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "dpyauth")
    background.release()
