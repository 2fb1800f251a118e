"""Check that a reply answers the request whose number it carries, by its other fields. No I/O.

A reply is rejected only if it clearly belongs to another request. Missing fields and unknown values do not count. Deriv
repeats a request as it was sent, except for secrets.

Why this is needed: if a server or a proxy mixes up two replies, a balance of another account would otherwise be shown
as yours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from decimal import Decimal, DecimalException
from typing import Any

from dpyauth.net.messages import Reply

KINDS: Mapping[str, frozenset[str]] = {
    "ticks": frozenset({"tick"}),
    "ticks_history": frozenset({"history", "candles", "tick", "ohlc"}),
    "buy": frozenset({"proposal_open_contract"}),
    "buy_contract_for_multiple_accounts": frozenset({"buy"}),
    "sell_contract_for_multiple_accounts": frozenset({"sell"}),
}
"""Values of ``msg_type`` in replies to a call, in addition to the call's own name."""

_OTHERS = frozenset().union(*KINDS.values())

_TOLD = {
    "balance": ("loginid", "loginid"),
    "proposal_open_contract": ("contract_id", "contract_id"),
    "ticks": ("ticks", "symbol"),
}
"""Field that says what was asked for, and the field of the payload that repeats it, by call."""


def belongs(reply: Reply, call: str, req_id: int, fields: Mapping[str, Any], calls: Collection[str]) -> bool:
    """Return False if something in a reply shows that it answers another request.

    Parameters
    ----------
    reply : dict
        Reply that was received.
    call, req_id, fields
        Request whose number the reply carries.
    calls : collection of str
        Names of all calls.
    """
    kind = reply.get("msg_type")
    if kind != call and not _is_kind(kind, reply, call, calls):
        return False
    echo = reply.get("echo_req")
    if type(echo) is dict and not _echoes(echo, call, req_id, fields, calls):
        return False
    return call not in _TOLD or _is_about(reply.get(str(kind)), fields, *_TOLD[call])


def _is_kind(kind: object, reply: Reply, call: str, calls: Collection[str]) -> bool:
    kinds = KINDS.get(call, frozenset())
    if isinstance(kind, str):
        return kind in kinds or not (kind in calls or kind in _OTHERS)
    named = {name for name in reply if name in calls}
    return not named or call in named or not kinds.isdisjoint(reply)


def _echoes(echo: Reply, call: str, req_id: int, fields: Mapping[str, Any], calls: Collection[str]) -> bool:
    told = echo.get("req_id")
    if told is not None and told != req_id and not _same(req_id, told):
        return False
    # The echo names another call. Some fields have the names of calls, so those that were sent do not count.
    if call not in echo and any(name in calls and name not in fields for name in echo):
        return False
    for name, value in fields.items():
        if name in echo and echo[name] != value and name != "passthrough" and not _same(value, echo[name]):
            return False
    return True


def _is_about(payload: object, fields: Mapping[str, Any], field: str, where: str) -> bool:
    asked, told = fields.get(field), payload.get(where) if isinstance(payload, dict) else None
    if asked is None or told is None or asked == told:
        return True
    return any(_same(each, told) for each in (asked if isinstance(asked, list) else [asked]))


def _same(sent: object, told: object) -> bool:
    """Return whether Deriv may have repeated one value as the other; True if they cannot be compared."""
    if isinstance(sent, list) and isinstance(told, list):
        return len(sent) == len(told) and all(map(_same, sent, told))
    if isinstance(sent, dict) and isinstance(told, dict):
        return all(_same(value, told[name]) for name, value in sent.items() if name in told)
    one, other = _number(sent), _number(told)
    if one is not None and other is not None:
        # A fraction may come back with fewer digits; a whole number may not.
        whole = one == int(one) and other == int(other)
        return one == other if whole else math.isclose(one, other, rel_tol=1e-9)
    if isinstance(sent, str) and isinstance(told, str) and _is_name(sent) and _is_name(told):
        return sent.casefold() == told.casefold()
    return True  # of different types, or a text such as <not shown> in place of a secret


def _number(value: object) -> float | int | Decimal | None:
    """Return a value as a number, if it is a number or the text of one."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except DecimalException:
            return None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return value if isinstance(value, int | float | Decimal) and -_HUGE < value < _HUGE else None


def _is_name(text: str) -> bool:
    """Return whether a text is a symbol, an ID, a code or a date, which Deriv repeats unchanged."""
    return len(text) <= 128 and _NAME.fullmatch(text) is not None


_NAME = re.compile(r"[\w.+:-]+", re.ASCII)
_HUGE = 10**300
