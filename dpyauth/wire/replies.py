"""Messages as replies of the Deriv API."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

Reply = dict[str, Any]


def parse(message: bytes) -> Reply | None:
    """The reply in a message, or None when it holds none."""
    try:
        reply = json.loads(message.decode())
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None


def exactly(message: bytes, otherwise: Reply) -> Reply:
    """The same reply with its numbers as `decimal.Decimal`; as it was, where a number is beyond even that."""
    try:
        reply: Reply = json.loads(message.decode(), parse_float=Decimal)
    except ArithmeticError:
        return otherwise
    return reply


def error_code(reply: Reply) -> str | None:
    """The code of an error reply."""
    error = reply.get("error")
    if error is None:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else "UnknownError"
