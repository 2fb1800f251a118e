"""Test how often Deriv is asked to end a stream without listeners."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.net.unsubscribe import MOST, PAUSE, PROMPT, TIMES, Unsubscriber


class Requests:
    """Requests to Deriv, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[tuple[str, Callable[[Any], None], bool]] = []
        self.unsubscriber = Unsubscriber(
            lambda call, fields, then, prompt: self.asked.append((fields[call], then, prompt)), lambda: self.now
        )

    @property
    def prompt(self) -> int:
        """Return how many requests were sent at once."""
        return sum(prompt for *_, prompt in self.asked)

    def answer(self, reply: Any = None) -> None:
        self.asked[-1][1](reply)


@pytest.fixture
def requests() -> Requests:
    return Requests()


def test_updates_that_are_on_their_way_are_not_answered(requests: Requests) -> None:
    for _ in range(216):
        requests.unsubscriber.unsubscribe("a")
    assert len(requests.asked) == 1
    assert requests.unsubscriber.is_waiting
    requests.answer({"forget": 1})
    assert not requests.unsubscriber.is_waiting
    for _ in range(216):
        requests.unsubscriber.unsubscribe("a")
    assert len(requests.asked) == 1
    assert "a" in requests.unsubscriber


@pytest.mark.parametrize("reply", [None, {"forget": 0}, {"forget": 1}])
def test_a_stream_that_goes_on_is_ended_again_less_and_less_often_up_to_a_limit(requests: Requests, reply: Any) -> None:
    times = []
    for _ in range(100_000):
        requests.unsubscriber.unsubscribe("a")
        if len(requests.asked) > len(times):
            times.append(requests.now)
            requests.answer(reply)
        requests.now += 0.25
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [PAUSE, PAUSE * 3, PAUSE * 9]
    assert len(times) == TIMES


def test_a_repeated_request_waits_for_the_answer(requests: Requests) -> None:
    requests.unsubscriber.unsubscribe("a")
    requests.now += 1e6
    requests.unsubscriber.unsubscribe("a")
    assert len(requests.asked) == 1


def test_any_number_of_streams(requests: Requests) -> None:
    for number in range(2 * MOST):
        requests.unsubscriber.unsubscribe(str(number))
    assert len(requests.asked) == MOST
    for _, then, _ in requests.asked:
        then(None)
    requests.now += PAUSE
    requests.unsubscriber.unsubscribe("one more")
    assert requests.asked[-1][0] == "one more"
    assert len(requests.asked) == MOST + 1


def test_a_new_connection_knows_none_of_them(requests: Requests) -> None:
    requests.unsubscriber.unsubscribe("a")
    requests.unsubscriber.clear()
    assert "a" not in requests.unsubscriber
    assert not requests.unsubscriber.is_waiting


def test_only_the_first_request_for_a_stream_goes_at_once(requests: Requests) -> None:
    for _ in range(TIMES):
        requests.unsubscriber.unsubscribe("a", known=True)
        requests.answer()
        requests.now += PAUSE * 3.0**TIMES
    assert (len(requests.asked), requests.prompt) == (TIMES, 1)


def test_of_streams_that_are_not_known_few_are_ended_at_once(requests: Requests) -> None:
    for number in range(100):
        requests.unsubscriber.unsubscribe(f"stream-{number}")
    assert requests.prompt == PROMPT
    requests.unsubscriber.unsubscribe("one that was opened here", known=True)
    assert requests.prompt == PROMPT + 1
