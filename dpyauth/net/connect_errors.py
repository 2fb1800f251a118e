"""Explain in words why a connection could not be opened or has ended."""

from __future__ import annotations

import os
import ssl
from typing import NamedTuple

from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidProxy, InvalidProxyStatus, ProxyError

from dpyauth.errors import DpyauthError, SignInRefused
from dpyauth.net.transport import HandshakeRefused, Socket
from dpyauth.registry import APIS, DEFAULT, by_app_id
from dpyauth.texts.said import Said, clause, joined, said

STALE = SignInRefused(said("address_stale"), code="Unauthorized")
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

    text: Said
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


def _kept_out(error: HandshakeRefused, app_id: str | None) -> tuple[Said, DpyauthError | None]:
    """Return the likely causes of a refusal with HTTP 401 or 403, the likeliest first."""
    status = str(error.status)
    shared = {facts.shared_app_id for facts in APIS.values()}
    known = error.code != "InvalidAppID"
    # A page with 403 comes from something in between. With 401 it proves that only if the app ID cannot be the cause.
    if error.foreign and (error.status == 403 or app_id is None or app_id in shared):
        cause = said("not_derivs_reply" if app_id is None else "not_derivs_reply_or_blocked", status=status)
        wrong = "" if app_id is None or app_id in shared else said("else_check_app_id", app_id=app_id)
        return clause(joined(cause, said("try_elsewhere"), wrong)), None
    if app_id is None:
        return said("answered_maybe_proxy", status=status), None
    if app_id in shared and known:
        cause = said("shared_app_id_refused", status=status, app_id=app_id)
        return clause(joined(cause, said("try_elsewhere"))), None
    refused = SignInRefused(
        joined(
            said("app_id_likely_unknown" if known else "app_id_unknown", status=status, app_id=app_id),
            APIS[by_app_id(app_id) or DEFAULT].check_app_id(app_id),
            said("app_id_right") if known else "",
        ),
        code="InvalidAppID",
        about="app ID",
    )
    return said("answered_http", status=status), refused


def _is_unnamed(error: Exception) -> bool:
    return isinstance(error, OSError) and type(error).__name__ == "gaierror"


def _explained(error: Exception, status: int | None, patience: float) -> tuple[Said, DpyauthError | None]:
    if status == 407:
        return refusal_of_proxy(status), None
    if status is not None:
        kind = "answered_redirect" if 300 <= status < 400 else _ANSWERED.get(status, "answered_down")
        return said(kind, status=str(status)), None
    if isinstance(error, TimeoutError):
        return said("no_answer_check_internet", seconds=patience), None
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error), None
    if isinstance(error, ssl.SSLError):
        return said("no_encryption"), None
    if isinstance(error, ConnectionRefusedError):
        return said("nothing_answers"), None
    if _is_unnamed(error):
        return said("server_name_not_found"), None
    if isinstance(error, ConnectionClosed):
        return said("broke_while_opened"), None
    if isinstance(error, InvalidProxy):
        return said("proxy_address_invalid"), None
    if isinstance(error, InvalidProxyStatus):
        return refusal_of_proxy(error.response.status_code), None
    if isinstance(error, ProxyError):
        return said("proxy_not_a_proxy"), None
    if isinstance(error, ConnectionError | EOFError | InvalidMessage):
        return said("cut_while_opened"), None
    if isinstance(error, ImportError) and "socks" in str(error):
        return said("proxy_needs_package", package="python-socks"), None
    return said("connection_not_opened", error=type(error).__name__), None


_ANSWERED = {429: "answered_crowded", 451: "answered_not_served"}


def _of_certificate(error: ssl.SSLCertVerificationError) -> Said:
    """Explain what is wrong with the server's certificate, or with the certificates that this machine trusts."""
    return wrong_certificates() or said(_CERTIFICATE.get(getattr(error, "verify_code", 0), "certificate_invalid"))


_CERTIFICATE = {
    9: "certificate_early",
    10: "certificate_expired",
    62: "certificate_of_another",
    64: "certificate_of_another",
}
"""Reasons by OpenSSL's error number."""


def wrong_certificates() -> Said | None:
    """Explain what is wrong with the file of trusted certificates in this machine's settings; None if nothing is."""
    file = os.environ.get("SSL_CERT_FILE")
    if not file:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except FileNotFoundError:
        return said("certificates_missing")
    except OSError:
        return said("certificates_unreadable")
    return None


def refusal_of_proxy(status: int) -> Said:
    """Explain a refusal by the proxy in this machine's settings."""
    kind = "proxy_wants_password" if status == 407 else "proxy_cannot_reach" if status >= 500 else "proxy_blocks"
    return said(kind, status=str(status))


def closing(socket: Socket) -> Said:
    """Return in words why a connection ended."""
    received, sent = socket.protocol.close_rcvd, socket.protocol.close_sent
    if received is not None:
        return said("closed_by_server", code=str(int(received.code)))
    return said("message_unreadable", code=str(int(sent.code))) if sent else said("connection_broke")
