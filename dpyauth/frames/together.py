"""The same frame of several accounts as one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def together(parts: Mapping[str, pd.DataFrame | Exception], empty: pd.DataFrame) -> pd.DataFrame:
    """Put the frames of several accounts one below the other; those that failed become rows, too.

    Parameters
    ----------
    parts : mapping of str to DataFrame or exception
        By login ID: the account's frame, or why there is none.
    empty : pandas.DataFrame
        The same frame without rows, for columns and dtypes.

    Returns
    -------
    pandas.DataFrame
        The columns of the frames and ``error`` (string): what went wrong with the account, else missing.

    Examples
    --------
    >>> from dpyauth.frames import balance, together
    >>> rows = {"CR1": balance({"loginid": "CR1", "balance": 5.0}), "CR2": TimeoutError("no answer")}
    >>> together(rows, balance(None))[["loginid", "error"]]
      loginid      error
    0     CR1       <NA>
    1     CR2  no answer
    """
    frames = []
    for loginid, part in parts.items():
        if isinstance(part, Exception):
            failed = empty.reindex([0])
            failed["loginid"] = pd.Series([loginid], dtype="string")
            failed["error"] = pd.Series([str(part)], dtype="string")
            frames.append(failed)
        else:
            frames.append(part.assign(error=pd.Series(pd.NA, index=part.index, dtype="string")))
    joined = pd.concat(frames, ignore_index=True)
    joined.attrs = {**empty.attrs, "loginid": ", ".join(parts)}
    notes = dict.fromkeys(each.attrs["note"] for each in frames if each.attrs.get("note"))
    if notes:
        joined.attrs["note"] = " ".join(notes)
    return joined
