"""REST requests: the sender, the sender's rights, and the form of the answer."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from dpyauth.catalog import calls as catalog
from dpyauth.catalog.calls import Call
from dpyauth.sandbox.options.api import Options
from dpyauth.sandbox.options.http_answers import Answer, Handler
from dpyauth.sandbox.options.persons import Person
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.users import Account, Token

BASE: Final = "/trading/v1/options"
_PAYMENT: Final = "/payment-agents/"
_PLAIN: Final = ("/account/", _PAYMENT)  # answers have `metadata`, with times in seconds
_WALLET: Final = "/wallet/"  # answers have no metadata, only links to other pages
_PARTNERS: Final = "/partners/"  # answers are bare; the form of refusals is not known
_PLAIN_CODES: Final = {  # parts that have only few codes
    "InternalServerError": "InternalError",
    **dict.fromkeys(
        ("AccessDenied", "BadInputRequest", "FieldIsRequired", "NotFound", "RateLimit", "Unauthorized"), "InputError"
    ),
    "ValidationError": "InputError",
}
_WORDLESS: Final = (  # codes without a message, with payment agents
    *("AgentCurrencyUnsupported", "AgentNotFound", "InternalError", "InvalidAgentID", "RequestIDNotFound"),
)


@dataclass(slots=True)
class Request:
    """REST request whose sender may make it."""

    rest: Rest
    token: Token[Person]
    found: Mapping[str, str]  # fields in the path
    body: Mapping[str, Any]

    @property
    def options(self) -> Options:
        """Return the Options API of the sandbox."""
        return self.rest.sandbox.options

    @property
    def person(self) -> Person:
        """Return the sender."""
        return self.token.owner

    @property
    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self.rest.sandbox.clock()

    @property
    def account(self) -> Account:
        """Return the account in the path."""
        for account in self.person.accounts:
            if account.loginid == self.found["account_id"]:
                return account
        raise Problem(404, "AccountNotFound", "This account is not yours.")

    def query(self, name: str) -> str:
        """Return a parameter of the query; empty if it is missing."""
        return self.rest.get_query_argument(name, "")

    def whole(self, name: str, default: int, least: int, most: int, status: int = 422) -> int:
        """Return a parameter that is a whole number; otherwise refuse it with this status."""
        text = self.query(name) or str(default)
        if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
            raise Problem(status, "ValidationError", f"{name} must be from {least} to {most}", name)
        return int(text)


class Route(NamedTuple):
    """Call: its method and path, the scope that it needs, and the function that answers it."""

    name: str
    method: str
    path: re.Pattern[str]
    scope: str
    answer: Callable[[Request], Answer]


_ANSWERS: Final[dict[str, Callable[[Request], Answer]]] = {}
_OTP: Final = Call("otp", "", {}, (), ("trade",), rest=catalog.Rest("POST", f"{BASE}/accounts/{{account_id}}/otp"))


def answers(call: str) -> Callable[[Callable[[Request], Answer]], Callable[[Request], Answer]]:
    """Register the function that answers a call, whose method and path are in the catalog."""

    def register(function: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        _ANSWERS[call] = function
        return function

    return register


@functools.cache
def routes() -> tuple[Route, ...]:
    """Return every call that is answered. The one for a one-time password, for signing in, is not in the catalog."""
    known = {**catalog.load("options"), "otp": _OTP}
    found = []
    for name, function in _ANSWERS.items():
        call = known[name]
        assert call.rest is not None
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", call.rest.path)
        found.append(Route(name, call.rest.method, re.compile(pattern), call.scopes[0], function))
    return tuple(found)


def envelope(problem: Problem, path: str, method: str) -> dict[str, Any]:
    """Return a refusal in the form of this part of the API."""
    shown: dict[str, Any] = {"status": problem.status, "code": problem.code}
    if path.startswith(_PLAIN):
        shown["code"] = code = _PLAIN_CODES.get(problem.code, problem.code)
        if not path.startswith(_PAYMENT):
            shown["message"] = problem.message
        elif problem.more or code not in _WORDLESS:
            shown["detail"] = {"message": problem.message, **problem.more}
        return {"data": {}, "errors": [shown], "metadata": _about(path, method, 0.004)}
    shown["message"] = problem.message
    if path.startswith((_WALLET, _PARTNERS)):
        return {"errors": [shown]}
    if problem.field:
        shown["field"] = problem.field
    return {"errors": [shown], "meta": _about(path, method, 4)}


def _about(path: str, method: str, timing: float) -> dict[str, Any]:
    return {"endpoint": path, "method": method, "timing": timing}


class Rest(Handler):
    """Handler of all REST requests."""

    async def get(self) -> None:
        """Answer a GET request."""
        await self._serve()

    async def post(self) -> None:
        """Answer a POST request."""
        await self._serve()

    async def put(self) -> None:
        """Answer a PUT request."""
        await self._serve()

    async def patch(self) -> None:
        """Answer a PATCH request."""
        await self._serve()

    async def delete(self) -> None:
        """Answer a DELETE request."""
        await self._serve()

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal in the form of this part of the API."""
        assert self.request.method is not None
        return Answer(envelope(problem, self.request.path, self.request.method), problem.status)

    def data(self, data: Any, status: int = 200, links: Mapping[str, str | None] | None = None) -> Answer:
        """Return an answer in the form of this part of the API."""
        path, method = self.request.path, self.request.method or ""
        if path.startswith(_PLAIN):
            return Answer({"data": data, "errors": [], "metadata": _about(path, method, 0.004)}, status)
        if path.startswith(_WALLET):
            return Answer({"data": data} if links is None else {"data": data, "links": links}, status)
        if path.startswith(_PARTNERS):
            return Answer(data, status)
        return Answer({"data": data, "meta": _about(path, method, 4)}, status)

    def not_simulated(self) -> Problem:
        """Return the refusal of a call that the sandbox does not simulate."""
        return Problem(404, "NotSimulated", f"The sandbox does not simulate {self.request.path}; Deriv has it.")

    async def _serve(self) -> None:
        path, method = self.request.path, self.request.method
        for route in routes():
            match = route.path.fullmatch(path)
            if match and route.method == method:
                found = match.groupdict()
                await self.answer(route.name, lambda: self._answered(route, found))  # noqa: B023
                return
        await self.answer("?", self._unknown)

    def _unknown(self) -> Answer:
        if "/bulk-purchase/" in self.request.path:  # its tokens are in the body, so the header is not checked
            raise self.not_simulated()
        raise Problem(404, "NotFound", "There is no such endpoint")

    def _answered(self, route: Route, found: Mapping[str, str]) -> Answer:
        sandbox = self.sandbox
        if sandbox.faults.is_down:
            raise Problem(503, "InternalServerError", "The service is temporarily unavailable")
        self._count("address", self.request.remote_ip)
        token = self._token()
        self._count("rest", token.value)
        if route.scope not in token.scopes:
            raise Problem(403, "AccessDenied", f"The token does not have the scope {route.scope}")
        sandbox.world.settle()
        return route.answer(Request(self, token, found, self._body()))

    def _count(self, budget: str, who: str | None) -> None:
        if not self.sandbox.options.meter.count(budget, who, self.sandbox.clock()):
            raise Problem(429, "RateLimit", "You have reached the rate limit")

    def _token(self) -> Token[Person]:
        kind, _, value = self.request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not value.strip():
            raise Problem(401, "Unauthorized", "The header Authorization: Bearer with a token is required")
        return self.sandbox.options.let_in(value.strip(), self.request.headers.get("Deriv-App-ID", ""))

    def _body(self) -> Mapping[str, Any]:
        text = self.request.body
        if not text:
            if "json" in self.request.headers.get("Content-Type", "").lower():
                raise Problem(400, "BadInputRequest", "Unexpected end of JSON input")
            return {}
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            raise Problem(400, "BadInputRequest", "The body is not JSON") from None
        if not isinstance(body, dict):
            raise Problem(400, "BadInputRequest", "The body is not a JSON object")
        return body


class Health(Handler):
    """GET /v1/health, which answers with text and needs no sign-in."""

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as text."""
        return Answer(problem.message, problem.status)

    async def get(self) -> None:
        """Answer that the API is up."""
        down = self.sandbox.faults.is_down
        await self.answer("health", lambda: Answer("Service Unavailable", 503) if down else Answer("OK"))
