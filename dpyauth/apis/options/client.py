"""Send one HTTP request.

httpx is used only in this module: it is slow to import, and its requests and errors hold the token in plain text.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from dpyauth._version import __version__
from dpyauth.apis.options.requests import Request, Response
from dpyauth.errors import InvalidRequest
from dpyauth.net.connect_errors import explain, refusal_of_proxy, stays, wrong_certificates
from dpyauth.net.connector import MAX_MESSAGE, OPEN_TIMEOUT
from dpyauth.net.state import unreachable
from dpyauth.net.unlogged import unlogged
from dpyauth.texts.said import Said, said

_NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Context that trusts no certificate. For plain HTTP, as loading the certificates of all authorities takes time."""


@dataclass(frozen=True, slots=True)
class NoResponse:
    """Failure to get a response."""

    reason: str
    """Reason in words; empty if time ran out."""
    left: bool
    """True if the request may have been sent."""
    passing: bool = True
    """True if another try may succeed."""
    clear: bool = False
    """True if there is nothing to connect to. Unless Deriv has replied before, another try is then hardly useful."""
    late: bool = False
    """True if it only means that the time of the call ran out."""


class Client:
    """HTTP client of one server, which keeps its connections open.

    Raises
    ------
    ConnectionFailed
        The proxy settings of this machine cannot be used.
    """

    def __init__(
        self, base: str, app_id: str | None, *, direct: bool, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._base = base
        headers = {
            "User-Agent": f"dpyauth/{__version__}",
            "Accept": "application/json",
            # Not httpx's own list: other encodings can expand to far more data before the size is checked.
            "Accept-Encoding": "gzip",
            **({"Deriv-App-ID": app_id} if app_id else {}),
        }
        reason: Said | None = None
        try:
            self._httpx = httpx.AsyncClient(
                headers=headers,
                follow_redirects=False,  # a redirect could send the request, with its secrets, to another server
                trust_env=not direct,
                verify=_NO_TRUST if direct and base.startswith("http://") else True,
                transport=transport,
            )
        except ImportError:
            reason = said("proxy_needs_package", package="socksio")
        except (ValueError, OSError, httpx.InvalidURL):
            reason = wrong_certificates() or said("proxy_unusable")
        if reason:  # raised outside of the handlers: the error that was caught may contain a proxy's password
            raise unreachable(reason)

    async def send(self, request: Request, timeout: float) -> Response | NoResponse | InvalidRequest:
        """Send a request once. Return errors, never raise them: httpx's hold the request with the token."""
        departure = _Departure()
        # If `asyncio.timeout` below cancelled a TLS handshake, its socket would stay open. So connecting has a time
        # limit of its own, which ends first.
        patience = min(OPEN_TIMEOUT, timeout / 2)
        try:
            prepared = self._prepared(request, departure, patience)
        except (ValueError, httpx.InvalidURL):
            return InvalidRequest(said("field_unsendable", call=request.call), call=request.call)
        try:
            async with asyncio.timeout(timeout):
                with unlogged():
                    return await self._read(prepared)
        except TimeoutError:
            return NoResponse("", departure.left, late=True)
        except httpx.ConnectTimeout:
            reason = said("no_answer_check_internet", seconds=float(f"{patience:.2g}"))
            return NoResponse(reason, left=False, late=patience < OPEN_TIMEOUT)
        except (httpx.ConnectError, httpx.ProxyError) as error:
            return NoResponse(reason_of(error), left=False, passing=not _stays(error), clear=_is_clear(error))
        except Exception as error:  # no error of httpx may leave here, as it holds the request
            return NoResponse(reason_of(error), departure.left)

    async def close(self) -> None:
        """Close the connections."""
        with unlogged():
            await self._httpx.aclose()

    def _prepared(self, request: Request, departure: _Departure, patience: float) -> httpx.Request:
        content, token = request.content, request.token
        prepared = self._httpx.build_request(
            request.method,
            self._base + request.path,
            params=request.params or None,
            content=content.reveal() if content else None,
            headers={"Content-Type": "application/json"} if content else None,
            timeout=httpx.Timeout(None, connect=patience),
            extensions={"trace": departure},
        )
        if token is not None:
            prepared.headers["Authorization"] = f"Bearer {token.reveal()}"
        return prepared

    async def _read(self, prepared: httpx.Request) -> Response:
        response = await self._httpx.send(prepared, stream=True)
        try:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():  # unpacked: a small response may become a huge one
                size += len(part)
                if size > MAX_MESSAGE:
                    parts = []  # an incomplete reply is of no use
                    break
                parts.append(part)
        finally:
            await response.aclose()
        headers = response.headers
        pause, kind, now = _seconds(headers.get("Retry-After", "")), headers.get("Content-Type", ""), _moment(headers)
        return Response(response.status_code, kind, b"".join(parts), pause, now)


class _Departure:
    """Trace of a request, which shows whether it may have been sent.

    This decides whether a change ends with "was not sent" or with OutcomeUnknown, so ``left`` is True in case of doubt.
    """

    left = True

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore is about to do. A CONNECT request goes to a proxy only, not to Deriv."""
        # Without this event an open connection is used again, and ``left`` stays True.
        if event.endswith("connect_tcp.started"):
            self.left = False
        elif event.endswith("send_request_headers.started"):
            self.left = getattr(info.get("request"), "method", b"") != b"CONNECT"


def _moment(headers: httpx.Headers) -> float | None:
    """Return the time in the ``Date`` header, in seconds since 1970."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds(retry_after: str) -> float | None:
    """Return the pause in a ``Retry-After`` header, in seconds; None if it cannot be read."""
    if re.fullmatch(r"\d{1,12}", retry_after, re.ASCII):
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def reason_of(error: Exception) -> Said:
    """Explain why there is no response. httpx's own words are not repeated, as they may contain a proxy's address."""
    if isinstance(error, httpx.ProxyError):
        status = re.match(r"[1-5]\d\d\b", str(error))
        if status:
            return refusal_of_proxy(int(status[0]))
        return said("proxy_refused")
    if isinstance(error, httpx.TimeoutException):
        return said("no_answer_in_time_check_internet")
    told = ssl.SSLError | ConnectionRefusedError | socket.gaierror
    if isinstance(error, httpx.ConnectError):
        told |= ConnectionError
    cause = next((each for each in _causes(error) if isinstance(each, told)), None)
    return said("connection_broke_with", error=type(error).__name__) if cause is None else explain(cause).text


def _stays(error: Exception) -> bool:
    """Return True if the next attempt would fail in the same way, because a setting has to be changed."""
    if isinstance(error, httpx.ProxyError):
        return str(error).startswith("4")
    return any(map(stays, _causes(error)))


def _is_clear(error: Exception) -> bool:
    """Return True if there is nothing to connect to, rather than a connection that was cut."""
    cut = ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError
    none = ssl.SSLError | ConnectionRefusedError | socket.gaierror
    return any(isinstance(cause, none) and not isinstance(cause, cut) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[Exception]:
    """Yield an error and its causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Exception):
            yield cause
        cause = cause.__cause__ or cause.__context__
