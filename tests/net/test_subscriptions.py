"""Test which listeners receive which updates, without a connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.errors import CallTimeout, DpyauthError, SessionClosed
from dpyauth.net.gaps import HOLD
from dpyauth.net.pending import PendingCall
from dpyauth.net.subscription import Subscription
from dpyauth.net.subscriptions import SETTLED, Subscriptions


class Hearer:
    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ends: list[DpyauthError | None] = []

    def push(self, reply: dict[str, Any]) -> None:
        self.heard.append(reply)

    def refuse(self, reply: dict[str, Any]) -> None:
        self.push(reply)
        self.end(None)

    def end(self, error: DpyauthError | None) -> None:
        self.ends.append(error)

    @property
    def epochs(self) -> list[int]:
        return [reply["tick"]["epoch"] for reply in self.heard]


Asked = tuple[str, dict[str, Any], Callable[[Any], None]]


class Streams:
    """Subscriptions, their requests to Deriv, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[Asked] = []
        self.lapsed: list[Subscription] = []
        self.table = Subscriptions(
            lambda *asked: self.asked.append(asked), lambda: self.now, lambda lapsed, why: self.lapsed.append(lapsed)
        )
        self.numbers = 0

    def open(self, key: str = "R_1", *, reply: bool = True, **more: Any) -> tuple[Subscription, Hearer]:
        self.numbers += 1
        subscription = Subscription("ticks", key, self.numbers, "{}", **more)
        hearer = Hearer()
        subscription.listeners.append(hearer)
        self.table.add(subscription)
        if reply:
            self.table.opened(subscription, tick(1))
        return subscription, hearer

    def pending(self, subscription: Subscription) -> PendingCall:
        self.numbers += 1
        return PendingCall("ticks", self.numbers, "", 30.0, 30.0, listener=Hearer(), subscription=subscription)

    def requests(self) -> list[dict[str, Any]]:
        return [fields for _, fields, *_ in self.asked]


def tick(epoch: int, stream_id: str = "a") -> dict[str, Any]:
    return {"msg_type": "tick", "tick": {"epoch": epoch, "quote": epoch / 2}, "subscription": {"id": stream_id}}


def history(*epochs: int) -> dict[str, Any]:
    return {"msg_type": "history", "history": {"times": list(epochs), "prices": [epoch / 2 for epoch in epochs]}}


REFUSED = {"msg_type": "tick", "error": {"code": "MarketIsClosed"}}
FORGET_A = [{"forget": "a"}]


@pytest.fixture
def streams() -> Streams:
    return Streams()


def test_every_listener_receives_every_update(streams: Streams) -> None:
    subscription, one = streams.open()
    joined = streams.pending(subscription)
    streams.table.join(subscription, joined, 0.0)
    assert joined.reply == tick(1)
    streams.table.update(subscription, tick(2))
    assert one.epochs == joined.listener.epochs == [1, 2]  # type: ignore[union-attr]
    assert streams.table.find("R_1") is subscription
    assert streams.table.get(1) is subscription
    assert len(streams.table) == 1


def test_the_last_one_to_leave_ends_it_at_deriv(streams: Streams) -> None:
    subscription, one = streams.open()
    joined = streams.pending(subscription)
    streams.table.join(subscription, joined, 0.0)
    streams.table.leave(subscription, one)
    streams.table.leave(subscription, one)
    assert streams.asked == []
    assert joined.listener is not None
    streams.table.leave(subscription, joined.listener)
    assert streams.requests() == FORGET_A
    assert len(streams.table) == 0
    assert one.ends == []


def test_those_who_join_while_it_is_opened_get_the_same_reply(streams: Streams) -> None:
    subscription, _ = streams.open(reply=False)
    joined = [streams.pending(subscription) for _ in range(2)]
    for pending in joined:
        streams.table.join(subscription, pending, 0.0)
    assert not joined[0].done
    streams.table.opened(subscription, tick(5))
    assert [pending.reply for pending in joined] == [tick(5)] * 2
    assert len(streams.table.joining) == 0


def test_each_caller_that_joins_has_its_own_timeout(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    joined = streams.pending(subscription)
    streams.table.join(subscription, joined, 0.0)
    assert streams.table.joining.next_deadline == 30
    streams.table.joining.expire(30.0, ready=True)
    assert type(joined.error) is CallTimeout
    assert subscription.listeners == [one]


def test_all_callers_get_the_refusal(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    joined = streams.pending(subscription)
    streams.table.join(subscription, joined, 0.0)
    streams.table.opened(subscription, REFUSED)
    assert joined.reply == REFUSED
    assert len(streams.table) == 0
    assert one.heard == one.ends == []  # the call that opened it raises the error


def test_a_sent_request_is_forgotten_after_its_reply(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    subscription.asked = True
    streams.table.leave(subscription, one)
    assert subscription in streams.table
    streams.table.opened(subscription, tick(1))
    assert subscription not in streams.table
    assert streams.requests() == FORGET_A
    assert one.heard == []


def test_an_unsent_request_is_not_waited_for(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    streams.table.leave(subscription, one)
    assert subscription not in streams.table
    assert streams.asked == []


def test_updates_without_listeners_are_stopped(streams: Streams) -> None:
    subscription, one = streams.open()
    streams.table.leave(subscription, one)
    streams.table.update(subscription, tick(2))  # was already on its way when the stream was ended
    streams.table.unsubscribe(tick(3, "b"))
    assert streams.requests() == [{"forget": "a"}, {"forget": "b"}]
    assert one.epochs == [1]
    for harmless in (REFUSED, {}, {"subscription": "x"}, {"subscription": {"id": 5}}, {"subscription": {}}):
        streams.table.unsubscribe(harmless)
    assert len(streams.asked) == 2


def test_an_ended_subscription_does_not_end_a_new_equal_one(streams: Streams) -> None:
    old, listener = streams.open()
    streams.table.update(old, REFUSED)
    new, _ = streams.open()
    streams.table.leave(old, listener)
    assert streams.table.find("R_1") is new
    assert streams.table.get(new.req_id) is new


def test_an_error_ends_it(streams: Streams) -> None:
    subscription, one = streams.open()
    streams.table.update(subscription, REFUSED)
    assert one.heard[-1] == REFUSED
    assert one.ends == [None]
    assert subscription not in streams.table


def test_an_error_does_not_end_a_stream_of_many(streams: Streams) -> None:
    subscription, one = streams.open(many=True)
    streams.table.update(subscription, tick(1, "b"))
    streams.table.update(subscription, REFUSED)
    streams.table.update(subscription, tick(2, "b"))
    assert one.ends == []
    assert len(one.heard) == 4
    streams.table.leave(subscription, one)
    assert sorted(fields["forget"] for fields in streams.requests()) == ["a", "b"]


@pytest.mark.parametrize("many", [False, True])
def test_a_sold_contract(streams: Streams, many: bool) -> None:
    subscription, one = streams.open(many=many)
    sold = {"msg_type": "proposal_open_contract", "proposal_open_contract": {"is_sold": 1}, "subscription": {"id": "a"}}
    streams.table.update(subscription, sold)
    assert one.heard[-1] == sold
    assert one.ends == ([] if many else [None])
    assert (subscription in streams.table) == many
    assert streams.requests() == FORGET_A


def test_an_answer_without_a_stream_ends_it(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    reply = {"msg_type": "proposal_open_contract", "proposal_open_contract": {"is_sold": 1}}
    streams.table.opened(subscription, reply)
    assert one.heard == [reply]
    assert one.ends == [None]


def test_a_confirmation_is_not_an_update(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    streams.table.opened(
        subscription, {"msg_type": "transaction", "transaction": {"id": "a"}, "subscription": {"id": "a"}}
    )
    assert one.heard == []
    assert subscription.live
    streams.table.leave(subscription, one)
    assert streams.requests() == FORGET_A


# Breaks


def reopened(streams: Streams, subscription: Subscription, reply: dict[str, Any]) -> None:
    streams.table.connection_lost("cable cut")
    streams.now += 10
    streams.table.opened(subscription, reply)


def test_the_first_update_after_a_break_says_so(streams: Streams) -> None:
    subscription, one = streams.open()
    reopened(streams, subscription, tick(9, "b"))
    gap = one.heard[-1]["gap"]
    assert gap == {
        "since": datetime.fromtimestamp(1000, UTC),
        "until": datetime.fromtimestamp(1010, UTC),
        "reason": "cable cut",
        "filled": False,
    }
    streams.table.update(subscription, tick(10, "b"))
    assert "gap" not in one.heard[-1]
    assert "gap" not in (subscription.last or {})
    streams.table.leave(subscription, one)
    assert streams.requests() == [{"forget": "b"}]  # the old ID ended with the connection


def test_missed_ticks_come_first(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    streams.table.update(subscription, tick(6))
    ((call, fields, then, prompt),) = streams.asked
    assert not prompt
    assert call == "ticks_history"
    assert (fields["start"], fields["end"], fields["ticks_history"]) == (2, "4", "R_1")
    assert one.epochs == [1]
    assert then is not None
    then(history(2, 3, 4))
    assert one.epochs == [1, 2, 3, 4, 5, 6]
    assert [reply.get("backfilled", False) for reply in one.heard] == [False, True, True, True, False, False]
    assert ["gap" in reply for reply in one.heard] == [False, True, False, False, False, False]
    assert one.heard[1]["gap"]["filled"]
    streams.table.update(subscription, tick(7))
    assert one.epochs[-1] == 7


def test_ticks_outside_the_gap_are_left_out(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    then = streams.asked[0][2]
    assert then is not None
    then(history(0, 1, 3, 5, 6))
    assert one.epochs == [1, 3, 5]


def test_ticks_of_a_gap_come_in_order_and_once(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    then = streams.asked[0][2]
    assert then is not None
    then(history(4, 2, 3, 2))
    assert one.epochs == [1, 2, 3, 4, 5]
    assert one.heard[1]["gap"]["filled"]


def test_a_gap_that_deriv_answers_with_its_latest_ticks_is_not_filled(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    then = streams.asked[0][2]
    assert then is not None
    then(history(100, 101))
    assert one.epochs == [1, 5]
    assert one.heard[1]["gap"]["filled"] is False


def test_no_ticks_were_missed(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(2))
    assert streams.asked == []
    assert one.epochs == [1, 2]
    assert one.heard[-1]["gap"]["filled"]


def test_no_tick_is_delivered_twice(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(1))
    assert one.epochs == [1]
    streams.table.update(subscription, tick(2))
    assert one.epochs == [1, 2]
    assert one.heard[-1]["gap"]["filled"]


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"history": None},
        {"history": {"times": 5, "prices": []}},
        {"history": {"times": [2], "prices": None}},
        {"history": "x"},
    ],
)
def test_an_answer_without_a_history_leaves_the_gap(streams: Streams, reply: Any) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    then = streams.asked[0][2]
    assert then is not None
    then(reply)
    assert one.epochs == [1, 5]
    assert one.heard[-1]["gap"]["filled"] is False


@given(st.lists(st.none() | st.text() | st.floats() | st.integers(-10, 20)), st.lists(st.integers(), max_size=5))
def test_any_history_keeps_the_order(times: list[Any], prices: list[Any]) -> None:
    streams = Streams()
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(9))
    then = streams.asked[0][2]
    assert then is not None
    then({"history": {"times": times, "prices": prices}})
    assert all(1 <= epoch <= 9 for epoch in one.epochs)
    assert one.epochs[-1] == 9


def test_a_missing_answer_holds_up_a_limited_number_of_updates(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(100))
    for epoch in range(101, 102 + HOLD):
        streams.table.update(subscription, tick(epoch))
    assert one.epochs == [1, *range(100, 102 + HOLD)]
    assert one.heard[1]["gap"]["filled"] is False
    then = streams.asked[0][2]
    assert then is not None
    then(history(*range(2, 100)))
    assert one.epochs == [1, *range(100, 102 + HOLD)]  # too late


def test_another_break_while_the_ticks_are_fetched(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    reopened(streams, subscription, tick(9))
    assert one.epochs == [1, 5]
    assert streams.requests()[-1]["start"] == 6
    then = streams.asked[-1][2]
    assert then is not None
    then(history(6, 7, 8))
    assert one.epochs == [1, 5, 6, 7, 8, 9]
    assert ["gap" in reply for reply in one.heard] == [False, True, True, False, False, False]


def test_held_updates_are_delivered_before_the_end(streams: Streams) -> None:
    subscription, one = streams.open(symbol="R_1")
    reopened(streams, subscription, tick(5))
    streams.table.update(subscription, REFUSED)
    assert [reply.get("tick", {}).get("epoch") for reply in one.heard] == [1, 5, None]
    assert one.ends == [None]


PASSING = ["WrongResponse", "Timeout", "CallError", "InternalError", "InternalServerError", "RateLimit", "", None]


def failing(code: str | None, **more: Any) -> dict[str, Any]:
    return {"msg_type": "tick", "error": "Sorry." if code is None else {"code": code, "message": "Sorry."}, **more}


@pytest.mark.parametrize("code", PASSING)
def test_a_temporary_error_ends_nothing(streams: Streams, code: str | None) -> None:
    subscription, one = streams.open()
    streams.now = 1005.0
    streams.table.update(subscription, failing(code))
    assert streams.lapsed == [subscription]
    assert (one.epochs, one.ends) == ([1], [])
    streams.now = 1010.0
    streams.table.opened(subscription, tick(9, "b"))
    gap = one.heard[-1]["gap"]
    assert (gap["since"], gap["until"]) == tuple(datetime.fromtimestamp(when, UTC) for when in (1005, 1010))
    assert "answered 'ticks' with" in gap["reason"]


@pytest.mark.parametrize("code", [code for code in PASSING if code])
def test_an_error_about_one_of_many_is_delivered_and_that_one_requested_again(streams: Streams, code: str) -> None:
    subscription, one = streams.open(many=True, fields={"ticks": ["R_1", "R_10", "R_100"]})
    error = failing(code, echo_req={"ticks": ["R_1", "R_10", "R_100"]})
    error["error"]["message"] = "Sorry, R_10 has to wait."
    streams.table.update(subscription, error)
    assert one.heard[-1] == {**error, "symbol": "R_10"}
    assert one.ends == []
    streams.table.update(subscription, tick(2))
    assert "gap" not in one.heard[-1]  # the others have missed nothing
    assert streams.lapsed == [subscription]
    streams.table.update(subscription, failing("AlreadySubscribed"))
    assert one.heard[-1] == tick(2)
    assert streams.lapsed == [subscription]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"message": "Symbol R_10 is invalid."}, "R_10"),
        ({"message": "No.", "details": {"symbol": "R_1"}}, "R_1"),
        ({"message": "R_1 and R_10 are closed."}, None),
        ({"message": "No."}, None),
        ({"message": 5, "details": ["R_1"]}, None),
        ({}, None),
        ([{"message": "R_10"}], "R_10"),
        ("R_1?", "R_1"),
        (True, None),
    ],
)
def test_which_of_several_an_error_is_about(streams: Streams, said: Any, named: str | None) -> None:
    subscription, one = streams.open(many=True, fields={"ticks": ["R_1", "R_10"]})
    streams.table.update(subscription, {"msg_type": "tick", "error": said})
    assert one.heard[-1].get("symbol") == named


def test_repeated_errors_lengthen_the_pauses(streams: Streams) -> None:
    subscription, _ = streams.open()
    for _ in range(5):
        streams.table.update(subscription, failing("WrongResponse"))
        streams.table.opened(subscription, tick(2))
    assert subscription.tries == 5
    streams.now += SETTLED + 1
    streams.table.update(subscription, tick(3))
    assert subscription.tries == 0


def test_a_refusal_to_reopen_ends_the_stream_with_that_error(streams: Streams) -> None:
    subscription, one = streams.open()
    reopened(streams, subscription, REFUSED)
    assert one.heard[-1] == REFUSED
    assert one.ends == [None]
    assert subscription not in streams.table


def test_a_stream_without_listeners_is_not_kept_over_a_break(streams: Streams) -> None:
    subscription, one = streams.open(reply=False)
    subscription.asked = True
    streams.table.leave(subscription, one)
    streams.table.connection_lost("cable cut")
    assert len(streams.table) == 0
    assert not subscription.asked


def test_ending_all_subscriptions(streams: Streams) -> None:
    _, one = streams.open()
    opening, other = streams.open("R_2", reply=False)
    joined = streams.pending(opening)
    streams.table.join(opening, joined, 0.0)
    error = SessionClosed("closed")
    streams.table.end_all(error)
    for hearer in (one, other):
        assert [type(end) for end in hearer.ends] == [SessionClosed]
        assert hearer.ends[0] is not error
    assert type(joined.error) is SessionClosed
    assert len(streams.table) == len(streams.table.joining) == 0
    assert streams.asked == []
