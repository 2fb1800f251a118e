"""Test the rows about an account's status."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth import frames
from dpyauth.frames.flags import FLAGS
from dpyauth.panels.card_rows import LONGEST, SYMBOLS, plain
from dpyauth.panels.status_rows import Status, options_rows, untold_row
from dpyauth.texts import texts

WORDS = texts("card", language="en")
MEANINGS = texts("meanings", language="en")


def rows(payload: dict[str, Any], *, demo: bool = False) -> dict[str, dict[str, Any]]:
    made = Status(payload, demo=demo, words=WORDS).rows()
    return {row["name"]: row for row in made}


def lights(row: dict[str, Any]) -> list[str]:
    return [f"{light['tone']} {light['text']}" for light in row["lights"]]


def checks(needed: tuple[str, ...] = (), **statuses: Any) -> dict[str, Any]:
    given = {name: {"status": status} if isinstance(status, str) else status for name, status in statuses.items()}
    return {"authentication": {**given, "needs_verification": list(needed)}}


def test_all_is_well() -> None:
    made = rows(checks(identity="verified", document="verified", income="none", ownership="none"))
    assert list(made) == ["Verification", "Cashier", "Trading"]
    assert lights(made["Verification"]) == [
        "good Identity: verified",
        "good Address: verified",
        "off Income: not requested",
        "off Payment method: not requested",
    ]
    assert lights(made["Cashier"]) == lights(made["Trading"]) == ["good open"]
    assert [row["lines"] for row in made.values()] == [[], [], []]


def test_an_empty_status() -> None:
    made = rows({}, demo=True)
    assert lights(made["Verification"]) == ["off no information from Deriv yet"]
    assert lights(made["Cashier"]) == ["off none, this is demo money"]


@pytest.mark.parametrize(
    ("status", "needed", "light", "says"),
    [
        ("none", True, "act Identity: needed", "Send a proof of identity"),
        ("pending", False, "wait Identity: being checked", ""),
        ("pending", True, "wait Identity: being checked", "still asks for more"),
        ("rejected", False, "bad Identity: rejected", "Send a proof of identity"),
        ("expired", True, "bad Identity: expired", "Send a proof of identity"),
        ("suspected", False, "bad Identity: in doubt", "Send a proof of identity"),
        ("locked", False, "bad Identity: locked", "Ask Deriv's support"),
        ("reviewed", False, "bad Identity: reviewed", "Send a proof of identity"),  # a new value from Deriv
        ("verified", True, "good Identity: verified", ""),
    ],
)
def test_a_check(status: str, needed: bool, light: str, says: str) -> None:
    made = rows(checks(("identity",) if needed else (), identity=status))["Verification"]
    assert lights(made)[0] == light
    assert (says in " ".join(made["lines"])) if says else made["lines"] == []


def test_until_when_a_document_is_valid() -> None:
    made = rows(checks(identity={"status": "verified", "expiry_date": 1_800_000_000}))
    assert lights(made["Verification"])[0] == "good Identity: verified until Jan 15, 2027"


def test_why_a_document_was_refused_and_how_many_attempts_are_left() -> None:
    services = {
        "idv": {"status": "rejected", "submissions_left": 0, "last_rejected": ["NAME_MISMATCH", "SOME_NEW_CODE"]},
        "onfido": {"status": "rejected", "submissions_left": 2, "last_rejected": ["NAME_MISMATCH"]},
    }
    payload = checks(("identity",), identity={"status": "rejected", "services": services})
    payload["status"] = ["allow_poi_resubmission"]
    assert rows(payload)["Verification"]["lines"] == [  # the flag adds nothing to the light
        "Identity: rejected (the name does not match, SOME_NEW_CODE).",
        "Send a proof of identity at Deriv: Account settings, Proof of identity.",
        "0 tries left with your ID number.",
        "2 tries left with photos.",
    ]


def test_whose_payment_method() -> None:
    ownership = {"status": "none", "requests": [{"payment_method": "A Wallet"}, {"payment_method": None}]}
    (line,) = rows(checks(("ownership",), ownership=ownership))["Verification"]["lines"]
    assert "A Wallet" in line
    assert "Proof of ownership" in line


def test_asked_to_verify_without_a_reason() -> None:
    made = rows({"prompt_client_to_authenticate": 1})["Verification"]
    assert made["lines"] == ["Deriv asks you to verify your identity: at Deriv, Account settings."]


@pytest.mark.parametrize(
    ("payload", "light", "line"),
    [
        ({"status": ["cashier_locked", "withdrawal_locked"]}, "bad closed", MEANINGS["flag_cashier_locked"]),
        ({"status": ["disabled"]}, "bad closed", "The account is disabled."),
        ({"status": ["withdrawal_locked"]}, "act limited", "You cannot withdraw; deposits still work."),
        ({"status": ["unwelcome"]}, "act limited", MEANINGS["flag_unwelcome"]),
        (
            {"cashier_validation": ["transfer_blocked"]},
            "act limited",
            "You cannot move money from one account to another.",
        ),
        ({"status": ["shared_payment_method"]}, "act limited", MEANINGS["flag_shared_payment_method"]),
        ({"cashier_validation": ["ASK_AUTHENTICATE"]}, "bad closed", "The cashier waits until you are verified."),
        (
            {"cashier_validation": ["withdrawal_locked_status"]},
            "act limited",
            "You cannot withdraw; deposits still work.",
        ),
        (
            {"cashier_validation": "NewCode"},
            "bad closed",
            "Deriv keeps the cashier closed, with this code: NewCode.",
        ),
        ({"cashier_missing_fields": ["phone", "address_line_1"]}, "act limited", None),
        ({"currency_config": {"USD": {"is_deposit_suspended": 1}}}, "act limited", None),
        ({"currency_config": {"USD": {"is_withdrawal_suspended": 1}}}, "act limited", None),
        ({"status": ["pa_withdrawal_explicitly_allowed"]}, "good open", ""),
    ],
)
def test_cashier(payload: dict[str, Any], light: str, line: str | None) -> None:
    made = rows(payload)["Cashier"]
    assert lights(made) == [light]
    assert len(made["lines"]) == (0 if line == "" else 1)
    if line:
        assert made["lines"] == [line]


def test_no_deposits_and_no_transfers_is_not_closed() -> None:
    made = rows({"cashier_validation": ["transfer_blocked", "SelfExclusion"]})["Cashier"]
    assert lights(made) == ["act limited"]
    assert len(made["lines"]) == 2


def test_a_cashier_without_deposits_and_withdrawals_is_closed() -> None:
    both = ["no_withdrawal_or_trading_status", "unwelcome_status"]
    assert lights(rows({"cashier_validation": both})["Cashier"]) == ["bad closed"]


def test_missing_data_and_blocked_actions_are_named() -> None:
    payload = {
        "cashier_missing_fields": ["phone", "address_line_1"],
        "currency_config": {"USD": {"is_deposit_suspended": 1, "is_withdrawal_suspended": 1}, "BTC": {}},
    }
    assert rows(payload)["Cashier"]["lines"] == [
        "Fill in these fields at Deriv (Account settings, Personal details): phone number, first line of the address.",
        "Deposits are suspended at the moment for: USD.",
        "Withdrawals are suspended at the moment for: USD.",
    ]


@pytest.mark.parametrize(
    ("flag", "light"),
    [
        ("no_trading", "bad restricted"),
        ("no_withdrawal_or_trading", "bad restricted"),
        ("unwelcome", "bad restricted"),
        ("disabled", "bad restricted"),
        ("max_turnover_limit_not_set", "act action needed"),
        ("professional", "good open"),
    ],
)
def test_trading(flag: str, light: str) -> None:
    made = rows({"status": [flag]})["Trading"]
    assert lights(made) == [light]
    assert made["lines"] == ([] if light.startswith("good") else [MEANINGS[f"flag_{flag}"]])


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_every_important_flag_has_a_row(flag: str) -> None:
    said = [line for row in rows({"status": [flag]}).values() for line in row["lines"]]
    assert said.count(MEANINGS[f"flag_{flag}"]) >= (FLAGS[flag].severity != "info")
    assert bool(said) == (FLAGS[flag].severity != "info")


def test_other_flags() -> None:
    made = rows({"status": ["password_reset_required", "brand_new"], "p2p_status": "perm_ban"})
    assert made["Also"]["lines"] == [
        "Choose a new password.",
        "Deriv has set a flag that it does not explain: brand_new.",
        "You are permanently banned from Deriv P2P.",
    ]


def test_options() -> None:
    listed = [{"account_id": "DOT1", "status": status} for status in ("active", "inactive", "odd", None)]
    made = options_rows(frames.options_status(listed), WORDS)
    assert [lights(row) for row in made] == [["good active"], ["bad not active"]]
    assert options_rows(frames.options_status(None), WORDS) == []
    last = untold_row(WORDS, "https://example.com")
    said = "Deriv's current API does not report verification, cashier and limits. See them at https://example.com"
    assert (last["lines"], last["link"]) == ([said], "https://example.com")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("\ud800"),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=5,
)
_CHECK = _JSON | st.fixed_dictionaries(
    {}, optional={"status": _JSON, "services": _JSON, "requests": _JSON, "last_rejected": _JSON, "expiry_date": _JSON}
)
_PAYLOAD = st.fixed_dictionaries(
    {},
    optional={
        "status": _JSON,
        "authentication": _JSON
        | st.fixed_dictionaries(
            {}, optional={"identity": _CHECK, "income": _CHECK, "ownership": _CHECK, "needs_verification": _JSON}
        ),
        "cashier_validation": _JSON,
        "cashier_missing_fields": _JSON,
        "currency_config": _JSON,
        "p2p_status": _JSON,
        "prompt_client_to_authenticate": _JSON,
    },
)


@given(payload=_PAYLOAD, demo=st.booleans())
def test_any_status_is_shown_in_words(payload: dict[str, Any], demo: bool) -> None:
    for row in Status(payload, demo=demo, words=WORDS).rows():
        assert row["lights"] or row["lines"]
        for light in row["lights"]:
            assert light["symbol"] == SYMBOLS[light["tone"]]
            assert light["text"]
        for line in row["lines"]:
            assert "{" not in line or "{" in str(payload)
            line.encode()


@given(st.text() | _JSON)
def test_plain(text: object) -> None:
    shown = plain(text)
    assert len(shown) <= LONGEST
    assert shown == shown.strip()
    assert not [char for char in shown if ord(char) < 32 or char in "\u202e\u2066\u200f\x9b\u2028"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb", "a [31mb"), ("a\n\u202eb", "a b"), (None, ""), (5, "5"), ("x" * 300, "x" * 199 + "…")],
)
def test_plain_examples(text: object, shown: str) -> None:
    assert plain(text) == shown
