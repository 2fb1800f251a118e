"""Move money through payment agents: transfers to clients, and clients' withdrawals."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from dpyauth.sandbox.options.agent_routes import LEAST, MOST, inner
from dpyauth.sandbox.options.body_forms import TEXT, Form, Rule
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.payments import Paid, VerificationCode, remember
from dpyauth.sandbox.options.persons import Agent, Person
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import Request, answers
from dpyauth.sandbox.options.transfer_routes import move, to_units
from dpyauth.sandbox.options.wallet_books import Wallet

_MAIL_PAUSE: Final = 60  # seconds until another code can be requested; all of these numbers are the sandbox's own
_CODE_LIFETIME: Final = 600
_MOST_WRONG: Final = 5
_WRONG_PAUSE: Final = 300
_AMOUNT: Final = re.compile(r"(?:0|[1-9]\d{0,13})(?:\.\d{1,18})?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z_]{1,18}", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[\w\-]{1,128}", re.ASCII)
_NOTES: Final = {"notes": TEXT, "request_id": _REQUEST_ID}
_CODES: Final = {
    "agent_id": "InvalidAgentID",
    "request_id": "InvalidRequestIDFormat",
    "verification_code": "VerificationCodeFormatInvalid",
}
_TERMS: Final[dict[str, Rule]] = {"agent_id": int, "amount": _AMOUNT, "currency": _CURRENCY}
_TRANSFER: Final = Form(
    {"to_nickname": TEXT, "amount": _AMOUNT, "currency": _CURRENCY}, {**_NOTES, "dry_run": bool}, _CODES, strict=False
)
_VERIFICATION: Final = Form(_TERMS, codes=_CODES, strict=False)
_WITHDRAWAL: Final = Form(
    {**_TERMS, "verification_code": re.compile(r"[0-9]{6}", re.ASCII)}, _NOTES, _CODES, strict=False
)


@answers("payment_agent_transfer")
def transfer(ask: Request) -> Answer:
    """Send money to a client as a payment agent."""
    body, person = _TRANSFER.check(inner(ask)), ask.person
    agent, dry = person.agent, body.get("dry_run", False)
    if agent is None:
        raise Problem(400, "AgentIDInvalid", "You are not a payment agent")
    _usable(agent, body["currency"])
    client, wallet, payee = _client(ask, agent, body["to_nickname"])
    units = to_units(body["amount"], body["currency"])
    _afford(agent.wallet, body["currency"], units)
    if not dry:
        _unused(ask, "transfer", body)
    shown = client.user.name if client and client.show_real_name else None
    about = {"client_real_name": shown, "client_is_agent": client is None or client.agent is not None}
    if dry:
        return ask.rest.data({"status": "dry_run_ok", "transaction_id": None, **about})
    status, number = _pay(ask, "transfer", body, agent.wallet, wallet, units, _party(agent), payee)
    if client and status == "complete":
        client.paid_by.add(agent.number)
    told = status if status == "complete" else "pending"
    return ask.rest.data({"status": told, "transaction_id": number, **about})


@answers("payment_agent_withdraw_verification")
def verification(ask: Request) -> Answer:
    """Send the code for a withdrawal by e-mail."""
    body, person = _VERIFICATION.check(inner(ask)), ask.person
    _agent(ask, body)
    to_units(body["amount"], body["currency"])
    now, codes = ask.now, ask.options.payments.codes
    last = codes.get(person.user.user_id)
    if last and now < last.next_request:
        words = "Too many codes were requested: try again later"
        raise Problem(400, "OtpRateLimitExceeded", words, next_request_at=int(last.next_request))
    code = f"{secrets.randbelow(10**6):06d}"
    made = VerificationCode(_terms(body), code, now + _CODE_LIFETIME, now + _MAIL_PAUSE)
    remember(codes, person.user.user_id, made)
    person.mails.append(f"Your verification code for the withdrawal is {code}.")
    return ask.rest.data(
        {
            "message": "The verification code was sent by e-mail",
            "next_request_at": int(made.next_request),
            "expires_at": int(made.expires),
        }
    )


@answers("payment_agent_withdraw")
def withdraw(ask: Request) -> Answer:
    """Withdraw money through a payment agent."""
    body, person = _WITHDRAWAL.check(inner(ask)), ask.person
    agent, wallet, currency = _agent(ask, body), person.wallet("main"), body["currency"]
    if wallet is None:
        raise Problem(400, "NoClientWallet", "You have no wallet")
    if person.user.country not in agent.countries:
        raise Problem(400, "ClientCountryUnsupported", "The agent does not serve your country")
    units = to_units(body["amount"], currency)
    if units < LEAST:
        raise Problem(400, "WithdrawalAmountMinimum", "The amount is below the agent's minimum")
    if units > MOST:
        raise Problem(400, "WithdrawalAmountMaximum", "The amount is above the agent's maximum")
    _afford(wallet, currency, units)
    _unused(ask, "withdraw", body)
    _confirm(ask, body)
    status, number = _pay(ask, "withdraw", body, wallet, agent.wallet, units, _id(person), _party(agent))
    return ask.rest.data({"status": status, "transaction_id": number})


@answers("payment_agent_transfer_status")
def transfer_status(ask: Request) -> Answer:
    """Answer with the state of a transfer."""
    return _status(ask, "transfer")


@answers("payment_agent_withdraw_status")
def withdraw_status(ask: Request) -> Answer:
    """Answer with the state of a withdrawal."""
    return _status(ask, "withdraw")


def _status(ask: Request, kind: str) -> Answer:
    request_id = ask.found["request_id"]
    if not _REQUEST_ID.fullmatch(request_id):
        raise Problem(400, "InvalidRequestIDFormat", "The request_id is malformed")
    paid = ask.options.payments.paid.get((ask.person.user.user_id, kind, request_id))
    if paid is None:
        raise Problem(400, "RequestIDNotFound", "There is no payment with this request_id")
    return ask.rest.data({"status": paid[0], "transaction_id": paid[1]})


def _agent(ask: Request, body: Mapping[str, Any]) -> Agent:
    """Return the agent of a withdrawal."""
    number = body["agent_id"]
    if number < 1:
        raise Problem(400, "InvalidAgentID", "This is not the number of an agent")
    agent = next((each for each in ask.options.payments.agents if each.number == number), None)
    if agent is None:
        raise Problem(400, "AgentIDInvalid", "There is no such agent")
    if agent is ask.person.agent:
        raise Problem(400, "AgentSelfWithdraw", "You cannot withdraw through yourself")
    _usable(agent, body["currency"])
    return agent


def _usable(agent: Agent, currency: str) -> None:
    if not agent.is_active:
        raise Problem(400, "AgentInactive", "The agent is inactive")
    if not agent.wallet.holds(currency):
        raise Problem(400, "AgentCurrencyUnsupported", "The agent does not deal in this currency")


def _client(ask: Request, agent: Agent, nickname: str) -> tuple[Person | None, Wallet, str]:
    """Return the recipient, their wallet and ID; no person for an agent from outside the sandbox."""
    if nickname == agent.nickname:
        raise Problem(400, "AgentSelfTransfer", "You cannot pay yourself")
    for stranger in ask.options.payments.agents:
        if stranger.nickname == nickname:
            return None, stranger.wallet, _party(stranger)
    client = next((person for person in ask.options.people if nickname and person.nickname == nickname), None)
    if client is None:
        raise Problem(400, "NicknameNotFound", "No user has this nickname")
    wallet = client.wallet("main")
    if wallet is None:
        raise Problem(400, "NoClientWallet", "The client has no wallet")
    if client.user.country not in agent.countries:
        raise Problem(400, "ClientCountryUnsupported", "You do not serve the client's country")
    return client, wallet, _id(client)


def _afford(wallet: Wallet, currency: str, units: int) -> None:
    if units > wallet.balance(currency):
        raise Problem(400, "WalletFundsInsufficient", "The balance of the wallet is too low")


def _unused(ask: Request, kind: str, body: Mapping[str, Any]) -> None:
    key = (ask.person.user.user_id, kind, body.get("request_id", ""))
    if key in ask.options.payments.paid:
        raise Problem(400, "RequestIDUsed", "A payment with this request_id exists already")


def _confirm(ask: Request, body: Mapping[str, Any]) -> None:
    """Use up the verification code of a withdrawal; raise if it is wrong."""
    codes, now, user_id = ask.options.payments.codes, ask.now, ask.person.user.user_id
    known = codes.get(user_id)
    if known is None or now >= known.expires:
        raise Problem(400, "InvalidOTP", "The verification code is not valid")
    if now < known.next_try:
        words = "Too many wrong codes: try again later"
        raise Problem(400, "OtpValidationRateLimitExceeded", words, next_request_at=int(known.next_try))
    if known.terms != _terms(body) or not secrets.compare_digest(known.code, body["verification_code"]):
        known.wrong += 1
        if known.wrong % _MOST_WRONG == 0:
            known.next_try = now + _WRONG_PAUSE
        raise Problem(400, "InvalidOTP", "The verification code is not valid")
    del codes[user_id]


def _terms(body: Mapping[str, Any]) -> tuple[int, Decimal, str]:
    return body["agent_id"], Decimal(body["amount"]), body["currency"]


def _pay(
    ask: Request,
    kind: str,
    body: Mapping[str, Any],
    source: Wallet,
    destination: Wallet,
    units: int,
    payer: str,
    payee: str,
) -> Paid:
    """Book a payment, with the state that is set for the sandbox, and remember it."""
    status, request_id = ask.options.agents_end, body.get("request_id", "")
    parties = {
        "source_wallet_type": source.kind,
        "source_client_id": payer,
        "destination_wallet_type": destination.kind,
        "destination_client_id": payee,
    }
    about = {"channel": "payment_agent", "status": status, "parties": parties}
    number = move(ask, source, destination, request_id or secrets.token_hex(8), body["currency"], units, **about)
    paid = (status, number if status == "complete" else None)
    if request_id:
        remember(ask.options.payments.paid, (ask.person.user.user_id, kind, request_id), paid)
    return paid


def _party(agent: Agent) -> str:
    return f"PA{agent.number}"


def _id(client: Person) -> str:
    return f"C{client.user.user_id}"
