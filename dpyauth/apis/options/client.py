"""One HTTP request and what came of it. httpx stays in here: it is slow to import, and its errors hold the token."""

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
from dpyauth.apis.options.requests import Answer, Question
from dpyauth.errors import InvalidRequest
from dpyauth.net.connect_errors import explain, refusal_of_proxy, stays, wrong_certificates
from dpyauth.net.connection import MAX_MESSAGE, OPEN_TIMEOUT
from dpyauth.net.state import unreachable
from dpyauth.net.unlogged import unlogged

_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no certificate: for plain HTTP, where reading those of all authorities would only take time."""


@dataclass(frozen=True, slots=True)
class Break:
    """There is no answer."""

    reason: str
    """Why; empty where the time ran out."""
    left: bool
    """Whether the request may have left."""
    passing: bool = True
    """Whether asking again may help."""
    clear: bool = False
    """Whether it is clear why there is no connection: unless Deriv has answered before, another try helps little."""


class Client:
    """What keeps the connections to one server.

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
            "Accept-Encoding": "gzip",  # httpx would also offer what unpacks to far more at once
            **({"Deriv-App-ID": app_id} if app_id else {}),
        }
        reason = ""
        try:
            self._httpx = httpx.AsyncClient(
                headers=headers,
                follow_redirects=False,
                trust_env=not direct,
                verify=_NOBODY if direct and base.startswith("http://") else True,
                transport=transport,
            )
        except ImportError:
            reason = "this machine uses a SOCKS proxy, which needs the package socksio"
        except (ValueError, OSError, httpx.InvalidURL):
            reason = wrong_certificates() or "the proxy or the certificates in this machine's settings cannot be used"
        if reason:  # not where it was caught: the other error may hold a proxy's password
            raise unreachable(reason)

    async def exchange(self, question: Question, timeout: float) -> Answer | Break | InvalidRequest:
        """Ask once. Nothing is raised: the errors of httpx hold the request, and its headers with it."""
        departure = _Departure()
        # Called off from outside, a TLS handshake would leave its socket open: it and TCP's end before the time does.
        patience = min(OPEN_TIMEOUT, timeout / 2)
        try:
            request = self._request(question, departure, patience)
        except (ValueError, httpx.InvalidURL):
            text = f"'{question.call}' cannot be sent: a field is too long, or has characters that no address can have."
            return InvalidRequest(text, call=question.call)
        try:
            async with asyncio.timeout(timeout):
                with unlogged():
                    return await self._send(request)
        except TimeoutError:
            return Break("", departure.left)
        except httpx.ConnectTimeout:
            return Break(f"no answer within {patience:.2g} s; check the internet connection", left=False)
        except (httpx.ConnectError, httpx.ProxyError) as error:
            return Break(reason_of(error), left=False, passing=not _stays(error), clear=_is_clear(error))
        except Exception as error:  # whatever it is, it must not get out
            return Break(reason_of(error), departure.left)

    async def close(self) -> None:
        """Give the connections back."""
        with unlogged():
            await self._httpx.aclose()

    def _request(self, question: Question, departure: _Departure, patience: float) -> httpx.Request:
        body, token = question.body, question.token
        request = self._httpx.build_request(
            question.method,
            self._base + question.path,
            params=question.query or None,
            content=body.reveal() if body else None,
            headers={"Content-Type": "application/json"} if body else None,
            timeout=httpx.Timeout(None, connect=patience),
            extensions={"trace": departure},
        )
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token.reveal()}"
        return request

    async def _send(self, request: httpx.Request) -> Answer:
        response = await self._httpx.send(request, stream=True)
        try:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > MAX_MESSAGE:
                    parts = []  # the beginning alone is no reply
                    break
                parts.append(part)
        finally:
            await response.aclose()
        headers = response.headers
        pause, kind, now = _seconds(headers.get("Retry-After", "")), headers.get("Content-Type", ""), _moment(headers)
        return Answer(response.status_code, kind, b"".join(parts), pause, now)


class _Departure:
    """Whether a request may have left. Where that cannot be known, it has."""

    left = True

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore is about to do. Asking a proxy for a tunnel sends nothing to Deriv."""
        if event.endswith("connect_tcp.started"):
            self.left = False
        elif event.endswith("send_request_headers.started"):
            self.left = getattr(info.get("request"), "method", b"") != b"CONNECT"


def _moment(headers: httpx.Headers) -> float | None:
    """What a ``Date`` means, in seconds since 1970."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds(retry_after: str) -> float | None:
    """Return what a ``Retry-After`` means, seconds or a moment; None where it means nothing."""
    if re.fullmatch(r"\d{1,12}", retry_after, re.ASCII):
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def reason_of(error: Exception) -> str:
    """Say why there is no answer. httpx's own words are not repeated: they may hold addresses of proxies."""
    if isinstance(error, httpx.ProxyError):
        status = re.match(r"[1-5]\d\d\b", str(error))
        return refusal_of_proxy(int(status[0])) if status else "the proxy in this machine's settings refuses"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time; check the internet connection"
    told = ssl.SSLError | ConnectionRefusedError | socket.gaierror
    if isinstance(error, httpx.ConnectError):
        told |= ConnectionError
    cause = next((each for each in _causes(error) if isinstance(each, told)), None)
    return f"the connection broke ({type(error).__name__})" if cause is None else explain(cause).text


def _stays(error: Exception) -> bool:
    """Whether it takes somebody to change a setting: the next attempt would end the same way."""
    if isinstance(error, httpx.ProxyError):
        return str(error).startswith("4")
    return any(map(stays, _causes(error)))


def _is_clear(error: Exception) -> bool:
    """Whether there is nothing to reach, rather than something that was cut on the way."""
    cut = ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError
    none = ssl.SSLError | ConnectionRefusedError | socket.gaierror
    return any(isinstance(cause, none) and not isinstance(cause, cut) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[Exception]:
    """Go through an error and what led to it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Exception):
            yield cause
        cause = cause.__cause__ or cause.__context__
