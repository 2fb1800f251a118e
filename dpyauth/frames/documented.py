"""Look up which fields Deriv documents for a row.

Frames with their own columns leave out other documented fields on purpose; `dpyauth.Session.frame` shows all of them.
Undocumented fields are never left out.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from dpyauth.catalog.shapes import load
from dpyauth.registry import APIS


@functools.cache
def documented(call: str, path: str) -> frozenset[str]:
    """Return the documented fields of a row, as dotted paths.

    Parameters
    ----------
    call : str
        Name of a call, of any API.
    path : str
        Path of the row in its reply, with ``[]`` for the items of a list and ``{}`` for the values of an object
        whose keys are data.

    Examples
    --------
    >>> sorted(documented("exchange_rates", "exchange_rates"))
    ['base_currency', 'date', 'rates']
    """
    found: set[str] = set()
    for api in APIS:
        node: Any = load(api)[call].reply if call in load(api) else {}
        for step in path.split("."):
            node = node.get(step, {}) if isinstance(node, dict) else {}
        found.update(_leaves(node))
    return frozenset(found)


def _leaves(node: Any, path: str = "") -> Iterator[str]:
    """List the fields of an object and of those within it, but not of the items of its lists."""
    if isinstance(node, dict) and not node.keys() & {"[]", "{}", "()", "||"}:
        for name, child in node.items():
            yield from _leaves(child, f"{path}.{name}" if path else name)
    elif path:
        yield path
