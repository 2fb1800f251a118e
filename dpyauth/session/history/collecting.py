"""Collect a long history in rounds of requests, for one account or all, and keep partial results."""

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
    """History that says which pieces to ask for, and joins them. No I/O.

    An interrupt may stop ``add`` between any two lines, and the caller then adds the same piece again. So ``add`` must
    tolerate that, and ``rows`` must be without a hole at any time.
    """

    def ask(self, together: int) -> Sequence[P]:
        """Return the pieces to ask for now, at most ``together``; none if the history is complete."""

    def add(self, piece: P, came: C_contra, /) -> None:
        """Add the content of a piece. Pieces that were asked for together may come in any order."""

    def rows(self) -> list[T]:
        """Return the rows so far, without a hole."""

    @property
    def count(self) -> int:
        """Number of rows so far."""

    @property
    def oldest(self) -> float | None:
        """Time of the oldest row, in seconds since 1970; None if there is none."""

    @property
    def share(self) -> float | None:
        """Share of the history that has arrived, from 0 to 1; None if that is not known."""


def give_up(error: ApiError) -> Steps[bool]:
    """Return False: the error is not dealt with. This is a generator only to fit ``mend``."""
    return False
    yield


class HistoryQuestions(Questions):
    """Base of the groups of methods that return long histories."""

    _partial: Callable[[], pd.DataFrame] | None = None

    @property
    @ends_here
    def partial(self) -> pd.DataFrame | None:
        """Rows of the latest history that an interrupt or an error stopped; None if none was.

        It has no gaps: everything from its first row to the end of the requested period is there, and the missing rows
        are older; with ``profit_table(by="sale")``, they were bought earlier. With several accounts, all accounts
        before the one that was stopped are complete.
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
        """Return a complete history as a frame; if an error or interrupt stops it, `partial` has what had arrived.

        Parameters
        ----------
        call : Call
            Call that returns the pieces.
        history : History
            History to collect.
        request : callable
            Function that returns the request for a piece.
        points : callable
            Function that reads the content of a piece from a reply.
        made : callable
            Function that makes a frame from rows.
        mend : callable
            Steps that deal with an error from Deriv: if they return True, the history continues with what it asks for
            next; otherwise the error is raised.

        Returns
        -------
        pandas.DataFrame
            What ``made`` returns.
        """
        # `on_reply` gets the number of a request within its batch, so it reads the `pieces` of the present round.
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
                    # No more than the rate limit allows now: the number of pieces is a guess, and a call that turns
                    # out to be useless is not worth a wait of up to a minute.
                    pieces = history.ask(max(1, min(TOGETHER, left)))
                    if not pieces:
                        return _with(beside, made(history.rows()), call)
                    trouble = yield from _all_of(Batch([request(piece) for piece in pieces], on_reply))
                    if trouble is not None and not (yield from mend(trouble)):
                        raise trouble
        except BaseException as stopped:
            # A function rather than a frame: making the frame takes time, in which a second interrupt could come, and
            # most users never look at it.
            count = len(history.rows())
            self._partial = (lambda: _with(beside, made(history.rows()), call)) if count else None
            # After an error, that nothing had arrived is no news; after an interrupt, the user may wonder.
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
        """Return the frame of one account, or of each account of the sign-in."""
        if account == "current":
            return (yield from one(self.core.active_account.loginid if self.core.active_account else None))
        if account != "all":
            return (yield from one((yield from self.core.connect_account(account))))
        from dpyauth import frames

        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self.core.grants):
            # Reset for each account: an interrupt before its first page must not combine the frame of one account with
            # another's login ID.
            self._partial = None
            try:
                yield from self.core.connect_account(loginid)
                parts[loginid] = yield from one(loginid)
            except DpyauthError as error:  # becomes a row; the other accounts are still asked
                parts[loginid] = error
            except BaseException as stopped:  # an interrupt ends the whole question
                last = self._partial
                self._partial = functools.partial(_combined, parts, loginid, last, empty) if parts or last else None
                if parts:
                    stopped.add_note(f"The accounts before {loginid} are in session.partial, too: {', '.join(parts)}.")
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
    """Return what has arrived of a history that was stopped, as a sentence."""
    if not count:
        return "Nothing had arrived yet. Run the cell again if you still want it."
    back = ""
    if oldest is not None:
        back = f", back to {dt.datetime.fromtimestamp(oldest, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"What had arrived is in session.partial: {count:,} rows{back}. Older rows are missing: run the cell again to "
        "get all."
    )


def _all_of(together: Batch) -> Steps[ApiError | None]:
    """Make several calls; return the error if Deriv answers one of them with an error, else None."""
    try:
        yield together
    except ApiError as error:
        return error
    return None
