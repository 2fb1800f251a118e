"""Refusal of a REST request."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Error that the client gets: HTTP status, Deriv's code, a message, the field, and further values."""

    def __init__(self, status: int, code: str, message: str, field: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.more = more
