"""Collect histories in pages: transactions, and closed contracts by time of purchase or sale."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from dpyauth.notes import left_out, note
from dpyauth.session.history.collecting import HistoryQuestions, kept_note
from dpyauth.session.history.time_walk import Pages, within
from dpyauth.session.history.transactions import PAGE, Row, booked, key_of, oldest_first, transactions
from dpyauth.session.steps import Request, Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call
    from dpyauth.frames import Context

T = TypeVar("T")


class PagedHistories(HistoryQuestions):
    """Base of the groups of methods that return histories in pages."""

    def _pages(
        self,
        call: Call,
        fields: Mapping[str, Any],
        account: str,
        when: Callable[[Row], float | None],
        shape: Callable[[list[Row], Context], pd.DataFrame],
        *,
        exact: bool,
    ) -> Steps[pd.DataFrame]:
        """Return a history of one account or of all; ``when`` returns the time by which Deriv selects a row."""

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            pages: Pages[Row] = Pages(
                PAGE[call.name], key_of, when, fields["date_from"], fields["date_to"], call=call.name
            )
            table = yield from self._paged(call, fields, loginid, pages, when, shape, exact=exact)
            return note(table, left_out(len(pages.outside)), language=self.core.target.language)

        return (yield from self._of_accounts(call, account, one, lambda: shape([], self.core.context(call.name, None))))

    def _sold(
        self,
        call: Call,
        fields: Mapping[str, Any],
        account: str,
        when: Callable[[Row], float | None],
        shape: Callable[[list[Row], Context], pd.DataFrame],
        *,
        exact: bool,
    ) -> Steps[pd.DataFrame]:
        """Return the contracts closed in a period, of one account or of all; ``when`` returns the time of purchase.

        Deriv selects closed contracts by purchase. So first the statement is read, whose sales tell when the contracts
        that were closed in the period were bought; then the profit table is read from the first of these purchases on.
        """
        from dpyauth.session.history.sales import Sales, every_row, sold_within  # loads pandas, which takes long

        since, until, kinds = fields["date_from"], fields["date_to"], fields["contract_type"]
        statement = self.core.catalog.find("statement")

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            # Reset already here: an interrupt while the statement is read must not leave an earlier partial result.
            self._partial, sales = None, Sales({}, None)
            if since is not None:
                asked = {"date_from": since, "date_to": until, "action_type": "sell"}
                rows = yield from _nothing_yet(every_row(statement, loginid, asked))
                sales = Sales.of([row for row in rows if within(booked(row), since, until)])
            wide = {**fields, "contract_type": None, "date_from": None if since is None else sales.from_(since)}
            pages: Pages[Row] = Pages(PAGE[call.name], key_of, when, wide["date_from"], call=call.name)

            def made(rows: list[Row], context: Context) -> pd.DataFrame:
                kept = oldest_first(sold_within(rows[::-1], sales, since, until), sales.when)
                return shape([row for row in kept if not kinds or row.get("contract_type") in kinds], context)

            table = yield from self._paged(call, wide, loginid, pages, when, made, exact=exact)
            return note(table, sales.lacking(pages.rows()), language=self.core.target.language)

        return (yield from self._of_accounts(call, account, one, lambda: shape([], self.core.context(call.name, None))))

    def _paged(
        self,
        call: Call,
        fields: Mapping[str, Any],
        loginid: str | None,
        pages: Pages[Row],
        when: Callable[[Row], float | None],
        shape: Callable[[list[Row], Context], pd.DataFrame],
        *,
        exact: bool,
    ) -> Steps[pd.DataFrame]:
        """Return all pages of one account, oldest row first."""
        size = PAGE[call.name]

        def request(offset: int) -> Request:
            page = {**fields, "description": 1, "limit": size, "offset": offset}
            return Request(call.name, page, exact=exact, account=loginid)

        def made(rows: list[Row]) -> pd.DataFrame:
            return shape(oldest_first(rows, when), self.core.context(call.name, loginid))

        return (yield from self._collect(call, pages, request, functools.partial(transactions, call), made))


def _nothing_yet(steps: Steps[T]) -> Steps[T]:
    """Add a note to an interrupt that nothing has arrived yet; these steps come before the history itself."""
    try:
        return (yield from steps)
    except BaseException as stopped:
        if not isinstance(stopped, Exception):
            stopped.add_note(kept_note(0, None))
        raise
