"""Payment agents, and what they may see of a client."""

from __future__ import annotations

from typing import Any, Final

from dpyauth.sandbox.options.body_forms import Form
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.persons import Agent
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import Request, answers
from dpyauth.sandbox.options.wallet_books import text

LEAST: Final = 1_000  # smallest withdrawal through an agent, in the smallest unit
MOST: Final = 100_000
_SETTINGS: Final = Form({"show_real_name": bool}, strict=False)
_PHONES: Final = ["+10000000000"]


def _terms(currency: str) -> dict[str, Any]:
    return {
        "deposit_commission": 1.5,
        "withdrawal_commission": 2.0,
        "withdrawal_minimum": text(LEAST, currency),
        "withdrawal_maximum": text(MOST, currency),
    }


def _shown(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.number,
        "created_at": 1_717_000_000_000 + agent.number,
        "is_listed": agent.is_listed,
        "name": agent.name,
        "nickname": agent.nickname,
        "information": "An agent of the sandbox.",
        "email": f"agent{agent.number}@example.com",
        "phone_numbers": _PHONES,
        "payment_methods": ["bank_transfer"],
        "countries": list(agent.countries),
    }


@answers("payment_agent_list")
def agents(ask: Request) -> Answer:
    """Answer with a page of the list of payment agents."""
    currency, country = ask.query("currency"), ask.query("country")
    if not currency:
        raise Problem(400, "InputError", "currency is required")
    page, size = ask.whole("page", 1, 1, 10_000, 400), ask.whole("per_page", 25, 1, 1000, 400)
    found = [
        {**_shown(agent), "urls": [f"https://agent{agent.number}.example.com/"], **_terms(currency)}
        for agent in ask.options.payments.agents
        if agent.wallet.holds(currency)
        and (not country or country in agent.countries)
        and (agent.is_listed or agent.number in ask.person.paid_by)
    ]
    return ask.rest.data(found[(page - 1) * size : page * size])


@answers("payment_agent_get")
def agent(ask: Request) -> Answer:
    """Answer with the details of one payment agent."""
    wanted, own = ask.found["id"], ask.person.agent
    if wanted == "me":
        if own is None:
            raise Problem(404, "AgentNotFound", "You are not a payment agent")
        flags = ("cashier_withdraw", "transfer_to_pa", "deposit_enabled", "withdraw_enabled")
        return ask.rest.data({**_detailed(own), **dict.fromkeys(flags, True)})
    if not (wanted.isascii() and wanted.isdigit()):
        raise Problem(400, "InvalidAgentID", "This is not the number of an agent")
    for known in ask.options.payments.agents:
        if wanted == str(known.number):
            return ask.rest.data(_detailed(known))
    raise Problem(404, "AgentNotFound", "There is no such agent")


def _detailed(agent: Agent) -> dict[str, Any]:
    terms = [{"currency": currency, **_terms(currency)} for currency in agent.wallet.currencies]
    # Deriv documents null here if there are none.
    urls = [f"https://agent{agent.number}.example.com/"] if agent.is_listed else None
    return {**_shown(agent), "urls": urls, "currencies": terms}


@answers("payment_agent_statistics")
def statistics(ask: Request) -> Answer:
    """Answer with the countries and currencies of payment agents."""
    listed = [agent for agent in ask.options.payments.agents if agent.is_listed]
    countries = sorted({country for agent in listed for country in agent.countries})
    currencies = sorted({currency for agent in listed for currency in agent.wallet.currencies})
    return ask.rest.data({"available_countries": countries, "available_currencies": currencies})


@answers("payment_agent_client_settings")
def settings(ask: Request) -> Answer:
    """Answer with the user's settings for payment agents."""
    person = ask.person
    has_wallet = person.wallet("main") is not None
    return ask.rest.data(
        {"deposit_enabled": has_wallet, "withdraw_enabled": has_wallet, "show_real_name": person.show_real_name}
    )


@answers("payment_agent_client_settings_update")
def change_settings(ask: Request) -> Answer:
    """Change the user's settings for payment agents."""
    body = _SETTINGS.check(inner(ask))
    if ask.person.wallet("main") is None:
        raise Problem(400, "NoClientWallet", "You have no wallet")
    ask.person.show_real_name = body["show_real_name"]
    return settings(ask)


def inner(ask: Request) -> dict[str, Any]:
    """Return the inner object of the body of a request to payment agents."""
    data = ask.body.get("data")
    if not isinstance(data, dict):
        raise Problem(400, "InputError", "data is required")
    return data
