"""Messages as replies of the Deriv API."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson

Reply = dict[str, Any]

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_HUGE = b"0" * 19  # a whole number beyond 64 bits has as many digits, or more


def parse(message: bytes) -> Reply | None:
    """The reply in a message, or None when it holds none."""
    try:
        reply = _loads(message)
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None


def _loads(message: bytes) -> Any:
    if message.translate(_DIGITS).rfind(_HUGE) < 0:  # orjson would make a float of it; rfind is twice as fast as find
        try:
            return orjson.loads(message)
        except orjson.JSONDecodeError:
            pass  # NaN, half a surrogate pair: not in the standard, but Python reads them
    return json.loads(message.decode())


def exactly(message: bytes, otherwise: Reply) -> Reply:
    """The same reply with its numbers as `decimal.Decimal`; as it was, where a number is beyond even that."""
    try:
        reply: Reply = json.loads(message.decode(), parse_float=Decimal)
    except (ArithmeticError, RecursionError):
        return otherwise
    return reply


def error_code(reply: Reply) -> str | None:
    """The code of an error reply."""
    error = reply.get("error")
    if error is None:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else "UnknownError"
