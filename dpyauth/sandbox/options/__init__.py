"""Deriv's current API ("options") in the sandbox: sign-in pages, token endpoint, REST calls and WebSockets."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

from dpyauth.sandbox.options.api import Options
from dpyauth.sandbox.options.authorize_pages import Authorize, Consent, Waiting
from dpyauth.sandbox.options.endpoints import ROUTES
from dpyauth.sandbox.options.limits import Limits
from dpyauth.sandbox.options.rest_requests import Health, Rest
from dpyauth.sandbox.options.socket import Socket
from dpyauth.sandbox.options.token_endpoint import Revoke, Token

if TYPE_CHECKING:
    from dpyauth.sandbox.server import Sandbox

__all__ = ["Limits", "Options", "routes"]


def routes(box: Sandbox) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """The addresses of this API."""
    pages = {"box": box, "asked": OrderedDict[str, Waiting]()}
    return [
        *(
            (rf"/trading/v1/options/ws/{kind}", Socket, {"box": box, "kind": kind})
            for kind in ("public", "demo", "real")
        ),
        (r"/oauth2/auth", Authorize, pages),
        (r"/oauth2/auth/consent", Consent, pages),
        (r"/oauth2/token", Token, {"box": box}),
        (r"/oauth2/revoke", Revoke, {"box": box}),
        (r"/v1/health", Health, {"box": box}),
        (r"/(?:trading|account|applications|payment-agents|wallet|partners)/.*", Rest, {"box": box, "routes": ROUTES}),
    ]
