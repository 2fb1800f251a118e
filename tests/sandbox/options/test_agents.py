"""Payment agents."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

AGENTS = "/payment-agents/v1/agents"
MINE = "/payment-agents/v1/clients/me"


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal; there may be no text at all."""
    assert answer.json()["data"] == {}
    assert "metadata" in answer.json()
    [error] = answer.json()["errors"]
    assert set(error) - {"detail"} == {"status", "code"}
    assert error["status"] == answer.status_code
    return answer.status_code, error["code"]


def test_the_agents_there_are(rest: Any) -> None:
    one = rest()
    every = one.get(AGENTS, currency="USD").json()["data"]
    assert [agent["id"] for agent in every] == [41, 42, 43]
    assert {agent["nickname"] for agent in every} >= {"sandbox_agent"}
    assert all(agent["urls"] for agent in every)
    assert one.get(AGENTS, currency="USD", country="br").json()["data"] == every[1:]
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
