"""Check the frame to draw, and read numbers, times and texts from it."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dpyauth.errors import InvalidArgument

if TYPE_CHECKING:
    import pandas as pd

QUESTIONS = {
    "account_status": "session.account_status()",
    "verification": "session.verification()",
    "status_flags": "session.status_flags()",
    "balance": "session.statement()",
    "profit": "session.profit_table()",
    "profit_over_time": "session.profit_table()",
    "exposure": "session.portfolio()",
    "payments": "session.wallet_transactions()",
    "prices": 'session.ticks("R_100")',
    "scopes": "session.calls()",
}
"""Call that returns the frame for each plot."""

_DRAWN_BY = {
    "get_accounts": "account_status",
    "portfolio": "exposure",
    "profit_table": "profit",
    "statement": "balance",
    "ticks": "prices",
    "ticks_history": "prices",
    "wallet_transaction_list": "payments",
}
"""Plot that draws the frames of a call."""


def check(frame: Any, plot: str, *columns: Hashable) -> pd.DataFrame:
    """Return the frame if it has these columns.

    Raises
    ------
    InvalidArgument
        It is a different frame, or no frame; the message says which method returns the right one.
    """
    import pandas as pd

    question = QUESTIONS[plot]
    if not isinstance(frame, pd.DataFrame):
        kind = f"{type(frame).__module__.partition('.')[0]}.{type(frame).__name__}".removeprefix("builtins.")
        raise _wrong(f"plots.{plot}() draws the DataFrame that {question} returns, not a {kind}. Write {_call(plot)}.")
    lacking = [str(column) for column in columns if column not in frame.columns]
    if lacking:
        other = _DRAWN_BY.get(str(frame.attrs.get("call")), plot)
        hint = f" To draw this frame, use plots.{other}()." if other != plot else ""
        raise _wrong(
            f"plots.{plot}() draws the frame that {question} returns, and this frame has no "
            f"column {' or '.join(map(repr, lacking))}. Write {_call(plot)}.{hint}"
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise _wrong(
            f"Two columns of this frame are named {short(twice)!r}, so plots.{plot}() cannot tell which to draw. Keep "
            "one of them: frame.loc[:, ~frame.columns.duplicated()]."
        )
    return frame


def numbers(frame: pd.DataFrame, column: str, plot: str) -> pd.Series[float]:
    """Return a column as floats; infinite ones count as missing."""
    import numpy as np
    import pandas as pd

    values = frame[column]
    if values.dtype == object:
        values = values.map(lambda value: float(value) if isinstance(value, Decimal) else value)
    found = pd.to_numeric(values, errors="coerce").astype("float64")
    _see(frame, column, plot, found, "numbers")
    return found.where(np.isfinite(found))


def moments(frame: pd.DataFrame, column: str, plot: str) -> pd.Series[pd.Timestamp]:
    """Return a column as times in UTC."""
    import pandas as pd

    found = pd.to_datetime(frame[column], utc=True, errors="coerce")
    _see(frame, column, plot, found, "times")
    return found


def days(times: Any) -> Any:
    """Return times as the numbers that matplotlib uses."""
    import numpy as np
    import pandas as pd
    from matplotlib import dates

    count: Any = dates.date2num
    return count(np.asarray(pd.DatetimeIndex(times).tz_convert(None)))


def one_currency(frame: pd.DataFrame, plot: str) -> str:
    """Return the currency of a frame; empty if it does not say.

    Raises
    ------
    InvalidArgument
        There are several currencies, which cannot be added up.
    """
    return only_one(frame, "currency", plot, "amounts in different currencies")


def only_one(frame: pd.DataFrame, column: str, plot: str, what: str) -> str:
    """Return the one value of a column; empty if there is none.

    Raises
    ------
    InvalidArgument
        There are several values.
    """
    found = list(frame[column].dropna().unique()) if column in frame.columns else []
    if len(found) > 1:
        raise _wrong(
            f"plots.{plot}() cannot draw {what} together ({', '.join(short(each) for each in found[:4])}). "
            f'Choose one: dpyauth.plots.{plot}(frame[frame["{column}"] == {short(found[0])!r}]).'
        )
    return short(found[0]) if len(found) else ""


def short(text: object, most: int = 32) -> str:
    """Return a text from outside on one line, without control characters, and shortened if it is long."""
    from dpyauth.panels.card_rows import plain

    return plain(text, most)


def given(value: Any) -> str:
    """Return a text from outside as `short` does, and a missing one as an empty text."""
    import pandas as pd

    return "" if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else short(value)


def _see(frame: pd.DataFrame, column: str, plot: str, found: pd.Series[Any], what: str) -> None:
    if found.isna().all() and frame[column].notna().any():
        raise _wrong(
            f"The column {column!r} of this frame holds no {what}. Write {_call(plot)}. A frame that was read from a "
            "file may have lost them."
        )


def _call(plot: str) -> str:
    return f"dpyauth.plots.{plot}({QUESTIONS[plot]})"


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="frame")
