"""Open the sockets that serve a redirect URL on this machine."""

from __future__ import annotations

import errno
import os
import socket
from urllib.parse import SplitResult, urlsplit

from dpyauth.errors import ListenerFailed
from dpyauth.settings import is_loopback
from dpyauth.texts.said import said

_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


def checked(url: str) -> SplitResult:
    """Return the parts of a redirect URL that a listener can serve."""
    try:
        parts = urlsplit(url.strip())
        here = is_loopback(parts.hostname or "")
        _ = parts.port
    except ValueError:
        here = False
    # The text does not repeat the address: it may be a pasted one with tokens in it.
    if not here or parts.scheme != "http" or "@" in parts.netloc or parts.query or parts.fragment:
        raise ListenerFailed(said("redirect_url_elsewhere"))
    return parts


def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets; for localhost, in both address families.

    A browser may connect to ``localhost`` by IPv6 or by IPv4. If only one of them were bound, another program on this
    machine could listen at the other, and would get the tokens.
    """
    bound: list[socket.socket] = []
    try:
        if host != "localhost":
            return [_listen(host, port)]
        bound.append(_listen("127.0.0.1", port))
        try:
            bound.append(_listen("::1", bound[0].getsockname()[1]))
        except OSError as error:  # fine if this machine has no IPv6; otherwise another program has the port there
            if socket.has_ipv6 and error.errno not in _NO_IPV6:
                raise
        return bound
    except OSError as error:
        for half in bound:
            half.close()
        if isinstance(error, PermissionError):
            reason = said("port_reserved", port=str(port))
        elif error.errno == errno.EADDRINUSE:
            reason = said("port_taken", port=str(port))
        else:
            reason = said("port_failed", port=str(port), reason=os.strerror(error.errno or 0))
        raise ListenerFailed(reason) from None


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family)
    listening.setblocking(False)
    return listening
