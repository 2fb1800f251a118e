"""Make frames fit for files, and read them back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pandas as pd

from dpyauth.frames.values import as_text

_DIGITS = 76
"""Most digits that Parquet has for the exact numbers of a column, before and after the point together."""


def for_storage(frame: pd.DataFrame, *, lists: bool = True) -> pd.DataFrame:
    """Make a frame fit for a file: columns of Python objects that a file cannot hold become texts.

    Parquet has exact numbers, and lists of texts or of numbers. It has no place for dicts whose keys are data, nor
    for values of several kinds in one column; and CSV has no lists. Such columns become JSON, each value a text
    that ``json.loads`` reads; exact numbers of too many digits become texts as they are.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame of dpyauth. It is not changed.
    lists : bool
        Whether the file can hold lists: True for Parquet, False for CSV.

    Returns
    -------
    pandas.DataFrame
        The same rows, columns and ``attrs``. Where a column was changed its dtype is string. A frame without rows has
        its categories in ``attrs["categories"]``: a file cannot hold them elsewhere. `restored` puts them back.

    Examples
    --------
    >>> import pandas as pd
    >>> from dpyauth.frames import for_storage
    >>> for_storage(pd.DataFrame({"rates": [{"EUR": 0.9}, {}]}))["rates"].tolist()
    ['{"EUR": 0.9}', '{}']
    """
    result = frame.copy()
    for name, column in frame.items():
        values = [None if _missing(value) else value for value in column] if column.dtype == object else []
        held = [value for value in values if value is not None]
        if not _fits(held, lists):
            write = str if set(map(type, held)) in ({str}, {Decimal}) else _json
            texts = [value if value is None else as_text(write(value)) for value in values]
            result[name] = pd.Series(texts, index=frame.index, dtype="string")
    kinds = {name: kind for name, kind in frame.dtypes.items() if isinstance(kind, pd.CategoricalDtype)}
    if kinds and frame.empty:
        categories = {str(name): [kind.categories.tolist(), bool(kind.ordered)] for name, kind in kinds.items()}
        result.attrs["categories"] = categories
    return result


def restored(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame that was read from a file the categories that the file could not hold.

    Parquet keeps categories beside the rows. Where there are none, `for_storage` puts them into ``attrs``.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `pandas.read_parquet` gives it, from a report of `dpyauth.export` or from a file of your own that was made of
        what `for_storage` gives. It is not changed.

    Returns
    -------
    pandas.DataFrame
        The same frame, with every dtype that it had.

    Examples
    --------
    >>> import io, pandas as pd
    >>> from dpyauth.frames import cashier_problems, restored, for_storage
    >>> file = io.BytesIO(for_storage(cashier_problems(None)).to_parquet(None))
    >>> restored(pd.read_parquet(file))["kind"].cat.categories.tolist()
    ['reason', 'detail']
    """
    result = frame.copy()
    result.attrs = {name: value for name, value in frame.attrs.items() if name != "categories"}
    for name, (values, ordered) in frame.attrs.get("categories", {}).items():
        result[name] = frame[name].astype(pd.CategoricalDtype(values, ordered=ordered))
    return result


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _fits(values: list[Any], lists: bool) -> bool:
    types = set(map(type, values))
    if types <= {Decimal}:
        return not lists or _digits(values) <= _DIGITS
    return lists and types == {list} and _of_a_kind(item for value in values for item in value)


def _digits(numbers: Iterable[Decimal]) -> int:
    parts = [(number.adjusted() + 1, -int(number.as_tuple().exponent)) for number in numbers]
    return sum(max(side) for side in zip((0, 0), *parts, strict=True))


def _of_a_kind(items: Iterable[Any]) -> bool:
    held = list(items)
    types = set(map(type, held))
    if types == {str}:
        return all(text.isascii() or as_text(text) == text for text in held)
    return not types or types in ({float}, {bool}) or (types == {int} and all(-(2**63) <= n < 2**63 for n in held))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
