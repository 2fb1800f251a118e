"""Test the states of a connection, and what a greeting keeps."""

from __future__ import annotations

import pytest

from dpyauth.errors import ConnectionFailed
from dpyauth.net.state import Handshake, State, unreachable


def test_each_state_has_a_name() -> None:
    assert {state.value for state in State} == {
        "connecting",
        "open",
        "signed in",
        "reconnecting",
        "signed out",
        "closed",
    }


def test_a_greeting_keeps_no_text_and_cannot_be_changed() -> None:
    secrets = iter(["first", "second"])
    greeting = Handshake("authorize", lambda: {"authorize": next(secrets)}, lambda reply: None)
    assert greeting.fields() == {"authorize": "first"}
    assert greeting.fields() == {"authorize": "second"}
    assert "first" not in repr(greeting)
    with pytest.raises(AttributeError):
        greeting.call = "logout"  # type: ignore[misc]


def test_the_error_says_why_deriv_is_unreachable() -> None:
    error = unreachable("nothing answers at that address")
    assert type(error) is ConnectionFailed
    assert str(error) == "Could not connect to Deriv: nothing answers at that address."
