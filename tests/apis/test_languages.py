"""Test that errors of calls and sign-ins are said in any language, and keep their English text and their code."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from dpyauth.apis import v3
from dpyauth.apis.base import another_account, no_such_account
from dpyauth.apis.retiring import unavailable
from dpyauth.catalog.calls import load
from dpyauth.errors import ApiError, ConnectionFailed, DpyauthError
from dpyauth.net.connect_errors import explain
from dpyauth.net.pending import PendingCall, not_sent, outcome_unknown, over_budget, overdue
from dpyauth.net.state import unreachable
from dpyauth.net.transport import HandshakeRefused
from dpyauth.registry import APIS
from dpyauth.secret import Secret
from dpyauth.texts.languages import names
from dpyauth.texts.said import clause, in_language, joined, said

BUY = load("v3")["buy"]
LOOK = BUY.look({})


def timed_out(*, sent: bool, changes: bool = False) -> DpyauthError:
    pending = PendingCall("buy", 1, "{}", 0.0, 2.5, changes=changes, sent_at=0.0 if sent else None, look=LOOK)
    return overdue(pending, ready=sent, reason=said("nothing_answers"))


def refused(code: str, message: str = "") -> ApiError:
    error = v3.error({"error": {"code": code, "message": message}, "msg_type": "buy"}, "buy")
    assert error is not None
    return error


CASES = {
    "offline": (unreachable(said("server_name_not_found")), "unreachable", ["el nombre del servidor"]),
    "HTTP": (unreachable(explain(HandshakeRefused(503)).text, 503), "unreachable", ["HTTP 503", "mantenimiento"]),
    "firewall": (unreachable(explain(HandshakeRefused(403, b"<html>")).text), "unreachable", ["HTTP 403", "otra red"]),
    "retired": (
        unavailable(APIS["v3"], explain(TimeoutError(), 4.5).text),
        "switched_off_v3",
        ["4,5 s", "https://developers.deriv.com/dashboard/tokens/", 'dpyauth.login(api="options", ask=True)'],
    ),
    "unknown": (
        outcome_unknown("buy", said("closed_by_server", code="1006"), LOOK),
        "outcome_unknown",
        ["buy", "código 1006", "Puede que se haya hecho o puede que no", "session.portfolio() y session.statement()"],
    ),
    "not sent": (not_sent("buy", said("connection_broke")), "no_connection_now", ["'buy' no se envió", "interrumpió"]),
    "limit": (over_budget("buy", 12.3), "RateLimit", ["'buy' no se envió", "12 s"]),
    "no reply": (timed_out(sent=True), "call_timed_out", ["Deriv no respondió a 'buy'", "2,5 s"]),
    "no connection": (timed_out(sent=False), "no_connection_now", ["2,5 s: nada responde en esa dirección"]),
    "no outcome": (timed_out(sent=True, changes=True), "outcome_unknown", ["no hubo respuesta en 2,5 s"]),
    "scope": (
        refused("PermissionDenied", "Not you."),
        "PermissionDenied",
        ["con PermissionDenied: Not you.", "'trade'"],
    ),
    "other": (refused("InsufficientBalance", "Too little."), "InsufficientBalance", ["Too little."]),
    "account": (no_such_account("CR1", ["CR2", "CR3"]), "AccountNotFound", ["CR1", "CR2, CR3"]),
    "mixed up": (another_account("CR1", "CR2"), "AnotherAccount", ["la cuenta CR2 en lugar de CR1"]),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_is_said_in_spanish_with_its_values_and_a_stable_code(case: str) -> None:
    error, code, parts = CASES[case]
    assert error.code == code
    told = error.in_language("es")
    assert told != str(error)
    assert [part for part in parts if part not in told] == []
    assert not set(told) & set("{}")


@pytest.mark.parametrize("language", names())
@pytest.mark.parametrize("case", CASES)
def test_an_error_is_whole_in_every_language(case: str, language: str) -> None:
    error, _, _ = CASES[case]
    assert in_language(error.text, "en") == str(error)
    told = error.in_language(language)
    assert (told == str(error)) == (language == "en")
    assert ".." not in told.replace("(..., create", "")


def test_the_english_texts() -> None:
    found = {case: str(error) for case, (error, _, _) in CASES.items()}
    assert found["HTTP"] == (
        "Could not connect to Deriv: the server answered with HTTP 503; it may be down or under maintenance."
    )
    assert found["unknown"] == (
        "'buy' was sent, but no reply says whether Deriv carried it out (the server closed the connection (code "
        "1006)). It may or may not have happened. Before you send it again, look at session.portfolio() and "
        "session.statement(). dpyauth never repeats it."
    )
    assert found["no connection"] == (
        "'buy' was not sent: there is no connection to Deriv at the moment (no connection within 2.5 s: nothing "
        "answers at that address). dpyauth keeps trying to reconnect; run the cell again in a moment."
    )
    assert found["scope"] == (
        "Deriv answered 'buy' with PermissionDenied: Not you. Sign in with a token that has the scope 'trade'; if "
        "yours has it, this kind of account may not do that."
    )


def in_spanish(error: DpyauthError) -> tuple[str, DpyauthError]:
    return error.in_language("es"), error


@pytest.mark.parametrize("case", ["retired", "unknown", "scope"])
def test_an_error_keeps_its_translations_in_another_process(case: str) -> None:
    error, _, _ = CASES[case]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        told, back = pool.submit(in_spanish, error).result(timeout=60)
    assert told == error.in_language("es")
    assert (str(back), back.code) == (str(error), error.code)
    assert back.in_language("fr") == error.in_language("fr")


@pytest.mark.parametrize("language", names())
def test_no_language_repeats_a_secret(language: str) -> None:
    secret = Secret("canary-in-a-reason")
    inner = joined(
        said("answered_with", code="canary-in-a-reason"),
        clause(said("deriv_refused", call="x", code="canary-in-a-reason")),
    )
    for error in (outcome_unknown("buy", inner, ""), unreachable(inner), ConnectionFailed(inner)):
        assert "canary" not in error.in_language(language)
        assert "canary" not in repr(error.text)
        assert "canary" not in error.copy().in_language(language)
    assert secret.reveal() == "canary-in-a-reason"


def test_an_error_in_english_needs_no_babel() -> None:
    code = """
import sys
from dpyauth.net.pending import outcome_unknown, over_budget
from dpyauth.net.rate_limits import in_words
from dpyauth.texts.said import said
over_budget("buy", 61.7), in_words(7200), outcome_unknown("buy", said("no_reply_within", seconds=2.5), "")
said("reads_sent_again", reason="", count=1), said("scope_wanted", scopes=["a", "b"])
assert not {"babel", "pandas"} & set(sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
