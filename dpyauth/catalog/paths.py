"""Follow the paths of fields in requests and replies, such as ``data.dry_run``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def get_path(value: Any, path: str) -> Any:
    """Return the value at a dotted path of nested mappings; None if the path does not exist.

    Examples
    --------
    >>> get_path({"data": {"dry_run": True}}, "data.dry_run")
    True
    >>> get_path({"data": None}, "data.dry_run")
    """
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
