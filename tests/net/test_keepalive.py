"""Test when to ping, when to doubt a connection, and when to give up, with a simulated clock."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.net.keepalive import DOUBT_AFTER, PING_EVERY, PING_TIMEOUT, SLOWEST, Keepalive


class Watched:
    """A keepalive, its pings, and the calls that wait."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pings: list[float] = []
        self.waiting: list[float] = []
        self.keepalive = Keepalive(lambda: self.pings.append(self.now))
        self.keepalive.connection_made(self.now)

    def after(self, seconds: float, *, late: bool = False) -> str | None:
        self.now += seconds
        return self.keepalive.tick(self.now, lambda: self.waiting, late=late)

    def ask(self) -> None:
        self.waiting.append(self.now)
        self.keepalive.asked(self.now)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_nothing_to_do_without_a_connection() -> None:
    assert Keepalive(lambda: None).wake_at == math.inf


def test_pings_are_regular_and_have_a_deadline(watched: Watched) -> None:
    assert watched.keepalive.wake_at == 100 + PING_EVERY
    assert watched.after(PING_EVERY) is None
    assert watched.keepalive.ponged(watched.now + 0.5) == 0.5
    assert watched.after(PING_EVERY) is None
    assert len(watched.pings) == 2
    assert "no answer to a ping" in str(watched.after(PING_TIMEOUT))


def test_a_lost_connection_is_not_pinged(watched: Watched) -> None:
    watched.ask()
    watched.keepalive.connection_lost()
    assert watched.keepalive.wake_at == math.inf


def test_a_check_pings_only_once(watched: Watched) -> None:
    assert watched.keepalive.check(watched.now)
    assert not watched.keepalive.check(watched.now)
    assert watched.pings == [100.0]


def test_a_long_message_extends_the_deadline_but_not_for_ever(watched: Watched) -> None:
    watched.keepalive.check(watched.now)
    for _ in range(20):
        watched.now += PING_TIMEOUT / 2
        watched.keepalive.received_part(watched.now)
        if watched.keepalive.wake_at == 100 + SLOWEST:
            break
        assert watched.after(0) is None
    assert watched.after(SLOWEST - (watched.now - 100)) is not None


def test_after_oversleeping_a_new_ping_is_sent(watched: Watched) -> None:
    watched.after(PING_EVERY)
    assert watched.after(1000, late=True) is None
    assert len(watched.pings) == 2


def test_a_waiting_call_causes_a_ping(watched: Watched) -> None:
    watched.ask()
    assert watched.after(DOUBT_AFTER - 1) is None
    assert watched.pings == []
    assert watched.after(1) is None
    assert len(watched.pings) == 1


@given(st.lists(st.tuples(st.floats(0.1, 4.0), st.booleans()), max_size=40))
def test_every_long_waiting_call_causes_a_ping_in_time(steps: list[tuple[float, bool]]) -> None:
    """By the time a call has waited this long, a ping was sent after it, or is still unanswered."""
    watched = Watched()
    for pause, asks in steps:
        end = watched.now + pause
        while watched.keepalive.wake_at <= end:
            watched.after(max(watched.keepalive.wake_at - watched.now, 1e-6))
            watched.keepalive.ponged(watched.now)
        watched.now = max(watched.now, end)
        if asks:
            watched.ask()
        long = [sent for sent in watched.waiting if watched.now - sent > DOUBT_AFTER + 0.001]
        assert all(any(ping > sent for ping in watched.pings) for sent in long)
