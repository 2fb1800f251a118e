from __future__ import annotations

from typing import Any

from dpyauth.frames import landing_company, site_currencies, site_limits, transfer_fees

STATUS: dict[str, Any] = {
    "api_call_limits": {
        "max_proposal_subscription": {"applies_to": "streams", "max": 5},
        "max_requests_pricing": {"applies_to": "prices", "minutely": 80, "hourly": 3600},
    },
    "currencies_config": {
        "USD": {
            "name": "US Dollar",
            "type": "fiat",
            "fractional_digits": 2,
            "stake_default": 10,
            "is_suspended": 0,
            "is_deposit_suspended": 1,
            "is_withdrawal_suspended": 0,
            "transfer_between_accounts": {"fees": {"BTC": 2, "EUR": 0.5}, "limits": {"min": 1, "max": 2500}},
        },
        "BTC": {"name": "Bitcoin", "type": "crypto", "transfer_between_accounts": {"fees": {}, "limits": None}},
    },
}


def test_limits() -> None:
    frame = site_limits(STATUS)
    assert frame["limit"].tolist() == ["max_proposal_subscription", "max_requests_pricing"]
    assert frame["at_once"].fillna(-1).tolist() == [5, -1]
    assert frame["per_minute"].fillna(-1).tolist() == [-1, 80]
    assert frame["per_hour"].fillna(-1).tolist() == [-1, 3600]
    assert site_limits(None).dtypes.tolist() == frame.dtypes.tolist()


def test_currencies() -> None:
    frame = site_currencies(STATUS).set_index("currency")
    assert frame.loc["USD", ["digits", "default_stake", "transfer_min", "transfer_max"]].tolist() == [2, 10, 1, 2500]
    assert bool(frame.loc["USD", "deposit_suspended"]) is True
    assert frame["type"].tolist() == ["fiat", "crypto"]
    assert frame["transfer_min"].isna().tolist() == [False, True]


def test_fees() -> None:
    frame = transfer_fees(STATUS)
    assert frame.values.tolist() == [["USD", "BTC", 2.0], ["USD", "EUR", 0.5]]
    assert transfer_fees({"currencies_config": {"USD": 5}}).dtypes.tolist() == frame.dtypes.tolist()


def test_companies_of_a_country() -> None:
    company = {
        "shortcode": "svg",
        "name": "Deriv (SVG) LLC",
        "legal_allowed_currencies": ["USD"],
        "has_reality_check": 1,
        "requirements": {"signup": ["phone"]},
    }
    payload = {
        "id": "id",
        "config": {"shortcode": "x"},
        "all_company": "svg",
        "gaming_company": None,
        "financial_company": company,
        "mt_financial_company": {"financial": company, "gold": None},
    }
    frame = landing_company(payload)
    assert frame["offer"].tolist() == ["financial_company", "mt_financial_company.financial"]
    assert frame["currencies"].tolist() == [["USD"], ["USD"]]
    assert frame["signup_needs"].tolist() == [["phone"], ["phone"]]
    assert frame["withdrawal_needs"].tolist() == [[], []]
    assert frame["reality_check"].tolist() == [True, True]
    assert landing_company({}).dtypes.tolist() == frame.dtypes.tolist()
