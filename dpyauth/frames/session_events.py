"""List the events and transfers of a session, and sum up its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.session_columns import (
    EVENTS,
    TRANSFERS,
)
from dpyauth.frames.build import frame


@with_columns
def events(rows: Iterable[tuple[float, str, str, float | None]]) -> pd.DataFrame:
    """List the events of a session.

    Parameters
    ----------
    rows : iterable of (time, what, why, took)
        Seconds since 1970, two texts, and a duration in seconds or None.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        See ``dpyauth.columns.session_columns.EVENTS``.

    Examples
    --------
    >>> from dpyauth.frames import events
    >>> events([(0.0, "connected", "", None)])["what"].item()
    'connected'
    """
    return frame(({"time": when, "what": what, "why": why, "took": took} for when, what, why, took in rows), EVENTS)


@with_columns
def transfers(rows: Iterable[tuple[float, str, str, str]]) -> pd.DataFrame:
    """List the transfers that a session has sent.

    Parameters
    ----------
    rows : iterable of (time, call, request_id, outcome)
        Seconds since 1970, and three texts.

    Returns
    -------
    pandas.DataFrame
        In the order given:

        See ``dpyauth.columns.session_columns.TRANSFERS``.

    Examples
    --------
    >>> from dpyauth.frames import transfers
    >>> transfers([(0.0, "wallet_transfer", "3f0e", "done")])["outcome"].item()
    'done'
    """
    named = ("time", "call", "request_id", "outcome")
    return frame((dict(zip(named, row, strict=True)) for row in rows), TRANSFERS)


def health(
    *,
    state: str,
    uptime: float | None,
    expires: datetime | None,
    round_trips: Sequence[float],
    reconnects: int,
    stray_replies: int,
    streams: int,
    left: Mapping[str, int],
) -> pd.Series[Any]:
    """Return the state of a session in figures; see `dpyauth.Session.health`."""
    trips = pd.Series(list(round_trips), dtype="float64")
    return pd.Series(
        {
            "state": state,
            "uptime": np.nan if uptime is None else uptime,
            "expires": np.nan if expires is None else pd.Timestamp(expires),
            "reconnects": reconnects,
            "last_round_trip": trips.iloc[-1] if len(trips) else np.nan,
            "p50": trips.quantile(0.5),
            "p99": trips.quantile(0.99),
            "stray_replies": stray_replies,
            "streams": streams,
            **{f"left_{name}": count for name, count in left.items()},
        },
        name="health",
        dtype="object",
    )
