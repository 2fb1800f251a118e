"""Errors keep the subcode that Deriv sends beside the code, on both APIs and in all forms of a reply."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.apis import options, v3
from dpyauth.apis.options.errors import judge
from dpyauth.apis.options.requests import Request, Response
from dpyauth.credentials import Secret
from dpyauth.errors import ApiError, SignInRefused
from dpyauth.fleets.joined import joined
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.session import Session

TOKEN = "C4nary-subc0de"


def refuse(ask: Any) -> Any:
    raise Refusal("ContractBuyValidationError", "The barrier cannot be right.", {"field": "barrier"}, "InvalidBarrier")


def test_an_error_of_a_session_has_the_subcode(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HANDLERS, "get_limits", refuse)
    with pytest.raises(ApiError, match=r"ContractBuyValidationError \(InvalidBarrier\): The barrier") as caught:
        session.call("get_limits")
    error = caught.value
    assert (error.code, error.subcode) == ("ContractBuyValidationError", "InvalidBarrier")
    for copy in (pickle.loads(pickle.dumps(error)), error.copy()):
        assert (copy.subcode, str(copy)) == (error.subcode, str(error))
    told = session.limits(account="all")["error"].item()
    assert "InvalidBarrier" in told
    assert "InvalidBarrier" in joined("limits", ["Ann"], {"Ann": error})["error"].item()


@pytest.mark.parametrize("read", [v3.error, options.error])
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("InvalidBarrier", "InvalidBarrier"),
        (7, "7"),
        ("", ""),
        (None, ""),
        (True, ""),
        ({"a": 1}, ""),
        ("two words", ""),
        ("x" * 65, ""),
    ],
)
def test_which_values_count_as_a_subcode(read: Callable[..., ApiError], sent: Any, kept: str) -> None:
    reply = {"error": {"code": "SomeError", "message": "No.", "subcode": sent}}
    error = read(reply, "buy")
    assert error.subcode == kept
    assert str(error) == f"Deriv answered 'buy' with SomeError{f' ({kept})' if kept else ''}: No."


def response(status: int, **entry: Any) -> Response:
    import json

    return Response(status, "application/json", json.dumps({"errors": [{"status": status, **entry}]}).encode())


def asked() -> Request:
    return Request("get_accounts", "GET", "/accounts", scopes=("trade",), app_id="33Abc", token=Secret(TOKEN))


def test_an_error_over_http_has_the_subcode() -> None:
    error = judge(response(400, code="AgentInactive", subcode="Paused", message="No."), asked())
    assert isinstance(error, ApiError)
    assert error.subcode == "Paused"
    assert str(error).startswith("Deriv answered 'get_accounts' with AgentInactive (Paused, HTTP 400): No.")


def test_a_refused_sign_in_has_the_subcode() -> None:
    error = judge(response(401, code="Unauthorized", subcode="TokenRevoked"), asked())
    assert isinstance(error, SignInRefused)
    assert error.subcode == "TokenRevoked"


def test_a_refused_sign_in_over_a_websocket_has_the_subcode(
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_token(ask: Any) -> Any:
        raise Refusal("InvalidToken", "The token is invalid.", {}, "Revoked")

    monkeypatch.setitem(HANDLERS, "authorize", refuse_token)
    with pytest.raises(SignInRefused) as refused:
        open_session()
    assert refused.value.subcode == "Revoked"


def test_a_subcode_repeats_no_secret() -> None:
    secret = Secret(TOKEN)
    for error in (
        v3.error({"error": {"code": "Odd", "subcode": TOKEN}}, "buy", [secret]),
        judge(response(400, code="Odd", subcode=TOKEN), asked()),
    ):
        assert isinstance(error, ApiError)
        assert TOKEN not in f"{error} {error.subcode} {error!r} {error.__dict__}"
