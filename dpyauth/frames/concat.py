"""Join the frames of several accounts."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.api.types import union_categoricals


def concat_accounts(parts: Mapping[str, pd.DataFrame | Exception], empty: pd.DataFrame) -> pd.DataFrame:
    """Join the frames of several accounts; an account that failed becomes a row, too.

    Parameters
    ----------
    parts : mapping of str to DataFrame or exception
        The account's frame or its error, by login ID.
    empty : pandas.DataFrame
        The same frame without rows, for its columns and dtypes.

    Returns
    -------
    pandas.DataFrame
        ``loginid``, the other columns of the frames, and ``error`` (string): what went wrong with the account, else
        missing.

    Examples
    --------
    >>> from dpyauth.frames import balance, concat_accounts
    >>> rows = {"CR1": balance({"loginid": "CR1", "balance": 5.0}), "CR2": TimeoutError("no answer")}
    >>> concat_accounts(rows, balance(None))[["loginid", "error"]]
      loginid      error
    0     CR1       <NA>
    1     CR2  no answer
    """
    told = {loginid: part for loginid, part in parts.items() if not isinstance(part, Exception)}
    frames = []
    for loginid, part in zip(
        parts, aligned([empty, *(told.get(loginid, empty) for loginid in parts)])[1:], strict=True
    ):
        failure = parts[loginid]
        if isinstance(failure, Exception):
            part = part.reindex([0])
            part["loginid"] = pd.Series([loginid], dtype="string")
        error = [str(failure) if isinstance(failure, Exception) else None] * len(part)
        frames.append(part.assign(error=pd.Series(error, index=part.index, dtype="string")))
    joined = pd.concat(frames, ignore_index=True)
    if "loginid" in joined:  # with one account it matters little, with several it comes first
        joined.insert(0, "loginid", joined.pop("loginid"))
    joined.attrs = {**empty.attrs, "loginid": ", ".join(parts)}
    joined.attrs |= remarks(told)
    return joined


def remarks(frames: Mapping[str, pd.DataFrame]) -> dict[Hashable, Any]:
    """Return ``note`` and ``beside`` from the ``attrs`` of several frames, merged for their joint frame."""
    notes = dict.fromkeys(frame.attrs["note"] for frame in frames.values() if frame.attrs.get("note"))
    besides = {name: json.loads(frame.attrs["beside"]) for name, frame in frames.items() if frame.attrs.get("beside")}
    said: dict[Hashable, Any] = {"note": " ".join(notes)} if notes else {}
    return {**said, "beside": json.dumps(besides, ensure_ascii=False)} if besides else said


def aligned(frames: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Give all frames the columns and categories that only some of them have, and keep every dtype.

    Parameters
    ----------
    frames : sequence of DataFrame
        Frames of the same kind; Deriv may have said more about one account than about another.

    Returns
    -------
    list of DataFrame
        The frames in the same order; `pandas.concat` joins them without loss.

    Examples
    --------
    >>> import pandas as pd
    >>> one, other = aligned([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2], "b": pd.array(["x"], dtype="string")})])
    >>> str(one["b"].dtype)
    'string'
    """
    columns: dict[Any, pd.Series[Any]] = {}
    for frame in frames:
        columns |= {name: frame[name].iloc[:0] for name in frame.columns if name not in columns}
    empty = pd.DataFrame(columns)
    return _same_categories([_completed(frame, empty) for frame in frames])


def _completed(frame: pd.DataFrame, empty: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with the columns that only other frames have."""
    if len(frame.columns) == len(empty.columns):
        return frame
    missing = [name for name in empty.columns if name not in frame]
    whole = pd.concat([frame, empty[missing].reindex(frame.index)], axis=1)[list(empty.columns)]
    whole.attrs = dict(frame.attrs)
    return whole


def _same_categories(parts: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Give the columns of all frames the categories that only some of them have."""
    for name in parts[0].columns if parts else ():
        kinds = [part[name].dtype for part in parts]
        if isinstance(kinds[0], pd.CategoricalDtype) and any(kind != kinds[0] for kind in kinds):
            known = union_categoricals([part[name] for part in parts]).dtype
            parts = [part.assign(**{str(name): part[name].astype(known)}) for part in parts]
    return parts
