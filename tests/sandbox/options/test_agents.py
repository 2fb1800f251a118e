"""Test payment agents."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from published import published

from dpyauth.sandbox import Sandbox

AGENTS = "/payment-agents/v1/agents"
PAY = "/payment-agents/v1/transfer"
WITHDRAW = "/payment-agents/v1/withdraw"
VERIFY = f"{WITHDRAW}/verification_code"
MINE = "/payment-agents/v1/clients/me"


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal; there may be no text at all."""
    assert answer.json()["data"] == {}
    assert "metadata" in answer.json()
    [error] = answer.json()["errors"]
    assert set(error) - {"detail"} == {"status", "code"}
    assert error["status"] == answer.status_code
    return answer.status_code, error["code"]


def test_the_list_of_agents(rest: Any) -> None:
    one = rest()
    every = one.get(AGENTS, currency="USD").json()["data"]
    assert [agent["id"] for agent in every] == [41, 42, 43]
    assert {agent["nickname"] for agent in every} >= {"sandbox_agent"}
    assert all(agent["urls"] for agent in every)
    assert one.get(AGENTS, currency="USD", country="br").json()["data"] == every[1:2]
    assert one.get(AGENTS, currency="USD", page=2, per_page=1).json()["data"] == every[1:2]
    assert one.get(AGENTS, currency="USD", page=2).json()["data"] == []
    assert one.get(AGENTS, currency="EUR").json()["data"] == []
    for wrong in ({}, {"currency": "USD", "page": 0}, {"currency": "USD", "per_page": "all"}):
        assert refused(one.get(AGENTS, **wrong)) == (400, "InputError")


def test_one_agent(rest: Any) -> None:
    one = rest()
    agent = one.get(f"{AGENTS}/42").json()["data"]
    assert agent["currencies"][0]["currency"] == "USD"
    assert "deposit_enabled" not in agent
    assert one.get(f"{AGENTS}/44").json()["data"]["urls"] is None
    assert refused(one.get(f"{AGENTS}/7")) == (404, "AgentNotFound")
    assert refused(one.get(f"{AGENTS}/x")) == (400, "InvalidAgentID")
    found = one.get("/payment-agents/v1/agent-statistics").json()["data"]
    assert found == {"available_countries": ["br", "id", "ke"], "available_currencies": ["USD"]}


def test_an_agents_own_profile(rest: Any) -> None:
    mine = rest("agent").get(f"{AGENTS}/me").json()["data"]
    assert (mine["id"], mine["nickname"]) == (43, "sandbox_agent")
    assert mine["transfer_to_pa"] is mine["withdraw_enabled"] is True
    assert refused(rest().get(f"{AGENTS}/me")) == (404, "AgentNotFound")


def test_settings_of_a_client(rest: Any) -> None:
    one = rest()
    assert one.get(MINE).json()["data"] == {"deposit_enabled": True, "withdraw_enabled": True, "show_real_name": False}
    answer = one.http.patch(MINE, json={"data": {"show_real_name": True}})
    assert (answer.status_code, answer.json()["metadata"]["method"]) == (200, "PATCH")
    assert answer.json()["data"]["show_real_name"] is one.get(MINE).json()["data"]["show_real_name"] is True
    for wrong in ({}, {"data": 1}, {"data": {}}, {"data": {"show_real_name": "yes"}}, {"show_real_name": True}):
        assert refused(one.http.patch(MINE, json=wrong)) == (400, "InputError")
    newcomer = rest("new")
    assert newcomer.get(MINE).json()["data"]["deposit_enabled"] is False
    assert refused(newcomer.http.patch(MINE, json={"data": {"show_real_name": True}})) == (400, "NoClientWallet")


@pytest.mark.parametrize("path", [AGENTS, MINE])
def test_agents_need_the_scope_payment(rest: Any, path: str) -> None:
    assert refused(rest("trouble").get(path, currency="USD")) == (403, "InputError")


def payment(**more: Any) -> dict[str, Any]:
    """Return a payment from an agent to a client."""
    return {"data": {"to_nickname": "sandbox_rich", "amount": "25.00", "currency": "USD", **more}}


def withdrawal(**more: Any) -> dict[str, Any]:
    """Return a withdrawal of a client through an agent."""
    return {"data": {"agent_id": 43, "amount": "20", "currency": "USD", **more}}


def held(one: Any, kind: str) -> Decimal:
    [found] = [wallet for wallet in one.get("/wallet/v1/wallets").json()["data"] if wallet["type"] == kind]
    return Decimal(found["balances"]["USD"]["balance"])


def mailed(box: Sandbox, loginid: str = "ROT900001") -> str:
    """Return the verification code in the latest e-mail."""
    [code] = re.findall(r"\d{6}", box.options.mails(loginid)[-1])
    return code


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def conforms(call: str, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    Draft202012Validator(published("options")[call]["reply"]).validate(answer.json())
    return answer.json()["data"]


def test_an_agent_pays_a_client(rest: Any) -> None:
    agent, client = rest("agent"), rest()
    there, here = held(agent, "payment_agent"), held(client, "main")
    done = conforms("payment_agent_transfer", agent.post(PAY, payment(request_id="first-1")))
    assert (done["status"], done["client_real_name"], done["client_is_agent"]) == ("complete", None, False)
    assert (held(agent, "payment_agent"), held(client, "main")) == (there - 25, here + 25)
    row = client.get("/wallet/v1/transactions/main").json()["data"]["transactions"][0]
    assert (row["channel"], row["request_id"], row["metadata"]["source_wallet_type"]) == (
        "payment_agent",
        "first-1",
        "payment_agent",
    )
    looked_up = conforms("payment_agent_transfer_status", agent.get(f"{PAY}/first-1"))
    assert looked_up == {"status": "complete", "transaction_id": done["transaction_id"]}
    assert refused(agent.post(PAY, payment(request_id="first-1"))) == (400, "RequestIDUsed")
    assert refused(agent.get(f"{PAY}/other")) == (400, "RequestIDNotFound")
    assert refused(agent.get(f"{PAY}/a.b")) == (400, "InvalidRequestIDFormat")
    assert refused(client.get(f"{PAY}/first-1")) == (400, "RequestIDNotFound"), "an ID is valid for one user"


def test_a_dry_run_moves_nothing(rest: Any) -> None:
    agent, before = rest("agent"), held(rest("agent"), "payment_agent")
    agent.post(PAY, payment(request_id="used"))
    told = conforms("payment_agent_transfer", agent.post(PAY, payment(request_id="used", dry_run=True)))
    assert (told["status"], told["transaction_id"]) == ("dry_run_ok", None)
    conforms("payment_agent_transfer", agent.post(PAY, payment(request_id="dry", dry_run=True)))
    assert refused(agent.get(f"{PAY}/dry")) == (400, "RequestIDNotFound")
    assert refused(agent.post(PAY, payment(dry_run=True, to_nickname="nobody"))) == (400, "NicknameNotFound")
    assert held(agent, "payment_agent") == before - 25


def test_a_clients_name_is_shown_only_with_consent(rest: Any) -> None:
    rest().http.patch(MINE, json={"data": {"show_real_name": True}})
    assert rest("agent").post(PAY, payment(dry_run=True)).json()["data"]["client_real_name"] == "Sandbox Rich"


def test_an_unlisted_agent_is_listed_for_those_it_has_paid(box: Sandbox, rest: Any) -> None:
    agent, client = rest("agent"), rest()
    agent.post(PAY, payment())
    box.options.people[-1].agent.is_listed = False
    ids = [[each["id"] for each in one.get(AGENTS, currency="USD").json()["data"]] for one in (client, rest("moved"))]
    assert ids == [[41, 42, 43], [41, 42]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"to_nickname": "sandbox_agent"}, "AgentSelfTransfer"),
        ({"to_nickname": "nobody"}, "NicknameNotFound"),
        ({"to_nickname": ""}, "NicknameNotFound"),
        ({"to_nickname": "sandbox_partner"}, "ClientCountryUnsupported"),
        ({"currency": "EUR"}, "AgentCurrencyUnsupported"),
        ({"currency": "usd"}, "InputError"),
        ({"amount": "999999999"}, "WalletFundsInsufficient"),
        ({"amount": "01"}, "InputError"),
        ({"amount": "0"}, "InputError"),
        ({"amount": 25}, "InputError"),
        ({"dry_run": "yes"}, "InputError"),
        ({"request_id": "a b"}, "InvalidRequestIDFormat"),
        ({"request_id": 7}, "InvalidRequestIDFormat"),
    ],
)
def test_payments_that_are_refused(rest: Any, change: dict[str, Any], expected: str) -> None:
    assert refused(rest("agent").post(PAY, payment(**change))) == (400, expected)


def test_users_who_may_not_pay_or_be_paid(box: Sandbox, rest: Any) -> None:
    assert refused(rest().post(PAY, payment())) == (400, "AgentIDInvalid")
    assert rest("agent").post(PAY, payment(to_nickname="sandbox_one")).json()["data"]["client_is_agent"] is True
    box.options.people[0].wallets.clear()
    assert refused(rest("agent").post(PAY, payment())) == (400, "NoClientWallet")
    box.options.people[-1].agent.is_active = False
    assert refused(rest("agent").post(PAY, payment())) == (400, "AgentInactive")


def test_a_client_withdraws_through_an_agent(box: Sandbox, rest: Any) -> None:
    agent, client = rest("agent"), rest()
    there, here = held(agent, "payment_agent"), held(client, "main")
    told = conforms("payment_agent_withdraw_verification", client.post(VERIFY, withdrawal()))
    assert box.clock() < told["next_request_at"] < told["expires_at"]
    wanted = withdrawal(amount="20.00", verification_code=mailed(box), request_id="out-1")
    done = conforms("payment_agent_withdraw", client.post(WITHDRAW, wanted))
    assert done["status"] == "complete"
    assert (held(agent, "payment_agent"), held(client, "main")) == (there + 20, here - 20)
    assert conforms("payment_agent_withdraw_status", client.get(f"{WITHDRAW}/out-1")) == done
    assert refused(client.post(WITHDRAW, wanted)) == (400, "RequestIDUsed")
    wanted["data"]["request_id"] = "out-2"
    assert refused(client.post(WITHDRAW, wanted)) == (400, "InvalidOTP"), "a code is valid for one withdrawal"
    assert refused(client.get(f"{WITHDRAW}/out-2")) == (400, "RequestIDNotFound")
    assert refused(client.get(f"{WITHDRAW}/a.b")) == (400, "InvalidRequestIDFormat")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"agent_id": 7}, "AgentIDInvalid"),
        ({"agent_id": 0}, "InvalidAgentID"),
        ({"agent_id": "43"}, "InvalidAgentID"),
        ({"agent_id": 45}, "AgentInactive"),
        ({"agent_id": 42}, "ClientCountryUnsupported"),
        ({"currency": "EUR"}, "AgentCurrencyUnsupported"),
        ({"amount": "9.99"}, "WithdrawalAmountMinimum"),
        ({"amount": "1000.01"}, "WithdrawalAmountMaximum"),
        ({"amount": "21"}, "InvalidOTP"),
        ({"verification_code": "12345"}, "VerificationCodeFormatInvalid"),
        ({"request_id": "a b"}, "InvalidRequestIDFormat"),
    ],
)
def test_withdrawals_that_are_refused(box: Sandbox, rest: Any, change: dict[str, Any], expected: str) -> None:
    client = rest()
    client.post(VERIFY, withdrawal())
    wanted = withdrawal(**{"verification_code": mailed(box), **change})
    assert refused(client.post(WITHDRAW, wanted)) == (400, expected)


def test_withdrawals_that_are_impossible(box: Sandbox, rest: Any) -> None:
    anything = withdrawal(verification_code="123456")
    assert refused(rest("agent").post(WITHDRAW, anything)) == (400, "AgentSelfWithdraw")
    assert refused(rest("agent").post(VERIFY, withdrawal())) == (400, "AgentSelfWithdraw")
    assert refused(rest("new").post(WITHDRAW, anything)) == (400, "NoClientWallet")
    assert refused(rest().post(WITHDRAW, anything)) == (400, "InvalidOTP"), "no code was requested"


def test_sending_and_trying_codes_is_limited(rest: Any, clock: Any) -> None:
    with Sandbox(clock=clock) as box:
        client = rest(on=box)
        told = client.post(VERIFY, withdrawal()).json()["data"]
        answer = client.post(VERIFY, withdrawal())
        assert refused(answer) == (400, "OtpRateLimitExceeded")
        assert answer.json()["errors"][0]["detail"]["next_request_at"] == told["next_request_at"] == clock.now + 60
        right = withdrawal(verification_code=mailed(box))
        wrong = withdrawal(verification_code=another(mailed(box)))
        for _ in range(5):
            assert refused(client.post(WITHDRAW, wrong)) == (400, "InvalidOTP")
        answer = client.post(WITHDRAW, right)
        assert refused(answer) == (400, "OtpValidationRateLimitExceeded")
        clock.now = answer.json()["errors"][0]["detail"]["next_request_at"]
        assert client.post(WITHDRAW, right).status_code == 200
        client.post(VERIFY, withdrawal())
        clock.now += 600
        assert refused(client.post(WITHDRAW, withdrawal(verification_code=mailed(box)))) == (400, "InvalidOTP")


@pytest.mark.parametrize("end", ["requested", "pending", "rejected", "failed"])
def test_payments_with_other_outcomes(box: Sandbox, rest: Any, end: str) -> None:
    agent, client, before = rest("agent"), rest(), held(rest(), "main")
    box.options.agents_end = end  # type: ignore[assignment]
    done = conforms("payment_agent_transfer", agent.post(PAY, payment(request_id="a")))
    assert done["status"] == "pending"
    assert agent.get(f"{PAY}/a").json()["data"] == {"status": end, "transaction_id": None}
    client.post(VERIFY, withdrawal())
    wanted = withdrawal(verification_code=mailed(box), request_id="b")
    assert conforms("payment_agent_withdraw", client.post(WITHDRAW, wanted))["status"] == end
    assert held(client, "main") == before
    row = client.get("/wallet/v1/transactions/main").json()["data"]["transactions"][0]
    assert row["metadata"]["transaction_status"] == end


@pytest.mark.parametrize("code", ["TransferFailed", "InternalError"])
def test_trouble_on_demand(box: Sandbox, rest: Any, code: str) -> None:
    box.faults.error(code, "payment_agent_transfer")
    assert refused(rest("agent").post(PAY, payment())) == (500, code)
