"""A REST request that is refused."""

from __future__ import annotations


class Problem(Exception):
    """Why, as it goes to the client: HTTP status, Deriv's code, a message, and the field it is about."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
