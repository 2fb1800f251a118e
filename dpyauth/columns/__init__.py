"""Define the columns of the frames as data: name, kind, path of the value in a reply, and meaning.

Nothing here needs pandas, so docstrings can show the columns before it is loaded. `dpyauth.frames` makes the arrays.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import indent, wrap
from typing import Any, Literal, TypeVar

Kind = Literal[
    "text", "enum", "flag", "count", "money", "exact", "number", "time", "moment", "day", "list", "map", "any"
]

_DTYPES: dict[Kind, str] = {
    "text": "string",
    "enum": "category",
    "flag": "boolean",
    "count": "Int64",
    "money": "float64",
    "exact": "float64",
    "number": "float64",
    "time": "datetime64[us, UTC]",
    "moment": "datetime64[us, UTC]",
    "day": "datetime64[us]",
    "list": "list",
    "map": "dict",
    "any": "object",
}
_WIDTH = 110
_ONLY = "({} only)"
UNDOCUMENTED = "where Deriv sends it"
"""Used for ``only`` if no API is known to have the column."""

_REFERENCE = re.compile(
    r"^(?P<margin> *)See ``(?P<module>dpyauth\.columns\.\w+)\.(?P<name>[A-Z_0-9]+)``\.$", re.MULTILINE
)

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its kind, its meaning, and the path of its value in a row.

    Parameters
    ----------
    name : str
        Name of the column in the frame.
    kind : {"text", "enum", "flag", "count", "money", "exact", "number", "time", "moment", "day", "list", "map", "any"}
        Kind of the values; decides the dtype (see `dpyauth.frames`).
    source : str
        Dotted path of the value in a row; if left out, the name of the column.
    values : tuple of str
        Known values of an ``enum``, in display order.
    ordered : bool
        Whether that order is a ranking.
    doc : str
        Meaning and unit, for docstrings and `session.help`; ``values`` and ``only`` are appended.
    only : str
        The only API that documents the column, or ``UNDOCUMENTED``. On another API the frame has no such column, unless
        Deriv sends the value anyway.
    """

    name: str
    kind: Kind = "text"
    source: str = ""
    values: tuple[str, ...] = ()
    ordered: bool = False
    doc: str = ""
    only: str = ""

    @property
    def path(self) -> str:
        """Dotted path of the value in a row."""
        return self.source or self.name

    @property
    def dtype(self) -> str:
        """Name of the dtype in the documentation; ``list`` and ``dict`` mean columns of Python objects."""
        return _DTYPES[self.kind]

    @property
    def meaning(self) -> str:
        """Meaning, known values, and the only API that has the column."""
        told = ": ".join(filter(None, (self.doc, (" < " if self.ordered else ", ").join(self.values))))
        return f"{told} {_ONLY.format(self.only)}".strip() if self.only else told


def table(columns: Iterable[Column]) -> str:
    """Return columns as a table of name, dtype and meaning, in reStructuredText.

    Examples
    --------
    >>> print(table([Column("amount", "money", doc="negative if money left the account"), Column("app")]))
    ======  =======  ==================================
    amount  float64  negative if money left the account
    app     string
    ======  =======  ==================================
    """
    rows = [(column.name, column.dtype, column.meaning) for column in columns]
    names, dtypes = (max(len(row[at]) for row in rows) for at in (0, 1))
    margin, rest = " " * (names + dtypes + 4), _WIDTH - names - dtypes - 4
    lines = []
    for name, dtype, meaning in rows:
        first, *more = wrap(meaning, rest, break_long_words=False) if len(meaning) > rest else [meaning]
        lines += [f"{name:<{names}}  {dtype:<{dtypes}}  {first}".rstrip(), *(margin + line for line in more)]
    border = f"{'=' * names}  {'=' * dtypes}  {'=' * max(3, *(len(line) - len(margin) for line in lines))}"
    return "\n".join((border, *lines, border))


def with_columns(function: F) -> F:
    """Show tables of columns in a docstring; a decorator.

    Each line that only refers to columns, such as "See ``dpyauth.columns.money_columns.WALLETS``.", becomes their
    table. So the meaning of a column is written once, and an editor that reads the source without running it still
    shows where the columns are.

    Parameters
    ----------
    function : callable
        Function with such a docstring; the docstring is changed.

    Returns
    -------
    callable
        The same function.

    Examples
    --------
    >>> @with_columns
    ... def prices():
    ...     '''Return prices:
    ...
    ...     See ``dpyauth.columns.market_columns.QUOTES``.
    ...     '''
    >>> print(prices.__doc__.splitlines()[3].strip())
    quote  float64  price of the market
    """
    if function.__doc__:  # python -OO leaves none
        function.__doc__ = _REFERENCE.sub(_table_for, function.__doc__)
    return function


def _table_for(reference: re.Match[str]) -> str:
    """Return the table of the columns that a line refers to."""
    columns = getattr(importlib.import_module(reference["module"]), reference["name"])
    return indent(table(columns), reference["margin"])
