"""Check every reply against Deriv's published schemas."""

from __future__ import annotations

import functools
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from published import published

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.ledgers import DAY, END
from dpyauth.sandbox.options.socket_calls import SIMULATED

SCHEMAS = published("options")
BASE = "/trading/v1/options"
RANGE = "date_from=2026-10-01&date_to=2026-10-31"
ACCOUNTS = (
    *(("rich", "ROT900001"), ("rich", "DOT900003"), ("trouble", "DOT900012"), ("moved", "ROT900031")),
    ("moved", "DOT900032"),
)
ANYONE: list[dict[str, Any]] = [
    {"ping": 1},
    {"time": 1},
    {"forget": "0" * 32},
    {"forget_all": ["candles", "balance"]},
    {"active_symbols": "brief"},
    {"active_symbols": "full", "contract_type": ["CALL"]},
    {"contracts_for": "R_50"},
    {"contracts_for": "frxEURUSD"},
    {"contracts_list": 1},
    {"trading_times": "today"},
    {"ticks": "R_50"},
    {"ticks_history": "R_50", "end": "latest"},
    {"ticks_history": "R_100", "end": "latest", "count": 3, "style": "candles", "granularity": 3600},
]
SIGNED_IN: list[dict[str, Any]] = [
    {"balance": 1},
    {"portfolio": 1},
    {"portfolio": 1, "contract_type": ["CALL"]},
    {"profit_table": 1},
    {"profit_table": 1, "limit": 500, "description": 1, "sort": "ASC", "date_from": "2026-1-1", "date_to": str(END)},
    {"statement": 1},
    {"statement": 1, "limit": 999, "description": 1, "date_from": END - 30 * DAY, "date_to": END},
    {"statement": 1, "action_type": "deposit", "description": 1},
    {"proposal_open_contract": 1},
]


@functools.cache
def validator(call: str) -> Validator:
    schema = SCHEMAS[call]["reply"]
    return validator_for(schema)(schema)


@functools.cache
def api() -> dict[str, Any]:
    described: dict[str, Any] = published("rest")
    error = described["components"]["schemas"]["Error"]["properties"]["errors"]["items"]["properties"]
    error["code"]["enum"] += ["MigrationPending", "NotFound"]  # documented only on other pages of Deriv's
    return described


def conforms(checker: Validator, reply: Any) -> None:
    errors = [f"{list(error.absolute_path)}: {error.message[:300]}" for error in checker.iter_errors(reply)]
    assert not errors, "\n".join(errors)


def promised(answer: httpx.Response) -> None:
    """Check an answer against the OpenAPI file's description of its path, method and status."""
    path = answer.request.url.path
    [known] = [known for known in api()["paths"] if re.fullmatch(re.sub("{.*?}", "[^/]+", known), path)][:1]
    response = api()["paths"][known][answer.request.method.lower()]["responses"][str(answer.status_code)]
    for media in response.get("content", {}).values():
        conforms(Draft202012Validator({**media["schema"], "components": api()["components"]}), answer.json())


def shown(request: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in request.items())[:60]


@pytest.mark.parametrize("request_", ANYONE, ids=shown)
def test_replies_without_sign_in(socket: Any, request_: dict[str, Any]) -> None:
    reply = socket().ask(**request_)
    assert "error" not in reply
    conforms(validator(next(iter(request_))), reply)


@pytest.mark.parametrize(("label", "account"), ACCOUNTS)
def test_replies_about_an_account(socket: Any, label: str, account: str) -> None:
    one = socket(account, label)
    for request in SIGNED_IN:
        one.send(**request, req_id=7)
        replies = [one.receive()]
        if "proposal_open_contract" in request:
            one.send(ping=1)
            while (more := one.receive())["msg_type"] != "ping":
                replies.append(more)
        for reply in replies:
            assert reply["req_id"] == 7
            conforms(validator(next(iter(request))), reply)


def test_every_contract_of_the_portfolio_and_some_closed_ones(socket: Any) -> None:
    one = socket("ROT900001")
    held = one.ask(portfolio=1)["portfolio"]["contracts"]
    for row in held + one.ask(profit_table=1, limit=40)["profit_table"]["transactions"]:
        conforms(validator("proposal_open_contract"), one.ask(proposal_open_contract=1, contract_id=row["contract_id"]))


def test_streams(box: Sandbox, socket: Any) -> None:
    one = socket("DOT900003")
    for request in ({"balance": 1, "subscribe": 1}, {"transaction": 1, "subscribe": 1}):
        conforms(validator(next(iter(request))), one.ask(**request))
    box.pay("DOT900003", 12.5)
    for _ in range(2):
        reply = one.receive()
        conforms(validator(reply["msg_type"]), reply)
    one.ask(forget_all=["balance", "transaction"])
    one.send(ticks="1HZ100V", subscribe=1)
    one.send(proposal_open_contract=1, subscribe=1)
    seen: dict[str, int] = {}
    while seen.get("tick", 0) < 2 or seen.get("proposal_open_contract", 0) < 3:
        reply = one.receive()
        seen[reply["msg_type"]] = seen.get(reply["msg_type"], 0) + 1
        conforms(validator("ticks" if reply["msg_type"] == "tick" else reply["msg_type"]), reply)


def test_every_simulated_call_is_tested_here() -> None:
    tried = {next(iter(request)) for request in ANYONE + SIGNED_IN}
    traded = {"proposal", "buy", "sell", "cancel", "contract_update", "contract_update_history"}
    automated = {name for name in SIMULATED if name.startswith("auto_")}
    assert tried | {"transaction"} | traded | automated == SIMULATED


@pytest.mark.parametrize(
    ("label", "path", "status", "call"),
    [
        ("rich", f"{BASE}/accounts", 200, "get_accounts"),
        ("new", f"{BASE}/accounts", 200, "get_accounts"),
        ("rich, account", f"{BASE}/accounts", 403, None),
        ("refused", f"{BASE}/accounts", 401, None),
        ("rich", f"{BASE}/legacy/migration-status", 200, "legacy_migration_status"),
        ("moved", f"{BASE}/legacy/accounts", 200, "legacy_accounts"),
        ("rich", f"{BASE}/legacy/accounts", 409, None),
        ("new", f"{BASE}/legacy/accounts", 404, None),
        ("moved", f"{BASE}/legacy/statement?loginid=CR900031&limit=999", 200, "legacy_statement"),
        ("moved", f"{BASE}/legacy/statement?loginid=x", 400, None),
        ("moved", f"{BASE}/legacy/statement?loginid=CR1", 404, None),
        ("moved", f"{BASE}/legacy/statement", 422, None),
        ("rich", f"/applications/v1/markup-statistics?{RANGE}", 200, "markup_statistics"),
        ("rich", "/applications/v1/markup-statistics", 422, None),
        ("rich, trading", f"/applications/v1/markup-statistics?{RANGE}", 403, None),
        ("rich", "/account/v1/nickname", 200, None),
        ("new", "/account/v1/nickname", 404, None),
        ("rich, trading", "/account/v1/nickname", 403, None),
        ("refused", "/account/v1/nickname", 401, None),
        ("rich", "/payment-agents/v1/agents?currency=USD", 200, "payment_agent_list"),
        ("rich", "/payment-agents/v1/agents", 400, None),
        ("rich", "/payment-agents/v1/agents/41", 200, "payment_agent_get"),
        ("rich", "/payment-agents/v1/agents/7", 404, None),
        ("rich", "/payment-agents/v1/agents/x", 400, None),
        ("rich", "/payment-agents/v1/agent-statistics", 200, "payment_agent_statistics"),
        ("rich, trading", "/payment-agents/v1/agent-statistics", 403, None),
    ],
)
def test_reads_over_http(rest: Any, label: str, path: str, status: int, call: str | None) -> None:
    answer = rest(label).http.get(path)
    assert answer.status_code == status
    promised(answer)
    if call:
        conforms(validator(call), answer.json())


PEOPLE = ("rich", "new", "moved", "partner", "agent")
SPAN = "start_date=2026-09-01&end_date=2026-10-31"


@pytest.mark.parametrize("label", PEOPLE)
@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/wallet/v1/wallets", "wallet_list"),
        ("/wallet/v1/wallets?conversion_currency=EUR&start_date_time=2026-10-01T00:00:00Z", "wallet_list"),
        *((f"/wallet/v1/transactions/{kind}", "wallet_transactions") for kind in ("main", "p2p", "partner")),
        ("/wallet/v1/transactions/payment_agent?per_page=1000&end_date_time=1793000000", "wallet_transactions"),
        ("/wallet/v1/exchange-rate?source_currency=BTC&destination_currency=EUR", "wallet_exchange_rate"),
        (f"/partners/analytics/v1/overview?{SPAN}", "partners_analytics_overview"),
        (f"/applications/v1/markup-statistics?{RANGE}", "markup_statistics"),
        ("/account/v1/nickname", "account_nickname"),
        ("/payment-agents/v1/clients/me", "payment_agent_client_settings"),
        ("/payment-agents/v1/agents?currency=USD", "payment_agent_list"),
        ("/payment-agents/v1/agents/me", "payment_agent_get"),
        ("/payment-agents/v1/agents/44", "payment_agent_get"),
    ],
)
def test_reads_of_each_sample_user(rest: Any, label: str, path: str, call: str) -> None:
    answer = rest(label).http.get(path)
    if answer.status_code == 200:
        conforms(validator(call), answer.json())
    else:
        assert answer.status_code in (403, 404)
        assert [error["status"] for error in answer.json()["errors"]] == [answer.status_code]


def test_every_kind_of_wallet_is_read(rest: Any) -> None:
    kinds = {wallet["type"] for label in PEOPLE for wallet in rest(label).get("/wallet/v1/wallets").json()["data"]}
    assert kinds == {"main", "p2p", "partner", "payment_agent"}
    for label, kind in (("rich", "main"), ("rich", "p2p"), ("partner", "partner"), ("agent", "payment_agent")):
        assert rest(label).get(f"/wallet/v1/transactions/{kind}").json()["data"]["transactions"]


def test_changes_over_http(rest: Any) -> None:
    wish = {"currency": "USD", "group": "row", "account_type": "demo"}
    newcomer = rest("new")
    for status in (201, 200):
        answer = newcomer.post(f"{BASE}/accounts", wish)
        assert answer.status_code == status
        promised(answer)
        conforms(validator("create_account"), answer.json())
    reset = rest().post(f"{BASE}/accounts/DOT900003/reset-demo-balance")
    conforms(validator("reset_demo_balance"), reset.json())
    otp = rest().post(f"{BASE}/accounts/DOT900003/otp")
    conforms(validator("websocket"), otp.json())
    for answer in (
        newcomer.post(f"{BASE}/accounts", {}),
        rest().post(f"{BASE}/accounts/ROT900001/reset-demo-balance"),
        rest().post(f"{BASE}/accounts/DOT1/reset-demo-balance"),
        otp,
        rest("trouble").post(f"{BASE}/accounts/ROT900011/otp"),
        rest("refused").post(f"{BASE}/accounts/DOT900003/otp"),
    ):
        promised(answer)


def test_payments_that_are_refused(box: Sandbox, rest: Any) -> None:
    agents = "/payment-agents/v1"
    pay = {"to_nickname": "sandbox_rich", "amount": "10", "currency": "USD"}
    terms = {"agent_id": 43, "amount": "10", "currency": "USD"}
    for path, label, data in (
        ("transfer", "rich", pay),
        ("transfer", "agent", {**pay, "currency": "EUR"}),
        ("transfer", "agent", {**pay, "to_nickname": "nobody"}),
        ("transfer", "agent", {**pay, "amount": "1000000"}),
        ("transfer", "agent", {**pay, "request_id": "?"}),
        ("transfer", "trouble", pay),
        ("withdraw/verification_code", "rich", {**terms, "agent_id": 0}),
        ("withdraw/verification_code", "agent", terms),
        ("withdraw/verification_code", "refused", terms),
        ("withdraw", "rich", {**terms, "verification_code": "1"}),
        ("withdraw", "rich", {**terms, "verification_code": "123456"}),
    ):
        answer = rest(label).post(f"{agents}/{path}", {"data": data})
        assert answer.status_code in (400, 401, 403)
        promised(answer)
    for _ in range(2):
        answer = rest().post(f"{agents}/withdraw/verification_code", {"data": terms})
        promised(answer)
    assert answer.json()["errors"][0]["detail"]["next_request_at"] > box.clock()
    promised(rest().get(f"{agents}/withdraw/unknown"))


def test_refused_handshakes(rest: Any) -> None:
    for kind in ("demo", "real"):
        promised(rest().http.get(f"{BASE}/ws/{kind}"))
        promised(rest().http.get(f"{BASE}/ws/{kind}", params={"otp": "x"}))


def test_failures_on_demand(box: Sandbox, rest: Any) -> None:
    for path in ("/payment-agents/v1/agent-statistics", f"{BASE}/accounts"):
        box.faults.error("InternalServerError")
        answer = rest().post(path, {}) if path.endswith("accounts") else rest().get(path)
        assert answer.status_code == 500
        promised(answer)
