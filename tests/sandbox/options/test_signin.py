"""Test signing in with the browser and the token endpoint, from the first page to a call with the token."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from dpyauth.sandbox import Sandbox

BACK = "https://example.com/back/"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one_0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Browser:
    """A minimal browser: it handles cookies and forms, and stops where a redirect leads elsewhere."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.http = httpx.Client(base_url=box.auth_host, trust_env=False, timeout=10)
        self.app_id = box.register_options_app("A <b>notebook</b>", BACK, ["trade", "account_manage"])

    def start(self, **changes: str) -> httpx.Response:
        asked = {
            "response_type": "code",
            "client_id": self.app_id,
            "redirect_uri": BACK,
            "scope": "trade account_manage",
            "state": "the state & more",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return self.http.get("/oauth2/auth", params={name: value for name, value in asked.items() if value})

    def submit(self, page: httpx.Response, **typed: str) -> httpx.Response:
        action = unescape(re.findall('<form method="post" action="([^"]*)"', page.text)[-1])
        hidden = dict(re.findall('<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
        return self.http.post(action, data={**hidden, **typed})

    def consent(self, user: str = "9000001", **changes: str) -> httpx.Response:
        page = self.submit(self.start(**changes), user=user)
        assert "access?" in page.text
        return page

    def code(self, **changes: str) -> str:
        return back(self.submit(self.consent(**changes), choice="allow"))["code"]

    def token(self, **changes: str) -> httpx.Response:
        asked = {
            "grant_type": "authorization_code",
            "client_id": self.app_id,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.http.post("/oauth2/token", data={name: value for name, value in asked.items() if value})


@pytest.fixture
def box(clock: Any) -> Iterator[Sandbox]:
    with Sandbox(limits=None, clock=clock) as running:
        yield running


@pytest.fixture
def browser(box: Sandbox) -> Iterator[Browser]:
    one = Browser(box)
    yield one
    one.http.close()


def back(page: httpx.Response) -> dict[str, str]:
    """Return what a redirect brings to the app."""
    assert page.status_code == 302
    assert page.headers["Location"].startswith(f"{BACK}?")
    return dict(parse_qsl(urlsplit(page.headers["Location"]).query, strict_parsing=True))


def accounts(box: Sandbox, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{box.rest}/trading/v1/options/accounts", headers=headers, trust_env=False)


def wrong(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["error"]


def test_all_the_way(box: Sandbox, browser: Browser) -> None:
    fields = back(browser.submit(browser.consent(), choice="allow"))
    assert (fields["state"], fields["scope"]) == ("the state & more", "trade account_manage")
    answer = browser.token(code=fields["code"])
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "expires_in", "scope", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (2_591_999, "bearer")
    assert tokens["access_token"].startswith("ory_at_")
    assert len(accounts(box, tokens["access_token"]).json()["data"]) == 2


def test_the_page_says_what_it_is_about(browser: Browser) -> None:
    page = browser.start()
    assert "not Deriv" in page.text
    assert "A &lt;b&gt;notebook&lt;/b&gt;" in page.text
    assert "<b>" not in page.text
    asked = browser.consent(scope="trade")
    assert "trade for you" in asked.text
    assert "open accounts" not in asked.text
    assert f"form-action 'self' {BACK.removesuffix('/back/')}" in asked.headers["Content-Security-Policy"]


def test_cancelling(browser: Browser) -> None:
    fields = back(browser.submit(browser.consent(), choice="deny"))
    assert (fields["error"], fields["state"]) == ("access_denied", "the state & more")
    assert "code" not in fields


def test_by_email_and_signing_up(box: Sandbox, browser: Browser) -> None:
    page = browser.submit(browser.start(), email="Sandbox.Moved@example.com", password="x")
    assert "Sandbox Moved" in page.text
    assert "No user" in browser.submit(browser.start(), email="nobody@example.com", password="x").text
    form = browser.start(prompt="registration")
    assert "Create a demo account" in form.text
    assert "already" in browser.submit(form, email="sandbox.moved@example.com", password="x").text
    assert "not an e-mail" in browser.submit(form, email="x", password="x").text
    asked = browser.submit(form, email="someone@example.com", password="x")
    code = back(browser.submit(asked, choice="allow"))["code"]
    [row] = accounts(box, browser.token(code=code).json()["access_token"]).json()["data"]
    assert (row["account_type"], row["balance"]) == ("demo", 10_000)


def test_an_answer_counts_once(browser: Browser) -> None:
    page = browser.consent()
    back(browser.submit(page, choice="allow"))
    assert browser.submit(page, choice="allow").status_code == 400


def test_forged_forms(browser: Browser) -> None:
    page = browser.consent()
    browser.http.cookies.clear()
    assert browser.submit(page, choice="allow").status_code == 403


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_id": "1089"}, "client_id"),
        ({"client_id": ""}, "client_id"),
        ({"redirect_uri": BACK[:-1]}, "exactly the registered one"),
        ({"redirect_uri": f"{BACK}?"}, "exactly the registered one"),
        ({"redirect_uri": f"{BACK} "}, "exactly the registered one"),
        ({"redirect_uri": ""}, "exactly the registered one"),
        ({"state": "x" * 3000}, "longer"),
    ],
)
def test_errors_shown_here_and_not_sent_to_the_app(browser: Browser, changes: dict[str, str], why: str) -> None:
    page = browser.start(**changes)
    assert page.status_code == 400
    assert why in page.text


def test_no_browser_sign_in_for_a_pat_app(box: Sandbox, browser: Browser) -> None:
    assert browser.start(client_id=box.options_app_id, redirect_uri="").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"state": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"scope": "trade offline_access"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "trade,account_manage"}, "invalid_scope"),
        ({"scope": "trade payment"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_errors_sent_back_to_the_app(browser: Browser, changes: dict[str, str], error: str) -> None:
    fields = back(browser.start(**changes))
    assert fields["error"] == error
    assert fields.get("state", "") == changes.get("state", "the state & more")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_verifier": "x" * 43}, (400, "invalid_grant")),
        ({"code_verifier": VERIFIER + "=" * 90}, (400, "invalid_grant")),
        ({"code_verifier": ""}, (400, "invalid_request")),
        ({"redirect_uri": BACK[:-1]}, (400, "invalid_grant")),
        ({"code": "ory_ac_unknown"}, (400, "invalid_grant")),
        ({"client_id": "1089"}, (401, "invalid_client")),
        ({"client_id": ""}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "invalid_request")),
    ],
)
def test_codes_that_give_no_token(browser: Browser, changes: dict[str, str], expected: tuple[int, str]) -> None:
    code = browser.code()
    assert wrong(browser.token(**{"code": code, **changes})) == expected
    assert browser.token(code=code).status_code == 200, "a failed attempt does not use the code up"


def test_a_code_of_another_app(box: Sandbox, browser: Browser) -> None:
    other = box.register_options_app("Other", BACK)
    assert wrong(browser.token(code=browser.code(), client_id=other)) == (400, "invalid_grant")
    assert wrong(browser.token(code=browser.code(), client_id=box.options_app_id)) == (401, "invalid_client")


def test_a_code_works_once_and_a_second_use_revokes_its_token(box: Sandbox, browser: Browser) -> None:
    code = browser.code()
    token = browser.token(code=code).json()["access_token"]
    assert wrong(browser.token(code=code)) == (400, "invalid_grant")
    assert accounts(box, token).status_code == 401


def test_a_code_is_short_lived(box: Sandbox, browser: Browser, clock: Any) -> None:
    code = browser.code()
    clock.now += box.options.code_lifetime
    assert wrong(browser.token(code=code)) == (400, "invalid_grant")


def test_tokens_end(box: Sandbox, browser: Browser, clock: Any) -> None:
    box.options.expires_in, box.options.token_type = 3600, "Bearer"
    tokens = browser.token(code=browser.code()).json()
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    clock.now += 3599
    assert accounts(box, tokens["access_token"]).status_code == 200
    clock.now += 1
    assert accounts(box, tokens["access_token"]).status_code == 401


def test_the_lifetime_can_be_set_for_both_apis() -> None:
    assert Sandbox(token_lifetime=90).options.expires_in == 90


def refresh(browser: Browser, token: str, **changes: str) -> httpx.Response:
    unused = {"redirect_uri": "", "code_verifier": ""}
    return browser.token(**{"grant_type": "refresh_token", "refresh_token": token, **unused, **changes})


@pytest.mark.parametrize("rotates", [True, False])
def test_refreshing(box: Sandbox, browser: Browser, clock: Any, rotates: bool) -> None:
    box.options.gives_refresh_tokens, box.options.rotates = True, rotates
    first = browser.token(code=browser.code()).json()
    clock.now += box.options.expires_in
    second = refresh(browser, first["refresh_token"]).json()
    assert accounts(box, first["access_token"]).status_code == 401
    assert accounts(box, second["access_token"]).status_code == 200
    assert second["scope"] == first["scope"]
    assert ("refresh_token" in second) == rotates
    again = refresh(browser, first["refresh_token"])
    assert again.status_code == (400 if rotates else 200)
    if rotates:
        assert wrong(again) == (400, "invalid_grant")
        assert refresh(browser, second["refresh_token"]).status_code == 200
    else:
        box.faults.revoke(first["refresh_token"])
        assert wrong(refresh(browser, first["refresh_token"])) == (400, "invalid_grant")


def test_refresh_tokens_of_other_apps(box: Sandbox, browser: Browser) -> None:
    box.options.gives_refresh_tokens = True
    token = browser.token(code=browser.code()).json()["refresh_token"]
    other = box.register_options_app("Other", BACK)
    assert wrong(refresh(browser, token, client_id=other)) == (400, "invalid_grant")
    assert wrong(refresh(browser, "ory_rt_unknown")) == (400, "invalid_grant")
    assert refresh(browser, token).status_code == 200


def test_revoking(box: Sandbox, browser: Browser) -> None:
    token = browser.token(code=browser.code()).json()["access_token"]
    for _ in range(2):
        answer = browser.http.post("/oauth2/revoke", data={"token": token, "client_id": browser.app_id})
        assert (answer.status_code, answer.text) == (200, "")
    assert accounts(box, token).status_code == 401
    assert wrong(browser.http.post("/oauth2/revoke", data={"token": token, "client_id": "1"})) == (
        401,
        "invalid_client",
    )


def test_only_forms_without_repeated_parameters(browser: Browser) -> None:
    assert wrong(browser.http.post("/oauth2/token", json={"grant_type": "refresh_token"})) == (400, "invalid_request")
    twice = {"grant_type": ["refresh_token", "refresh_token"]}
    assert wrong(browser.http.post("/oauth2/token", data=twice)) == (400, "invalid_request")
    assert browser.http.get("/oauth2/token").status_code == 405


def test_nothing_is_logged(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = browser.code()
    tokens = browser.token(code=code).json()
    browser.token(code=code)
    browser.start(client_id="x")
    browser.http.post("/oauth2/token", content=b"\xff%%", headers={"Content-Type": "application/x-www-form-urlencoded"})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("tornado", "dpyauth")))
    assert not [secret for secret in (code, tokens["access_token"], VERIFIER, "the state") if secret in ours]


def test_codes_are_never_the_same(browser: Browser) -> None:
    assert len({browser.code() for _ in range(3)} | {secrets.token_urlsafe(8)}) == 4


def test_the_two_sign_ins_do_not_interfere(box: Sandbox, browser: Browser) -> None:
    v3 = box.register_app("Old", "https://example.com/old", ["read"])
    assert browser.http.get("/oauth2/authorize", params={"app_id": v3}).status_code == 200
    assert browser.start().status_code == 200
