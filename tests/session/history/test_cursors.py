"""Test reading pages by cursors: no row is missing or repeated, whatever happens to the cursors."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.errors import BadReply
from dpyauth.session.history.cursor_walk import Cursors, Page, Place, cursor_in, page_of

SIZE = 10
Row = tuple[int, float | None]
FORMS = ("urls", "relative", "query", "bare", "absent")


class Expired(Exception):
    """The server no longer knows the cursor."""


class Server:
    """Serves rows of a wallet, the newest first, in pages of ten.

    Parameters
    ----------
    count : int
        Number of rows at first, with about this many in one second.
    form : str
        How a page names the next one.
    inclusive : bool
        Whether the end of a period includes the last second requested.
    dice : random.Random
        Decides when a cursor expires, and when rows are added.
    """

    def __init__(self, count: int, form: str, *, inclusive: bool, dice: random.Random) -> None:
        self.ids = itertools.count()
        self.now = 1000.0
        self.rows: list[Row] = []
        self.form, self.inclusive, self.dice = form, inclusive, dice
        self.asked = 0
        self.expiring = self.growing = 0.0
        self.add(count)

    def add(self, count: int) -> None:
        for _ in range(count):
            self.now += self.dice.choice((0.5, 0.5, 1, 7))
            self.rows.insert(0, (next(self.ids), self.now))

    def get(self, place: Place) -> Page[Row]:
        self.asked += 1
        if self.dice.random() < self.growing:
            self.add(self.dice.randint(1, 2 * SIZE))
        if place.cursor is not None:
            if self.dice.random() < self.expiring:
                raise Expired
            last = int(place.cursor.partition("-")[2])
            left = [row for row in self.rows if row[0] < last]
        else:
            # The session asks for one second more than the place says.
            end = float("inf") if place.until is None else place.until + 1
            left = [row for row in self.rows if row[1] < end or (self.inclusive and row[1] == end)]
        rows, more = left[:SIZE], len(left) > SIZE
        if self.form == "absent":
            return page_of(rows, None)
        following = f"c-{rows[-1][0]}" if more else None
        return page_of(rows, {"self": None, "next": None if following is None else self._link(following)})

    def _link(self, cursor: str) -> str:
        return {
            "urls": f"https://api.derivws.com/wallet/v1/transactions/main?page_cursor={cursor}",
            "relative": f"/wallet/v1/transactions/main?per_page=5&page_cursor={cursor}",
            "query": f"?page_cursor={cursor}",
            "bare": cursor,
        }[self.form]


def cursors(since: int | None = None, until: int | None = None) -> Cursors[Row]:
    return Cursors(SIZE, lambda row: row[0], lambda row: row[1], since, until, call="wallet_transactions")


def step(history: Cursors[Row], server: Server) -> bool:
    """Ask once; return whether there was anything to ask for."""
    places = history.ask(8)
    for place in places:
        try:
            history.add(place, server.get(place))
        except Expired:
            assert history.lost()
    return bool(places)


def read(history: Cursors[Row], pages: Iterable[Page[Row]]) -> None:
    """Add these pages one after the other."""
    for page in pages:
        history.add(history.ask(1)[0], page)


@given(
    st.integers(0, 60),
    st.sampled_from(FORMS),
    st.booleans(),
    st.sampled_from((0.0, 0.3)),
    st.floats(0, 0.4),
    st.integers(),
)
def test_the_history_is_complete_whatever_happens(
    count: int, form: str, inclusive: bool, expiring: float, growing: float, seed: int
) -> None:
    dice = random.Random(seed)
    server = Server(count, form, inclusive=inclusive, dice=dice)
    server.expiring, server.growing = expiring, growing
    begun = list(server.rows)
    history = cursors()
    for number in range(500):
        if number == 60:  # from now on nothing changes
            server.expiring = server.growing = 0.0
        if not step(history, server):
            break
        known = history.rows()
        assert len(set(known)) == len(known) == history.count
        assert known == [row for row in server.rows if not known or known[-1][0] <= row[0] <= known[0][0]], "a hole"
        if number < 60 and dice.random() < 0.2:
            begun = list(server.rows)
            history.resume()
    else:
        pytest.fail("the reading does not end")
    assert [row for row in begun if row not in history.rows()] == []
    assert history.share == 1.0


def test_one_round_trip_per_page() -> None:
    server = Server(10 * SIZE, "urls", inclusive=True, dice=random.Random(1))
    history = cursors()
    while step(history, server):
        pass
    assert server.asked == 10


def test_reading_continues_where_it_stopped() -> None:
    server = Server(10 * SIZE, "urls", inclusive=True, dice=random.Random(1))
    history = cursors()
    for _ in range(6):
        step(history, server)
    server.add(3)
    history.resume()
    while step(history, server):
        pass
    assert history.rows() == server.rows
    assert server.asked == 10 + 1  # one more for new rows


def test_changed_rows_replace_known_ones() -> None:
    history: Cursors[dict[str, Any]] = Cursors(2, lambda row: row["id"], lambda row: row["at"])
    history.add(history.ask(1)[0], Page([{"id": 2, "at": 9.0, "status": "pending"}, {"id": 1, "at": 8.0}], "c", True))
    history.resume()
    history.add(history.ask(1)[0], Page([{"id": 2, "at": 9.0, "status": "completed"}, {"id": 1, "at": 8.0}], "d", True))
    assert [row.get("status") for row in history.rows()] == ["completed", None]
    assert history.ask(1) == [Place("c")]


def test_a_server_that_ignores_the_start_is_not_read_to_its_end() -> None:
    server = Server(20 * SIZE, "urls", inclusive=True, dice=random.Random(1))
    since = int(server.rows[2 * SIZE][1] or 0)
    history = cursors(since)
    while step(history, server):
        pass
    assert server.asked <= 4
    assert {row for row in server.rows if (row[1] or 0) >= since} <= set(history.rows())


def test_pages_that_lead_nowhere_are_an_error() -> None:
    history = cursors()
    full: list[Row] = [(number, 7.0) for number in range(SIZE)]
    place = history.ask(1)[0]
    history.add(place, Page(full, None, False))  # it does not say how to go on
    with pytest.raises(BadReply, match="'wallet_transactions' do not fit together"):
        read(history, itertools.repeat(Page(full, None, False), 20))
    assert history.count == SIZE


def test_a_cursor_that_leads_in_a_circle() -> None:
    history = cursors()
    circle: list[Page[Row]] = [
        Page([(row + number * SIZE, None) for row in range(SIZE)], f"c{number}", True) for number in range(2)
    ]
    with pytest.raises(BadReply, match="do not fit together"):
        read(history, itertools.cycle(circle))
    assert history.count == 2 * SIZE


def test_a_cursor_that_is_always_refused() -> None:
    history = cursors()
    history.add(history.ask(1)[0], Page([(number, 9.5) for number in range(SIZE)], "c", True))
    refused = 0
    while history.lost():
        refused += 1
        history.add(history.ask(1)[0], Page([(number, 9.5) for number in range(SIZE)], "c", True))
        if refused > 20:
            pytest.fail("the reading does not end")
        if history.ask(1)[0].cursor is None:
            break
    assert refused <= 5


def test_nothing_is_lost_before_the_first_cursor() -> None:
    assert not cursors().lost()


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        (5, None),
        ({"href": "x"}, None),
        ("abc-_=", "abc-_="),
        ("?page_cursor=a%2Bb", "a+b"),
        ("?page_cursor=a+b/", "a+b/"),
        ("page_cursor=ab", "ab"),
        ("/wallet/v1/transactions/main?page_cursor=ab&per_page=100", "ab"),
        ("https://api.derivws.com/wallet/v1/transactions/main?per_page=100&page_cursor=ab#x", "ab"),
        ("https://elsewhere.example/steal?page_cursor=ab", "ab"),
        ("https://elsewhere.example/steal", None),
        ("//elsewhere.example/steal", None),
        ("/wallet/v1/transactions/main?cursor=ab", None),
    ],
)
def test_only_the_cursor_of_a_link_counts(link: Any, cursor: str | None) -> None:
    assert cursor_in(link) == cursor


def test_progress() -> None:
    history = cursors(since=0)
    assert history.share is None
    assert history.oldest is None
    history.add(history.ask(1)[0], Page([(9, 100.0), (8, 75.0)], "c", True))
    assert history.share == 0.25
    assert history.oldest == 75.0
    assert cursors().share is None
