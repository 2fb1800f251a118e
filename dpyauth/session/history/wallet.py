"""Ask for pages of a wallet's transactions, and give each row a key."""

from __future__ import annotations

from typing import Any

from dpyauth.catalog.paths import get_path
from dpyauth.session.history.cursor_walk import Place
from dpyauth.session.history.prices import seconds_of
from dpyauth.session.history.time_walk import within
from dpyauth.session.history.transactions import Row


def fields(place: Place, size: int, since: int | None, currency: str | None) -> dict[str, Any]:
    """Return the fields of a request for what begins at this place.

    Whether Deriv counts both ends of a period is not known: a second more on each side is asked for.
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
    """Return the key of a transaction; both sides of an exchange within a wallet may have the same ID."""
    told = {**row, **(metadata if isinstance(metadata := row.get("metadata"), dict) else {})}
    if not told.get("transaction_id"):
        return repr(row)
    return tuple(str(told.get(name)) for name in ("transaction_id", "category", "transaction_currency"))


def happened(row: Row) -> float | None:
    """Return when a transaction of a wallet was, in seconds since 1970."""
    return seconds_of(row.get("timestamp"))


def outside(rows: list[Row], first: int | None, last: int | None) -> int:
    """Return how many transactions are from outside a period, beyond the second more on each side."""
    wide = None if first is None else first - 1, None if last is None else last + 1
    return sum(not within(happened(row), *wide) for row in rows)


def is_in(row: Row, currency: str) -> bool:
    """Return whether a transaction is in a currency, as far as it says."""
    told = get_path(row, "metadata.transaction_currency") or row.get("transaction_currency")
    return told is None or str(told).upper() == currency
