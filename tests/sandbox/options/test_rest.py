"""Test the REST calls: who may make them, and what they return."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from dpyauth.catalog.calls import load
from dpyauth.errors import InvalidSetting
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.options.rest_requests import routes

ACCOUNTS = "/trading/v1/options/accounts"
LEGACY = "/trading/v1/options/legacy"


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Return status, code and message of a refusal."""
    [error] = answer.json()["errors"]
    assert error["status"] == answer.status_code
    return answer.status_code, error["code"], error.get("message") or error["detail"]["message"]


def test_the_routes_are_those_of_the_catalog() -> None:
    ours = {route.name: route for route in routes() if route.name != "otp"}
    catalog = {name: call for name, call in load("options").items() if call.rest and name != "health"}
    assert set(ours) == set(catalog)
    for name, call in catalog.items():
        assert call.rest is not None
        assert ours[name].method == call.rest.method
        assert ours[name].path.fullmatch(re.sub("{.*?}", "DOT1", call.rest.path)), name
        assert call.scopes == (ours[name].scope,)


def test_the_accounts_of_a_user(rest: Any) -> None:
    answer = rest("rich").get(ACCOUNTS)
    rows = answer.json()["data"]
    assert [(row["account_id"], row["account_type"], row["status"]) for row in rows] == [
        ("ROT900001", "real", "active"),
        ("DOT900003", "demo", "active"),
    ]
    assert all(type(row["balance"]) is float for row in rows)
    assert answer.json()["meta"]["endpoint"] == ACCOUNTS
    assert [row["status"] for row in rest("trouble").get(ACCOUNTS).json()["data"]] == ["inactive", "active"]
    assert rest("new").get(ACCOUNTS).json()["data"] == []


def test_a_sample_token_does_what_its_label_says(box: Sandbox, rest: Any) -> None:
    for sample in box.options_tokens:
        answer = rest(sample.label).get(ACCOUNTS)
        expected = 401 if sample.label.startswith("refused") else 200 if "trade" in sample.scopes else 403
        assert answer.status_code == expected, sample.label
        assert re.fullmatch("pat_[0-9a-f]{64}", sample.token)
    assert not {sample.token for sample in box.options_tokens} & {sample.token for sample in Sandbox().options_tokens}


def test_money_as_text(box: Sandbox, rest: Any) -> None:
    number = rest().get(ACCOUNTS).json()["data"][0]["balance"]
    box.options.money = "text"
    assert rest().get(ACCOUNTS).json()["data"][0]["balance"] == f"{number:.2f}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Authorization": ""}, "The header Authorization: Bearer with a token is required"),
        ({"Authorization": "Basic abc"}, "The header Authorization: Bearer with a token is required"),
        ({"Authorization": "Bearer pat_abc"}, "Invalid token format"),
        ({"Authorization": "Bearer a1-something"}, "Invalid token format"),
        ({"Authorization": f"Bearer pat_{'0' * 64}"}, "Invalid or expired token"),
        ({"Authorization": "Bearer ory_at_unknown"}, "Invalid or expired token"),
        ({"Deriv-App-ID": ""}, "Deriv-App-ID header is required for PAT tokens"),
        ({"Deriv-App-ID": "1089"}, "Invalid application"),
    ],
)
def test_the_causes_of_401(rest: Any, change: dict[str, str], message: str) -> None:
    one = rest()
    one.http.headers.update(change)
    assert refused(one.get(ACCOUNTS)) == (401, "Unauthorized", message)


def test_a_token_of_the_wrong_type_or_app(box: Sandbox, rest: Any) -> None:
    mine, other = (box.register_options_app(name, "https://example.com/back") for name in ("Mine", "Other"))
    one = rest()
    one.http.headers["Deriv-App-ID"] = mine
    status, _, message = refused(one.get(ACCOUNTS))
    assert (status, "type" in message) == (401, True)
    options = box.options
    token = options.issue(mine, options.people[0], ("trade",))[0].value
    one.http.headers["Authorization"] = f"Bearer {token}"
    assert one.get(ACCOUNTS).status_code == 200
    one.http.headers["Deriv-App-ID"] = other
    assert refused(one.get(ACCOUNTS)) == (401, "Unauthorized", "Invalid application")
    del one.http.headers["Deriv-App-ID"]
    assert one.get(ACCOUNTS).status_code == 200, "a token from a sign-in needs no app ID"


def test_scopes(rest: Any) -> None:
    one = rest("rich, trading only")
    for path in ("/account/v1/nickname", "/payment-agents/v1/agent-statistics", "/applications/v1/markup-statistics"):
        assert one.get(path).status_code == 403
    assert refused(rest("rich, account").get(ACCOUNTS))[:2] == (403, "AccessDenied")
    assert "metadata" in one.get("/account/v1/nickname").json()


def test_expiry_and_revocation(box: Sandbox, rest: Any) -> None:
    one = rest("rich, trading only")
    box.expire(one.token)
    assert refused(one.get(ACCOUNTS))[2] == "Invalid or expired token"
    two = rest("moved")
    box.faults.revoke(two.token)
    assert refused(two.get(ACCOUNTS))[2] == "Invalid or expired token"


def test_a_one_time_password(box: Sandbox, rest: Any) -> None:
    one = rest()
    url = one.otp("DOT900003")
    assert url.startswith(f"ws://127.0.0.1:{box.port}/trading/v1/options/ws/demo?otp=")
    assert "/ws/real?otp=" in one.otp("ROT900001")
    assert one.otp("DOT900003") != url
    assert one.post(f"{ACCOUNTS}/DOT900003/otp", {}).status_code == 200
    bare = one.http.post(f"{ACCOUNTS}/DOT900003/otp", headers={"Content-Type": "application/json"})
    assert refused(bare) == (400, "BadInputRequest", "Unexpected end of JSON input")


def test_accounts_of_other_users(rest: Any) -> None:
    assert refused(rest().post(f"{ACCOUNTS}/ROT900031/otp"))[:2] == (404, "AccountNotFound")
    assert refused(rest().post(f"{ACCOUNTS}/CR900001/otp"))[:2] == (404, "AccountNotFound")
    assert refused(rest("trouble").post(f"{ACCOUNTS}/ROT900011/otp"))[0] == 400


def test_opening_accounts(rest: Any) -> None:
    one, wish = rest("new"), {"currency": "USD", "group": "row", "account_type": "demo"}
    made = one.post(ACCOUNTS, wish)
    assert (made.status_code, len(made.json()["data"])) == (201, 1)
    row = made.json()["data"][0]
    assert (row["balance"], row["account_type"]) == (10_000, "demo")
    again = one.post(ACCOUNTS, wish)
    assert (again.status_code, again.json()["data"]) == (200, row)
    real = one.post(ACCOUNTS, {**wish, "account_type": "real"}).json()["data"][0]
    assert real["balance"] == 0
    assert [each["account_id"] for each in one.get(ACCOUNTS).json()["data"]] == [row["account_id"], real["account_id"]]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"group": "row", "account_type": "demo"}, "FieldIsRequired", "currency"),
        ({"currency": "EUR", "group": "row", "account_type": "demo"}, "ValidationError", "currency"),
        ({"currency": "USD", "group": "row", "account_type": 7}, "ValidationError", "account_type"),
    ],
)
def test_accounts_that_cannot_be_opened(rest: Any, body: Any, code: str, field: str) -> None:
    answer = rest("new").post(ACCOUNTS, body)
    assert refused(answer)[:2] == (400, code)
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_malformed_bodies(rest: Any, body: bytes) -> None:
    answer = rest("new").http.post(ACCOUNTS, content=body, headers={"Content-Type": "application/json"})
    assert refused(answer)[:2] == (400, "BadInputRequest")


def test_resetting_a_demo_balance(box: Sandbox, rest: Any, socket: Any) -> None:
    one = socket("DOT900003")
    assert one.ask(balance=1, subscribe=1)["balance"]["balance"] != 10_000
    assert rest().post(f"{ACCOUNTS}/DOT900003/reset-demo-balance").json()["data"]["balance"] == 10_000
    assert one.receive()["balance"]["balance"] == 10_000
    assert rest().post(f"{ACCOUNTS}/DOT900003/reset-demo-balance").status_code == 200
    assert refused(rest().post(f"{ACCOUNTS}/ROT900001/reset-demo-balance"))[0] == 400


@pytest.mark.parametrize(
    ("label", "status", "code"),
    [("rich", "pending", 409), ("trouble", "failed", 409), ("new", "not_applicable", 404), ("moved", "complete", 200)],
)
def test_the_migration_from_v3(rest: Any, label: str, status: str, code: int) -> None:
    one = rest(label)
    answer = one.get(f"{LEGACY}/migration-status")
    assert answer.json() == {"status": status}
    assert answer.headers["Cache-Control"] == "no-store"
    assert one.get(f"{LEGACY}/accounts").status_code == code
    assert one.get(f"{LEGACY}/statement", loginid="CR900031").status_code == code


def test_migrating_a_user(box: Sandbox, rest: Any, client: Any) -> None:
    one = client("sandbox-rich-read")
    with pytest.raises(ValueError, match="not_applicable"):
        box.faults.move("CR900001", "gone")
    box.faults.move("CR900001")
    assert one.code(balance=1) == "InvalidToken"
    assert client().code(authorize="sandbox-rich-all") == "InvalidToken"
    assert client().code(authorize=rest().token) == "InvalidToken"
    assert list(rest().get(f"{LEGACY}/accounts").json()["loginids"]) == ["CR900001", "CR900002", "VRTC900003"]
    box.faults.move("ROT900001", "pending")
    assert "authorize" in client().ask(authorize="sandbox-rich-all")


def test_a_user_who_has_not_begun_to_migrate(box: Sandbox, rest: Any) -> None:
    box.faults.move("CR900001", "not_started")
    assert rest().get(f"{LEGACY}/migration-status").json() == {"status": "not_started"}
    assert refused(rest().get(f"{LEGACY}/accounts"))[:2] == (404, "NotFound")


def test_a_statement_of_before_the_migration(rest: Any) -> None:
    one, path = rest("moved"), f"{LEGACY}/statement"
    [loginid] = one.get(f"{LEGACY}/accounts").json()["loginids"]
    rows = one.get(path, loginid=loginid).json()
    assert rows["count"] == len(rows["transactions"]) == 100
    times = [row["transaction_time"] for row in rows["transactions"]]
    assert times == sorted(times, reverse=True)
    assert {row["app_id"] for row in rows["transactions"]} >= {16303}
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["amount"]) for row in rows["transactions"])
    page = one.get(path, loginid=loginid, offset=90, limit=10).json()["transactions"]
    assert page == rows["transactions"][90:]
    between = one.get(path, loginid=loginid, date_from=times[-1], date_to=times[0]).json()["transactions"]
    assert {row["transaction_time"] for row in between} == set(times) - {times[0]}
    assert {row["action_type"] for row in one.get(path, loginid=loginid, action_type="buy").json()["transactions"]} == {
        "buy"
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"loginid": "cr1"}, 400),
        ({"loginid": "CR1"}, 404),
        ({"loginid": "CR900031", "limit": 0}, 422),
        ({"loginid": "CR900031", "limit": 1000}, 422),
        ({"loginid": "CR900031", "date_to": 2_147_483_648}, 422),
        ({"loginid": "CR900031", "date_from": "2026-01-01"}, 422),
        ({"loginid": "CR900031", "action_type": "gift"}, 422),
    ],
)
def test_statements_that_do_not_exist(rest: Any, query: Any, status: int) -> None:
    assert refused(rest("moved").get(f"{LEGACY}/statement", **query))[0] == status


def test_nicknames(rest: Any) -> None:
    answer = rest().get("/account/v1/nickname").json()
    assert (answer["data"]["nickname"], answer["errors"]) == ("sandbox_rich", [])
    assert isinstance(answer["metadata"]["timing"], float), "seconds here, milliseconds elsewhere"
    nobody = rest("new").get("/account/v1/nickname")
    assert (nobody.status_code, nobody.json()["data"]) == (404, {})
    assert refused(nobody)[1] == "IdentityNotFound"


def test_calls_that_are_not_simulated_say_so(rest: Any) -> None:
    path = "/trading/v1/options/contracts/bulk-purchase/real"
    status, code, message = refused(rest().post(path))
    assert (status, code) == (404, "NotSimulated")
    assert path in message


def test_unknown_paths(rest: Any) -> None:
    assert refused(rest().get("/trading/v1/options/nothing"))[:2] == (404, "NotFound")
    assert refused(rest().http.delete(ACCOUNTS))[:2] == (404, "NotFound")
    assert rest().post("/v1/health").status_code == 405


def test_health_needs_no_sign_in(box: Sandbox) -> None:
    answer = httpx.get(f"{box.rest}/v1/health", trust_env=False)
    assert (answer.status_code, answer.text) == (200, "OK")


def test_requests_are_remembered_by_name(box: Sandbox, rest: Any) -> None:
    rest().get(ACCOUNTS)
    rest().otp("DOT900003")
    rest().get("/trading/nothing")
    assert [each.call for each in box.received] == ["get_accounts", "otp", "?"]


def test_nothing_secret_in_a_repr(box: Sandbox) -> None:
    shown = repr(box.options) + repr(box) + repr(list(box.options.issued.values())) + repr(box.options.apps)
    assert not [sample for sample in box.options_tokens if sample.token in shown]


def test_no_code_and_no_quote_in_a_repr(box: Sandbox, rest: Any) -> None:
    terms = {"agent_id": 43, "amount": "20", "currency": "USD"}
    assert rest().post("/payment-agents/v1/withdraw/verification_code", {"data": terms}).status_code == 200
    pair = {"source_currency": "USD", "destination_currency": "EUR"}
    token = rest().get("/wallet/v1/exchange-rate", **pair).json()["data"]["rate_token"]
    code = box.options.mails("ROT900001")[-1][-7:-1]
    options = box.options
    shown = repr([options, options.payments, options.people, options.issued, options.payments.codes])
    assert code.isdigit()
    assert f"'{code}'" not in shown
    assert f" {code}." not in shown
    assert token not in shown


def test_a_sample_token_by_its_label(box: Sandbox) -> None:
    assert box.options_token("moved") in box.options_tokens
    with pytest.raises(InvalidSetting, match="Unknown label: 'nobody'"):
        box.options_token("nobody")


def test_registering_apps(box: Sandbox) -> None:
    app_id = box.register_options_app("An app", "https://example.com/back", ["trade"])
    assert re.fullmatch("33[A-Za-z0-9]{19}", app_id)
    for arguments, why in (
        ({"redirect_uri": "https://example.com/", "scopes": ["read"]}, "scopes"),
        ({"redirect_uri": "https://example.com/", "scopes": []}, "scopes"),
        ({}, "redirect URL"),
        ({"redirect_uri": "https://example.com/ x"}, "spaces"),
        ({"kind": "other"}, "kind"),
    ):
        with pytest.raises(InvalidSetting, match=why):
            box.register_options_app("An app", **arguments)
    assert box.options.apps[box.register_options_app("A PAT app", kind="pat")].redirect_uri == ""
