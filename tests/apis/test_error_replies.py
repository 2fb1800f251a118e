"""Test the text and the kind of errors made from Deriv's error replies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.apis.error_meanings import KINDS, PASSING
from dpyauth.apis.error_replies import api_error
from dpyauth.catalog.calls import load
from dpyauth.credentials import Secret
from dpyauth.errors import ApiError, InputRefused, PermissionDenied, RateLimited

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def made(code: Any, message: Any = "", secrets: tuple[str, ...] = (), **more: Any) -> ApiError:
    reply = {"error": {"code": code, "message": message, **more}}
    error = api_error(reply, "buy", [Secret(text) for text in secrets], KINDS, load("v3"))
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("RateLimit", RateLimited, "Deriv answered 'buy' with RateLimit. Wait a minute and run the cell again."),
        (
            "PermissionDenied",
            PermissionDenied,
            "Deriv answered 'buy' with PermissionDenied. Sign in with a token that has the scope 'trade'; if "
            "yours has it, this kind of account may not do that.",
        ),
        ("InputValidationFailed", InputRefused, "Deriv answered 'buy' with InputValidationFailed."),
        ("New", ApiError, "Deriv answered 'buy' with New."),
    ],
)
def test_texts_end_with_what_to_do(code: str, kind: type[ApiError], text: str) -> None:
    error = made(code)
    assert type(error) is kind
    assert str(error) == text


@pytest.mark.parametrize("code", sorted(PASSING))
def test_which_errors_are_temporary(code: str) -> None:
    assert code in KINDS
    assert "again" in str(made(code))


def test_derivs_message_is_repeated_once_with_one_full_stop() -> None:
    assert str(made("Odd", "  No luck.. ")) == "Deriv answered 'buy' with Odd: No luck."
    error = made("InputValidationFailed", "Bad", details={"price": "Too low", "amount": "?"})
    assert str(error) == "Deriv answered 'buy' with InputValidationFailed: Bad. price: Too low; amount: ?."
    assert error.details == {"price": "Too low", "amount": "?"}


def test_details_are_reasons_only_for_refused_fields() -> None:
    error = made("Odd", "Bad", details={"price": "Too low"})
    assert "Too low" not in str(error)
    assert error.details == {"price": "Too low"}


def test_secrets() -> None:
    error = made("InputValidationFailed", "I got C4nary", ("C4nary",), details={"C4nary": ["C4nary"]})
    assert "C4nary" not in f"{error}{vars(error)}"
    assert "<secret>" in str(error)


@given(JSON, st.lists(st.text(max_size=3), max_size=2))
def test_any_error_reply_is_readable(error: Any, secrets: list[str]) -> None:
    made = api_error({"error": error}, "buy", [Secret(text) for text in secrets], KINDS, load("v3"))
    assert (made is None) == (error is None)
    if made is not None:
        assert "'buy'" in str(made)
        assert str(made).endswith(".")
        assert isinstance(made.details, dict)
