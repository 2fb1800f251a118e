"""Test how errors, accounts and money are shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.apis.retiring import unavailable, way_on
from dpyauth.errors import (
    ApiError,
    ApiUnavailable,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InvalidCredential,
    InvalidSetting,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    SignInRefused,
)
from dpyauth.panels import account_view, sign_in_view
from dpyauth.panels.sign_in import SignInModel
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.texts import texts
from dpyauth.texts.languages import names
from dpyauth.texts.said import in_language, said

WORDS = texts("sign-in", language="en")

Open = Callable[..., Session]
INVALID = SignInRefused("No.", call="authorize", code="InvalidToken")


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTERHUB_USER", "BINDER_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("error", "title", "field"),
    [
        (INVALID, "Deriv refused the sign-in (v3 API)", "token"),
        (SignInRefused("No.", code="InvalidAppID"), "Deriv refused the sign-in (v3 API)", "app_id"),
        (SignInRefused("No.", about="app ID"), "Deriv refused the sign-in (v3 API)", "app_id"),
        (SignInRefused("No.", about="token"), "Deriv refused the sign-in (v3 API)", "token"),
        (SignInRefused("No.", code="NoAccount"), "You have no account yet (v3 API)", None),
        (InvalidCredential("No."), "Check the token", "token"),
        (InvalidSetting("No.", field="app_id"), "Check the app ID", "app_id"),
        (InvalidSetting("No.", field="server"), "Check what you entered", None),
        (RedirectRefused("No.", code="redirect_url"), "The sign-in with Deriv failed", "redirect_url"),
        (RedirectRefused("No.", code="used"), "The sign-in with Deriv failed", None),
        (ConnectionFailed("No."), "Deriv cannot be reached", None),
        (CallTimeout("No."), "Deriv is not responding", None),
        (ApiUnavailable("No.", api="v3"), "Deriv's older API (v3) is not responding", None),
        (DpyauthError("No."), "That did not work", None),
    ],
)
def test_the_field_of_an_error(error: DpyauthError, title: str, field: str | None) -> None:
    place = {"field": field, "api": "v3"} if field else {}
    assert sign_in_view.trouble(error, "v3", "", WORDS) == {"title": title, "text": "No.", "kind": "error"} | place


def test_an_error_about_a_token_that_was_not_typed_has_no_field() -> None:
    assert "field" not in sign_in_view.trouble(INVALID, "v3", "", WORDS, typed=False)
    assert (
        sign_in_view.trouble(SignInRefused("No.", about="app ID"), "options", "", WORDS, typed=False)["field"]
        == "app_id"
    )


@pytest.mark.parametrize(
    ("error", "no_good"),
    [
        (INVALID, True),
        (SignInRefused("No.", code="Unauthorized", about="token"), True),
        (SignInRefused("No.", code="Unauthorized", about="token or app ID"), False),
        (SignInRefused("No.", code="AccountDisabled"), True),
        (InvalidCredential("No."), True),
        (PermissionDenied("No."), True),
        (SignInRefused("No.", code="Unauthorized", about="app ID"), False),
        (SignInRefused("No.", code="InvalidAppID"), False),
        (SignInRefused("No.", code="NoAccount"), False),
        (SignInRefused("No.", code="HTTP401"), False),
        (ConnectionFailed("No."), False),
        (ApiUnavailable("No.", api="v3"), False),
        (CallTimeout("No."), False),
        (RateLimited("No."), False),
        (ApiError("No.", code="InternalServerError"), False),
        (BadReply("No."), False),
        (InvalidSetting("No.", field="app_id"), False),
    ],
)
def test_which_errors_allow_another_attempt_with_the_token(error: DpyauthError, no_good: bool) -> None:
    assert sign_in_view.token_is_no_good(error) == no_good


def test_notes_and_offers() -> None:
    error = SignInRefused("No.", call="authorize", code="InvalidToken")
    error.add_note("Nor there.")
    shown = sign_in_view.trouble(error, "", "options", WORDS)
    assert (shown["title"], shown["text"], shown["offer"]) == ("Deriv refused the sign-in", "No. Nor there.", "options")


@pytest.mark.parametrize(
    ("error", "told"), [(INVALID, True), (SignInRefused("No.", call="get_accounts", code="InvalidToken"), False)]
)
def test_only_v3_limits_tokens_to_an_address(error: DpyauthError, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "jane")
    assert ("internet address" in sign_in_view.trouble(error, "v3", "", WORDS)["text"]) == told


def test_news(session: Session) -> None:
    assert account_view.news(session, WORDS) is None
    session.core.remark = "Mind the gap."
    assert account_view.news(session, WORDS) == {"title": "Note", "text": "Mind the gap.", "kind": "info"}
    session.core.sign_out("You signed out.")
    assert account_view.news(session, WORDS) == {"title": "Signed out", "text": "You signed out.", "kind": "info"}
    assert account_view.account(session, "en") is None
    assert account_view.accounts(session, {}, "en") == []


def test_account(session: Session) -> None:
    shown = account_view.account(session, "en")
    assert shown is not None
    assert (shown["loginid"], shown["api"], shown["source"]) == ("CR900001", "v3", "a test")
    assert account_view.accounts(session, {}, "en") == []  # a single account is no choice


def test_scopes_stated_by_deriv(session: Session) -> None:
    said = [light["text"] for light in account_view.scopes(session, WORDS)]
    assert said == ["Read", "Trade", "Trading information", "Payments", "Admin"]
    session.core.sign_out("You signed out.")
    assert account_view.scopes(session, WORDS) == []


def test_scopes_as_far_as_they_are_known(open_options: Open) -> None:
    session = open_options("rich, trading only")
    said = [light["text"] for light in account_view.scopes(session, WORDS)]
    assert said == ["Trade", "not stated: Manage account, Payment, Read applications"]
    with pytest.raises(PermissionDenied):
        session.wallets()
    said = [f"{light['tone']} {light['text']}" for light in account_view.scopes(session, WORDS)]
    assert said == ["plain Trade", "off missing: Payment", "plain not stated: Manage account, Read applications"]


def test_an_inactive_account_is_marked_in_the_list(open_options: Open, box: Sandbox) -> None:
    session = open_options("trouble")
    before = len(box.received)
    shown = {one["loginid"]: one["status"] for one in account_view.accounts(session, {}, "en")}
    assert shown == {"ROT900011": "inactive", "DOT900012": "active"}
    assert len(box.received) == before


@pytest.mark.parametrize("said", [None, "", "no", [], 5, 1.5])
def test_unknown_facts_about_an_account_are_not_shown(session: Session, said: object) -> None:
    assert session.core.active_account is not None
    session.core.active_account = session.core.active_account._replace(
        rows=({"loginid": "CR900001", "is_disabled": said},)
    )
    assert account_view.status(session, "CR900001") == ""
    assert account_view.status(session, "CR1") == ""


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (10000.0, "10,000.00"),
        (9876.5, "9,876.50"),
        (7, "7.00"),
        ("0.00012300", "0.00012300"),
        ("1234567.89", "1,234,567.89"),
        (-3.5, "-3.50"),
        (None, ""),
        ("", ""),
        ("much", ""),
        ([], ""),
        (float("nan"), ""),
        (float("inf"), ""),
        ("1e-18", "0.000000000000000001"),
        ("1e999999999", "1E+999999999"),
        ("-1e-999999999", "-1E-999999999"),
    ],
)
def test_money(amount: object, shown: str) -> None:
    assert account_view.money(amount) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8) | st.floats(-1e12, 1e12) | st.integers())
def test_money_is_exact(amount: Decimal | float) -> None:
    assert Decimal(account_view.money(amount).replace(",", "")) == Decimal(str(amount))


@given(st.text() | st.none() | st.floats() | st.lists(st.integers()))
def test_money_accepts_any_value(amount: object) -> None:
    assert isinstance(account_view.money(amount), str)


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        (
            "en",
            "This looks like a token for Deriv's older API (v3)",
            "Nothing was sent. Continue with Deriv's older API (v3), or create a token for Deriv's current API "
            "(personal access token).",
        ),
        (
            "es",
            "Parece un token de la API anterior de Deriv (v3)",
            "No se envió nada. Continúa con la API anterior de Deriv (v3) o crea un token para la API actual de Deriv "
            "(token de acceso personal).",
        ),
        (
            "fr",
            "Ce token semble destiné à l'API v3 de Deriv",
            "Rien n'a été envoyé. Continuez avec l'API v3 de Deriv, ou créez un token pour l'API actuelle "
            "de Deriv (token d'accès personnel).",
        ),
        (
            "pt-BR",
            "Este token parece ser da API antiga da Deriv (v3)",
            "Nada foi enviado. Continue com a API antiga da Deriv (v3) ou crie um token para a API atual da Deriv "
            "(token de acesso pessoal).",
        ),
    ],
)
def test_a_token_of_another_api_in_every_language(language: str, title: str, text: str) -> None:
    notice = sign_in_view.of_another_api("v3", "options", texts("sign-in", language=language))
    assert (notice["title"], notice["text"]) == (title, text)


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("es", "Sesión cerrada", "Cerraste la sesión."),
        ("fr", "Déconnecté", "Vous vous êtes déconnecté."),
        ("pt-BR", "Login encerrado", "Você saiu da conta."),
    ],
)
def test_the_reason_for_being_signed_out_follows_the_language(
    session: Session, language: str, title: str, text: str
) -> None:
    """Also if the user changes the language afterwards."""
    model = SignInModel(session)
    model.sign_out()
    assert model.view()["notice"] == {"title": "Signed out", "text": "You signed out.", "kind": "info"}
    session.language = language
    assert model.view()["notice"] == {"title": title, "text": text, "kind": "info"}


@pytest.mark.parametrize("language", names())
def test_where_to_go_on_gives_way_to_what_was_refused_there(language: str) -> None:
    words = texts("sign-in", language=language)
    error = unavailable(APIS["v3"], said("nothing_answers"))
    error.add_note("A note.")
    shown = sign_in_view.trouble(error, "v3", "", words, tried=True)["text"]
    assert shown.endswith(f"{words['tried_current']} A note.")
    assert in_language(way_on(), language) not in shown
