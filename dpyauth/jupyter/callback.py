"""Serve the callback page of a browser sign-in."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import re
from pathlib import Path

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import RequestHandler

from dpyauth.texts import texts
from dpyauth.texts.languages import from_header, negotiated

_PAGE = Path(__file__).with_name("callback.html").read_text(encoding="utf-8")


@functools.cache
def _page(language: str) -> str:
    """Return the page in a language. Its script contains no words, so the CSP allows the same one in all languages."""
    words = texts("pages", language=language)
    return re.sub(r"{{(\w+)}}", lambda hole: html.escape(words[hole[1]]), _PAGE)


def _hash(tag: str) -> str:
    """Return the CSP source expression that allows only the page's own inline script or style."""
    (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", _PAGE, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


_HEADERS = {
    "Allow": "GET",
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; script-src {_hash('script')}; style-src {_hash('style')}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class CallbackHandler(RequestHandler):
    """Serve the page to any browser, without a Jupyter login.

    It is deliberately not a JupyterHandler: that would take ``token`` in the query for a Jupyter token and log in with
    it.
    """

    SUPPORTED_METHODS = ("GET",)

    def initialize(self) -> None:
        """Remove the query from the request."""
        self._came_back = bool(self.request.query)
        # Do this before anything can log or store the request: only the page, in the browser, may read the query.
        self.request.uri, self.request.query = self.request.path, ""
        self.request.arguments.clear()
        self.request.query_arguments.clear()
        self.request.headers.pop("Referer", None)

    def set_default_headers(self) -> None:
        """Set headers that forbid caching, framing and loading anything from elsewhere."""
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def compute_etag(self) -> None:
        """Return None, so that the page has no ETag and browsers do not cache it."""
        return

    @allow_unauthenticated
    def get(self) -> None:
        """Send the page, in the language that the browser prefers."""
        if self._came_back:
            # This is not an error, but browsers do not suggest the address of a page that failed. They still keep it in
            # their history, and no page can remove it from there.
            self.set_status(404)
        self.finish(_page(negotiated(from_header(self.request.headers.get("Accept-Language", "")))))
