"""Check redirect URLs as Deriv's v3 API does when an app is registered."""

from __future__ import annotations

import re

from dpyauth.catalog.calls import load
from dpyauth.catalog.schemas import expression
from dpyauth.settings import is_loopback

LONGEST = 255
"""Characters that Deriv's website allows where apps are registered."""

PASTE = "http://localhost/dpyauth"
"""Redirect URL for any notebook. It has no page, so the browser keeps the address and the user can copy it."""


def trouble(url: str) -> str:
    """Return the key of the text for what is wrong with a redirect URL; empty if it can be registered."""
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
    """Return an address with signs that Deriv does not accept in the path percent-encoded, such as ``%40``."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    kept = re.compile(r"[\w%/.\-?#\s]", re.ASCII)  # leave the last three as they are, so that `trouble` reports them
    return f"{scheme}{mark}{host}{slash}" + "".join(
        letter if kept.match(letter) else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
        for letter in path
    )


_RULE = load("v3")["app_register"].fields["redirect_uri"]["pattern"]
"""Deriv's own pattern. It accepts spaces and letters beyond ASCII, which are refused here."""
