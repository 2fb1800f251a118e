"""How often Deriv is asked to end a stream that nobody wants any more."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.net.unsubscribe import MOST, PAUSE, PROMPT, TIMES, Ending


class SignInModel:
    """What Deriv is asked, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[tuple[str, Callable[[Any], None], bool]] = []
        self.ending = Ending(
            lambda call, fields, then, prompt: self.asked.append((fields[call], then, prompt)), lambda: self.now
        )

    @property
    def prompt(self) -> int:
        """How many of them went at once."""
        return sum(prompt for *_, prompt in self.asked)

    def answer(self, reply: Any = None) -> None:
        self.asked[-1][1](reply)


@pytest.fixture
def desk() -> SignInModel:
    return SignInModel()


def test_updates_that_are_on_their_way_are_not_answered(desk: SignInModel) -> None:
    for _ in range(216):
        desk.ending.forget("a")
    assert len(desk.asked) == 1
    assert desk.ending.waits
    desk.answer({"forget": 1})
    assert not desk.ending.waits
    for _ in range(216):
        desk.ending.forget("a")
    assert len(desk.asked) == 1
    assert "a" in desk.ending


@pytest.mark.parametrize("reply", [None, {"forget": 0}, {"forget": 1}])
def test_what_goes_on_is_ended_again_ever_more_rarely_and_not_for_ever(desk: SignInModel, reply: Any) -> None:
    times = []
    for _ in range(100_000):
        desk.ending.forget("a")
        if len(desk.asked) > len(times):
            times.append(desk.now)
            desk.answer(reply)
        desk.now += 0.25
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [PAUSE, PAUSE * 3, PAUSE * 9]
    assert len(times) == TIMES


def test_an_answer_is_waited_for(desk: SignInModel) -> None:
    desk.ending.forget("a")
    desk.now += 1e6
    desk.ending.forget("a")
    assert len(desk.asked) == 1


def test_any_number_of_streams(desk: SignInModel) -> None:
    for number in range(2 * MOST):
        desk.ending.forget(str(number))
    assert len(desk.asked) == MOST
    for _, then, _ in desk.asked:
        then(None)
    desk.now += PAUSE
    desk.ending.forget("one more")
    assert desk.asked[-1][0] == "one more"
    assert len(desk.asked) == MOST + 1


def test_a_new_connection_knows_none_of_them(desk: SignInModel) -> None:
    desk.ending.forget("a")
    desk.ending.clear()
    assert "a" not in desk.ending
    assert not desk.ending.waits


def test_only_the_first_request_for_a_stream_goes_at_once(desk: SignInModel) -> None:
    for _ in range(TIMES):
        desk.ending.forget("a", known=True)
        desk.answer()
        desk.now += PAUSE * 3.0**TIMES
    assert (len(desk.asked), desk.prompt) == (TIMES, 1)


def test_of_streams_that_are_not_known_few_are_ended_at_once(desk: SignInModel) -> None:
    for number in range(100):
        desk.ending.forget(f"stream-{number}")
    assert desk.prompt == PROMPT
    desk.ending.forget("one that was opened here", known=True)
    assert desk.prompt == PROMPT + 1
