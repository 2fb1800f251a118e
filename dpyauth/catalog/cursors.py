"""Cursors of lists that Deriv gives a page at a time."""

from __future__ import annotations

from urllib.parse import unquote

_NAME = "page_cursor"


def cursor_of(link: str) -> str:
    """Return the cursor of a page from what leads to it: a whole address, a part of one, or the cursor alone.

    Only the cursor is taken: what is asked for with it goes to Deriv, whatever host the address has.

    Raises
    ------
    ValueError
        It is an address without a cursor.

    Examples
    --------
    >>> cursor_of("https://api.derivws.com/wallet/v1/transactions/main?per_page=100&page_cursor=eyJh%3D")
    'eyJh='
    >>> cursor_of("?page_cursor=eyJh"), cursor_of("eyJh=")
    ('eyJh', 'eyJh=')
    """
    text = link.strip()
    query = text.partition("#")[0].rpartition("?")[2]
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name == _NAME and value:
            return unquote(value)  # a plus is one: cursors have no blanks
    if "://" in text or "?" in text or f"{_NAME}=" in text:
        raise ValueError("an address without a cursor")
    return text
