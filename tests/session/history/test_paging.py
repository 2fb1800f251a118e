"""Test pages and spans of generated histories: nothing is lost or repeated, in few requests."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.errors import BadReply
from dpyauth.session.history.time_walk import Pages, TimeWalk

Row = tuple[int, int]  # ID, second


@dataclass
class Ledger:
    """A server's rows, the newest first, in pages; new rows may be added between requests."""

    rows: list[Row]
    size: int
    asked: list[int] = field(default_factory=list)

    def page(self, offset: int) -> list[Row]:
        self.asked.append(offset)
        return self.rows[offset : offset + self.size]

    def add(self, count: int) -> None:
        number, second = self.rows[0] if self.rows else (0, 0)
        self.rows[:0] = [(number + n, second) for n in range(count, 0, -1)]


def ledger(count: int, size: int, every: int = 10, same: int = 1) -> Ledger:
    """Return rows in groups of ``same`` with the same second."""
    return Ledger([(n, 1_000_000 + n // same * every) for n in range(count, 0, -1)], size)


def pages(size: int, since: int | None = None) -> Pages[Row]:
    return Pages(size, lambda row: row[0], lambda row: float(row[1]), since, call="statement")


def collect(server: Ledger, history: Pages[Row], together: int, dice: random.Random, busy: float = 0.0) -> None:
    """Ask for everything; the pages of a round arrive in any order, and rows are added in between."""
    while asked := history.ask(together):
        assert len(asked) <= together
        assert len(server.asked) < 1000
        order = dice.sample(asked, len(asked))
        answers = {}
        for offset in order:
            if dice.random() < busy:
                server.add(dice.randint(1, 3))
            answers[offset] = server.page(offset)
        for offset in dice.sample(asked, len(asked)):
            history.add(offset, answers[offset])


@given(
    count=st.integers(0, 400),
    size=st.integers(2, 120),
    same=st.integers(1, 60),
    together=st.integers(1, 9),
    since=st.sampled_from([None, 1_000_000, 1]),
    seed=st.randoms(use_true_random=False),
)
def test_nothing_is_lost_or_doubled(
    count: int, size: int, same: int, together: int, since: int | None, seed: random.Random
) -> None:
    server = ledger(count, size, same=same)
    history = pages(size, since)
    collect(server, history, together, seed)
    assert history.rows() == server.rows
    assert history.complete
    assert history.share == 1.0
    assert history.count == count


@given(
    count=st.integers(0, 400),
    size=st.integers(40, 120),
    together=st.integers(1, 9),
    busy=st.floats(0, 0.5),
    seed=st.randoms(use_true_random=False),
)
def test_nothing_is_lost_or_doubled_while_rows_are_added(
    count: int, size: int, together: int, busy: float, seed: random.Random
) -> None:
    server = ledger(count, size)
    there = list(server.rows)
    history = pages(size)
    collect(server, history, together, seed, busy)
    found = history.rows()
    assert len(set(found)) == len(found)
    assert found[len(found) - count :] == there  # perhaps with some added before the first page


def test_added_rows_are_noticed_while_pages_are_on_their_way() -> None:
    """Of two pages requested together, the second is answered first, then many rows are added: a gap between them."""
    server = ledger(100, 20)
    history = pages(20)
    history.add(0, server.page(0))
    first, second, *_ = history.ask(2)
    later = server.page(second)
    server.add(15)
    history.add(second, later)
    history.add(first, server.page(first))
    collect(server, history, 2, random.Random(0))
    assert [row[0] for row in history.rows()] == list(range(100, 0, -1))


@pytest.mark.parametrize("together", [1, 8])
def test_rows_of_one_second_that_come_in_another_order_each_time(together: int) -> None:
    """The overlap covers a page boundary in the middle of them."""
    dice = random.Random(5)
    rows = [(n, n // 6) for n in range(300, 0, -1)]
    history = pages(50)
    while asked := history.ask(together):
        for offset in asked:
            shuffled = sorted(rows, key=lambda row: (-row[1], dice.random()))
            history.add(offset, shuffled[offset : offset + 50])
    assert sorted(history.rows(), reverse=True) == rows


@pytest.mark.parametrize("junk", ["others", "nothing"])
def test_pages_that_never_match_are_given_up(junk: str) -> None:
    history = pages(20)
    history.add(0, ledger(20, 20).rows)
    asked = 0
    with pytest.raises(BadReply, match="'statement' do not fit together") as failed:  # noqa: PT012
        while offsets := history.ask(8):
            asked += len(offsets)
            for offset in offsets:
                history.add(offset, [(-asked * 100 - n, 0) for n in range(20)] if junk == "others" else [])
    assert failed.value.call == "statement"
    assert asked < 50
    assert history.count == 20


def requests(count: int, size: int, since: int | None, together: int = 8) -> tuple[int, int]:
    """Return the number of rounds and of requests."""
    server, history, rounds = ledger(count, size), pages(size, since), 0
    while asked := history.ask(together):
        rounds += 1
        for offset in asked:
            history.add(offset, server.page(offset))
    return rounds, len(server.asked)


def test_few_requests_in_few_rounds() -> None:
    assert requests(0, 999, None) == (1, 1)
    assert requests(998, 999, None) == (1, 1)
    assert requests(10_000, 999, 1_000_000) == (3, 11)  # the minimum: 10 pages hold 9,990
    rounds, asked = requests(10_000, 999, None)
    assert rounds == 3
    assert asked <= 12
    assert requests(10_000, 999, None, together=1) == (11, 11)
    assert requests(9_000, 500, 1_000_000)[1] == 19


def test_without_an_estimate_few_requests_are_useless() -> None:
    for count in range(999, 9_000, 333):
        needed = 1 + max(0, -(-(count - 998) // 989))
        assert requests(count, 999, None)[1] <= needed + 7
        assert requests(count, 999, 1_000_000)[1] <= needed + 1


def test_progress() -> None:
    server = ledger(100, 20)
    history = pages(20, 1_000_000)
    assert (history.share, history.oldest, history.count) == (None, None, 0)
    history.add(0, server.page(0))
    assert history.share == pytest.approx(0.19, abs=0.01)
    assert history.oldest == 1_000_810
    assert history.count == 20
    blind = pages(20)
    blind.add(0, server.page(0))
    assert blind.share is None


def test_rows_without_times() -> None:
    history: Pages[Row] = Pages(20, lambda row: row[0], lambda row: None, 1_000_000)
    server = ledger(100, 20)
    collect(server, history, 4, random.Random(1))
    assert history.rows() == server.rows


def test_the_part_that_has_arrived_has_no_gap() -> None:
    server, history = ledger(100, 20), pages(20)
    history.add(0, server.page(0))
    first, second, _ = history.ask(8)
    history.add(second, server.page(second))
    assert history.rows() == server.rows[:20]
    history.add(first, server.page(first))
    assert history.rows() == server.rows[:40]


# Spans of time


@dataclass
class Feed:
    """A server's points: the newest of a span; if the span begins before its memory, the newest of all."""

    times: list[Row]  # number, second
    most: int
    memory: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    def span(self, first: int, last: int) -> list[Row]:
        self.asked.append((first, last))
        if first < self.memory:
            return self.times[-self.most :]
        return [point for point in self.times if first <= point[1] <= last][-self.most :]


def walk(spans: list[tuple[int, int]], most: int, *, latest: bool = False) -> TimeWalk[Row]:
    return TimeWalk(spans, most, lambda point: point[1], latest=latest)


def through(server: Feed, history: TimeWalk[Row], together: int, dice: random.Random) -> int:
    rounds, share = 0, 0.0
    while asked := history.ask(together):
        rounds += 1
        assert len(asked) <= together
        assert len(server.asked) < 2000
        for span in dice.sample(asked, len(asked)):
            history.add(span, server.span(*span))
        assert history.share is not None
        assert history.share >= share
        share = history.share
    return rounds


@given(
    seconds=st.lists(st.integers(0, 3_000), max_size=300),
    first=st.integers(0, 3_000),
    length=st.integers(0, 3_000),
    cut=st.integers(1, 3_000),
    together=st.integers(1, 9),
    seed=st.randoms(use_true_random=False),
)
def test_every_point_of_a_span_comes_once(
    seconds: list[int], first: int, length: int, cut: int, together: int, seed: random.Random
) -> None:
    times = [(number, second) for number, second in enumerate(sorted(seconds))]
    crowd = max(map(seconds.count, seconds), default=0)
    server = Feed(times, most=max(3, crowd + 1))
    last = first + length
    spans = [(first + cut, last), (first, first + cut - 1)] if cut <= length else [(first, last)]
    history = walk(spans, server.most)
    through(server, history, together, seed)
    assert history.rows() == [point for point in times if first <= point[1] <= last]
    assert history.complete
    assert history.share == 1.0


@pytest.mark.parametrize("every", [1, 2, 60, 86_400])
def test_a_regular_feed_takes_few_requests(every: int) -> None:
    last = 1_790_000_001
    times = [(n, last - last % every - n * every) for n in range(20_000)][::-1]
    server = Feed(times, 5000)
    history = walk([(times[0][1], last)], 5000)
    assert through(server, history, 8, random.Random(2)) == 2
    assert history.rows() == times
    assert len(server.asked) == 5


def test_a_closed_market_costs_little() -> None:
    """A weekend without a tick costs one useless round; then the spacing is estimated again."""
    day, last = 8_640, 10 * 8_640
    times = [(n, second) for n, second in enumerate(range(last)) if second // day % 7 < 5]
    server = Feed(times, 500)
    history = walk([(0, last)], 500)
    through(server, history, 8, random.Random(3))
    assert history.rows() == times
    assert len(server.asked) <= len(times) // 500 + 30


def test_points_that_the_server_has_deleted_are_missing() -> None:
    """Asked for more, it answers with its newest points: those must not be taken for the requested ones."""
    times = [(n, second) for n, second in enumerate(range(50_000, 100_000, 2))]
    server = Feed(times, 5000, memory=50_000)
    history = walk([(50_000, 99_999), (0, 49_999)], 5000)
    through(server, history, 8, random.Random(4))
    assert history.rows() == times
    assert len(server.asked) <= 10


def test_the_latest_point_may_be_later_than_the_local_clock() -> None:
    """This machine's clock is slow by more than a whole reply."""
    times = [(n, second) for n, second in enumerate(range(60_000))]
    server = Feed(times, 5000)
    history = walk([(1000, 20_000)], 5000, latest=True)
    asked = history.ask(8)
    assert asked == [(1000, 20_000)]
    history.add(asked[0], times[-5000:])
    while asked := history.ask(8):
        for span in asked:
            history.add(span, server.span(*span))
    assert history.rows() == times[1000:]


def test_a_full_reply_that_begins_too_early_leaves_no_gap() -> None:
    """For example with the candle in which the span begins."""
    history = walk([(65, 300)], 4)
    assert history.ask(8) == [(65, 300)]
    history.add((65, 300), [(n, n * 60) for n in range(1, 5)])
    assert history.rows() == [(n, n * 60) for n in range(2, 5)]
    assert history.ask(8) == []


def test_a_reply_with_only_one_second_does_not_stop_the_reading() -> None:
    server = Feed([(n, 100) for n in range(50)] + [(50, 200)], 10)
    history = walk([(0, 300)], 10)
    through(server, history, 4, random.Random(6))
    assert history.complete
    assert history.rows()[-1] == (50, 200)


def test_the_part_of_a_span_that_has_arrived_has_no_gap() -> None:
    times = [(n, n) for n in range(1000)]
    server, history = Feed(times, 100), walk([(0, 999)], 100)
    assert (history.share, history.oldest, history.count) == (0.0, None, 0)
    (whole,) = history.ask(8)
    history.add(whole, server.span(*whole))
    asked = history.ask(8)
    history.add(asked[1], server.span(*asked[1]))
    assert history.rows() == times[901:]
    assert history.oldest == 901
    history.add(asked[0], server.span(*asked[0]))
    assert history.rows() == times[asked[1][0] :]
    assert history.count == len(history.rows())


def test_an_empty_span() -> None:
    history = walk([], 5000)
    assert history.ask(8) == history.rows() == []
    assert history.complete
    assert history.share == 1.0


# Data that was not requested


def test_rows_outside_the_period_are_left_out() -> None:
    server = ledger(400, 20)
    whole = list(server.rows)
    history: Pages[Row] = Pages(20, lambda row: row[0], lambda row: float(row[1]), 1_003_000, 1_003_500, call="x")
    collect(server, history, 3, random.Random(1))
    assert history.rows() == [row for row in whole if 1_003_000 <= row[1] <= 1_003_500]
    assert len(server.asked) < 20  # and not everything before it is fetched
    assert history.outside


def test_a_server_that_sends_the_same_page_for_ever() -> None:
    page = ledger(20, 20).rows
    history: Pages[Row] = Pages(20, lambda row: row[0], lambda row: float(row[1]), call="statement")
    answered = []

    def through() -> None:
        while offsets := history.ask(8):
            for offset in offsets:
                answered.append(offset)
                history.add(offset, page)

    with pytest.raises(BadReply, match="do not fit together"):
        through()
    assert len(answered) < 20
    assert history.rows() == page


@dataclass
class Forgetful:
    """Keeps points from a moment on; a span that begins earlier is answered with the newest points of all."""

    points: list[Row]
    most: int
    begins: int
    asked: int = 0

    def answer(self, span: tuple[int, int]) -> list[Row]:
        self.asked += 1
        assert self.asked < 500
        kept = [point for point in self.points if point[1] >= self.begins]
        if span[0] < self.begins:
            return kept[-self.most :]
        return [point for point in kept if span[0] <= point[1] <= span[1]][-self.most :]


def walked(
    server: Forgetful, spans: list[tuple[int, int]], together: int = 4, limit: int | None = None
) -> TimeWalk[Row]:
    history: TimeWalk[Row] = TimeWalk(spans, server.most, lambda point: point[1], limit=limit)
    while pieces := history.ask(together):
        for piece in reversed(pieces):
            history.add(piece, server.answer(piece))
    return history


DAY = 86_400


@pytest.mark.parametrize("begins", [0, 37 * DAY + 17, 99 * DAY, 60 * DAY - 1, 89 * DAY + 5, 150 * DAY])
@pytest.mark.parametrize("closed", [False, True])
def test_a_span_that_begins_before_what_is_kept(begins: int, closed: bool) -> None:
    """Every kept point comes, to the second, and nothing else; also if markets close for days."""
    seconds = (second for second in range(0, 200 * DAY, 3600) if not closed or second // DAY % 7 < 5)
    server = Forgetful([(n, second) for n, second in enumerate(seconds)], 100, begins)
    history = walked(server, [(20 * DAY, 90 * DAY)])
    assert history.rows() == [p for p in server.points if max(begins, 20 * DAY) <= p[1] <= 90 * DAY]
    assert server.asked < 80
    assert bool(history.outside) == (begins > 20 * DAY)


def test_a_period_of_which_nothing_is_kept_takes_a_few_requests() -> None:
    server = Forgetful([(n, n * 2) for n in range(1_000_000, 1_001_000)], 100, 2_000_000)
    assert walked(server, [(0, 1_900_000)]).rows() == []
    assert server.asked <= 9


def test_only_the_latest_points() -> None:
    server = Forgetful([(n, n * 10) for n in range(1000)], 100, 2000)
    assert walked(server, [(0, 5000)], limit=100).rows() == server.points[401:501]
    assert walked(server, [(3000, 5000)], limit=50).rows() == server.points[451:501]
    assert walked(server, [(1000, 2500)], limit=100).rows() == server.points[200:251]
