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

PATIENCE = 30.0
"""Seconds that an exchange may take."""

LONGEST_ANSWER = 2**20
"""Size up to which an answer is read, in bytes."""

_CALL: Final = "oauth2/token"
_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_LONGEST_LIFE = 1e10  # seconds; more cannot be meant
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_AGAIN: Final = "Start the sign-in again."
_REASONS: Final = {
    "invalid_grant": "what the sign-in brought was used before, or too long ago, or belongs to another app or redirect "
    "URL. If this comes again, compare the redirect URL with the registered one, letter by letter",
    "invalid_client": "it does not know the app ID, or the app is not one that signs in with OAuth. App IDs of the v3 "
    "API, which are numbers, do not work here",
}


def http_client(host: str = HOST) -> httpx.AsyncClient:
    """Return an HTTP client for one host: with the system's proxies, unless it is on this machine.

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
        why = "they name a SOCKS proxy, which needs the package socksio"
    except (ValueError, OSError, httpx.InvalidURL):
        why = wrong_certificates() or "the proxy or certificate file that they name does not work"
    raise ConnectionFailed(f"The network settings of this machine cannot be used: {why}.", call=_CALL)


async def exchange(code: Code, http: httpx.AsyncClient) -> Tokens:
    """Exchange a code for tokens, in one attempt: a code is good for one.

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
        Their lifetime is the one that Deriv states; none is assumed.

    Raises
    ------
    SignInRefused
        Deriv does not give any; ``code`` is its own word, such as ``"invalid_grant"``.
    ConnectionFailed
        Deriv could not be reached, or has a problem of its own; as ConnectionLost, the connection broke off.
    CallTimeout, RateLimited, BadReply
        No answer in time, too many sign-ins, or what came is no answer. After every one of these errors the way on is
        a new sign-in.

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
        raise found  # here, where no variable holds a secret in plain text: tracebacks can show variables
    return found


async def refresh(client_id: str, refresh_token: Secret, http: httpx.AsyncClient, host: str = HOST) -> Tokens:
    """Get new tokens for a refresh token, in one attempt: Deriv may replace it as soon as it is used.

    Uses ``POST /oauth2/token`` of Deriv's sign-in server.

    Parameters
    ----------
    client_id : str
        The app ID that it was given to.
    refresh_token : Secret
        From the last `Tokens`.
    http : httpx.AsyncClient
        From `http_client`.
    host : str, optional
        Another address of the sign-in server.

    Returns
    -------
    Tokens
        With the old refresh token, where no new one came.

    Raises
    ------
    SignInRefused, ConnectionFailed, CallTimeout, RateLimited, BadReply
        As for `exchange`. The access token at hand stays good for as long as it was.

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
    began = time.time()
    try:
        async with asyncio.timeout(PATIENCE):
            with unlogged():
                status, content = await _post(http, f"{host}/oauth2/token", form())
    except _BEFORE_SENDING as error:
        return ConnectionFailed(
            f"Deriv's sign-in server {host} cannot be reached: {reason_of(error)}. {_AGAIN}", call=_CALL
        )
    except (TimeoutError, httpx.TimeoutException):
        return CallTimeout(f"Deriv's sign-in server {host} did not answer in time. {_AGAIN}", call=_CALL)
    except Exception as error:  # whatever it is: it holds the request, and with it the secrets
        kind = type(error).__name__
        return ConnectionLost(f"The exchange with {host} broke off ({kind}) and is not repeated. {_AGAIN}", call=_CALL)
    said = parse(content)
    return _refusal(status, said, host, private) or _tokens(said or {}, began)


async def _post(http: httpx.AsyncClient, url: str, form: str) -> tuple[int, bytes]:
    """Send a form. Return the status of the answer and its body, or an empty body if it is too long."""
    async with http.stream("POST", url, content=form, headers=_HEADERS, follow_redirects=False) as answer:
        content = b""
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > LONGEST_ANSWER:
                return answer.status_code, b""  # the beginning alone is no answer
        return answer.status_code, content


def _refusal(
    status: int, said: Mapping[str, Any] | None, host: str, private: Collection[Secret]
) -> DpyauthError | None:
    """Return the error that an answer without tokens stands for, if it is one."""
    given = (said or {}).get("error")
    code = given.lower() if isinstance(given, str) and re.fullmatch(r"[A-Za-z_]{1,40}", given) else ""
    about = f"HTTP {status}{code and ', '}{code}"
    if status == 429:
        return RateLimited(
            f"Too many sign-ins in a short time ({about}). Wait a few minutes. {_AGAIN}", call=_CALL, code=code
        )
    if status >= 500 or code in {"server_error", "temporarily_unavailable"}:
        return ConnectionFailed(
            f"Deriv's sign-in server has a problem of its own ({about}). Wait a little. {_AGAIN}", call=_CALL
        )
    if given is not None:
        story = (said or {}).get("error_description")
        words = harmless(scrub(story, private)) if isinstance(story, str) else ""
        why = _REASONS.get(code, "see the app's registration at Deriv")
        return SignInRefused(
            f"Deriv gave no access ({about}): {why}.{words and f' Its words: {words}.'} {_AGAIN}",
            call=_CALL,
            code=code or "unknown_error",
        )
    if status != 200 or said is None:
        return BadReply(
            f"What answered at {host} is not Deriv's sign-in server, or it has a fault (HTTP {status}). Is a proxy or "
            f"a firewall in between? {_AGAIN}",
            call=_CALL,
        )
    return None


def _tokens(said: Mapping[str, Any], began: float) -> Tokens | BadReply:
    access, kind, scope = said.get("access_token"), said.get("token_type"), said.get("scope")
    if not _is_token(access) or not isinstance(kind, str) or kind.lower() != "bearer":
        return BadReply(f"Deriv's answer to the sign-in holds no token that can be used. {_AGAIN}", call=_CALL)
    renewal = said.get("refresh_token")
    life = _seconds(said.get("expires_in"))
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
    """Return a lifetime in seconds, if it is one."""
    try:
        seconds = float(given) if isinstance(given, int | float | str) and not isinstance(given, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < _LONGEST_LIFE else None
