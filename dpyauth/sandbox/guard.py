"""Refuse requests of other web pages: a browser lets every page send requests to this machine.

A browser names in ``Origin`` the page that opens a WebSocket or sends a form; clients in Python do not send this
header. A page can also be served under a name that is later made to point to this machine ("DNS rebinding"). The
browser then considers it of the same origin, but that name is in ``Host``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from dpyauth.settings import is_loopback


class Guarded(Application):
    """Application that answers only requests to its own address.

    Parameters
    ----------
    handlers : list
        As for tornado's Application, like all other settings.
    hosts : collection of str
        Names that it has in addition to those of this machine.
    """

    def __init__(self, handlers: list[Any], hosts: Collection[str], **settings: Any) -> None:
        super().__init__(handlers, **settings)
        self._hosts = {host.lower() for host in hosts}

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return the handler of a request."""
        status = self._refusal(request)
        if status:
            return self.get_handler_delegate(request, _Refused, {"status": status})
        return super().find_handler(request, **kwargs)

    def _refusal(self, request: HTTPServerRequest) -> int:
        """Return the HTTP status with which to refuse a request; 0 to answer it."""
        hosts, origins = request.headers.get_list("Host"), request.headers.get_list("Origin")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return 421
        own = {f"http://{hosts[0]}".lower(), f"https://{hosts[0]}".lower()}
        return 0 if all(origin.lower() in own for origin in origins) else 403

    def _is_own(self, host: str) -> bool:
        """Return whether this is one of its own names, at any port, as a tunnel may come from another one."""
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
        """Do not look for a cookie: this handler does nothing anyway."""

    def prepare(self) -> None:
        """Refuse the request, whatever its method."""
        self.set_status(self._refusal)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(
            "The dpyauth sandbox does not answer other web pages, or requests under a name other than its own.\n"
        )
