"""Token endpoint: exchange a code or a refresh token for tokens, and revoke a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dpyauth.sandbox.options.http_answers import Answer, Handler
from dpyauth.sandbox.options.persons import Person
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.users import Token

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)
_CODES: Final = {"BadInputRequest": "invalid_request", "InternalServerError": "server_error"}
_PRIVATE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _Endpoint(Handler):
    """Endpoint that takes a form and answers with JSON."""

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal in the form of RFC 6749."""
        code = _CODES.get(problem.code, problem.code)
        return Answer({"error": code, "error_description": problem.message}, problem.status, _PRIVATE)

    def _form(self) -> None:
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Problem(400, "invalid_request", "The body must be a form (application/x-www-form-urlencoded).")
        if any(len(values) > 1 for values in self.request.body_arguments.values()):
            raise Problem(400, "invalid_request", "A parameter is given twice.")

    def _given(self, name: str) -> str:
        value = self.get_body_argument(name, "", strip=False)
        if not value:
            raise Problem(400, "invalid_request", f"The parameter {name} is missing.")
        return value


class TokenEndpoint(_Endpoint):
    """POST /oauth2/token."""

    async def post(self) -> None:
        """Exchange a code or a refresh token for tokens."""
        await self.answer("token", self._tokens)

    def _tokens(self) -> Answer:
        self._form()
        grants: dict[str, Callable[[str], tuple[Token[Person], str]]] = {
            "authorization_code": self._exchange,
            "refresh_token": self._refresh,
        }
        grant = grants.get(self._given("grant_type"))
        if grant is None:
            raise Problem(400, "unsupported_grant_type", "Unknown grant type.")
        app = self.sandbox.options.apps.get(self._given("client_id"))
        if app is None or app.kind != "oauth":
            raise Problem(401, "invalid_client", "No OAuth app with this client_id is registered.")
        try:
            token, refresh = grant(app.app_id)
        except KeyError as error:
            raise Problem(400, "invalid_grant", str(error.args[0])) from None
        options = self.sandbox.options
        shown = {
            "access_token": token.value,
            "expires_in": options.expires_in,
            "scope": " ".join(token.scopes),
            "token_type": options.token_type,
        }
        if refresh:
            shown["refresh_token"] = refresh
        return Answer(shown, headers=_PRIVATE)

    def _exchange(self, app_id: str) -> tuple[Token[Person], str]:
        code, redirect_uri, verifier = (self._given(name) for name in ("code", "redirect_uri", "code_verifier"))
        if not _VERIFIER.fullmatch(verifier):
            raise KeyError("The code_verifier must have 43 to 128 letters, digits and -._~.")
        return self.sandbox.options.exchange(code, app_id, redirect_uri, verifier)

    def _refresh(self, app_id: str) -> tuple[Token[Person], str]:
        return self.sandbox.options.refresh(self._given("refresh_token"), app_id)


class RevokeEndpoint(_Endpoint):
    """POST /oauth2/revoke, which Deriv does not document. As in RFC 7009, an unknown token is not an error."""

    async def post(self) -> None:
        """Revoke a token."""
        await self.answer("revoke", self._revoke)

    def _revoke(self) -> Answer:
        self._form()
        token, app_id = self._given("token"), self._given("client_id")
        if app_id not in self.sandbox.options.apps:
            raise Problem(401, "invalid_client", "No app with this client_id is registered.")
        self.sandbox.options.revoke(token)
        return Answer("", headers=_PRIVATE)
