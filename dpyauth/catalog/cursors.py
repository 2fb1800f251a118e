"""Read the cursors of lists that Deriv sends in pages."""

from __future__ import annotations

from urllib.parse import unquote

_NAME = "page_cursor"


def cursor_of(link: str) -> str:
    """Return the cursor of a page from the link to it: a whole address, part of one, or only the cursor.

    Nothing but the cursor is used: the request goes to Deriv, whatever host the address has.

    Raises
    ------
    ValueError
        The link is an address without a cursor.

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
            return unquote(value)  # not unquote_plus: a cursor may contain "+", but never a blank
    if "://" in text or "?" in text or f"{_NAME}=" in text:
        raise ValueError("an address without a cursor")
    return text
