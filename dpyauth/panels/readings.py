"""Keep what is known of a session's account: read once for all cards that show it, no more often than needed."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from dpyauth import _forks
from dpyauth.panels.card_rows import Row

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.panels.model import PanelModel
    from dpyauth.session import Session

FRESH = 5.0
"""Seconds for which there is no need to ask again when a card begins to follow its session."""

RETRY = 60.0
"""Seconds after which to ask again for what could not be read."""

SETTLE = 0.5
"""Seconds after money has moved in which more may move: one question then covers all of it."""

MOST, SPAN = 5, 60.0
"""Times that the money is read in so many seconds: Deriv allows 30 calls a minute for what reads contracts."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a card, as Deriv was last asked for it."""

    rows: tuple[Row, ...] = ()
    at: float = 0.0
    """Time of the question whose answer the rows show."""
    asked: float = 0.0
    """Time of the last question."""
    trouble: str = ""
    """Reason that it gave nothing, or nothing newer."""
    refused: bool = False
    """True if the token may not see it: no token gains a scope later."""


@dataclass(frozen=True, slots=True)
class Known:
    """Knowledge of one account."""

    account: Account | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    balance: str = ""
    no_balance: str = ""
    """Reason that there is no balance."""

    def part(self, name: str) -> Part:
        """Return one part, which may be empty."""
        return self.parts.get(name, Part())


class Readings:
    """Knowledge that the cards of one session share, and what they are asking for. Safe to use on any thread."""

    def __init__(self) -> None:
        self.cards: WeakSet[PanelModel] = WeakSet()
        self._known = Known()
        self._lock = threading.Lock()
        self._asking: set[tuple[int, str]] = set()
        self.last_move = 0.0
        self.listeners = 0
        self._spent: deque[float] = deque(maxlen=MOST)

    def of(self, account: Account | None) -> Known:
        """Return what is known of an account."""
        known = self._known
        return known if known.account is account and account is not None else Known(account)

    def learned(self, session: Session, account: Account | None, **what: Any) -> None:
        """Store answers to what was asked while this account was in use."""
        self._change(session, account, lambda known: replace(known, **what))

    def read(self, session: Session, account: Account | None, name: str, part: Part) -> None:
        """Store a part; an answer that was overtaken by a newer one is dropped."""

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
        """Hear of transactions for as long as this lasts; money may have moved while no card did."""
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
        """Note that the money is being read, or that it takes as many calls as so many readings."""
        with self._lock:
            self._spent.extend([time.time()] * times)

    def wait(self, account: Account | None, name: str, every: float, since: float) -> float:
        """Return in how many seconds a part is to be asked for, at the latest; infinite where it never is.

        What was asked for before ``since`` is no longer good.
        """
        part, now = self.of(account).part(name), time.time()
        if part.refused:
            return math.inf
        if part.asked < since:
            return 0.0
        return max(0.0, part.asked + (min(every, RETRY) if part.trouble else every) - now)

    def wait_for_money(self, account: Account | None, name: str, every: float, since: float) -> float:
        """Return the same for the part that changes when money moves."""
        wait, now, part = self.wait(account, name, every, since), time.time(), self.of(account).part(name)
        if math.isinf(wait) or not part.asked:  # of an account that is new here something must be shown
            return wait
        if self.last_move >= part.asked:
            wait = min(wait, max(0.0, self.last_move + SETTLE - now))
        with self._lock:
            free = self._spent[0] + SPAN if len(self._spent) == MOST else now
        return max(wait, free - now)

    @contextmanager
    def turn(self, account: Account | None, name: str) -> Iterator[bool]:
        """Tell whether it is the caller's turn to ask for a part: one card asks at a time, and tells the others."""
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
    """Return what all cards of a session share."""
    with _making:
        return _readings.setdefault(session, Readings())
