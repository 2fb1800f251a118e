"""Columns of the frames as data: name, kind, where the value is in a reply, and meaning.

Nothing here needs pandas, so that docstrings can show the columns before it is loaded. `dpyauth.frames` makes the
arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
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
"""Instead of an API's name: of no API it is known that it has the column."""

_PLACEHOLDER = re.compile(r"^(?P<margin> *)\{(?P<name>[a-z_]+)\}$", re.MULTILINE)

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, and where in a row it is found.

    Parameters
    ----------
    name : str
        The column's name in the frame.
    kind : {"text", "enum", "flag", "count", "money", "exact", "number", "time", "moment", "day", "list", "map", "any"}
        What it holds; decides the dtype (see `dpyauth.frames`).
    source : str
        Dotted path of the value in a row; the column's name if left out.
    values : tuple of str
        The closed vocabulary of an ``enum``, in display order.
    ordered : bool
        Whether that order means something.
    doc : str
        Meaning and unit, for docstrings and `session.help`. The vocabulary is added to it, and ``only``.
    only : str
        The one API that documents it, or ``UNDOCUMENTED``. On another API the frame has no such column, unless Deriv
        sends it all the same.
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
        """Dtype as the documentation names it; ``list`` and ``dict`` are columns of Python objects."""
        return _DTYPES[self.kind]

    @property
    def meaning(self) -> str:
        """Meaning and vocabulary, and which API has it."""
        told = ": ".join(filter(None, (self.doc, (" < " if self.ordered else ", ").join(self.values))))
        return f"{told} {_ONLY.format(self.only)}".strip() if self.only else told


def table(columns: Iterable[Column]) -> str:
    """Return columns as a table of name, dtype and meaning, in reStructuredText.

    Examples
    --------
    >>> print(table([Column("amount", "money", doc="below zero where money left the account"), Column("app")]))
    ======  =======  =======================================
    amount  float64  below zero where money left the account
    app     string
    ======  =======  =======================================
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


def with_columns(columns: Sequence[Column] = (), /, **named: Sequence[Column]) -> Callable[[F], F]:
    """Put tables of columns into a docstring, each in place of its name in braces on a line of its own.

    Parameters
    ----------
    columns : sequence of Column
        Shown in place of ``{columns}``.
    **named : sequence of Column
        Shown in place of their names.

    Examples
    --------
    >>> @with_columns([Column("app", doc="its name")])
    ... def apps():
    ...     '''List apps:
    ...
    ...     {columns}
    ...     '''
    >>> print(apps.__doc__.splitlines()[3].strip())
    app  string  its name
    """
    return with_texts(**{name: table(each) for name, each in {"columns": columns, **named}.items() if each})


def with_texts(**texts: str) -> Callable[[F], F]:
    """Put texts into a docstring, each in place of its name in braces on a line of its own.

    Parameters
    ----------
    **texts : str
        Shown in place of their names.
    """

    def fill(function: F) -> F:
        if function.__doc__:  # python -OO leaves none
            function.__doc__ = _PLACEHOLDER.sub(
                lambda found: indent(texts[found["name"]], found["margin"]), function.__doc__
            )
        return function

    return fill
