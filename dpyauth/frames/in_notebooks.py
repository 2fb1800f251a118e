"""Give sentences enough room when a notebook shows a frame.

If a table is too wide, a browser makes every column as narrow as its longest word. A sentence then has one word per
line, and the row gets very high.
"""

from __future__ import annotations

import contextlib
import functools
import html
import sys
from typing import Any

import pandas as pd

_NARROWEST = "15em"
"""Least width of a column with sentences: the 50 characters that pandas shows then take two lines."""

_WORDS = 4
"""Least number of words that count as a sentence."""

_LOOKED_AT = 60
"""Number of rows to check for sentences; pandas shows no more of a frame."""


def install() -> None:
    """Widen columns with sentences if this runs in IPython; only in frames of dpyauth, on top of other formatters."""
    if "IPython" not in sys.modules:
        return
    with contextlib.suppress(Exception):  # only a convenience
        from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        if shell is not None:
            register(shell.display_formatter.formatters["text/html"])


def register(formatter: Any) -> None:
    """Widen columns with sentences in the frames that this formatter of IPython shows."""
    from IPython.utils.dir2 import get_real_method

    before = formatter.for_type(pd.DataFrame)

    def shown(frame: pd.DataFrame) -> Any:
        # Other libraries may show frames in their own way, and subclasses of DataFrame may not have HTML at all.
        show = functools.partial(before, frame) if before else get_real_method(frame, formatter.print_method)
        made = show() if show else None
        if isinstance(made, str) and {"call", "api"} <= frame.attrs.keys():
            with contextlib.suppress(Exception):  # on any error, show what pandas made
                return spacious(frame, made)
        return made

    formatter.for_type(pd.DataFrame, shown)


def spacious(frame: pd.DataFrame, made: str) -> str:
    """Return the HTML that pandas made of a frame, with wider columns for its sentences.

    Examples
    --------
    >>> frame = pd.DataFrame({"longcode": pd.array(["Win payout if it is higher"], dtype="string")})
    >>> spacious(frame, "<th>longcode</th>")
    '<th style="min-width: 15em">longcode</th>'
    """
    for place, name in enumerate(frame.columns):  # by position: names may be there twice
        if has_sentences(frame.iloc[:, place]):
            heading = f"{html.escape(str(name), quote=False)}</th>"
            made = made.replace(f"<th>{heading}", f'<th style="min-width: {_NARROWEST}">{heading}', 1)
    return made


def has_sentences(column: pd.Series[Any]) -> bool:
    """Return whether a column holds sentences, by its first rows."""
    shown = column.head(_LOOKED_AT)
    return shown.dtype == "string" and any(len(text.split()) >= _WORDS for text in shown.dropna())
