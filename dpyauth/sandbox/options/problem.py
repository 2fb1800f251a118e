"""A REST request that is refused."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Why, as it goes to the client: HTTP status, Deriv's code, a message, the field it is about, and what else."""

    def __init__(self, status: int, code: str, message: str, field: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.more = more
