"""The answers of many accounts as one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.api.types import union_categoricals

MISSING = "Not asked, or not answered yet, when it was interrupted."


def joined(question: str, names: Sequence[str], answers: Mapping[str, Any]) -> pd.DataFrame:
    """Put what the members of a fleet were told one below the other; those that failed become rows, too.

    Parameters
    ----------
    question : str
        What was asked.
    names : sequence of str
        Of all members, in their order.
    answers : mapping of str to object
        By name: a frame, something else (it goes into a column ``result``), or the exception there is instead.

    Returns
    -------
    pandas.DataFrame
        ``name`` (string), the columns of the frames, and ``error`` (string): what went wrong, else missing. A column
        of theirs that is called ``name`` itself gets the question's name before it.

    Examples
    --------
    >>> from dpyauth.frames import balance
    >>> answers = {"Ann": balance({"loginid": "CR1", "balance": 5.0}), "Ben": TimeoutError("no answer")}
    >>> joined("balance", ["Ann", "Ben"], answers)[["name", "loginid", "error"]]
      name loginid      error
    0  Ann     CR1       <NA>
    1  Ben    <NA>  no answer
    """
    frames = {name: _frame(question, answer) for name, answer in answers.items() if not isinstance(answer, Exception)}
    empty = _empty(list(frames.values()))
    failed = empty.reindex([0])
    parts = [_completed(frames[name], empty) if name in frames else failed for name in names]
    whole = pd.concat(_same_categories(parts), ignore_index=True)
    lengths = [len(part) for part in parts]
    errors = [None if name in frames else str(answers.get(name, MISSING)) for name in names]
    error = pd.Series(errors, dtype="string").repeat(lengths).reset_index(drop=True)
    if "error" in whole:  # of frames that have one themselves
        error = whole.pop("error").fillna(error)
    whole.insert(0, "name", pd.Series(list(names), dtype="string").repeat(lengths).reset_index(drop=True))
    whole["error"] = error
    whole.attrs = {key: value for key, value in empty.attrs.items() if key != "loginid"}
    return whole


def _frame(question: str, answer: Any) -> pd.DataFrame:
    if not isinstance(answer, pd.DataFrame):
        return pd.DataFrame({"result": pd.Series([answer], dtype=object)})
    frame: pd.DataFrame = answer.reset_index() if answer.index.name else answer
    return frame.rename(columns={"name": f"{question}_name"}) if "name" in frame else frame


def _empty(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """No rows, and every column that a frame has."""
    columns: dict[Any, pd.Series[Any]] = {}
    for frame in frames:
        columns |= {name: frame[name].iloc[:0] for name in frame.columns if name not in columns}
    empty = pd.DataFrame(columns)
    empty.attrs = frames[0].attrs if frames else {}
    return empty


def _completed(frame: pd.DataFrame, empty: pd.DataFrame) -> pd.DataFrame:
    """The frame with the columns that only others have."""
    if len(frame.columns) == len(empty.columns):
        return frame
    missing = [name for name in empty.columns if name not in frame]
    filled = empty[missing].reindex(frame.index)
    return pd.concat([frame, filled], axis=1)[list(empty.columns)]


def _same_categories(parts: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Where Deriv has told one account of a value that the others' columns do not know, make it known to all."""
    for name in parts[0].columns:
        kinds = [part[name].dtype for part in parts]
        if isinstance(kinds[0], pd.CategoricalDtype) and any(kind != kinds[0] for kind in kinds):
            known = union_categoricals([part[name] for part in parts]).dtype
            parts = [part.assign(**{str(name): part[name].astype(known)}) for part in parts]
    return parts
