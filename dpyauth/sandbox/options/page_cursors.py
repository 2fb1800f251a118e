"""Make and read the cursors of paged lists. They are signed, so only the sandbox can make one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from typing import Any, Final

from dpyauth.sandbox.options.problem import Problem

_WRONG: Final = "The page cursor is not valid"


class Cursors:
    """Cursors that are valid for one list, and for a limited time."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def make(self, what: str, now: float, place: Any) -> str:
        """Return a cursor for a place in a list."""
        text = json.dumps([what, now, place]).encode()
        return base64.urlsafe_b64encode(self._sign(text) + text).decode().rstrip("=")

    def read(self, cursor: str, what: str, now: float, lifetime: float) -> Any:
        """Return the place that a cursor is for; raise if it is not valid."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise Problem(400, "ValidationError", _WRONG, "page_cursor") from None
        signature, text = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(text)):
            raise Problem(400, "ValidationError", _WRONG, "page_cursor")
        made_for, made, place = json.loads(text)
        if made_for != what:
            raise Problem(400, "ValidationError", _WRONG, "page_cursor")
        if now - made >= lifetime:
            raise Problem(400, "ValidationError", "The page cursor has expired", "page_cursor")
        return place

    def _sign(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, hashlib.sha256)[:16]
