"""Recognise replies without the data that they should have.

Such a reply does not mean that there is nothing, such as no open contracts; it is no answer at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dpyauth.catalog.shapes import ENVELOPE, Shape, load
from dpyauth.errors import BadReply
from dpyauth.texts.said import said

_NEVER_EMPTY = frozenset(
    (
        *("balance", "exchange_rates", "get_account_status", "get_limits", "get_settings", "landing_company"),
        *("portfolio", "trading_times", "website_status"),
    )
)
"""Calls whose reply is an object that always has some fields."""


def payload_of(call: str, api: str, payload: Any) -> Any:
    """Return the payload of a reply, after checking that it has the type that Deriv documents.

    Parameters
    ----------
    call, api : str
        Call that was made, and its API.
    payload : object
        Value under the name of the call, or of the data.

    Raises
    ------
    BadReply
        There is no payload, or it has another type, such as a string instead of an object, or it is an object without
        any field where some are always present.
    """
    if payload is None:
        raise BadReply(said("reply_without_data", call=call), call=call)
    node = _node(call, api)
    if not isinstance(node, Mapping):
        return payload
    several = "[]" in node or "{}" in node
    if isinstance(payload, list) and not several and len(payload) == 1 and isinstance(payload[0], Mapping):
        payload = payload[0]
    right = isinstance(payload, Mapping) or (isinstance(payload, list) and (several or any(payload)))
    if not right or (not payload and call in _NEVER_EMPTY):
        raise _bad(call, payload, "array" if "[]" in node else "object")
    return payload


def check(call: str, api: str, reply: Mapping[str, Any]) -> None:
    """Check that a reply has data for a frame; raise BadReply if it does not."""
    shape = load(api).get(call, Shape())
    names = [path[0] for path in shape.rows if path]
    held = {name: value for name, value in reply.items() if name not in ENVELOPE}
    if not any(value is not None for value in held.values()):
        raise BadReply(said("reply_without_data", call=call), call=call)
    for name in names:
        node, value = shape.reply.get(name), held.get(name)
        keys = {"[]", "{}", "||", ""}
        if isinstance(node, Mapping) and keys.isdisjoint(node) and value in ([], "", False):
            raise _bad(call, value, "object")


def _node(call: str, api: str) -> Any:
    reply = load(api).get(call, Shape()).reply
    return reply.get(call, reply.get("data"))


def _bad(call: str, payload: Any, wanted: str) -> BadReply:
    """Return the error for a payload of the wrong type. Only the type is shown, as the value may be personal."""
    kinds = {str: "string", bool: "boolean", list: "array", dict: "object"}
    came = json.dumps(payload) if payload in ([], {}, "") else said(f"takes_{kinds.get(type(payload), 'number')}")
    code = f'session.call("{call}", ...)'
    text = said("reply_of_wrong_type", call=call, came=came, wanted=said(f"takes_{wanted}"), code=code)
    return BadReply(text, call=call)
