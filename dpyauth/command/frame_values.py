"""Convert values of a frame to JSON, and to text."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as dicts that JSON can hold.

    Numbers stay numbers and exact amounts become strings; times are ISO 8601 strings in UTC; missing values are None.
    """
    return [
        {str(name): as_json(value) for name, value in zip(frame.columns, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]


def as_json(value: Any) -> Any:
    """Return one value as JSON can hold it."""
    if hasattr(value, "item") and not isinstance(value, list | tuple):  # a NumPy scalar
        value = value.item()
    match value:
        case str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return str(value) if value.is_finite() else None
        case list() | tuple():
            return [as_json(each) for each in value]
        case dict():
            return {str(key): as_json(each) for key, each in value.items()}
        case datetime() if value == value:  # NaT is not equal to itself
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() if value == value:
            return value.isoformat()
        case timedelta() if value == value:
            return value.total_seconds()
    return None


def as_text(value: Any) -> str:
    """Return a value from `as_json` as text for the user; empty if it is missing."""
    from dpyauth.panels.account_view import money

    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return money(value)
        case list():
            return ", ".join(as_text(each).replace("_", " ") for each in value) or "none"
        case str() if value.endswith("Z") and _moment(value) is not None:
            when = f"{_moment(value):%Y-%m-%d %H:%M} UTC"
            return when.removesuffix(" 00:00 UTC")
    return str(value)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
