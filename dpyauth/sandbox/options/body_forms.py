"""Check the fields of a REST request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from dpyauth.sandbox.options.problem import Problem

AMOUNT: Final = re.compile(r"\d{1,40}(\.\d{1,40})?", re.ASCII)  # Deriv does not document a maximum length
CURRENCY: Final = re.compile(r"[A-Z0-9_]{1,18}", re.ASCII)
THREE_LETTERS: Final = re.compile(r"[A-Z]{3}", re.ASCII)
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
TEXT: Final = re.compile(r"(?s).*")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LATEST: Final = 253_402_300_799  # the last second of the year 9999

Rule = re.Pattern[str] | tuple[str, ...] | type[bool] | type[int] | type[list[Any]]


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of a body: their allowed values, which of them are optional, and the codes of errors.

    A string must match a pattern or be one of several; for other fields only the type is checked.
    """

    fields: Mapping[str, Rule]
    optional: Mapping[str, Rule] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    strict: bool = True  # whether unknown fields are refused

    def check(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the body; raise if it is not valid."""
        for name in self.fields:
            if name not in body:
                raise Problem(400, self.codes.get(name, "FieldIsRequired"), f"{name} is required", name)
        known = {**self.fields, **self.optional}
        for name, value in body.items():
            if name in known:
                if not _fits(value, known[name]):
                    raise Problem(400, self.codes.get(name, "ValidationError"), f"{name} is malformed", name)
            elif self.strict:
                raise Problem(400, "ValidationError", "The body has a field that this call does not have")
        return body


def _fits(value: Any, rule: Rule) -> bool:
    if isinstance(rule, re.Pattern):
        return isinstance(value, str) and rule.fullmatch(value) is not None
    return value in rule if isinstance(rule, tuple) else type(value) is rule


def matching(value: str, rule: re.Pattern[str], name: str) -> str:
    """Return a parameter of the query; raise if it is neither empty nor of this form."""
    if value and not rule.fullmatch(value):
        raise Problem(400, "ValidationError", f"{name} is malformed", name)
    return value


def moment(value: str, name: str) -> float | None:
    """Return a parameter as epoch seconds: it is a number of seconds or ISO 8601. None if it is empty."""
    if not value:
        return None
    try:
        if value.isascii() and value.isdigit():
            when = float(value)
        else:
            told = datetime.fromisoformat(value)
            when = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Problem(400, "ValidationError", f"{name} is neither ISO 8601 nor epoch seconds", name) from None
    if not 0 <= when <= _LATEST:
        raise Problem(400, "ValidationError", f"{name} is out of range", name)
    return when


def day(value: str, name: str, status: int = 422) -> int:
    """Return the epoch of a date, YYYY-MM-DD in UTC."""
    try:
        if _DATE.fullmatch(value):
            return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())
    except ValueError:
        pass
    raise Problem(status, "ValidationError", f"{name} must be a date (YYYY-MM-DD)", name)
