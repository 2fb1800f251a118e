"""Format replies for display: as JSON, a table or an error, without secrets and control characters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.catalog.calls import Call
from dpyauth.catalog.request import echoed
from dpyauth.catalog.shapes import Shape, load, mask
from dpyauth.errors import (
    ApiError,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InputRefused,
    InvalidRequest,
    MissingScope,
    NotCarriedOut,
    NotSignedIn,
    OutcomeUnknown,
)
from dpyauth.sensitive import MASK, kind
from dpyauth.texts import Words

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 200_000
"""Largest number of characters of JSON to show."""
ROWS = 100
"""Largest number of rows of a frame to show."""

_CELL = 300
_MESSAGE = 1000

_TITLES: tuple[tuple[type[DpyauthError], str], ...] = (
    (OutcomeUnknown, "title_unknown"),
    (NotCarriedOut, "title_not_carried_out"),
    (ApiError, "title_refused"),
    (MissingScope, "title_scope"),
    (InvalidRequest, "title_request"),
    (ConnectionFailed, "title_connection"),
    (CallTimeout, "title_timeout"),
    (NotSignedIn, "title_signed_out"),
)


def reply_json(call: Call, api: str, reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply as JSON text, cut if it is very long, with secret and personal values masked."""
    facts = load(api).get(call.name, Shape()).reply
    shown: dict[str, Any] = mask({**reply, "echo_req": None}, facts, call=call.name)
    if "echo_req" in reply:
        asked = reply["echo_req"]
        shown["echo_req"] = echoed(call, asked if isinstance(asked, Mapping) else {})
    else:
        del shown["echo_req"]
    text = as_json(shown)
    return {"text": text[:LONGEST], "length": len(text), "cut": len(text) > LONGEST}


def table(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the first rows of a frame with each cell as text, or None if it has no value."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    dtypes = [frame.dtypes.iloc[place] for place in range(frame.shape[1])]
    head = frame.head(ROWS).astype(object)
    return {
        "shape": list(frame.shape),
        "columns": [plain(str(name))[:_CELL] for name in frame.columns],
        "dtypes": [str(dtype) for dtype in dtypes],
        "numbers": [bool(is_numeric_dtype(dtype) and not is_bool_dtype(dtype)) for dtype in dtypes],
        "rows": [[_cell(value) for value in row] for row in head.itertuples(index=False, name=None)],
    }


def trouble(error: DpyauthError, words: Words) -> dict[str, Any]:
    """Return the view of an error."""
    title = next((key for kind, key in _TITLES if isinstance(error, kind)), "failed")
    details = error.details if isinstance(error, ApiError) else {}
    if isinstance(error, InputRefused):  # the text about a field may be shown, unless the field is a secret
        details = {name: MASK if kind(str(name)) == "secret" else why for name, why in details.items()}
    else:
        details = mask(details, None)
    return {
        "title": words[title],
        "text": _cut(error.in_language(words["lang"]), _MESSAGE),
        "unknown": isinstance(error, OutcomeUnknown),
        "code": _cut(_code(error, words), _CELL),
        "details": _cut(as_json(details), LONGEST) if details else "",
        "fields": {str(name): _cut(str(why), _MESSAGE) for name, why in details.items()},
    }


def _code(error: DpyauthError, words: Words) -> str:
    """Return Deriv's codes; for an error of dpyauth, its code if the text is translated: to search for."""
    if isinstance(error, ApiError):
        return " ".join(filter(None, (error.code, error.subcode)))
    return "" if words.english else error.code


def as_json(value: Any) -> str:
    """Return a value as readable JSON."""
    return plain(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def plain(text: str) -> str:
    """Return the text with invisible characters as JSON escapes, since some reverse the text around them."""
    if all(map(str.isprintable, text.split("\n"))):
        return text
    return "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _cell(value: Any) -> str | None:
    if isinstance(value, list | dict | tuple):
        return _cut(plain(json.dumps(value, ensure_ascii=False, default=str)), _CELL)
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    return _cut(str(value), _CELL)


def _cut(text: str, longest: int) -> str:
    text = plain(text[: longest + 1])
    return text if len(text) <= longest else f"{text[:longest]}…"
