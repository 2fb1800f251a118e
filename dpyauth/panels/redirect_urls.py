"""Check redirect URLs as Deriv's v3 API does when an app is registered."""

from __future__ import annotations

import re

from dpyauth.catalog.calls import load
from dpyauth.catalog.schemas import expression
from dpyauth.settings import is_loopback

LONGEST = 255
"""Characters that Deriv's website allows where apps are registered."""

PASTE = "http://localhost/dpyauth"
"""Redirect URL for any notebook: no page is there, so the address where the sign-in ends can be copied."""


def trouble(url: str) -> str:
    """Return what keeps a redirect URL from being registered, as a key of the words for it; empty when nothing does."""
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
        "signs": expression(_RULE).search(url) is None,
        "long": len(url) > LONGEST,
        "plain": scheme == "http" and not is_loopback(host),
    }
    return next((key for key, wrong in checks.items() if wrong), "")


def spelled(url: str) -> str:
    """Return an address with those signs of its path written as ``%40`` and the like that Deriv does not take."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    kept = re.compile(r"[\w%/.\-?#\s]", re.ASCII)  # the last three are not to be hidden: `trouble` tells of them
    return f"{scheme}{mark}{host}{slash}" + "".join(
        letter if kept.match(letter) else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
        for letter in path
    )


_RULE = load("v3")["app_register"].fields["redirect_uri"]["pattern"]
"""Pattern of Deriv's own. It lets pass blanks and letters beyond ASCII, which are refused here."""
