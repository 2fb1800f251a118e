"""Refuse what web pages from elsewhere send: a browser lets any of them talk to this machine.

A browser says in ``Origin`` which page opens a WebSocket or sends a form; clients in Python send no such header. A page
can be served under a name that is then made to point to this machine ("DNS rebinding"): for the browser it is of the
same origin, but that name stands in ``Host``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from dpyauth.settings import is_loopback


class Guarded(Application):
    """An application that answers only those who ask for it by its own address.

    Parameters
    ----------
    handlers : list
        As of tornado's Application, and so are further settings.
    hosts : collection of str
        Names that are its own besides those of this machine.
    """

    def __init__(self, handlers: list[Any], hosts: Collection[str], **settings: Any) -> None:
        super().__init__(handlers, **settings)
        self._hosts = {host.lower() for host in hosts}

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return what answers a request."""
        status = self._refusal(request)
        if status:
            return self.get_handler_delegate(request, _Refused, {"status": status})
        return super().find_handler(request, **kwargs)

    def _refusal(self, request: HTTPServerRequest) -> int:
        """Return the HTTP status to refuse a request with; 0 where it is to be answered."""
        hosts, origins = request.headers.get_list("Host"), request.headers.get_list("Origin")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return 421
        own = {f"http://{hosts[0]}".lower(), f"https://{hosts[0]}".lower()}
        return 0 if all(origin.lower() in own for origin in origins) else 403

    def _is_own(self, host: str) -> bool:
        """Return whether this is a name of its own; at whatever port, as a tunnel may lead here from another."""
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        return host == parts.netloc and "@" not in host and (name in self._hosts or is_loopback(name))


class _Refused(RequestHandler):
    def initialize(self, status: int) -> None:
        self._refusal = status

    def set_default_headers(self) -> None:
        self.clear_header("Server")

    def check_xsrf_cookie(self) -> None:
        """Look for no cookie: nothing is done anyway."""

    def prepare(self) -> None:
        """Say no, whatever the method."""
        self.set_status(self._refusal)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("The dpyauth sandbox answers no pages of other places, and no other names than its own.\n")
