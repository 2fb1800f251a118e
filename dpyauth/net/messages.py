"""Parse replies of the Deriv API, from both WebSockets and HTTP. No other module parses their JSON. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from dpyauth.secret import Secret, scrub

Reply = dict[str, Any]

LARGE = 4096
"""Size from which msgspec is faster, in bytes; smaller messages do not justify importing it."""

_decode = json.JSONDecoder().raw_decode


def parse(message: bytes) -> Reply | None:
    """Return the reply in a message; None if it is not a JSON object."""
    try:
        reply = _fast(message) if len(message) >= LARGE else _standard(message)
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return None
    return _without_empty_error(reply) if isinstance(reply, dict) else None


def _without_empty_error(reply: Reply) -> Reply:
    """Remove an ``error`` that reports nothing: null, or empty in a reply that has a payload."""
    if "error" in reply:
        error = reply["error"]
        if error is None or (not error and reply.get(str(reply.get("msg_type"))) is not None):
            del reply["error"]
    return reply


def _fast(message: bytes) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(message)
    except msgspec.DecodeError:
        return _standard(message)  # Python accepts NaN and lone surrogates, which msgspec rejects as non-standard


def _standard(message: bytes) -> Any:
    text = message.strip(b" \t\r\n").decode()
    reply, end = _decode(text)
    if end != len(text):
        raise ValueError
    return reply


def exactly(message: bytes, otherwise: Reply) -> Reply:
    """Return a reply with its numbers as `decimal.Decimal`; ``otherwise`` if a number is too large even for that."""
    from decimal import Decimal

    try:
        reply: Reply = json.loads(message.decode(), parse_float=Decimal)
    except (ArithmeticError, RecursionError):
        return otherwise
    return _without_empty_error(reply)


def flag(value: Any) -> bool | None:
    """Return a flag as a bool: it may be a number, a string or a JSON boolean. None if it is neither 0 nor 1."""
    return _FLAGS.get(str(value).strip().lower()) if isinstance(value, bool | int | float | str) else None


_FLAGS = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False}


def error_code(reply: Reply) -> str | None:
    """Return the code of an error reply."""
    error = error_of(reply)
    if error is None:
        return None
    code = error.get("code")
    return code if isinstance(code, str) else "UnknownError"


def subcode_of(error: Mapping[str, Any], secrets: Collection[Secret] = ()) -> str:
    """Return the second code of an error, which names its cause; empty if there is none."""
    subcode = error.get("subcode")
    if isinstance(subcode, bool) or not isinstance(subcode, str | int):
        return ""
    text = str(scrub(str(subcode).strip(), secrets))
    return text if _SUBCODE.fullmatch(text) else ""


_SUBCODE = re.compile(r"[\w.•-]{1,64}")


def error_of(reply: Reply) -> dict[str, Any] | None:
    """Return the error in a reply as a dict, whatever its shape; None if there is no error."""
    error = reply.get("error")
    if isinstance(error, list):
        error = next((each for each in error if each), False)
    if error is None or isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def says_nothing(reply: Reply) -> bool:
    """Return whether a reply has no payload, only the fields that every reply has."""
    return all(value is None or name in _ENVELOPE for name, value in reply.items())


_ENVELOPE = {"echo_req", "msg_type", "passthrough", "req_id", "subscription"}


_OPEN = re.compile(
    r"(?i)internal|time_?d?_?out|call_?error|wrong_?response|unavailable|gateway|unknown_?error|unexpected"
)


def leaves_open(code: str) -> bool:
    """Return whether an error with this code leaves it open if a change was made."""
    return not code or _OPEN.search(code) is not None


_NEVER = re.compile(
    r"(?i)^invalid(?!_?token)|not_?found|denied|not_?allowed|input_?validation|^validation_?error|unrecogni[sz]ed"
    r"|closed_?market|market_?is_?closed|disabled|unwelcome|self_?exclusion|^offerings|field_?is_?required|bad_?input"
)


def says_never(code: str) -> bool:
    """Return whether an error with this code is permanent, so that asking again is of no use."""
    return _NEVER.search(code) is not None and not leaves_open(code)
