"""Redirect URLs as Deriv's v3 API lets one register them: which it takes, and what is wrong with the others."""

from __future__ import annotations

import re

from dpyauth.apis.catalog import load
from dpyauth.settings import is_loopback

LONGEST = 255
"""Characters, where apps are registered on Deriv's website."""

PASTE = "http://localhost/dpyauth"
"""Fits every notebook: no page is there, and the address that the sign-in ends at can be copied and pasted."""


def trouble(url: str) -> str:
    """What keeps a redirect URL from being registered, as a key of the words for it; empty when nothing does."""
    scheme, mark, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    checks = {
        "scheme": not mark or not re.fullmatch(r"[a-z][a-z0-9.+\-]*", scheme),
        "blank": bool(re.search(r"\s", url)),
        "letters": not url.isascii(),
        "fragment": "#" in url,
        "query": "?" in url,
        "user": "@" in host,
        "host": not host,
        "ipv6": "[" in host,
        "port": ":" in host,
        "signs": not re.fullmatch(_RULE, url, re.ASCII),
        "long": len(url) > LONGEST,
        "plain": scheme == "http" and not is_loopback(host),
    }
    return next((key for key, wrong in checks.items() if wrong), "")


_RULE = load("v3")["app_register"].fields["redirect_uri"]["pattern"]
"""Deriv's own; what it lets pass beyond ASCII, and the blanks, are refused here."""
