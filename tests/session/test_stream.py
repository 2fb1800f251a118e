"""Test streams: the reader's side alone, and over a sandbox whose clock the tests move."""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dpyauth.apis import v3
from dpyauth.catalog.calls import load
from dpyauth.credentials import api_token
from dpyauth.errors import (
    ApiError,
    CallTimeout,
    InvalidRequest,
    InvalidSetting,
    MissingScope,
    NotSignedIn,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.loop import background
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.streams import Streams
from dpyauth.session import Session
from dpyauth.session.feed import Feed
from dpyauth.session.stream import Stream

Open = Callable[..., Session]
Eventually = Callable[..., None]

TICKS = {"ticks": "1HZ100V"}  # one every second


# The reader's side


def alone(keep: int = 10, *, many: bool = False) -> Stream:
    feed = Feed("ticks", keep, lambda reply: v3.error(reply, "ticks"), many=many)
    return Stream(object.__new__(Session), feed)


def tick(number: int) -> dict[str, Any]:
    return {"msg_type": "tick", "tick": {"symbol": "R_1", "epoch": number, "quote": float(number)}}


REFUSED = {"msg_type": "tick", "error": {"code": "MarketIsClosed", "message": "Closed."}}


def test_updates_come_in_order_and_an_end_comes_after_them() -> None:
    stream = alone()
    for number in range(3):
        stream.feed.push(tick(number))
    assert repr(stream) == "<dpyauth stream of ticks: 3 updates, open>"
    stream.feed.end(None)
    assert stream.ended
    assert [update["tick"]["epoch"] for update in stream] == [0, 1, 2]
    with pytest.raises(StopIteration):
        stream.next()
    assert repr(stream) == "<dpyauth stream of ticks: 3 updates, ended>"


def test_the_error_that_ended_a_stream_is_raised_after_its_updates_every_time() -> None:
    stream = alone()
    stream.feed.push(tick(1))
    stream.feed.end(SessionClosed("closed"))
    assert stream.next() == tick(1)
    raised = []
    for _ in range(2):
        with pytest.raises(SessionClosed) as error:
            stream.next()
        raised.append(error.value)
    assert raised[0] is not raised[1]


def test_an_error_of_deriv_ends_the_stream_with_it() -> None:
    stream = alone()
    stream.feed.push(REFUSED)
    stream.feed.end(None)
    with pytest.raises(ApiError, match="MarketIsClosed"):
        next(stream)


def test_an_error_about_one_of_many_is_an_update() -> None:
    stream = alone(many=True)
    stream.feed.push(REFUSED)
    stream.feed.push(tick(1))
    assert stream.next() == REFUSED
    assert stream.next() == tick(1)


def test_a_reader_that_is_too_slow_misses_the_oldest_and_memory_is_bounded() -> None:
    stream = alone(keep=5)
    for number in range(1000):
        stream.feed.push(tick(number))
    assert stream.dropped == 0  # until it is read
    assert stream.next()["tick"]["epoch"] == 995
    assert stream.dropped == 995
    stream.feed.push(tick(1000))
    stream.feed.push(tick(1001))
    assert stream.next()["tick"]["epoch"] == 997
    assert stream.dropped == 996
    assert len(stream.frame()) == len(stream.feed._kept) == 5


def test_no_update_after_closing() -> None:
    stream = alone()
    stream.feed.push(tick(1))
    stream.close()
    stream.feed.push(tick(2))
    stream.feed.end(SessionClosed("closed"))
    assert next(stream) == tick(1)
    with pytest.raises(SessionClosed):
        next(stream)  # closing does not hide that the session ended too
    assert len(stream.frame()) == 1


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_no_update_in_time(timeout: float) -> None:
    stream = alone()
    with pytest.raises(CallTimeout, match=rf"'ticks' arrived within {timeout:g} s"):
        stream.next(timeout=timeout)
    stream.feed.push(tick(1))
    assert stream.next(timeout=timeout) == tick(1)


def test_a_waiting_reader_is_woken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.session.stream.STEP", 60.0)
    stream = alone()
    with ThreadPoolExecutor(3) as pool:
        updates = [pool.submit(stream.next, 10) for _ in range(2)]
        stream.feed.push(tick(1))
        stream.feed.push(tick(2))
        assert sorted(update.result(5)["tick"]["epoch"] for update in updates) == [1, 2]
        ended = pool.submit(next, iter(stream), "over")
        stream.feed.end(None)
        assert ended.result(5) == "over"


def test_readers_on_several_loops_and_threads_share_the_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.session.stream.STEP", 60.0)
    stream = alone(keep=1000)

    async def read() -> list[int]:
        return [update["tick"]["epoch"] async for update in stream]

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(asyncio.run, read()) for _ in range(3)]
        readers.append(pool.submit(lambda: [update["tick"]["epoch"] for update in stream]))
        for number in range(500):
            stream.feed.push(tick(number))
        stream.feed.end(None)
        heard = [reader.result(10) for reader in readers]
    assert all(numbers == sorted(numbers) for numbers in heard)
    assert sorted(itertools.chain(*heard)) == list(range(500))


def test_an_awaiting_reader_may_be_cancelled_and_loses_nothing() -> None:
    stream = alone()

    async def main() -> None:
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not stream.feed.wakers
        stream.feed.push(tick(1))
        assert await anext(stream) == tick(1)
        stream.feed.end(SessionClosed("closed"))
        with pytest.raises(SessionClosed):
            await anext(stream)

    asyncio.run(main())


# Over a sandbox


class Clock:
    """Deriv's time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, box: Sandbox, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.now += 1
            box.run(functools.partial(box.publish, "second", int(self.now)))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(nothing_left: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    async def never(server: object) -> None:
        await asyncio.Event().wait()

    # Only the test's clock makes seconds pass, however long a test takes.
    monkeypatch.setattr("dpyauth.sandbox.server.Server.tick", never)
    with Sandbox(limits=None, clock=clock) as box:
        yield box


def asked(box: Sandbox, call: str) -> int:
    return sum(received.call == call for received in box.received)


def at_deriv(box: Sandbox) -> int:
    """Return the number of streams that the sandbox keeps."""
    found: list[int] = []
    box.run(lambda: found.append(sum(len(client.connection.streams) for client in box.sockets)))
    return found[0]


def epochs(stream: Stream, count: int) -> list[int]:
    return [stream.next(5)["tick"]["epoch"] for _ in range(count)]


def test_ticks(session: Session, box: Sandbox, clock: Clock, eventually: Eventually) -> None:
    with session.stream("ticks", **TICKS) as stream:
        clock.advance(box, 3)
        begin = int(clock.now) - 3
        assert epochs(stream, 4) == list(range(begin, begin + 4))
        assert session.health()["streams"] == 1
        frame = stream.frame()
        assert frame["symbol"].tolist() == ["1HZ100V"] * 4
        assert not frame["gap"].any()
    eventually(lambda: at_deriv(box) == 0)
    assert session.health()["streams"] == 0
    assert stream.ended
    assert len(stream.frame()) == 4


def test_a_stream_without_a_sign_in(open_session: Open, box: Sandbox) -> None:
    session = open_session(None)
    with session.stream("ticks", **TICKS) as stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"
    with pytest.raises(NotSignedIn):
        session.stream("balance")


def test_balance(session: Session, box: Sandbox) -> None:
    with session.stream("balance") as stream:
        before = stream.next(5)["balance"]["balance"]
        box.pay("CR900001", 25.5)
        assert stream.next(5)["balance"]["balance"] == pytest.approx(before + 25.5)
        assert stream.frame()["loginid"].tolist() == ["CR900001"] * 2


def test_transactions_begin_with_the_first_one(session: Session, box: Sandbox) -> None:
    with session.stream("transaction") as stream:
        with pytest.raises(CallTimeout):
            stream.next(0)
        box.pay("CR900001", -5, "withdrawal")
        assert stream.next(5)["transaction"]["action"] == "withdrawal"
        assert stream.frame()["amount"].tolist() == [-5.0]


def test_candles(session: Session, box: Sandbox, clock: Clock) -> None:
    fields = {"ticks_history": "1HZ100V", "end": "latest", "count": 5, "style": "candles", "granularity": 60}
    with session.stream("ticks_history", **fields) as stream:
        assert len(stream.next(5)["candles"]) == 5
        clock.advance(box)
        assert stream.next(5)["ohlc"]["granularity"] == 60
        frame = stream.frame()
    assert len(frame) == 6
    assert frame["close"].notna().all()
    assert frame["symbol"].eq("1HZ100V").all()


def open_contracts(box: Sandbox) -> list[Any]:
    return box.world.account("CR900001").ledger.open


def test_one_contract_until_it_is_sold(
    session: Session, box: Sandbox, clock: Clock, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = open_contracts(box)[0]
    with session.stream("proposal_open_contract", contract_id=contract.contract_id) as stream:
        assert stream.next(5)["proposal_open_contract"]["is_sold"] == 0
        clock.advance(box)
        assert stream.next(5)["proposal_open_contract"]["is_sold"] == 0
        monkeypatch.setattr(contract, "sold", int(clock.now))
        clock.advance(box)
        updates = list(stream)
    assert [update["proposal_open_contract"]["is_sold"] for update in updates] == [1]
    assert stream.ended
    assert session.health()["streams"] == 0


def test_a_contract_that_was_sold_before_is_told_once(session: Session, box: Sandbox) -> None:
    contract = box.world.account("CR900001").ledger.closed[-1]
    with session.stream("proposal_open_contract", contract_id=contract.contract_id) as stream:
        assert [update["proposal_open_contract"]["is_sold"] for update in stream] == [1]


def test_all_open_contracts_and_one_of_them_fails(
    session: Session, box: Sandbox, clock: Clock, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = open_contracts(box)
    with session.stream("proposal_open_contract") as stream:
        heard = {stream.next(5)["proposal_open_contract"]["contract_id"] for _ in contracts}
        assert heard == {contract.contract_id for contract in contracts}
        assert at_deriv(box) == len(contracts)
        monkeypatch.setattr(contracts[0], "sold", int(clock.now))
        clock.advance(box)
        states = [stream.next(5)["proposal_open_contract"]["is_sold"] for _ in contracts]
        assert sorted(states) == [*[0] * (len(contracts) - 1), 1]
        assert not stream.ended
        eventually(lambda: at_deriv(box) == len(contracts) - 1)

        connection = stream.feed.connection
        assert connection is not None
        (subscription,) = connection.protocol._streams
        failure = {"req_id": subscription.req_id, "msg_type": "proposal_open_contract", "error": {"code": "Oops"}}
        background.post(functools.partial(connection.protocol._streams.update, subscription), failure)
        assert stream.next(5)["error"]["code"] == "Oops"
        assert not stream.ended
        clock.advance(box)
        assert "proposal_open_contract" in stream.next(5)
        assert stream.frame()["contract_id"].notna().sum() >= 2 * len(contracts)
    clock.advance(box)
    eventually(lambda: at_deriv(box) == 0)


@pytest.mark.parametrize(
    ("call", "fields", "error"),
    [
        ("ticks", {"ticks": "NOPE"}, ApiError),
        ("get_limits", {}, InvalidRequest),
        ("tikcs", {}, InvalidRequest),
        ("ticks", {"tick": "R_100"}, InvalidRequest),
        ("balance", {"keep": 0}, InvalidSetting),
        ("balance", {"keep": True}, InvalidSetting),
        ("balance", {"timeout": -1}, InvalidSetting),
    ],
)
def test_calls_that_are_not_streams(
    session: Session, box: Sandbox, call: str, fields: dict[str, Any], error: type
) -> None:
    with pytest.raises(error):
        session.stream(call, **fields)
    assert session.health()["streams"] == 0
    assert at_deriv(box) == 0


@pytest.mark.parametrize("name", [name for name, call in load("v3").items() if call.streams != "no" and call.changes])
def test_calls_that_change_something_are_never_streams(session: Session, box: Sandbox, name: str) -> None:
    """A stream is requested again after a break; a purchase must not be repeated."""
    before = len(box.received)
    with pytest.raises(InvalidRequest, match="changes something"):
        session.stream(name, **{field: 1 for field in load("v3")[name].required if field != name})
    assert len(box.received) == before


def test_a_stream_needs_its_scope(open_session: Open) -> None:
    with pytest.raises(MissingScope):
        open_session("sandbox-rich-money").stream("p2p_order_list")


# Sharing


def test_equal_streams_share_one_subscription(
    session: Session, box: Sandbox, clock: Clock, eventually: Eventually
) -> None:
    one, other = session.stream("ticks", **TICKS), session.stream("ticks", **TICKS)
    assert asked(box, "ticks") == at_deriv(box) == 1
    first = one.next(5)
    assert other.next(5) == first  # it begins with the latest update
    clock.advance(box)
    assert one.next(5) == other.next(5)
    one.close()
    clock.advance(box)
    assert other.next(5)["tick"]["epoch"] == int(clock.now)
    assert one.ended
    assert asked(box, "forget") == 0
    other.close()
    eventually(lambda: at_deriv(box) == 0)
    assert asked(box, "forget") == 1
    with session.stream("ticks", **TICKS) as anew:
        assert anew.next(5)["tick"]["symbol"] == "1HZ100V"
    assert asked(box, "ticks") == 2


def test_streams_that_are_opened_at_once_share_too(session: Session, box: Sandbox) -> None:
    box.faults.delay(0.1, "ticks")

    async def main() -> list[Stream]:
        return await asyncio.gather(*(session.aio.stream("ticks", **TICKS) for _ in range(10)))

    streams = asyncio.run(main())
    assert len({stream.next(5)["tick"]["epoch"] for stream in streams}) == 1
    assert asked(box, "ticks") == at_deriv(box) == 1


def test_streams_opened_together_fail_together(session: Session, box: Sandbox) -> None:
    box.faults.delay(0.1, "ticks")

    async def main() -> list[Any]:
        opening = (session.aio.stream("ticks", ticks="NOPE") for _ in range(3))
        return await asyncio.gather(*opening, return_exceptions=True)

    assert [type(error) for error in asyncio.run(main())] == [ApiError] * 3
    assert session.health()["streams"] == 0


@pytest.mark.parametrize("who", [0, 1])
def test_cancelling_one_of_two_equal_streams_does_not_affect_the_other(
    session: Session, box: Sandbox, who: int
) -> None:
    box.faults.delay(0.5, "ticks")

    async def main() -> Stream:
        tasks = [asyncio.ensure_future(session.aio.stream("ticks", **TICKS)) for _ in range(2)]
        await asyncio.to_thread(box.wait_until, lambda box: asked(box, "ticks"))
        tasks[who].cancel()
        stream: Stream = await asyncio.wait_for(tasks[1 - who], 5)
        return stream

    with asyncio.run(main()) as stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"
    assert asked(box, "ticks") == 1


def test_a_timeout_of_one_of_two_equal_streams_does_not_affect_the_other(session: Session, box: Sandbox) -> None:
    box.faults.delay(1.0, "ticks")

    async def main() -> tuple[Stream, BaseException]:
        patient = asyncio.ensure_future(session.aio.stream("ticks", **TICKS))
        await asyncio.to_thread(box.wait_until, lambda box: asked(box, "ticks"))
        hasty = asyncio.ensure_future(session.aio.stream("ticks", timeout=0.05, **TICKS))
        failed = (await asyncio.gather(hasty, return_exceptions=True))[0]
        return await patient, failed

    stream, failed = asyncio.run(main())
    assert isinstance(failed, CallTimeout)
    with stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"


def test_a_stream_cancelled_while_opening_is_forgotten(session: Session, box: Sandbox, eventually: Eventually) -> None:
    box.faults.delay(0.5, "ticks")

    async def main() -> None:
        task = asyncio.ensure_future(session.aio.stream("ticks", **TICKS))
        await asyncio.to_thread(box.wait_until, lambda box: asked(box, "ticks"))
        task.cancel()

    asyncio.run(main())
    eventually(lambda: asked(box, "forget") == 1)
    assert at_deriv(box) == 0
    assert session.health()["streams"] == 0


def test_a_stream_whose_first_reply_came_too_late_is_forgotten_and_can_be_reopened(
    session: Session, box: Sandbox, eventually: Eventually
) -> None:
    box.faults.delay(0.5, "ticks")
    with pytest.raises(CallTimeout):
        session.stream("ticks", timeout=0.05, **TICKS)
    assert session.health()["streams"] == 0
    eventually(lambda: asked(box, "forget") == 1)
    with session.stream("ticks", timeout=5, **TICKS) as stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"


def test_an_old_stream_that_is_closed_late_does_not_end_a_new_equal_one(
    session: Session, box: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = open_contracts(box)[0]
    old = session.stream("proposal_open_contract", contract_id=contract.contract_id)
    monkeypatch.setattr(contract, "sold", int(clock.now))
    clock.advance(box)
    assert len(list(old)) == 2
    monkeypatch.setattr(contract, "sold", None)
    new = session.stream("proposal_open_contract", contract_id=contract.contract_id)
    old.close()
    session.call("ping")
    clock.advance(box)
    assert len([new.next(5) for _ in range(2)]) == 2
    new.close()


# Reconnecting


def test_missed_ticks_are_fetched(session: Session, box: Sandbox, clock: Clock, at_once: None) -> None:
    with session.stream("ticks", **TICKS) as stream:
        clock.advance(box, 2)
        begin = epochs(stream, 3)[0]
        box.stop()
        clock.now += 5
        box.start()
        updates = [stream.next(5) for _ in range(5)]
        clock.advance(box)
        updates.append(stream.next(5))
    assert [update["tick"]["epoch"] for update in updates] == list(range(begin + 3, begin + 9))
    assert [update.get("backfilled", False) for update in updates] == [True] * 4 + [False] * 2
    gap = updates[0]["gap"]
    assert gap["filled"]
    assert gap["since"] < gap["until"]
    assert gap["reason"]
    assert not any("gap" in update for update in updates[1:])
    frame = stream.frame()
    assert frame["epoch"].is_monotonic_increasing
    assert not frame["gap"].any()  # nothing is missing
    assert frame["backfilled"].tolist() == [False] * (len(frame) - 6) + [True] * 4 + [False] * 2


def test_a_short_break_repeats_no_update(session: Session, box: Sandbox, clock: Clock, at_once: None) -> None:
    with session.stream("ticks", **TICKS) as stream:
        first = stream.next(5)["tick"]["epoch"]
        box.faults.reset()
        assert box.wait_until(lambda box: asked(box, "ticks") == 2)
        session.call("ping")
        clock.advance(box)
        update = stream.next(5)
        assert update["tick"]["epoch"] == first + 1
        assert update["gap"]["filled"]


def test_a_gap_that_cannot_be_filled_is_marked(session: Session, box: Sandbox, clock: Clock, at_once: None) -> None:
    box.faults.error("MarketIsClosed", "ticks_history")
    with session.stream("ticks", **TICKS) as ticks, session.stream("balance") as balance:
        ticks.next(5)
        balance.next(5)
        box.stop()
        clock.now += 5
        box.start()
        for stream in (ticks, balance):
            assert stream.next(5)["gap"]["filled"] is False
            assert stream.frame()["gap"].tolist() == [False, True]


def test_an_answer_that_never_comes_does_not_hold_up_the_ticks(
    session: Session, box: Sandbox, clock: Clock, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dpyauth.net.gaps.HOLD", 3)
    box.faults.swallow("ticks_history")
    with session.stream("ticks", **TICKS) as stream:
        stream.next(5)
        box.stop()
        clock.now += 5
        box.start()
        assert box.wait_until(lambda box: asked(box, "ticks_history"))
        clock.advance(box, 5)
        begin = int(clock.now) - 5
        assert epochs(stream, 6) == list(range(begin, begin + 6))


def test_a_stream_survives_any_number_of_breaks(
    session: Session, box: Sandbox, clock: Clock, at_once: None, eventually: Eventually
) -> None:
    box.faults.reset("ticks", times=5)  # also while it is being opened again
    with session.stream("balance") as balance:
        box.faults.reset("balance", times=5)
        box.faults.reset()
        eventually(lambda: asked(box, "balance") >= 7)
        assert not balance.ended
        balance.next(5)
        assert balance.next(5)["gap"]["filled"] is False
        box.pay("CR900001", 1)
        assert "gap" not in balance.next(5)


def test_streams_are_requested_again_before_anything_else(session: Session, box: Sandbox, at_once: None) -> None:
    with session.stream("ticks", **TICKS), session.stream("balance"):
        box.faults.reset("get_limits")
        session.call("get_limits")
        assert [received.call for received in box.received][-4:] == ["authorize", "ticks", "balance", "get_limits"]


# Ending


def test_a_revoked_token_ends_streams_with_the_reason(open_session: Open, box: Sandbox, at_once: None) -> None:
    stream = open_session("sandbox-rich-read").stream("balance")
    stream.next(5)
    box.faults.revoke("sandbox-rich-read")
    box.faults.drop()
    with pytest.raises(SignInRefused, match="does not accept this API token"):
        stream.next(5)
    assert stream.ended
    stream.close()


def test_signing_in_as_another_user_ends_streams(session: Session) -> None:
    stream = session.stream("balance")
    stream.next(5)
    session.core.sign_in_and_wait(api_token("sandbox-rich-btc", "a test"))
    with pytest.raises(SessionClosed, match="signed in again"):
        stream.next(5)
    with session.stream("balance") as anew:
        assert anew.next(5)["balance"]["currency"] == "BTC"


def test_closing_the_session_ends_streams(session: Session) -> None:
    stream = session.stream("balance")
    stream.next(5)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(stream.next)
        session.close()
        with pytest.raises(SessionClosed):
            waiting.result(5)


def test_signing_out_ends_streams(session: Session) -> None:
    stream = session.stream("balance")
    stream.next(5)
    session.logout()
    with pytest.raises(NotSignedIn):
        stream.next(5)


def test_a_refusal_to_reopen_ends_the_stream(session: Session, box: Sandbox, at_once: None) -> None:
    with session.stream("ticks", **TICKS) as stream:
        stream.next(5)
        box.faults.error("MarketIsClosed", "ticks")
        box.faults.reset()
        with pytest.raises(ApiError, match="MarketIsClosed"):
            stream.next(5)
    assert session.health()["streams"] == 0


# Temporary errors


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat requests to Deriv almost at once."""
    monkeypatch.setattr("dpyauth.net.retries.pause", lambda tries, rng: 0.02)


@pytest.fixture(params=["v3", "options"])
def either(request: pytest.FixtureRequest, open_session: Open, open_options: Open) -> Session:
    """Return a session on either API."""
    return open_session() if request.param == "v3" else open_options()


ODD: list[Any] = [
    None,
    {},
    "",
    False,
    0,
    [],
    [None],
    "busy",
    {"code": None},
    {"message": "busy"},
    {"code": "WrongResponse"},
]


def with_error(error: Any, *, whole: bool) -> Callable[[dict[str, Any]], None]:
    """Return a function that adds this error to a reply, beside its payload or in place of it."""

    def change(reply: dict[str, Any]) -> None:
        if not whole:
            reply.pop("subscription", None)
            reply.pop(reply["msg_type"], None)
        reply["error"] = error

    return change


@pytest.mark.parametrize(
    ("call", "whole", "error"),
    [
        *(("ticks", True, error) for error in ODD),
        *(("balance", True, error) for error in ODD),
        *(("ticks", False, error) for error in ODD),
    ],
)
def test_a_stream_opens_in_spite_of_an_error_in_its_first_answer(
    session: Session, box: Sandbox, clock: Clock, quick: None, call: str, whole: bool, error: Any
) -> None:
    box.faults.edit(with_error(error, whole=whole), call)
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(session.stream, call, **(TICKS if call == "ticks" else {}))
        while not opening.done():
            clock.advance(box)  # the next tick shows that the stream has begun
        with opening.result() as stream:
            assert stream.next(5)["tick" if call == "ticks" else call]
            assert not stream.ended


@pytest.mark.parametrize(
    "code",
    ["WrongResponse", "Timeout", "CallError", "InternalServerError", "RateLimit", "Unknown", "AuthorizationRequired"],
)
def test_a_stream_survives_an_error_after_a_break(
    either: Session, box: Sandbox, clock: Clock, at_once: None, quick: None, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr("dpyauth.net.rate_limits.PENALTIES", (0.02,))
    with either.stream("ticks", **TICKS) as stream:
        stream.next(5)
        box.faults.error(code, "ticks", times=3)
        box.faults.reset()
        assert box.wait_until(lambda box: asked(box, "ticks") == 5)
        clock.advance(box)
        assert "gap" in stream.next(5)
        assert not stream.ended
    if code != "RateLimit":
        assert either.events()["why"].str.contains(code).any()


def test_a_stream_survives_a_malformed_error(session: Session, box: Sandbox, at_once: None, quick: None) -> None:
    with session.stream("balance") as stream:
        stream.next(5)
        for error in ODD[1:]:
            box.faults.edit(with_error(error, whole=False), "balance")
        box.faults.reset()
        assert box.wait_until(lambda box: asked(box, "balance") >= 2)
        box.pay("CR900001", 1)
        assert "gap" in stream.next(5)


def test_an_error_between_two_updates_ends_nothing(session: Session, box: Sandbox, clock: Clock, quick: None) -> None:
    with session.stream("ticks", **TICKS) as stream:
        first = stream.next(5)
        connection = stream.feed.connection
        assert connection is not None
        number = next(each.req_id for each in box.received if each.call == "ticks")
        for error in ("busy", {"code": "WrongResponse"}):
            message = json.dumps({"req_id": number, "msg_type": "tick", "error": error}).encode()
            background.post(functools.partial(connection._receive, message), True)
        background.post(lambda _: connection._received(), None)
        assert box.wait_until(lambda box: asked(box, "ticks") == 2)
        clock.advance(box)
        assert stream.next(5)["tick"]["epoch"] == first["tick"]["epoch"] + 1


def test_a_final_error_ends_the_stream(session: Session, box: Sandbox, at_once: None) -> None:
    for code in ("InvalidSymbol", "PermissionDenied", "InputValidationFailed"):
        with session.stream("ticks", **TICKS) as stream:
            stream.next(5)
            box.faults.error(code, "ticks")
            box.faults.reset()
            with pytest.raises(ApiError, match=code):
                stream.next(5)


def test_opening_is_repeated_and_the_last_error_raised(
    either: Session, box: Sandbox, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.faults.error("WrongResponse", "ticks", times=3)
    with either.stream("ticks", **TICKS) as stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"
    box.faults.error("InternalServerError", "ticks", times=1000)
    with pytest.raises(ApiError, match="InternalServerError"):
        either.stream("ticks", timeout=0.1, ticks="R_100")
    assert either.health()["streams"] == 0


@pytest.mark.parametrize("symbols", [["1HZ100V", "NOPE", "R_100"], ["NOPE", "1HZ100V", "R_100"]])
def test_one_symbol_of_several_fails_and_the_others_go_on(
    either: Session, box: Sandbox, clock: Clock, at_once: None, symbols: list[str]
) -> None:
    with either.stream("ticks", ticks=symbols) as stream:
        for _ in range(2):
            heard = [stream.next(5) for _ in symbols]
            assert {update["tick"]["symbol"] for update in heard if "tick" in update} == {"1HZ100V", "R_100"}
            (failed,) = (update for update in heard if "error" in update)
            assert failed["symbol"] == "NOPE"
            assert failed["error"]["code"] == "InvalidSymbol"
            before = asked(box, "ticks")
            box.faults.reset()
            assert box.wait_until(lambda box, before=before: asked(box, "ticks") > before)
        frame = stream.frame()
        assert frame.loc[frame["error"].notna(), "symbol"].unique().tolist() == ["NOPE"]
        assert not stream.ended


def test_a_stream_of_several_ends_if_all_are_refused_after_a_break(
    either: Session, box: Sandbox, at_once: None
) -> None:
    with either.stream("ticks", ticks=["1HZ100V", "R_100"]) as stream:
        box.faults.error("MarketIsClosed", "ticks")
        box.faults.reset()
        with pytest.raises(ApiError, match="MarketIsClosed"):
            list(stream)


def test_a_stream_of_unknown_symbols_is_not_opened(session: Session, box: Sandbox) -> None:
    with pytest.raises(ApiError, match="InvalidSymbol"):
        session.stream("ticks", ticks=["NOPE", "NEVER"])
    assert session.health()["streams"] == 0


def test_a_list_of_one_symbol(session: Session, box: Sandbox) -> None:
    with pytest.raises(ApiError, match="InvalidSymbol"):
        session.stream("ticks", ticks=["NOPE"])
    with session.stream("ticks", ticks=["1HZ100V"]) as stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"


def test_a_lost_forget_has_no_effect(session: Session, box: Sandbox, clock: Clock, eventually: Eventually) -> None:
    box.faults.swallow("forget", times=1000)
    forget, Streams.forget = Streams.forget, lambda self, stream_id: False  # type: ignore[assignment]
    try:
        session.stream("ticks", **TICKS).close()
        eventually(lambda: asked(box, "forget"))
        clock.advance(box, 216)
        session.call("ping")
        assert asked(box, "forget") == 1
        assert session.health()["stray_replies"] < 300
    finally:
        Streams.forget = forget  # type: ignore[method-assign]


def test_closing_from_another_thread(session: Session, box: Sandbox) -> None:
    stream = session.stream("balance")
    stream.next(5)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(list, stream)
        threading.Thread(target=stream.close).start()
        assert reading.result(5) == []
    stream.close()


# Views


def test_a_view_takes_no_updates(session: Session, box: Sandbox, clock: Clock) -> None:
    with session.stream("ticks", keep=3, **TICKS) as stream:
        assert stream.next(5)["tick"]["symbol"] == "1HZ100V"
        clock.advance(box, 3)
        while (seen := stream.feed.beyond(0)[0]) < 4:
            stream.feed.wait(lambda seen=seen: stream.feed.count > seen, 5)
        assert len(stream.feed.beyond(0)[1]) == 3
        assert [reply["tick"]["epoch"] for _, reply in stream.feed.beyond(2)[1]] == [
            int(clock.now) - 1,
            int(clock.now),
        ]
        assert stream.feed.beyond(4) == (4, [])
        assert epochs(stream, 3) == [int(clock.now) - back for back in (2, 1, 0)]
        view = stream.view()
        assert view.model.stream is stream
        assert view.model.session is session
        view.close()
        assert not stream.ended


def test_a_view_is_woken_by_an_update_an_end_and_a_nudge(eventually: Eventually) -> None:
    stream = alone()
    feed = stream.feed
    enough: list[bool] = []
    with ThreadPoolExecutor(1) as pool:
        for wake in (lambda: feed.push(tick(1)), feed.nudge, lambda: feed.end(None)):
            waiting = pool.submit(feed.wait, lambda: bool(enough), 60)
            eventually(lambda: feed.wakers)
            assert not waiting.done()
            wake()
            waiting.result(5)
        enough.append(True)
        pool.submit(feed.wait, lambda: bool(enough), 60).result(5)


def test_a_stream_without_references_is_closed(session: Session, box: Sandbox, eventually: Eventually) -> None:
    assert session.stream("ticks", **TICKS).next(5)["tick"]["symbol"] == "1HZ100V"
    gc.collect()
    eventually(lambda: at_deriv(box) == 0)
    assert session.health()["streams"] == 0


# Awaiting


def test_async_for_on_a_loop_of_its_own(session: Session, box: Sandbox, clock: Clock) -> None:
    async def read() -> list[int]:
        heard = []
        async with await session.aio.stream("ticks", **TICKS) as stream:
            async for update in stream:
                heard.append(update["tick"]["epoch"])
                if len(heard) == 3:
                    break
                clock.advance(box)
        assert stream.ended
        return heard

    begin = int(clock.now)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, read()).result(10) == [begin, begin + 1, begin + 2]


def test_async_for_ends_with_the_stream(session: Session, box: Sandbox) -> None:
    contract = box.world.account("CR900001").ledger.closed[-1]

    async def read() -> int:
        stream = await session.aio.stream("proposal_open_contract", contract_id=contract.contract_id)
        return len([update async for update in stream])

    assert asyncio.run(read()) == 1
