"""Join the answers of many accounts into one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.frames.concat import aligned, remarks

MISSING = "There was no answer yet when the question was interrupted."


def joined(question: str, names: Sequence[str], answers: Mapping[str, Any]) -> pd.DataFrame:
    """Join the answers of a fleet's members into one frame; a member that failed becomes a row, too.

    Parameters
    ----------
    question : str
        Name of the method.
    names : sequence of str
        Names of all members, in their order.
    answers : mapping of str to object
        By name: a frame, another value (it goes into a column ``result``), or an exception.

    Returns
    -------
    pandas.DataFrame
        ``name`` (string), the columns of the frames, and ``error`` (string): what went wrong, else missing. If the
        frames have a column ``name`` themselves, it is renamed to the method's name followed by ``_name``.

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
    told = dict(zip(frames, aligned(list(frames.values())), strict=True))
    empty = next(iter(told.values())).iloc[:0] if told else pd.DataFrame()
    parts = [told[name] if name in told else empty.reindex([0]) for name in names]
    whole = pd.concat(parts, ignore_index=True)
    lengths = [len(part) for part in parts]
    errors = [None if name in frames else str(answers.get(name, MISSING)) for name in names]
    error = pd.Series(errors, dtype="string").repeat(lengths).reset_index(drop=True)
    if "error" in whole:  # the frames have such a column themselves
        error = whole.pop("error").fillna(error)
    whole.insert(0, "name", pd.Series(list(names), dtype="string").repeat(lengths).reset_index(drop=True))
    whole["error"] = error
    whole.attrs = {key: value for key, value in empty.attrs.items() if key not in ("loginid", "note", "beside")}
    whole.attrs |= remarks(frames)
    return whole


def _frame(question: str, answer: Any) -> pd.DataFrame:
    if not isinstance(answer, pd.DataFrame):
        return pd.DataFrame({"result": pd.Series([answer], dtype=object)})
    frame: pd.DataFrame = answer.reset_index() if answer.index.name else answer
    return frame.rename(columns={"name": f"{question}_name"}) if "name" in frame else frame
