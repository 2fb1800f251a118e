"""Exchange the code of a browser sign-in for tokens, and renew them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final, TypeGuard
from urllib.parse import urlsplit

import httpx
from oauthlib.oauth2 import WebApplicationClient

from dpyauth._version import __version__
from dpyauth.apis.options.client import reason_of
from dpyauth.credentials import Secret, Tokens, scrub
from dpyauth.errors import (
    BadReply,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    RateLimited,
    SignInRefused,
)
from dpyauth.net.connect_errors import wrong_certificates
from dpyauth.net.messages import parse
from dpyauth.net.unlogged import unlogged
from dpyauth.oauth.implicit import harmless, plain_host
from dpyauth.oauth.pkce import HOST, Code
from dpyauth.settings import is_loopback
from dpyauth.texts.said import clause, joined, said

PATIENCE = 30.0
"""Longest time for an exchange, in seconds."""

LONGEST_ANSWER = 2**20
"""Size of the longest response that is read, in bytes."""

_CALL: Final = "oauth2/token"
_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_LONGEST_LIFE = 1e10  # seconds; a longer life is a mistake
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_EXPLAINED: Final = frozenset({"invalid_grant", "invalid_client"})
"""Refusals of Deriv with an explanation of their own."""


def http_client(host: str = HOST) -> httpx.AsyncClient:
    """Return an HTTP client for one host. It uses the system's proxies, unless the host is on this machine.

    Parameters
    ----------
    host : str, optional
        An address such as ``"https://auth.deriv.com"``.

    Returns
    -------
    httpx.AsyncClient
        Close it after use.

    Raises
    ------
    ConnectionFailed
        The system's proxy cannot be used.
    """
    here = is_loopback(urlsplit(host).hostname or "")
    try:
        return httpx.AsyncClient(
            headers={"User-Agent": f"dpyauth/{__version__}"},
            timeout=httpx.Timeout(PATIENCE, connect=10.0),
            trust_env=not here,
        )
    except ImportError:
        wrong = said("socks_proxy")
    except (ValueError, OSError, httpx.InvalidURL):
        why = wrong_certificates()
        wrong = said("network_settings", why=clause(why)) if why else said("proxy_or_certificates")
    # Raised outside of the handlers: the error that was caught may contain a proxy's password.
    raise ConnectionFailed(wrong, call=_CALL)


async def exchange(code: Code, http: httpx.AsyncClient) -> Tokens:
    """Exchange a code for tokens, in a single attempt, because a code works only once.

    Uses ``POST /oauth2/token`` of Deriv's sign-in server.

    Parameters
    ----------
    code : Code
        From `dpyauth.oauth.pkce.CodeSignIn.accept`.
    http : httpx.AsyncClient
        From `http_client`.

    Returns
    -------
    Tokens
        Tokens, with the lifetime that Deriv states; none is assumed.

    Raises
    ------
    SignInRefused
        Deriv refused to give tokens; ``code`` is its own word, such as ``"invalid_grant"``.
    ConnectionFailed
        Deriv could not be reached, or has an internal problem; ConnectionLost if the connection broke.
    CallTimeout, RateLimited, BadReply
        There was no reply in time, there were too many sign-ins, or the reply was not one of Deriv's. After any of
        these errors the user has to sign in again.

    Examples
    --------
    >>> import asyncio
    >>> from dpyauth.oauth.tokens import exchange, http_client
    >>> async def finish(code):
    ...     async with http_client(code.host) as http:
    ...         return await exchange(code, http)
    """
    found = await _ask(
        http,
        code.host,
        lambda: WebApplicationClient(code.client_id).prepare_request_body(
            code=code.value.reveal(), code_verifier=code.verifier.reveal(), redirect_uri=code.redirect_uri
        ),
        [code.value, code.verifier],
    )
    if isinstance(found, DpyauthError):
        # Returned by `_ask` and raised here: some tools show the variables of every frame of a traceback, and this
        # frame holds no secret in plain text.
        raise found
    return found


async def refresh(client_id: str, refresh_token: Secret, http: httpx.AsyncClient, host: str = HOST) -> Tokens:
    """Get new tokens for a refresh token, in a single attempt, because Deriv may replace the token at its first use.

    Uses ``POST /oauth2/token`` of Deriv's sign-in server.

    Parameters
    ----------
    client_id : str
        App ID that the refresh token was issued to.
    refresh_token : Secret
        Refresh token of the latest `Tokens`.
    http : httpx.AsyncClient
        From `http_client`.
    host : str, optional
        Another address of the sign-in server.

    Returns
    -------
    Tokens
        New tokens; with the old refresh token, if Deriv sent no new one.

    Raises
    ------
    SignInRefused, ConnectionFailed, CallTimeout, RateLimited, BadReply
        As for `exchange`. The current access token stays valid until its own expiry.

    Examples
    --------
    >>> import asyncio
    >>> from dpyauth.oauth.tokens import http_client, refresh
    >>> async def renew(tokens):
    ...     async with http_client() as http:
    ...         return await refresh("myapp1234", tokens.refresh, http)
    """
    found = await _ask(
        http,
        host,
        lambda: WebApplicationClient(client_id).prepare_refresh_body(
            client_id=client_id, refresh_token=refresh_token.reveal()
        ),
        [refresh_token],
    )
    if isinstance(found, DpyauthError):
        raise found
    return found if found.refresh is not None else replace(found, refresh=refresh_token)


async def _ask(
    http: httpx.AsyncClient, host: str, form: Callable[[], str], private: Collection[Secret]
) -> Tokens | DpyauthError:
    host = plain_host(host)
    # The time before the request, so that the end of the token is never assumed to be later than it is.
    began = time.time()
    try:
        async with asyncio.timeout(PATIENCE):
            with unlogged():
                status, content = await _post(http, f"{host}/oauth2/token", form())
    except _BEFORE_SENDING as error:
        return ConnectionFailed(said("sign_in_unreachable", host=host, why=clause(reason_of(error))), call=_CALL)
    except (TimeoutError, httpx.TimeoutException):
        return CallTimeout(said("sign_in_unanswered", host=host), call=_CALL)
    except Exception as error:  # no error of httpx may leave here: it holds the request, which contains the secrets
        return ConnectionLost(said("sign_in_broken", host=host, error=type(error).__name__), call=_CALL)
    reply = parse(content)
    return _refusal(status, reply, host, private) or _tokens(reply or {}, began)


async def _post(http: httpx.AsyncClient, url: str, form: str) -> tuple[int, bytes]:
    """Send a form. Return the status and the body of the response; the body is empty if it is too long."""
    # Redirects are not followed: the form contains the code and the verifier, and would go to another server.
    async with http.stream("POST", url, content=form, headers=_HEADERS, follow_redirects=False) as answer:
        content = b""
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > LONGEST_ANSWER:
                return answer.status_code, b""  # an incomplete body is of no use
        return answer.status_code, content


def _refusal(
    status: int, reply: Mapping[str, Any] | None, host: str, private: Collection[Secret]
) -> DpyauthError | None:
    """Return the error for a response without tokens; None if it may have tokens."""
    given = (reply or {}).get("error")
    code = given.lower() if isinstance(given, str) and re.fullmatch(r"[A-Za-z_]{1,40}", given) else ""
    about = f"HTTP {status}{code and ', '}{code}"
    if status == 429:
        return RateLimited(said("sign_ins_limited", about=about), call=_CALL, code=code)
    if status >= 500 or code in {"server_error", "temporarily_unavailable"}:
        return ConnectionFailed(said("sign_in_fault", about=about), call=_CALL)
    if given is not None:
        story = (reply or {}).get("error_description")
        words = harmless(scrub(story, private)) if isinstance(story, str) else ""
        text = joined(
            said(f"no_access_{code}" if code in _EXPLAINED else "no_access", about=about),
            said("deriv_says", words=words) if words else "",
            said("start_sign_in_again"),
        )
        return SignInRefused(text, call=_CALL, code=code or "unknown_error")
    if status != 200 or reply is None:
        return BadReply(said("sign_in_bad_reply", host=host, status=str(status)), call=_CALL)
    return None


def _tokens(reply: Mapping[str, Any], began: float) -> Tokens | BadReply:
    access, kind, scope = reply.get("access_token"), reply.get("token_type"), reply.get("scope")
    if not _is_token(access) or not isinstance(kind, str) or kind.lower() != "bearer":
        return BadReply(said("sign_in_no_token"), call=_CALL)
    renewal = reply.get("refresh_token")
    life = _seconds(reply.get("expires_in"))
    return Tokens(
        access=Secret(access),
        refresh=Secret(renewal) if _is_token(renewal) else None,
        expires_at=None if life is None else began + life,
        scopes=tuple(scope.split()) or None if isinstance(scope, str) else None,
        life=life,
    )


def _is_token(given: object) -> TypeGuard[str]:
    return isinstance(given, str) and _TOKEN.fullmatch(given) is not None


def _seconds(given: object) -> float | None:
    """Return a lifetime in seconds; None if the value is not one."""
    try:
        seconds = float(given) if isinstance(given, int | float | str) and not isinstance(given, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < _LONGEST_LIFE else None
