"""Read the parts of replies that concern streams. No I/O."""

from __future__ import annotations

import re

from dpyauth.net.messages import Reply, error_of, leaves_open, says_nothing

ALREADY = "AlreadySubscribed"
"""Deriv's error code for a stream that is already open on this connection."""

LONGEST = 1000
"""Number of characters of an error's text that are searched for a symbol."""


def opening_reply(reply: Reply, live: bool) -> Reply:
    """Return the reply to a request for a stream, turned into an error if it has neither data nor a stream.

    A stream that was ``live`` goes on, so a reply without a stream completes it only if it reports that a contract was
    sold.
    """
    if "error" in reply or stream_id(reply) is not None:
        return reply
    contract = reply.get("proposal_open_contract")
    complete = not live or contract == {} or (isinstance(contract, dict) and contract.get("is_sold"))
    none = {"message": "The reply does not start a stream"}
    return reply if complete and not says_nothing(reply) else {**reply, "error": none}


def may_pass(code: str) -> bool:
    """Return whether a stream that Deriv refused with this code may be available a moment later."""
    return leaves_open(code) or code in {"RateLimit", ALREADY}


def symbol_named(symbols: tuple[str, ...], reply: Reply) -> str | None:
    """Return the symbol that an error is about; None if it names none of these symbols, or several."""
    error = error_of(reply) or {}
    details = error.get("details")
    texts = [*(details.values() if isinstance(details, dict) else ()), error.get("message")]
    words = {word for text in texts if isinstance(text, str) for word in re.findall(r"\w+", text[:LONGEST])}
    found = [symbol for symbol in symbols if symbol in words]
    return found[0] if len(found) == 1 else None


def stream_id(reply: Reply) -> str | None:
    """Return Deriv's id of the stream that a reply belongs to."""
    subscription = reply.get("subscription")
    found = subscription.get("id") if isinstance(subscription, dict) else None
    return found if isinstance(found, str) else None


def epoch(reply: Reply | None) -> int | None:
    """Return the time of a tick, in seconds since 1970; None if a reply is not a tick."""
    tick = (reply or {}).get("tick")
    found = tick.get("epoch") if isinstance(tick, dict) else None
    return found if type(found) is int else None
