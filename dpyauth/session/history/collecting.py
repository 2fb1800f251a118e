"""Collect a long history in rounds of requests, of one account or of all, and keep what there is of a broken one."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dpyauth._traceback import ends_here
from dpyauth.errors import ApiError, DpyauthError
from dpyauth.net.messages import Reply
from dpyauth.progress import Progress
from dpyauth.session.history.transactions import TOGETHER
from dpyauth.session.payloads import Questions
from dpyauth.session.steps import Batch, Request, Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call

T = TypeVar("T")
P = TypeVar("P")
C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


class History(Protocol[P, C_contra, T]):
    """History that says which pieces to ask for, and takes what came of each."""

    def ask(self, together: int) -> Sequence[P]: ...
    def add(self, piece: P, came: C_contra, /) -> None: ...
    def rows(self) -> list[T]: ...
    @property
    def count(self) -> int: ...
    @property
    def oldest(self) -> float | None: ...
    @property
    def share(self) -> float | None: ...


def give_up(error: ApiError) -> Steps[bool]:
    """Do nothing about an error."""
    return False
    yield


class HistoryQuestions(Questions):
    """Group of questions whose answers are long histories."""

    _partial: Callable[[], pd.DataFrame] | None = None

    @property
    @ends_here
    def partial(self) -> pd.DataFrame | None:
        """Rows of the last history that an interrupt or an error cut short; None if none was.

        It has no hole: everything from its first row to the end of the period asked for is there, and what is
        missing is older; of ``profit_table(by="sale")``, what was bought earlier. (Of several accounts: those before
        the one in question are whole.)
        """
        partial = self._partial
        return None if partial is None else partial()

    def _collect(
        self,
        call: Call,
        history: History[P, C, T],
        request: Callable[[P], Request],
        points: Callable[[Reply], C],
        made: Callable[[list[T]], pd.DataFrame],
        mend: Callable[[ApiError], Steps[bool]] = give_up,
    ) -> Steps[pd.DataFrame]:
        """Return all of a history; if an error or interrupt ends it early, `partial` holds what had arrived.

        ``mend`` may deal with an error of Deriv's: if it returns True, the history goes on with what it asks for next.
        """
        pieces: Sequence[P] = ()
        budget = self.core.rate_limits_of(self.core.api)
        beside: dict[str, Any] = {}

        def on_reply(number: int, reply: Reply) -> None:
            history.add(pieces[number], points(reply))
            beside.update(self.core.beside_rows(call.name, reply))
            progress.at(history.share, history.count)

        try:
            with Progress(call.name) as progress:
                while True:
                    left = budget.left(time.monotonic())[budget.bucket_of(call.name)]
                    pieces = history.ask(max(1, min(TOGETHER, left)))  # none that may be in vain waits for a rate limit
                    if not pieces:
                        return _with(beside, made(history.rows()), call)
                    trouble = yield from _all_of(Batch([request(piece) for piece in pieces], on_reply))
                    if trouble is not None and not (yield from mend(trouble)):
                        raise trouble
        except BaseException as stopped:
            count = len(history.rows())
            self._partial = (lambda: _with(beside, made(history.rows()), call)) if count else None
            if count or not isinstance(stopped, Exception):
                stopped.add_note(kept_note(count, history.oldest))
            raise

    def _of_accounts(
        self,
        call: Call,
        account: str,
        one: Callable[[str | None], Steps[pd.DataFrame]],
        empty: Callable[[], pd.DataFrame],
    ) -> Steps[pd.DataFrame]:
        """Return the frame of one account, or of each that the sign-in gave access to."""
        if account == "current":
            return (yield from one(self.core.active_account.loginid if self.core.active_account else None))
        if account != "all":
            return (yield from one((yield from self.core.connect_account(account))))
        from dpyauth import frames

        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self.core.grants):
            self._partial = None
            try:
                yield from self.core.connect_account(loginid)
                parts[loginid] = yield from one(loginid)
            except DpyauthError as error:
                parts[loginid] = error
            except BaseException as stopped:
                last = self._partial
                self._partial = functools.partial(_combined, parts, loginid, last, empty) if parts or last else None
                if parts:
                    stopped.add_note(f"The accounts before {loginid} are in session.partial: {', '.join(parts)}.")
                raise
        if not parts:
            raise self.core.not_signed_in(call.name)
        return frames.concat_accounts(parts, empty())


def _with(beside: Mapping[str, Any], table: pd.DataFrame, call: Call) -> pd.DataFrame:
    from dpyauth.frames import also

    return also(table, beside, call.name) if beside else table


def _combined(
    parts: Mapping[str, pd.DataFrame | DpyauthError],
    loginid: str,
    last: Callable[[], pd.DataFrame] | None,
    empty: Callable[[], pd.DataFrame],
) -> pd.DataFrame:
    from dpyauth import frames

    return frames.concat_accounts({**parts, **({loginid: last()} if last else {})}, empty())


def kept_note(count: int, oldest: float | None) -> str:
    """Say what has arrived of a history that was cut short."""
    if not count:
        return "Nothing had arrived yet. Run the cell again if you still want it."
    back = ""
    if oldest is not None:
        back = f", back to {dt.datetime.fromtimestamp(oldest, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"What had arrived is in session.partial: {count:,} rows{back}. Older rows are missing: run the cell again to "
        "get them all."
    )


def _all_of(together: Batch) -> Steps[ApiError | None]:
    """Make several calls; return Deriv's error, where one of them is answered with one."""
    try:
        yield together
    except ApiError as error:
        return error
    return None
