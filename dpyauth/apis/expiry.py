"""Expiry of a sign-in, in words, and the times at which to remind the user. Reads the time of day."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.apis.base import SignIn

REMIND_BEFORE = 300.0
"""Time before the expiry at which the user is reminded, in seconds."""

REMIND_EARLY = 3600.0
"""Time before the expiry of a long sign-in at which the user is reminded first, in seconds."""

LONG = 4 * 3600.0
"""Lifetime from which a sign-in counts as long, in seconds."""

DAY = 86_400.0


class Expiry(NamedTuple):
    """Expiry of a sign-in that cannot be renewed."""

    at: float
    """Time of the expiry, in seconds since 1970."""
    life: float | None
    """Lifetime of the access token, in seconds, if it is known."""

    @classmethod
    def of(cls, sign_in: SignIn | None) -> Expiry | None:
        """Return the expiry of a sign-in; None if it is not known."""
        if sign_in is None or sign_in.expires_at is None:
            return None
        tokens = sign_in.credential.tokens
        return cls(sign_in.expires_at, tokens.life if tokens else None)

    @property
    def utc(self) -> datetime:
        """Time of the expiry, in whole seconds."""
        return datetime.fromtimestamp(int(self.at), UTC)

    @property
    def has_passed(self) -> bool:
        """True if it has passed, by this machine's clock."""
        return time.time() >= self.at

    @property
    def is_near(self) -> bool:
        """True if it has passed, or is less than a day away."""
        return time.time() > self.at - DAY

    @property
    def clock(self) -> str:
        """Time of day of the expiry, such as ``14:05 UTC``, with the date if it is not today."""
        is_today = self.utc.date() == datetime.fromtimestamp(time.time(), UTC).date()
        return f"{self.utc:%H:%M} UTC" if is_today else self.date_and_clock

    @property
    def date_and_clock(self) -> str:
        """Time and date of the expiry, for texts that may be read on another day."""
        return f"{self.utc:%Y-%m-%d %H:%M} UTC"

    @property
    def due(self) -> float | None:
        """Latest time for a notice that has passed; None before the first."""
        return max((moment for moment in self._moments if moment <= time.time()), default=None)

    @property
    def wait(self) -> float | None:
        """Seconds until the next time for a notice; None after the last."""
        now = time.time()
        return min((moment - now for moment in self._moments if moment > now), default=None)

    def notice(self, due: float | None) -> str:
        """Return the notice to show from a time in `due` on; empty before the first."""
        if due is None:
            return ""
        if due == self.at:
            return said("sign_in_ended", time=self.clock)
        if due < self.at - REMIND_BEFORE:
            return said("sign_in_ends_within_an_hour", time=self.clock)
        return said("sign_in_ends_within_minutes", count=round(REMIND_BEFORE / 60), time=self.clock)

    @property
    def _moments(self) -> list[float]:
        is_long = self.life is not None and self.life >= LONG
        return [*([self.at - REMIND_EARLY] if is_long else []), self.at - REMIND_BEFORE, self.at]
