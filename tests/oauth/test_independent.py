"""Test the whole sign-in against an independent authorization server: Authlib's, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    AuthorizationServer,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge

import dpyauth
from dpyauth.credentials import Secret, Tokens
from dpyauth.errors import RedirectRefused, SignInRefused
from dpyauth.oauth.pkce import Code, CodeSignIn
from dpyauth.oauth.tokens import exchange, http_client, refresh

APP = "Sample21CharactersApp"
BACK = "https://notebooks.example/back/?hub=1"
T = TypeVar("T")


# The server: Authlib makes all decisions; this is only its storage and its HTTP interface


class Client(ClientMixin):
    """The app as registered: a public client."""

    client_id = APP
    scopes = ("trade", "account_manage")

    def get_allowed_scope(self, scope: str) -> str | None:
        return scope if scope and set(scope.split()) <= set(self.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == BACK

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass
class Issued(AuthorizationCodeMixin, TokenMixin):
    """A code or a token that was issued."""

    scope: str
    redirect_uri: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: Client) -> bool:
        return client.client_id == APP


@dataclass
class Kept:
    """The server's storage, and settings for how it behaves."""

    agrees: bool = True  # the user at the browser
    renewals: bool = True
    lifetime: int = 3600
    codes: dict[str, Issued] = field(default_factory=dict)
    access: set[str] = field(default_factory=set)
    refresh: dict[str, Issued] = field(default_factory=dict)
    agents: set[str] = field(default_factory=set)
    asked: int = 0


class Payload(OAuth2Payload):
    """The fields of a request, each with all its values."""

    def __init__(self, text: str) -> None:
        self.pairs = parse_qsl(text, keep_blank_values=True)

    @property
    def data(self) -> dict[str, str]:
        return dict(self.pairs)

    @property
    def datalist(self) -> Any:
        return {name: [value for known, value in self.pairs if known == name] for name, _ in self.pairs}


class Request(OAuth2Request):
    """A request in the form that Authlib expects."""

    def __init__(self, environ: dict[str, Any]) -> None:
        method = environ["REQUEST_METHOD"]
        # As behind a proxy that ends TLS, because Authlib requires https.
        super().__init__(method, f"https://{environ['HTTP_HOST']}{environ['PATH_INFO']}")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        self.payload = Payload(body if method == "POST" else environ["QUERY_STRING"])

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    form = args


class Server(AuthorizationServer):
    """Authlib's server for public clients: PKCE (S256 only) is required, and refresh tokens are replaced on use."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(scopes_supported=None)
        self.kept = kept
        self.register_grant(CodeGrant, [Challenge(required=True)])
        self.register_grant(RenewalGrant)

        def new(**_: object) -> str:
            return secrets.token_urlsafe(40) + ".~+/=="

        def lifetime(*_: object) -> int:
            return kept.lifetime

        self.register_token_generator("default", BearerTokenGenerator(new, new, lifetime))

    def query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == APP else None

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        self.kept.access.add(token["access_token"])
        if not self.kept.renewals:
            token.pop("refresh_token", None)
        if "refresh_token" in token:
            self.kept.refresh[token["refresh_token"]] = Issued(token["scope"])

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        pass

    def create_oauth2_request(self, request: Any) -> Any:
        return request if isinstance(request, Request) else Request(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> tuple[Any, ...]:
        return status, json.dumps(body) if isinstance(body, dict) else body, headers

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        status, body, headers = self.answer(Request(environ), environ["PATH_INFO"])
        self.kept.agents.add(environ.get("HTTP_USER_AGENT", ""))
        start(f"{status} x", list(headers))  # a list of its own: wsgiref adds to it, and Authlib shares it
        return [body.encode()]

    def answer(self, request: Request, path: str) -> tuple[Any, ...]:
        if path == "/oauth2/token":
            self.kept.asked += 1
            return tuple(self.create_token_response(request))
        if path != "/oauth2/auth":
            return 404, "", []
        try:
            grant = self.get_consent_grant(request)
        except OAuth2Error as error:
            return tuple(self.handle_error_response(request, error))
        return tuple(self.create_authorization_response(request, "jane" if self.kept.agrees else None, grant))


class Challenge(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012

    def save_authorization_code(self, code: str, request: Request) -> None:
        said = request.payload.data
        self.server.kept.codes[code] = Issued(
            request.scope, said["redirect_uri"], said.get("code_challenge", ""), said.get("code_challenge_method", "")
        )

    def query_authorization_code(self, code: str, client: Client) -> Issued | None:
        return self.server.kept.codes.get(code)

    def delete_authorization_code(self, authorization_code: Issued) -> None:
        codes = self.server.kept.codes
        del codes[next(code for code, issued in codes.items() if issued is authorization_code)]

    def authenticate_user(self, authorization_code: Issued) -> str:
        return "jane"


class RenewalGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Issued | None:
        return self.server.kept.refresh.get(refresh_token)

    def authenticate_user(self, refresh_token: Issued) -> str:
        return "jane"

    def revoke_old_credential(self, refresh_token: Issued) -> None:
        kept = self.server.kept.refresh
        del kept[next(token for token, issued in kept.items() if issued is refresh_token)]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def host(kept: Kept) -> Iterator[str]:
    """Start the server; yield its address."""
    with make_server("127.0.0.1", 0, Server(kept), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


# The browser and its user


def begin(host: str, **options: Any) -> CodeSignIn:
    return CodeSignIn(**{"client_id": APP, "redirect_uri": BACK, "scopes": ["trade"], "host": host, **options})


def browse(url: str) -> str:
    """Return the address that a browser ends at."""
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def with_http(host: str, do: Callable[[httpx.AsyncClient], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        async with http_client(host) as http:
            return await do(http)

    return asyncio.run(main())


def brought(host: str, **options: Any) -> Code:
    sign_in = begin(host, **options)
    return sign_in.accept(Secret(browse(sign_in.url)))


def get(code: Code) -> Tokens:
    return with_http(code.host, lambda http: exchange(code, http))


def refused(code: Code) -> SignInRefused:
    with pytest.raises(SignInRefused) as failed:
        get(code)
    return failed.value


# Tests


def test_the_whole_sign_in(host: str, kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("httpx", "httpcore", "oauthlib", "asyncio", "dpyauth"):
        caplog.set_level(logging.DEBUG, logger=name)
    sign_in = begin(host, scopes=["trade", "account_manage"], language="EN")
    address = browse(sign_in.url)
    assert address.startswith(f"{BACK}&code=")
    caplog.clear()  # the requests of the browser do not matter here
    code = sign_in.accept(address)
    before = time.time()
    tokens = get(code)
    assert kept.access == {tokens.access.reveal()}
    assert tokens.refresh is not None
    assert tokens.refresh.reveal() in kept.refresh
    assert tokens.scopes == ("trade", "account_manage")
    assert tokens.expires_at is not None
    assert before + 3600 <= tokens.expires_at <= time.time() + 3600
    assert f"dpyauth/{dpyauth.__version__}" in kept.agents
    assert "/oauth2/token" in caplog.text
    secret = [code.value, code.verifier, tokens.access, tokens.refresh, sign_in.state]
    assert not [one for one in secret if one.reveal() in caplog.text]


def test_without_refresh_token_and_with_another_lifetime(host: str, kept: Kept) -> None:
    kept.renewals, kept.lifetime = False, 2591999
    tokens = get(brought(host))
    assert tokens.refresh is None
    assert tokens.expires_at == pytest.approx(time.time() + 2591999, abs=20)


def test_without_a_lifetime(host: str, kept: Kept) -> None:
    kept.lifetime = 0
    assert get(brought(host)).expires_at is None


def test_a_code_works_once(host: str, kept: Kept) -> None:
    code = brought(host)
    get(code)
    assert refused(code).code == "invalid_grant"
    assert kept.asked == 2


def test_a_wrong_verifier(host: str, kept: Kept) -> None:
    other = brought(host).verifier
    error = refused(replace(brought(host), verifier=other))
    assert error.code == "invalid_grant"
    assert "Code challenge failed" in str(error)
    assert other.reveal() not in str(error)
    assert not kept.access


def test_no_verifier(host: str, kept: Kept) -> None:
    assert refused(replace(brought(host), verifier=Secret(""))).code == "invalid_request"
    assert not kept.access


def test_a_stolen_code_is_useless(host: str, kept: Kept) -> None:
    """The thief saw the address, but holds only a sign-in of the thief's own."""
    victim, thief = begin(host), begin(host)
    address = browse(victim.url)
    with pytest.raises(RedirectRefused) as stopped:
        thief.accept(address)
    assert stopped.value.code == "state_mismatch"
    forged = address.replace(victim.state.reveal(), thief.state.reveal())
    assert refused(thief.accept(forged)).code == "invalid_grant"
    assert get(victim.accept(address)).access.reveal() in kept.access


def test_another_redirect_url_in_the_exchange(host: str, kept: Kept) -> None:
    for other in (BACK.replace("/?", "?"), BACK.upper(), "https://elsewhere.example/"):
        error = refused(replace(brought(host), redirect_uri=other))
        assert error.code == "invalid_grant"
        assert "character by character" in str(error)
    assert not kept.access


def test_another_redirect_url_from_the_start(host: str) -> None:
    answer = httpx.get(begin(host, redirect_uri="https://notebooks.example/back").url, trust_env=False)
    assert answer.status_code == 400  # the server must not send the browser there


def test_another_app(host: str, kept: Kept) -> None:
    error = refused(replace(brought(host), client_id="AnotherApp"))
    assert error.code == "invalid_client"
    assert "app ID" in str(error)
    assert not kept.access


def test_a_scope_that_the_app_does_not_have(host: str) -> None:
    sign_in = begin(host, scopes=["trade", "offline_access"])
    with pytest.raises(RedirectRefused) as stopped:
        sign_in.accept(browse(sign_in.url))
    assert stopped.value.code == "invalid_scope"


def test_the_user_denies_access(host: str, kept: Kept) -> None:
    kept.agrees = False
    sign_in = begin(host)
    with pytest.raises(RedirectRefused) as stopped:
        sign_in.accept(browse(sign_in.url))
    assert stopped.value.code == "access_denied"
    assert kept.asked == 0


def test_renewing(host: str, kept: Kept) -> None:
    first = get(brought(host, scopes=["trade"]))
    seen = [first]
    for _ in range(3):
        last = seen[-1].refresh
        assert last is not None
        seen.append(with_http(host, lambda http, last=last: refresh(APP, last, http, host)))  # type: ignore[misc]
    assert len({tokens.access for tokens in seen} | {tokens.refresh for tokens in seen}) == 8
    assert {tokens.scopes for tokens in seen} == {("trade",)}
    assert len(kept.refresh) == 1
    assert first.refresh is not None
    old = first.refresh
    with pytest.raises(SignInRefused) as failed:  # it was replaced
        with_http(host, lambda http: refresh(APP, old, http, host))
    assert failed.value.code == "invalid_grant"
    assert old.reveal() not in str(failed.value)


def test_renewing_without_a_new_refresh_token(host: str, kept: Kept) -> None:
    first = get(brought(host))
    assert first.refresh is not None
    kept.renewals = False
    renewal = first.refresh
    assert with_http(host, lambda http: refresh(APP, renewal, http, host)).refresh == renewal
