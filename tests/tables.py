"""Compare tables value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def plain(value: Any) -> Any:
    """Return a value with arrays and tuples as lists, and None for missing values."""
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return None if value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value) else value


def objects(table: pd.DataFrame) -> list[Any]:
    """Return the columns of Python objects."""
    return [name for name in table if table[name].dtype == "object"]


def same_values(table: pd.DataFrame, other: pd.DataFrame, about: str = "") -> None:
    """Check that two tables have the same columns, types and values; ignore ``attrs``."""
    assert list(other) == list(table), about
    assert [*map(str, other.dtypes)] == [*map(str, table.dtypes)], about
    for name in objects(table):
        told, read = ([plain(value) for value in frame[name]] for frame in (table, other))
        assert read == told, f"{about}: {name}"
        assert {str(value) for value in other[name] if plain(value) is None} <= {"nan"}, f"{about}: {name}"
        # False equals 0, and a Decimal may equal a float
        assert all(
            isinstance(one, type(value)) or isinstance(value, type(one)) for one, value in zip(read, told, strict=True)
        ), name
    try:
        pd.testing.assert_frame_equal(
            other.drop(columns=objects(table)), table.drop(columns=objects(table)), check_index_type=False
        )
    except AssertionError as error:
        raise AssertionError(f"{about}: {error}") from None
