"""A REST request that is refused."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Error as the client gets it: HTTP status, Deriv's code, a message, the field it is about, and further values."""

    def __init__(self, status: int, code: str, message: str, field: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.more = more
