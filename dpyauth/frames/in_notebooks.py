"""Give sentences room where a notebook shows a frame.

A browser that has too little room for a table makes every column as narrow as its longest word. A sentence then has one
word a line, and the row is as high as that.
"""

from __future__ import annotations

import contextlib
import functools
import html
import sys
from typing import Any

import pandas as pd

_NARROWEST = "15em"
"""Room for a sentence: what pandas shows of one, 50 characters, takes two lines."""

_WORDS = 4
"""Fewest words of a sentence."""

_LOOKED_AT = 60
"""Rows that say whether a column has sentences; pandas shows no more of a frame."""


def install() -> None:
    """Do so if this runs in IPython, for frames of dpyauth only; whatever else shows frames there goes on doing it."""
    if "IPython" not in sys.modules:
        return
    with contextlib.suppress(Exception):  # a convenience; without it everything works as well
        from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        if shell is not None:
            register(shell.display_formatter.formatters["text/html"])


def register(formatter: Any) -> None:
    """Do so where this formatter of IPython shows a frame."""
    from IPython.utils.dir2 import get_real_method

    before = formatter.for_type(pd.DataFrame)

    def shown(frame: pd.DataFrame) -> Any:
        # Frames of others, and kinds of frames, may show themselves in another way, or not in HTML at all.
        show = functools.partial(before, frame) if before else get_real_method(frame, formatter.print_method)
        made = show() if show else None
        if isinstance(made, str) and {"call", "api"} <= frame.attrs.keys():
            with contextlib.suppress(Exception):  # whatever became of it, it is shown as pandas does
                return spacious(frame, made)
        return made

    formatter.for_type(pd.DataFrame, shown)


def spacious(frame: pd.DataFrame, made: str) -> str:
    """Return the HTML that pandas made of a frame with room for its sentences.

    Examples
    --------
    >>> frame = pd.DataFrame({"longcode": pd.array(["Win payout if it is higher"], dtype="string")})
    >>> spacious(frame, "<th>longcode</th>")
    '<th style="min-width: 15em">longcode</th>'
    """
    for place, name in enumerate(frame.columns):  # names may stand there twice
        if has_sentences(frame.iloc[:, place]):
            heading = f"{html.escape(str(name), quote=False)}</th>"
            made = made.replace(f"<th>{heading}", f'<th style="min-width: {_NARROWEST}">{heading}', 1)
    return made


def has_sentences(column: pd.Series[Any]) -> bool:
    """Return whether a column holds sentences, by its first rows."""
    shown = column.head(_LOOKED_AT)
    return shown.dtype == "string" and any(len(text.split()) >= _WORDS for text in shown.dropna())
