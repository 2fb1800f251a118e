"""Select closed contracts by time of closing, although Deriv's profit table selects them by purchase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dpyauth.net.messages import Reply
from dpyauth.session.history.prices import seconds_of
from dpyauth.session.history.time_walk import Pages, within
from dpyauth.session.history.transactions import PAGE, TOGETHER, Row, booked, bought, closed, key_of, transactions
from dpyauth.session.steps import Batch, Request, Steps
from dpyauth.texts.said import Said, said

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call


class Sales(NamedTuple):
    """Contracts that were closed in a period, according to a statement."""

    at: Mapping[str, float | None]
    """Time of closing, by contract."""
    bought_from: float | None
    """Time of the first purchase among them; None if it is not known for each of them."""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Sales:
        """Read the sales from the rows of a statement."""
        sold = [(name, row) for row in rows if row.get("action_type") == "sell" and (name := contract_of(row))]
        purchases = [bought(row) for _, row in sold]
        known = [at for at in purchases if at is not None]
        return cls({name: booked(row) for name, row in sold}, min(known, default=None) if known == purchases else None)

    def from_(self, since: int) -> int | None:
        """Return the start of a period of purchases that includes those of all these sales."""
        if not self.at:
            return since
        return None if self.bought_from is None else max(0, min(since, int(self.bought_from) - 1))

    def when(self, row: Row) -> float | None:
        """Return the time at which a contract in a profit table was closed."""
        return seconds_of(row.get("sell_time")) or self.at.get(contract_of(row) or "")

    def lacking(self, rows: Sequence[Row]) -> Said | None:
        """Return a sentence about contracts that are missing from a profit table; None if there are none."""
        missing = self.at.keys() - {contract_of(row) for row in rows}
        return said("sales_lacking", count=len(missing)) if missing else None


def contract_of(row: Row) -> str | None:
    """Return the ID of a contract as text, whatever its type in the reply."""
    from dpyauth.frames.values import as_text  # loads pandas, which dpyauth.login() does not need

    return as_text(row.get("contract_id"))


def every_row(call: Call, loginid: str | None, fields: Mapping[str, object]) -> Steps[list[Row]]:
    """Return all rows of a statement or profit table, without progress and without partial results.

    A card uses this in the background, where it must neither write into the user's notebook nor replace ``partial``.
    """
    when = {"statement": booked, "profit_table": closed}[call.name]
    since = seconds_of(fields.get("date_from"))
    pages: Pages[Row] = Pages(PAGE[call.name], key_of, when, None if since is None else int(since), call=call.name)
    while offsets := pages.ask(TOGETHER):

        def on_reply(number: int, reply: Reply, asked: Sequence[int] = offsets) -> None:
            pages.add(asked[number], transactions(call, reply))

        asked = [{**fields, "limit": PAGE[call.name], "offset": offset} for offset in offsets]
        yield Batch([Request(call.name, page, exact=True, account=loginid) for page in asked], on_reply)
    return pages.rows()


def sold_within(rows: Sequence[Row], sales: Sales, since: int | None, until: int | None) -> list[Row]:
    """Return the contracts that were closed in a period, including those whose time of closing is not known."""
    return [row for row in rows if within(sales.when(row), since, until)]
