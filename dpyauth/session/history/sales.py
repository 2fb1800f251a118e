"""Closed contracts by the time at which they were closed, though Deriv's profit table goes by that of purchase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dpyauth.net.messages import Reply
from dpyauth.session.history.prices import seconds_of
from dpyauth.session.history.time_walk import Pages, within
from dpyauth.session.history.transactions import PAGE, TOGETHER, Row, booked, bought, closed, key_of, transactions
from dpyauth.session.steps import Batch, Request, Steps

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call


class Sales(NamedTuple):
    """Contracts that were closed in a period, as a statement tells of them."""

    at: Mapping[str, float | None]
    """Time of closing, by contract."""
    bought_from: float | None
    """Time when the first of them was bought; None if that is not told of each."""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Sales:
        """Read the rows of a statement."""
        sold = [(name, row) for row in rows if row.get("action_type") == "sell" and (name := contract_of(row))]
        purchases = [bought(row) for _, row in sold]
        known = [at for at in purchases if at is not None]
        return cls({name: booked(row) for name, row in sold}, min(known, default=None) if known == purchases else None)

    def from_(self, since: int) -> int | None:
        """Return from when on to ask for purchases, so that those of a period's sales are among them."""
        if not self.at:
            return since
        return None if self.bought_from is None else max(0, min(since, int(self.bought_from) - 1))

    def when(self, row: Row) -> float | None:
        """Return when a contract of a profit table was closed."""
        return seconds_of(row.get("sell_time")) or self.at.get(contract_of(row) or "")

    def lacking(self, rows: Sequence[Row]) -> str | None:
        """Return the sentence on contracts that a profit table does not have; None where it has all."""
        missing = self.at.keys() - {contract_of(row) for row in rows}
        if not missing:
            return None
        number = "1 contract" if len(missing) == 1 else f"{len(missing):,} contracts"
        return f"Deriv's profit table lacks {number} that its statement says were closed in this period."


def contract_of(row: Row) -> str | None:
    """Return the ID of a contract as text, whatever form the reply has it in."""
    from dpyauth.frames.values import as_text  # loads pandas, which dpyauth.login does without

    return as_text(row.get("contract_id"))


def every_row(call: Call, loginid: str | None, fields: Mapping[str, object]) -> Steps[list[Row]]:
    """All rows of a statement or profit table; what breaks off is not kept for the user.

    A card asks for it in the background, where nothing may be put into the user's notebook, or into ``partial``.
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
    """Return the contracts that were closed in a period; one of which that is not known may have been."""
    return [row for row in rows if within(sales.when(row), since, until)]
