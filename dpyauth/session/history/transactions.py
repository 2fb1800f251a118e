"""Read the rows of statements and profit tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.net.messages import Reply
from dpyauth.session.history.prices import seconds_of, unreadable

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

Row = Mapping[str, Any]

TOGETHER = 8
"""Most pieces of one history to ask for at a time."""

PAGE = {"statement": 999, "profit_table": 500}
"""Most rows that Deriv returns at a time, by call."""


def transactions(call: Call, reply: Reply) -> list[Row]:
    """Return the transactions in a reply, newest first."""
    payload = reply.get(call.name)
    rows = payload.get("transactions") if isinstance(payload, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable(call)
    return rows


def key_of(row: Row) -> object:
    """Return a key that identifies a row."""
    number = row.get("transaction_id")
    return number if number and isinstance(number, int | str) else repr(row)


def booked(row: Row) -> float | None:
    """Return the time of a transaction, in seconds since 1970; None if it has none."""
    return seconds_of(row.get("transaction_time"))


def bought(row: Row) -> float | None:
    """Return the time at which a contract was bought, in seconds since 1970; None if it is not known."""
    return seconds_of(row.get("purchase_time"))


def closed(row: Row) -> float | None:
    """Return the time at which a contract was closed, or bought if it has not been closed."""
    return seconds_of(row.get("sell_time") or row.get("purchase_time"))


def oldest_first(rows: list[Row], when: Callable[[Row], float | None]) -> list[Row]:
    """Return rows, which are newest first, in reverse; sorted by time if every row has one."""
    turned = rows[::-1]
    moments = [at for row in turned if (at := when(row)) is not None]
    return sorted(turned, key=lambda row: when(row) or 0) if len(moments) == len(turned) else turned
