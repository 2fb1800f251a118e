"""Make requests for pages of a wallet's transactions, and read their rows."""

from __future__ import annotations

from typing import Any

from dpyauth.catalog.paths import get_path
from dpyauth.session.history.cursor_walk import Place
from dpyauth.session.history.prices import seconds_of
from dpyauth.session.history.time_walk import within
from dpyauth.session.history.transactions import Row


def fields(place: Place, size: int, since: int | None, currency: str | None) -> dict[str, Any]:
    """Return the fields of a request for the page at a place.

    It is not known whether Deriv includes both ends of a period, so this asks for one more second on each side.
    """
    if place.cursor is not None:
        return {"page_cursor": place.cursor, "per_page": size}
    return {
        "start_date_time": None if since is None else max(0, since - 1),
        "end_date_time": None if place.until is None else place.until + 1,
        "transaction_currency": currency if currency is not None and len(currency) == 3 else None,
        "per_page": size,
    }


def key_of(row: Row) -> object:
    """Return the key of a transaction. The ID alone is not enough: both sides of an exchange may have the same."""
    told = {**row, **(metadata if isinstance(metadata := row.get("metadata"), dict) else {})}
    if not told.get("transaction_id"):
        return repr(row)
    return tuple(str(told.get(name)) for name in ("transaction_id", "category", "transaction_currency"))


def happened(row: Row) -> float | None:
    """Return the time of a wallet's transaction, in seconds since 1970; None if it has none."""
    return seconds_of(row.get("timestamp"))


def outside(rows: list[Row], first: int | None, last: int | None) -> int:
    """Return the number of transactions from outside a period, not counting the one more second on each side."""
    wide = None if first is None else first - 1, None if last is None else last + 1
    return sum(not within(happened(row), *wide) for row in rows)


def is_in(row: Row, currency: str) -> bool:
    """Return whether a transaction is in a currency; True if it does not say."""
    told = get_path(row, "metadata.transaction_currency") or row.get("transaction_currency")
    return told is None or str(told).upper() == currency
