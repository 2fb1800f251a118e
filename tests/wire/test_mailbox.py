from __future__ import annotations

import asyncio
import os
import threading

import pytest

from dpyauth.wire.mailbox import Mailbox


def test_the_loop_does_everything_in_its_order_and_once() -> None:
    done: list[tuple[int, int]] = []

    async def receive() -> None:
        mailbox, loop = Mailbox(asyncio.get_running_loop()), asyncio.get_running_loop()
        everything = asyncio.Event()

        def work(item: tuple[int, int]) -> None:
            assert asyncio.get_running_loop() is loop
            done.append(item)
            if len(done) == 4 * 500:
                everything.set()

        def post(number: int) -> None:
            for count in range(500):
                mailbox.post(work, (number, count))

        threads = [threading.Thread(target=post, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(everything.wait(), 10)
        for thread in threads:
            thread.join()

    asyncio.run(receive())
    for number in range(4):
        assert [count for thread, count in done if thread == number] == list(range(500))


def test_work_may_post_more_work() -> None:
    async def receive() -> list[int]:
        mailbox, done = Mailbox(asyncio.get_running_loop()), []
        mailbox.post(lambda item: mailbox.post(done.append, item), 1)
        mailbox.post(done.append, 2)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return done

    assert asyncio.run(receive()) == [2, 1]


def test_a_closed_loop_is_told_of_every_time() -> None:
    loop = asyncio.new_event_loop()
    mailbox = Mailbox(loop)
    loop.close()
    for _ in range(3):
        with pytest.raises(RuntimeError):
            mailbox.post(print, None)


def test_what_comes_after_is_done_once_for_many() -> None:
    async def receive() -> tuple[list[int], list[int]]:
        done: list[int] = []
        after: list[int] = []
        mailbox = Mailbox(asyncio.get_running_loop(), after=lambda: after.append(len(done)))
        for number in range(100):
            mailbox.post(done.append, number)
        await asyncio.sleep(0)
        return done, after

    assert asyncio.run(receive()) == (list(range(100)), [100])


def test_work_that_fails_is_reported_and_the_rest_is_done() -> None:
    async def receive() -> tuple[list[int], list[str], int]:
        done: list[int] = []
        failed: list[str] = []
        after: list[None] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: failed.append(type(context["exception"]).__name__))
        mailbox = Mailbox(loop, after=lambda: after.append(None))
        mailbox.post(done.append, 1)
        mailbox.post(lambda _: 1 / 0, None)
        mailbox.post(done.append, 2)
        for _ in range(3):
            await asyncio.sleep(0)
        mailbox.post(done.append, 3)
        for _ in range(3):
            await asyncio.sleep(0)
        return done, failed, len(after)

    done, failed, after = asyncio.run(receive())
    assert done == [1, 2, 3]
    assert failed == ["ZeroDivisionError"]
    assert after >= 3


async def settle() -> None:
    """As many rounds of the loop as any work takes."""
    for _ in range(4):
        await asyncio.sleep(0)


def test_a_closed_one_gives_everything_back_and_still_delivers() -> None:
    async def receive() -> list[int]:
        done: list[int] = []
        mailbox = Mailbox(asyncio.get_running_loop())
        await settle()
        bell = mailbox._bell
        mailbox.post(done.append, 1)
        mailbox.close()  # with a message on its way
        mailbox.close()
        mailbox.post(done.append, 2)
        await settle()
        if bell is not None:
            with pytest.raises(OSError, match="descriptor"):
                os.fstat(bell)
        return done

    assert asyncio.run(receive()) == [1, 2]


def test_it_may_be_closed_after_its_loop() -> None:
    async def make() -> Mailbox:
        mailbox = Mailbox(asyncio.get_running_loop())
        await settle()
        return mailbox

    mailbox = asyncio.run(make())
    with pytest.raises(RuntimeError):
        mailbox.post(print, None)
    mailbox.close()
    assert mailbox._bell is None


def test_a_loop_that_cannot_watch_files_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise NotImplementedError

    async def receive() -> list[int]:
        monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", refuse)
        done: list[int] = []
        mailbox = Mailbox(asyncio.get_running_loop())
        await settle()
        assert mailbox._bell is None
        mailbox.post(done.append, 1)
        await settle()
        return done

    assert asyncio.run(receive()) == [1]


def test_a_ring_that_has_been_answered_already_is_no_error() -> None:
    async def receive() -> list[int]:
        done: list[int] = []
        mailbox = Mailbox(asyncio.get_running_loop())
        await settle()
        mailbox.post(done.append, 1)
        for _ in range(2):  # as when a loop within the loop comes first
            mailbox._rung()
        return done

    assert asyncio.run(receive()) == [1]
