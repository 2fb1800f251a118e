"""Store what is known about a session's account, so that all its cards share each reading."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from dpyauth import _forks
from dpyauth.panels.card_rows import Row
from dpyauth.texts import Words

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.errors import DpyauthError
    from dpyauth.panels.model import PanelModel
    from dpyauth.session import Session

FRESH = 5.0
"""Seconds for which a reading is fresh enough for a card that starts to follow its session."""

RETRY = 60.0
"""Seconds after which to try again to read a part that failed."""

SETTLE = 0.5
"""Seconds to wait after money has moved, since more may move: one reading then covers it all."""

MOST, SPAN = 5, 60.0
"""Largest number of readings of the money in a number of seconds: Deriv allows 30 calls a minute for contracts."""


Why = Callable[["DpyauthError"], str]
"""Function that returns the text for an error."""
Shown = Callable[[Words, Why], Sequence[Row]]
"""Function that makes rows. It must not refer to the session, whose readings would keep it alive."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a card, as last read from Deriv."""

    shown: Shown | None = None
    """Function that makes the rows, in whatever language; None without a reply."""
    at: float = 0.0
    """Time of the request whose reply the rows show."""
    asked: float = 0.0
    """Time of the latest request."""
    trouble: DpyauthError | None = None
    """Reason why there is no reply, or none newer."""
    refused: bool = False
    """True if the token lacks the scope. It is not read again, since a token never gains a scope later."""


@dataclass(frozen=True, slots=True)
class Known:
    """Data of one account."""

    account: Account | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    balance: object = None
    """Amount; None if it is not known."""
    no_balance: DpyauthError | None = None
    """Reason why there is no balance."""

    def part(self, name: str) -> Part:
        """Return one part, which may be empty."""
        return self.parts.get(name, Part())


class Readings:
    """Data that the cards of one session share, and the readings in progress. Thread-safe.

    Without it, each card would read everything itself, and several cards would exceed Deriv's limits.
    """

    def __init__(self) -> None:
        self.cards: WeakSet[PanelModel] = WeakSet()
        self._known = Known()
        self._lock = threading.Lock()
        self._asking: set[tuple[int, str]] = set()
        self.last_move = 0.0
        self.listeners = 0
        self._spent: deque[float] = deque(maxlen=MOST)

    def of(self, account: Account | None) -> Known:
        """Return the data of an account."""
        known = self._known
        return known if known.account is account and account is not None else Known(account)

    def learned(self, session: Session, account: Account | None, **what: Any) -> None:
        """Store replies to requests that were sent while this account was in use."""
        self._change(session, account, lambda known: replace(known, **what))

    def read(self, session: Session, account: Account | None, name: str, part: Part) -> None:
        """Store a part, unless a newer reply has already arrived."""

        def change(known: Known) -> Known:
            old = known.part(name)
            return known if part.asked < old.asked else replace(known, parts={**known.parts, name: part})

        self._change(session, account, change)

    def _change(self, session: Session, account: Account | None, change: Any) -> None:
        with self._lock:
            if account is None or account is not session.core.active_account:
                return
            before = self.of(account)
            self._known = change(before)
            cards = list(self.cards) if self._known != before else []
        for card in cards:
            card.changed()

    # When to ask

    def moved(self) -> None:
        """Note that money has moved."""
        self.last_move = time.time()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Follow transactions while this lasts. At the start, money may have moved while no card followed them."""
        with self._lock:
            self.listeners += 1
            if self.listeners == 1:
                self.last_move = time.time()
        try:
            yield
        finally:
            with self._lock:
                self.listeners -= 1

    def spend(self, times: int = 1) -> None:
        """Note that the money is being read, or that the reading counts as several."""
        with self._lock:
            self._spent.extend([time.time()] * times)

    def wait(self, account: Account | None, name: str, every: float, since: float) -> float:
        """Return in how many seconds a part is due; infinite if it never is.

        Readings from before ``since`` are out of date.
        """
        part, now = self.of(account).part(name), time.time()
        if part.refused:
            return math.inf
        if part.asked < since:
            return 0.0
        return max(0.0, part.asked + (min(every, RETRY) if part.trouble else every) - now)

    def wait_for_money(self, account: Account | None, name: str, every: float, since: float) -> float:
        """Return in how many seconds the part that changes when money moves is due."""
        wait, now, part = self.wait(account, name, every, since), time.time(), self.of(account).part(name)
        if math.isinf(wait) or not part.asked:  # an account without any reading must be read at once
            return wait
        if self.last_move >= part.asked:
            wait = min(wait, max(0.0, self.last_move + SETTLE - now))
        with self._lock:
            free = self._spent[0] + SPAN if len(self._spent) == MOST else now
        return max(wait, free - now)

    @contextmanager
    def turn(self, account: Account | None, name: str) -> Iterator[bool]:
        """Return whether the caller may read a part now: one card reads at a time, for all of them."""
        key = (id(account), name)
        with self._lock:
            mine = key not in self._asking
            self._asking.add(key)
        try:
            yield mine
        finally:
            if mine:
                self._asking.discard(key)


_readings: WeakKeyDictionary[Session, Readings] = WeakKeyDictionary()
_making = threading.Lock()


@_forks.in_child
def _begin_anew() -> None:
    global _making
    _making = threading.Lock()
    _readings.clear()


def readings_of(session: Session) -> Readings:
    """Return the data that all cards of a session share."""
    with _making:
        return _readings.setdefault(session, Readings())
