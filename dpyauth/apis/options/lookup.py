"""Look up by its key whether Deriv carried out a change whose reply was lost. Nothing is sent again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import (
    ApiError,
    CallTimeout,
    DpyauthError,
    NotCarriedOut,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
)
from dpyauth.net.messages import Reply
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

Ask = Callable[["Call", Mapping[str, Any], float], Awaitable[Reply]]
"""Function that makes a call which only reads, given the call, its fields and a time limit in seconds."""

PAUSES = (0.0, 2.0, 5.0)
"""Pauses before each look-up, in seconds. The change may take a moment to appear in Deriv's records."""

PATIENCE = 10.0
"""Time limit for all look-ups together, in seconds; a single one has a third of it."""

UNKNOWN = "RequestIDNotFound"
"""Deriv's code for a key that it does not know."""

USED = frozenset({"DuplicateRequestID", "RequestIDUsed"})
"""Deriv's codes for a change whose key has been used before: nothing was changed this time."""

FAILED = frozenset({"failed", "rejected", "declined", "cancelled", "canceled", "reverted"})
"""States of a transfer that did not go through. Deriv documents none for wallets; any other state counts as success."""

Row = Mapping[str, Any]


async def look_up(unknown: OutcomeUnknown, call: Call, key: str, ask: Ask) -> Reply:
    """Return what Deriv's records say about a change, in the form of its reply, with ``looked_up`` beside ``data``.

    Parameters
    ----------
    unknown : OutcomeUnknown
        Error of the change.
    call : Call
        Call that makes the change.
    key : str
        Key by which Deriv knows the request.
    ask : callable
        Function that asks Deriv.

    Raises
    ------
    ApiError
        Deriv has a record of the change, and it did not go through.
    NotCarriedOut
        Deriv has no record of the change.
    OutcomeUnknown
        Deriv could not be asked, or its reply shows neither.
    """
    end = time.monotonic() + PATIENCE
    assert call.lookup is not None
    look = _Look(call.lookup, key, ask)
    for pause in PAUSES:
        if look.took + pause > end - time.monotonic():
            break
        await asyncio.sleep(pause)
        try:
            async with asyncio.timeout(end - time.monotonic()):
                rows = await look.once(end)
        except TimeoutError:
            look.trouble = said("no_answer_within", seconds=PATIENCE)
            break
        if rows:
            return _told(call, key, rows)
    if look.trouble:
        unknown.add_note(said("lookup_failed", reason=look.trouble))
        raise unknown
    raise NotCarriedOut(said("not_carried_out", call=call.name, key=key), call=call.name, request_id=key)


class _Look:
    """Search for a key in all places where it may be."""

    def __init__(self, lookup: Call, key: str, ask: Ask) -> None:
        self.took = 0.0
        """Duration of the last look-up, in seconds."""
        self.trouble = ""
        """Reason why the last look-up was inconclusive; empty if it was not."""
        self._lookup = lookup
        self._key = key
        self._ask = ask
        self._places = lookup.places()

    async def once(self, end: float) -> list[Row]:
        """Look in all places at the same time; return the rows found."""
        began = time.monotonic()
        left = min(end - began, PATIENCE / 3)
        asked = (self._ask(self._lookup, {**place, "request_id": self._key}, left) for place in self._places)
        heard = await asyncio.gather(*asked, return_exceptions=True)
        self.took = time.monotonic() - began
        self.trouble = ""
        found: list[Row] = []
        there = []
        for place, told in zip(self._places, heard, strict=True):
            if isinstance(told, BaseException):
                if isinstance(told, ApiError) and told.code == UNKNOWN:
                    there.append(place)
                elif not isinstance(told, DpyauthError):
                    raise told
                elif not _nowhere(told):
                    there.append(place)
                    self.trouble = _why(told)
                continue
            rows = _rows(told, self._key) if place else _status(told)
            there.append(place)
            if rows is None:
                self.trouble = said("records_do_not_say")
            found += rows or ()
        if not there:
            self.trouble = said("no_such_records")
        self._places = there or self._places  # the next look-up need not ask for wallets that do not exist
        return found


def _why(error: DpyauthError) -> str:
    """Return why a look-up failed. The error's own text would mislead here: it advises to run the cell again."""
    if isinstance(error, RateLimited):
        return said("limit_is_used_up")
    if isinstance(error, ApiError):
        return said("answered_with", code=error.code)
    return said("no_answer_in_time") if isinstance(error, CallTimeout) else said("could_not_be_asked")


def _nowhere(error: DpyauthError) -> bool:
    """Return whether the place does not exist, such as a wallet of a kind that the user does not have.

    A refusal without an error code of Deriv's may come from something in between, and says nothing about the place.
    """
    if isinstance(error, PermissionDenied):
        return not error.code.startswith("HTTP")
    return isinstance(error, ApiError) and (error.code.endswith("NotFound") or error.code == "HTTP404")


def _rows(reply: Reply, key: str) -> list[Row] | None:
    """Return the listed rows with this key; None if the reply is inconclusive.

    If no row has the key, only an empty list without further pages is conclusive. A list of other rows may mean that
    Deriv has ignored the key.
    """
    data = reply.get("data")
    listed = data.get("transactions") if isinstance(data, dict) else data
    if not isinstance(listed, list):
        return None
    rows: list[Row] = [row for row in listed if isinstance(row, dict) and _same(row.get("request_id"), key)]
    links = reply.get("links")
    more = isinstance(links, dict) and links.get("next")
    return rows if rows or not (listed or more) else None


def _status(reply: Reply) -> list[Row] | None:
    data = reply.get("data")
    if not isinstance(data, dict):
        return None
    told = data.get("status")
    return [data] if isinstance(told, str) and told.strip() else None


def _same(told: Any, key: str) -> bool:
    return isinstance(told, str) and told.lower() == key.lower()


def _told(call: Call, key: str, rows: list[Row]) -> Reply:
    """Return the lost reply, rebuilt from Deriv's records."""
    for row in rows:
        if has_failed(row):
            state = _state(row)
            raise ApiError(
                said("did_not_go_through", call=call.name, status=state),
                call=call.name,
                code=state,
                details={"request_id": key, "status": state},
            )
    return {"data": {**rows[0], "request_id": key}, "looked_up": True}


def has_failed(told: Any) -> bool:
    """Return whether Deriv's record of a transfer says that it did not go through."""
    return isinstance(told, dict) and _state(told).lower() in FAILED


def _state(row: Row) -> str:
    """Return the state of a transfer from any of its places: a transfer to a platform has it in an object."""
    for told in (row.get("metadata"), row.get("status"), row):
        state = (told.get("transaction_status") or told.get("status")) if isinstance(told, dict) else None
        if state and not isinstance(state, dict):
            return str(state)
    return ""
