from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.net.backoff import CAP, SETTLED, Backoff


class Longest(random.Random):
    """Randomness that always draws the longest pause."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_the_first_attempt_is_made_at_once() -> None:
    assert Backoff().next_delay(100.0) == 0.0


def test_pauses_double_up_to_the_cap() -> None:
    backoff, now, delays = Backoff(Longest()), 0.0, []
    for _ in range(9):
        delays.append(backoff.next_delay(now))
        now += delays[-1]
    assert delays == [0, 2, 4, 8, 16, 32, CAP, CAP, CAP]


def test_the_pauses_stay_bounded_over_a_night_without_a_network() -> None:
    backoff, now = Backoff(Longest()), 0.0
    for _ in range(3000):
        now += backoff.next_delay(now)
    assert now > 24 * 3600


@given(st.integers(), st.lists(st.floats(0, 100), min_size=2, max_size=30), st.booleans())
def test_never_more_than_one_attempt_a_second(seed: int, lived: list[float], patient: bool) -> None:
    backoff, now, attempts = Backoff(random.Random(seed)), 0.0, []
    for life in lived:
        delay = backoff.next_delay(now)
        assert 0 <= delay <= CAP + 1
        now += delay if patient else min(delay, max(0.0, attempts[-1] + 1 - now) if attempts else 0.0)
        backoff.started(now)
        attempts.append(now)
        now += life
        backoff.ended(life)
    assert all(later - earlier > 1 - 1e-9 for earlier, later in itertools.pairwise(attempts))


@pytest.mark.parametrize(("lived", "delay"), [(SETTLED, 0.0), (SETTLED - 0.1, 8.0)])
def test_a_connection_that_lasted_resets_the_pauses(lived: float, delay: float) -> None:
    backoff, now = Backoff(Longest()), 0.0
    for _ in range(3):
        now += backoff.next_delay(now)
    backoff.ended(lived)
    assert backoff.next_delay(now + lived) == pytest.approx(delay)
