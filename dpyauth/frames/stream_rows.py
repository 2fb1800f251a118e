"""List the updates of a stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import pandas as pd

from dpyauth.catalog.shapes import ENVELOPE, Shape, load, mask
from dpyauth.columns import with_columns
from dpyauth.columns.session_columns import (
    BALANCE_UPDATE,
    CANDLE,
    CONTRACT_UPDATE,
    ERROR,
    RECEIVED,
    TICK,
    TRANSACTION_UPDATE,
)
from dpyauth.frames.build import Context, frame
from dpyauth.frames.documented import documented
from dpyauth.frames.values import as_list, mapping, rows_of, told, without
from dpyauth.registry import APIS

_UPDATES = {
    "tick": TICK,
    "ohlc": CANDLE,
    "balance": BALANCE_UPDATE,
    "transaction": TRANSACTION_UPDATE,
    "proposal_open_contract": CONTRACT_UPDATE,
}
_OPENED_BY = {"ticks": "tick", "ticks_history": "tick"}


@with_columns
def updates(
    call: str, received: Sequence[tuple[float, Mapping[str, Any]]], context: Context | None = None
) -> pd.DataFrame:
    """List the updates of a stream, one row per update.

    Parameters
    ----------
    call : str
        Call that opened the stream.
    received : sequence of (time, reply)
        When each update arrived, in seconds since 1970, and the whole reply.
    context : Context, optional
        Where they came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        One row per update, in order. The first columns are:

        See ``dpyauth.columns.session_columns.RECEIVED``.

        Then, for ``ticks``:

        See ``dpyauth.columns.session_columns.TICK``.

        For ``ticks_history`` with candles; the first reply, the history, becomes one row per candle or tick:

        See ``dpyauth.columns.session_columns.CANDLE``.

        For ``balance``:

        See ``dpyauth.columns.session_columns.BALANCE_UPDATE``.

        For ``transaction``:

        See ``dpyauth.columns.session_columns.TRANSACTION_UPDATE``.

        For ``proposal_open_contract``:

        See ``dpyauth.columns.session_columns.CONTRACT_UPDATE``.

        For any other call: one column per field, under Deriv's name, with secrets and personal data as ``•••``; and
        ``currency``, if the request names one (proposal). If an update is an error, which is possible in a stream of
        several symbols or contracts, there is also the column ``error``. Quotes, spots, bids and asks are market prices
        and have no currency.

    Examples
    --------
    >>> from dpyauth.frames import updates
    >>> updates("ticks", [(0.0, {"msg_type": "tick", "tick": {"symbol": "R_100", "quote": 10.5}})])["quote"].item()
    10.5
    """
    context = context or Context(call)
    shapes_of = [shapes[call] for shapes in map(load, APIS) if call in shapes]
    known = _OURS.union(ENVELOPE, *(shape.reply for shape in shapes_of))
    rows = [row for when, reply in received for row in _rows(when, reply, known)]
    kinds = {str(row.pop("msg_type")) for row in rows} or {_OPENED_BY.get(call, call)}
    columns = next((_UPDATES[kind] for kind in sorted(kinds) if kind in _UPDATES), None)
    if columns is not None:
        if any("error" in row for row in rows) and ERROR not in columns:
            columns = (*columns, ERROR)
        omits = {"id", "pip_size", *(name for kind in kinds for name in documented(*_TOLD.get(kind, ("", ""))))}
        return frame(rows, (*RECEIVED, *columns), context, omits=omits)
    facts = next(iter(shapes_of), Shape()).reply.get(call)
    return frame([mask(row, facts, call=call, name=call) for row in rows], RECEIVED, context)


_TOLD = {
    "tick": ("ticks", "tick"),
    "balance": ("balance", "balance"),
    "transaction": ("transaction", "transaction"),
    "proposal_open_contract": ("proposal_open_contract", "proposal_open_contract"),
}
"""Call and path under which Deriv documents the fields of an update; the columns are a selection of them."""


_OURS = frozenset(("tick", "ohlc", "history", "candles", "backfilled", "symbol"))
"""Fields that an update may have although Deriv does not document them for its call."""


def _rows(when: float, reply: Mapping[str, Any], known: Collection[str]) -> list[dict[str, Any]]:
    rows, beside = _split(when, reply)
    kind = str(reply.get("msg_type"))
    beside |= {name: value for name, value in reply.items() if name not in known and name != kind}
    if not any(map(told, beside.values())):
        return rows
    rows = rows or [{"received": when, "msg_type": kind}]
    return [{**{f"{name}_" if name in row else name: value for name, value in beside.items()}, **row} for row in rows]


def _split(when: float, reply: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows of an update, and the fields beside the times and prices of a history."""
    kind = str(reply.get("msg_type"))
    gap = mapping(reply.get("gap"))
    head = {"received": when, "gap": bool(gap) and not gap.get("filled"), "msg_type": kind}
    asked = mapping(reply.get("echo_req"))
    if kind == "history":
        history = reply.get("history")
        beside = without(history, "times", "prices") if isinstance(history, Mapping) else {"history": history}
        history = mapping(history)
        pairs = zip_longest(as_list(history.get("times")), as_list(history.get("prices")))
        fixed = {"msg_type": "tick", "symbol": asked.get("ticks_history"), "backfilled": False}
        return [{**head, **fixed, "epoch": time, "quote": price} for time, price in pairs], beside
    if kind == "candles":
        candles = rows_of(reply.get("candles"), "candles")
        fixed = {"symbol": asked.get("ticks_history"), "granularity": asked.get("granularity")}
        return [{**head, "msg_type": "ohlc", **fixed, "open_time": row.get("epoch"), **row} for row in candles], {}
    payload = reply.get(kind)
    row = {**(payload if isinstance(payload, Mapping) else {kind: payload} if told(payload) else {}), **head}
    if asked.get("currency") and not row.get("currency"):
        row["currency"] = asked["currency"]
    if kind == "tick":
        row["backfilled"] = bool(reply.get("backfilled"))
    if "error" in reply:
        row["error"] = reply["error"]
        if reply.get("symbol"):
            row["symbol"] = reply["symbol"]
    return [row], {}
