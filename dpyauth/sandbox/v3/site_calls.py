"""Answer calls about the site and the connection itself."""

from __future__ import annotations

from typing import Any, Final

from dpyauth.sandbox import data_files
from dpyauth.sandbox.currencies import CURRENCIES, rate
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.users import DIGITS
from dpyauth.sandbox.v3.handlers import Ask, answers

COUNTRIES: Final = data_files.read("countries")


@answers("ping")
def _ping(ask: Ask) -> str:
    return "pong"


@answers("time")
def _time(ask: Ask) -> int:
    return int(ask.now)


@answers("forget")
def _forget(ask: Ask) -> int:
    return int(ask.connection.streams.forget(ask.request["forget"]))


@answers("forget_all")
def _forget_all(ask: Ask) -> list[str]:
    kinds = ask.request["forget_all"]
    return ask.connection.streams.forget_kinds([kinds] if isinstance(kinds, str) else kinds)


@answers("website_status")
def _website_status(ask: Ask) -> Reply:
    first = Reply("website_status", _site(ask))
    if ask.get("subscribe"):
        stream = ask.stream("website_status", "", "site", lambda _: Reply("website_status", _site(ask)), shows_id=False)
        stream.stamp(first)
    return first


def _site(ask: Ask) -> dict[str, Any]:
    return {
        **_config(),
        "api_call_limits": ask.connection.limits.announce(),
        "broker_codes": ["CR", "MF", "VRTC"],
        "clients_country": "id",
        "dxtrade_status": {"all": 0, "demo": 0, "real": 0},
        "mt5_status": {"demo": [], "real": []},
        **ask.world.site,
    }


@answers("website_config")
def _website_config(ask: Ask) -> dict[str, Any]:
    return {**_config(), "feature_flags": []}


def _config() -> dict[str, Any]:
    """Return the fields of both calls about the site."""
    return {
        "currencies_config": {code: _currency(code) for code in CURRENCIES},
        "payment_agents": {"initial_deposit_per_country": {"default": 0, "id": 500}},
        "supported_languages": ["EN", "ES", "FR", "ID", "PT", "ZH_CN"],
        "terms_conditions_version": "Version 42 2026-01-01",
    }


def _currency(code: str) -> dict[str, Any]:
    crypto = DIGITS[code] > 2
    dollar = CURRENCIES[code][1]
    return {
        "fractional_digits": DIGITS[code],
        "is_deposit_suspended": 0,
        "is_suspended": 0,
        "is_withdrawal_suspended": int(code == "ETH"),
        "name": CURRENCIES[code][0],
        "platform": {"cashier": ["crypto" if crypto else "doughflow"], "ramp": []},
        "stake_default": round(10 / dollar, DIGITS[code]),
        "transfer_between_accounts": {
            "fees": {other: 1 for other in CURRENCIES if other != code},
            "limits": {"max": round(2500 / dollar, DIGITS[code]), "min": round(1 / dollar, DIGITS[code])},
            "limits_mt5": {},
        },
        "type": "crypto" if crypto else "fiat",
    }


@answers("payout_currencies")
def _payout_currencies(ask: Ask) -> list[str]:
    if ask.grant and ask.account.currency:
        return [ask.account.currency]
    return sorted(CURRENCIES)


@answers("exchange_rates")
def _exchange_rates(ask: Ask) -> Reply:
    base, target = ask.request["base_currency"], ask.get("target_currency")
    for code in (base, target or base):
        if code not in CURRENCIES:
            raise Refusal("ExchangeRatesNotAvailable", "The sandbox has no exchange rates for this currency.")
    if target is None and (ask.get("subscribe") or ask.get("include_spread")):
        raise Refusal("MissingTargetCurrency", "A stream or a spread needs target_currency.")

    def now(second: int) -> Reply:
        rates: dict[str, Any] = {code: rate(base, code) for code in ([target] if target else CURRENCIES)}
        if ask.get("include_spread"):
            rates = {code: _spread(value) for code, value in rates.items()}
        return Reply("exchange_rates", {"base_currency": base, "date": second, "rates": rates})

    first = now(int(ask.now))
    if ask.get("subscribe"):
        ask.stream("exchange_rates", (base, target), "second", now, shows_id=False).stamp(first)
    return first


def _spread(value: float) -> dict[str, float]:
    return {"ask_rate": round(value * 1.002, 8), "bid_rate": round(value * 0.998, 8), "spot_rate": value}


@answers("residence_list")
def _residence_list(ask: Ask) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for code, country in COUNTRIES.items():
        identity = {
            "services": {
                "idv": {"documents_supported": {}, "has_visual_sample": 0, "is_country_supported": 0},
                "onfido": {
                    "documents_supported": {"passport": {"display_name": "Passport"}},
                    "is_country_supported": 1,
                },
            }
        }
        rows.append(
            {
                "identity": identity,
                "phone_idd": country["phone"],
                "text": country["name"],
                "tin_format": [],
                "value": code,
            }
        )
    rows.append({"disabled": "DISABLED", "phone_idd": None, "text": "Nowhere", "value": "xx"})
    wanted = ask.get("query")
    return [{key: row[key] for key in row if key in wanted} for row in rows] if wanted else rows


@answers("states_list")
def _states_list(ask: Ask) -> list[dict[str, str]]:
    """Answer with the states of a country of the sandbox; Deriv's reply for a country without states is not known."""
    states = COUNTRIES.get(ask.request["states_list"].lower(), {"states": {}})["states"]
    return [{"text": name, "value": code} for code, name in states.items()]


@answers("landing_company")
def _landing_company(ask: Ask) -> dict[str, Any]:
    code = ask.request["landing_company"].lower()
    if code not in COUNTRIES:
        raise Refusal("UnknownLandingCompany", "The sandbox serves no company in this country.")
    details = data_files.read("landing_company")
    return {
        "all_company": "svg",
        "financial_company": details,
        "gaming_company": None,
        "id": code,
        "is_idv_supported": 0,
        "minimum_age": 18,
        "mt_financial_company": {"financial": details},
        "mt_gaming_company": {"financial": None},
        "name": COUNTRIES[code]["name"],
        "virtual_company": "virtual",
    }
