"""Explain in words why a connection could not be opened or has ended."""

from __future__ import annotations

import os
import ssl
from typing import NamedTuple

from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidProxy, InvalidProxyStatus, ProxyError

from dpyauth.errors import DpyauthError, SignInRefused
from dpyauth.net.transport import HandshakeRefused, Socket
from dpyauth.registry import APIS, DEFAULT, by_app_id

STALE = SignInRefused(
    "Deriv issued an address to connect to and then refused it (HTTP 401), three times in a row. Sign in again with "
    "dpyauth.login().",
    code="Unauthorized",
)
"""Error for addresses that are refused although Deriv has just issued them."""


def status_of(error: Exception) -> int | None:
    """Return the HTTP status with which Deriv refused a connection; None if Deriv did not refuse it.

    A page with HTTP 429 may come from a gateway in front of Deriv's servers, and counts as Deriv's.
    """
    if not isinstance(error, HandshakeRefused) or (error.foreign and error.status in {401, 403, 407}):
        return None
    return error.status


def looks_crowded(status: int | None) -> bool:
    """Return whether a handshake may have been refused because there are too many connections.

    Deriv does not document how its current API reports that. Two statuses have another meaning: 401 means that the
    one-time password has been used, and 407 that a proxy requires a password.
    """
    return status is not None and 400 <= status < 500 and status not in {401, 407}


def stays(error: BaseException) -> bool:
    """Return whether every attempt would fail in the same way until the settings of this machine change."""
    return isinstance(error, ssl.SSLCertVerificationError)


class Reason(NamedTuple):
    """Reason why a connection could not be opened."""

    text: str
    error: DpyauthError | None
    """Error to raise, if another attempt would not help."""
    off: bool
    """True if a server that has been switched off fails in this way."""


def explain(error: Exception, patience: float = 10.0, app_id: str | None = None) -> Reason:
    """Return why a connection could not be opened. ``app_id`` is the one in the address, if there is one."""
    status = error.status if isinstance(error, HandshakeRefused) else None
    if status is None:  # the second case: with a proxy, it is the proxy that cannot find the server's name
        gone = _is_unnamed(error) or (isinstance(error, InvalidProxyStatus) and error.response.status_code >= 500)
    else:
        gone = 200 <= status < 400 or status in {404, 410} or status >= 520
    if isinstance(error, HandshakeRefused) and error.status in {401, 403}:
        return Reason(*_kept_out(error, app_id), off=gone)
    return Reason(*_explained(error, status, patience), off=gone)


def _kept_out(error: HandshakeRefused, app_id: str | None) -> tuple[str, DpyauthError | None]:
    """Return the likely causes of a refusal with HTTP 401 or 403, the likeliest first."""
    text = f"the server answered with HTTP {error.status}"
    proxy, blocked = "a company proxy or a firewall", "Deriv blocks this network or country"
    shared = {facts.shared_app_id for facts in APIS.values()}
    known = error.code != "InvalidAppID"
    # A page with 403 comes from something in between. With 401 it proves that only if the app ID cannot be the cause.
    if error.foreign and (error.status == 403 or app_id is None or app_id in shared):
        text += f", and the reply is not from Deriv's API: most likely {proxy} does not let WebSockets through"
        if app_id is not None:
            text += f"; or {blocked}"
        wrong = "" if app_id is None or app_id in shared else f". If that does not help, check the app ID {app_id}"
        return f"{text}. {_ELSEWHERE}{wrong}", None
    if app_id is None:
        return f"{text}; it may be {proxy} that does not let WebSockets through", None
    if app_id in shared and known:
        text += f". Anyone may use the app ID {app_id}, so most likely {proxy} does not let WebSockets through; or "
        return f"{text}{blocked}, or has switched this API off. {_ELSEWHERE}", None
    sure = "most likely, Deriv does not know" if known else "Deriv does not know"
    or_else = f" If it is right, {proxy} does not let WebSockets through, or {blocked}: {_elsewhere}." if known else ""
    refused = SignInRefused(
        f"Deriv refused the connection (HTTP {error.status}): {sure} the app ID {app_id} on this API. "
        f"{APIS[by_app_id(app_id) or DEFAULT].check_app_id(app_id)}.{or_else}",
        code="InvalidAppID",
        about="app ID",
    )
    return text, refused


_elsewhere = "try another network, such as a phone's hotspot, or ask the administrator of this one"
_ELSEWHERE = f"{_elsewhere[0].upper()}{_elsewhere[1:]}"


def _is_unnamed(error: Exception) -> bool:
    return isinstance(error, OSError) and type(error).__name__ == "gaierror"


def _explained(error: Exception, status: int | None, patience: float) -> tuple[str, DpyauthError | None]:
    if status is not None:
        if 300 <= status < 400:
            kind = "that is a redirect, which dpyauth does not follow (is a company proxy in between?)"
        elif status == 407:
            return refusal_of_proxy(status), None
        elif status == 451:
            kind = "Deriv may not serve this country or network"
        elif status == 429:
            kind = "too many connections (other notebooks and programs count, too)"
        else:
            kind = "it may be down or under maintenance"
        return f"the server answered with HTTP {status}; {kind}", None
    if isinstance(error, TimeoutError):
        return f"no answer within {patience:g} s; check the internet connection", None
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error), None
    if isinstance(error, ssl.SSLError):
        return "no encrypted connection could be made (is a company proxy in between?)", None
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers at that address", None
    if _is_unnamed(error):
        return "the server's name could not be found; check the internet connection", None
    if isinstance(error, ConnectionClosed):
        return "the connection broke while it was opened", None
    if isinstance(error, InvalidProxy):
        return "the proxy address in this machine's settings is not valid", None
    if isinstance(error, InvalidProxyStatus):
        return refusal_of_proxy(error.response.status_code), None
    if isinstance(error, ProxyError):
        return "the proxy in this machine's settings does not answer like a proxy", None
    if isinstance(error, ConnectionError | EOFError | InvalidMessage):
        return "the connection was cut while it was being opened (is a company proxy in between?)", None
    if isinstance(error, ImportError) and "socks" in str(error):
        return "this machine uses a SOCKS proxy, which needs the package python-socks", None
    return f"the connection could not be opened ({type(error).__name__})", None


def _of_certificate(error: ssl.SSLCertVerificationError) -> str:
    """Explain what is wrong with the server's certificate, or with the certificates that this machine trusts."""
    wrong = wrong_certificates()
    if wrong:
        return wrong
    what = _CERTIFICATE.get(getattr(error, "verify_code", 0))
    return f"the server's certificate is not valid{f': {what}' if what else ' (is a company proxy in between?)'}"


_CERTIFICATE = {
    9: "it is not valid yet (is this machine's clock right?)",
    10: "it has expired, or this machine's clock is wrong",
    62: "it is for another server (is a company proxy in between, or the sign-in page of a Wi-Fi?)",
    64: "it is for another server (is a company proxy in between, or the sign-in page of a Wi-Fi?)",
}
"""Reasons by OpenSSL's error number."""


def wrong_certificates() -> str:
    """Explain what is wrong with the file of trusted certificates in this machine's settings; empty if nothing is."""
    file = os.environ.get("SSL_CERT_FILE")
    if not file:
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except FileNotFoundError:
        return (
            "the environment variable SSL_CERT_FILE names a file that does not exist, so no certificate can be checked"
        )
    except OSError:
        return (
            "the environment variable SSL_CERT_FILE names a file without certificates in PEM format, "
            "so no certificate can be checked"
        )
    return ""


def refusal_of_proxy(status: int) -> str:
    """Explain a refusal by the proxy in this machine's settings."""
    if status == 407:
        why = "it requires a user name and a password, or different ones"
    elif status >= 500:
        why = "it cannot reach Deriv"
    else:
        why = "it may block Deriv's servers, or WebSockets"
    return f"the proxy in this machine's settings refused the connection (HTTP {status}): {why}"


def closing(socket: Socket) -> str:
    """Return in words why a connection ended."""
    received, sent = socket.protocol.close_rcvd, socket.protocol.close_sent
    if received is not None:
        return f"the server closed the connection (code {int(received.code)})"
    return f"a message could not be read (code {int(sent.code)})" if sent else "the connection broke"
