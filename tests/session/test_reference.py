"""Test reference data of a session; tests/frames tests its frames."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import ApiError, BadReply, InvalidRequest, MissingScope, NotInThisApi, NotSignedIn
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.session import Session

Open = Callable[..., Session]

RICH = ["CR900001", "CR900002", "VRTC900003"]
TOKENS = ["a1-sandbox-rich-usd", "a1-sandbox-rich-btc", "a1-sandbox-rich-demo"]

V3: dict[str, tuple[str, tuple[Any, ...]]] = {
    "limits": ("get_limits", ()),
    "settings": ("get_settings", ()),
    "portfolio": ("portfolio", ()),
    "exchange_rates": ("exchange_rates", ("USD",)),
    "trading_times": ("trading_times", ()),
    "landing_company": ("landing_company", ("id",)),
    "mt5_accounts": ("mt5_login_list", ()),
    "api_tokens": ("api_token", ()),
    "apps": ("app_list", ()),
    "site": ("website_status", ()),
}
"""The call and the arguments of each method."""

STATUS = ("status_flags", "verification", "currencies", "cashier_problems")
ONLY_V3 = {
    name: asked for name, asked in V3.items() if name not in ("portfolio", "trading_times", "exchange_rates")
} | {
    **{name: ("get_account_status", ()) for name in STATUS},
    "login_history": ("login_history", ()),
}
"""Those without a call on the options API."""

LEGACY = {"legacy_accounts": ("legacy_accounts", ()), "legacy_statement": ("legacy_statement", ("CR900031",))}


@pytest.fixture
def three(open_session: Open) -> Session:
    """Sign in with Deriv as the rich user with three accounts."""
    made = open_session(None)
    grants = {loginid: Credential(Secret(token), "a test") for loginid, token in zip(RICH, TOKENS, strict=True)}
    made.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    return made


def asked(monkeypatch: pytest.MonkeyPatch, call: str) -> list[Mapping[str, Any]]:
    """Return the requests of a call from now on."""
    requests: list[Mapping[str, Any]] = []
    answer = HANDLERS[call]

    def handler(ask: Any) -> Any:
        requests.append(ask.request)
        return answer(ask)

    monkeypatch.setitem(HANDLERS, call, handler)
    return requests


@pytest.mark.parametrize("name", V3)
def test_each_method_answers_blocking_and_awaited(session: Session, name: str) -> None:
    call, arguments = V3[name]
    blocking = getattr(session, name)(*arguments)
    awaited = asyncio.run(getattr(session.aio, name)(*arguments))
    for frame in (blocking, awaited):
        assert len(frame) > 0
        assert {key: frame.attrs[key] for key in ("call", "api", "loginid")} == {
            "call": call,
            "api": "v3",
            "loginid": "CR900001",
        }
    assert blocking.dtypes.astype(str).to_dict() == awaited.dtypes.astype(str).to_dict()


def test_every_method_is_listed() -> None:
    assert len(ONLY_V3) == 12


@pytest.mark.parametrize("name", ONLY_V3)
def test_methods_missing_on_the_options_api(open_options: Open, box: Sandbox, name: str) -> None:
    call, arguments = ONLY_V3[name]
    session = open_options("rich")
    before = len(box.received)
    with pytest.raises(NotInThisApi) as refused:
        getattr(session, name)(*arguments)
    assert refused.value.call == call
    assert says_how_to_go_on(str(refused.value), f"session.{name}()", session)
    with pytest.raises(NotInThisApi) as refused:
        asyncio.run(getattr(session.aio, name)(*arguments))
    assert says_how_to_go_on(str(refused.value), f"session.aio.{name}()", session)
    for ask in (session.call, session.frame, session.stream):
        with pytest.raises(NotInThisApi) as refused:
            ask(call)
        assert says_how_to_go_on(str(refused.value), f'session.{ask.__name__}("{call}")', session)
    assert len(box.received) == before


def says_how_to_go_on(text: str, typed: str, session: Session) -> bool:
    """Return whether an error of the options API says what was typed, where to see the data, and an existing method."""
    assert text.startswith(f"{typed}: Deriv's current API does not report ")
    assert "See https://" in text
    assert text.endswith("Nothing was sent.")
    assert "v3" not in text
    found = re.search(r"The closest equivalent is session\.(aio\.)?(\w+)\(", text)
    assert found
    asked = session.aio if found[1] else session
    assert found[2] in dir(asked)
    return True


@pytest.mark.parametrize("name", LEGACY)
def test_methods_missing_on_v3(session: Session, name: str) -> None:
    call, arguments = LEGACY[name]
    with pytest.raises(NotInThisApi) as refused:
        getattr(session, name)(*arguments)
    assert refused.value.call == call
    assert str(refused.value).startswith(f"session.{name}(): Deriv's older API (v3) does not report ")
    assert "The closest equivalent is session." in str(refused.value)


def test_accounts_without_the_data_are_left_out(open_options: Open) -> None:
    with pytest.raises(NotInThisApi):
        open_options("rich").limits(account="all")


@pytest.mark.parametrize("name", V3)
def test_a_reply_without_its_payload_is_no_reply(session: Session, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, arguments = V3[name]
    monkeypatch.setitem(HANDLERS, call, lambda ask: Reply("something_else", {}))
    with pytest.raises(BadReply, match="contains no data of that call"):
        getattr(session, name)(*arguments)


@pytest.mark.parametrize("name", V3)
def test_calls_that_are_not_simulated_say_so(session: Session, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, arguments = V3[name]
    monkeypatch.delitem(HANDLERS, call)
    with pytest.raises(ApiError, match="does not simulate") as refused:
        getattr(session, name)(*arguments)
    assert refused.value.code == "NotSimulated"


def test_missing_scopes(open_session: Open) -> None:
    for name in ("limits", "settings", "portfolio", "mt5_accounts", "api_tokens", "apps"):
        with pytest.raises(NotSignedIn):
            getattr(open_session(None), name)()
    assert len(open_session(None).site()) > 0
    with pytest.raises(MissingScope):
        open_session("sandbox-rich-read").api_tokens()


@pytest.mark.parametrize("name", ["limits", "apps", "site"])
def test_an_unknown_kind(session: Session, box: Sandbox, name: str) -> None:
    before = len(box.received)
    with pytest.raises(InvalidRequest, match=r"Unknown kind: 'valus'\. Choose one of '") as refused:
        getattr(session, name)("valus")
    assert refused.value.field == "kind"
    assert len(box.received) == before


# Of the account


def test_kinds_of_limits(session: Session) -> None:
    values, markets, transfers = (session.limits(kind) for kind in ("values", "markets", "transfers"))
    assert "account_balance" in values["limit"].tolist()
    assert "payout_limit" in markets
    assert set(transfers["period"]) <= {"daily", "lifetime"}
    assert type(session.limits(decimal=True)["value"].iloc[0]) is Decimal


@pytest.mark.parametrize("ask", [Session.limits, Session.portfolio])
def test_limits_of_all_accounts(three: Session, box: Sandbox, ask: Callable[..., pd.DataFrame]) -> None:
    one, frame = ask(three), ask(three, account="all")
    assert list(frame.columns) == ["loginid", *one.columns, "error"]
    assert frame["loginid"].drop_duplicates().tolist() == RICH
    assert frame["error"].isna().all()
    assert frame[one.columns].dtypes.astype(str).tolist() == one.dtypes.astype(str).tolist()
    mine = frame.loc[frame["loginid"] == "CR900001", one.columns]
    pd.testing.assert_frame_equal(mine, one, check_like=True)
    call = {"limits": "get_limits"}.get(ask.__name__, ask.__name__)
    box.faults.error("Odd", call, message="I will not")
    partly = ask(three, account="all")
    assert partly["loginid"].drop_duplicates().tolist() == RICH
    assert "I will not" in partly["error"][0]
    assert partly["error"][1:].isna().all()
    assert len(partly) == len(frame) - len(one) + 1
    assert len(ask(three, account="cr900002")) == sum(frame["loginid"] == "CR900002")
    with pytest.raises(InvalidRequest, match="no access"):
        ask(three, account="CR1")


def test_limits_of_each_account_are_in_its_own_currency(three: Session) -> None:
    for kind, says in (("values", "unit"), ("markets", "currency"), ("transfers", "unit")):
        frame = three.limits(kind, account="all")
        told = frame.dropna(subset=[says]).groupby("loginid")[says].unique().map(set)
        currencies = [told[loginid] & {"USD", "BTC"} for loginid in told.index if loginid != "CR900002"]
        assert all(found == {"USD"} for found in currencies)
        assert "BTC" in told["CR900002"]
        assert frame.loc[frame["loginid"] == "CR900002", "error"].isna().all()
        assert set(three.limits(kind, account="CR900002")[says].dropna()) == told["CR900002"]


def test_daily_limits_of_a_bitcoin_account_are_in_dollars(three: Session, open_session: Open) -> None:
    for session in (three, open_session("a1-sandbox-rich-btc")):
        frame = session.limits("transfers", account="CR900002", decimal=True)
        units = frame.groupby(["period", "counted"], observed=True)["unit"].unique().map(list).to_dict()
        assert units == {
            ("lifetime", "amount"): ["BTC"],
            ("daily", "transfers"): ["transfers"],
            ("daily", "amount"): ["USD"],
        }
        daily = frame[(frame["period"] == "daily") & (frame["counted"] == "amount")]
        assert daily["allowed"].tolist() == [Decimal(10_000)] * 2


def test_limits_of_an_account_without_a_currency_are_in_none(
    open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = {"payout": 5, "open_positions": 7, "lifetime_transfers": {"crypto_to_fiat": {"allowed": 1}}}
    monkeypatch.setitem(HANDLERS, "get_limits", lambda ask: Reply("get_limits", payload))
    session = open_session("sandbox-rich-all")
    assert session.core.active_account is not None
    session.core.active_account = session.core.active_account._replace(currency="")
    assert session.limits()["unit"].dropna().tolist() == ["contracts", "days"]
    assert session.limits("transfers")["unit"].isna().all()


def test_the_currency_of_another_account_is_also_known_from_its_sign_in(three: Session) -> None:
    assert three.core.active_account is not None
    three.core.active_account = three.core.active_account._replace(rows=())  # Deriv requires no field of its answer
    assert set(three.limits("markets", account="CR900002")["currency"]) == {"BTC"}
    statement = three.statement(since="2026-10-01", account="all")
    assert statement.groupby("loginid")["currency"].unique().map(list).to_dict() == {
        "CR900001": ["USD"],
        "CR900002": ["BTC"],
        "VRTC900003": ["USD"],
    }


def test_a_portfolio_of_each_api(session: Session, open_options: Open, box: Sandbox) -> None:
    old, new = session.portfolio(decimal=True), open_options("rich").portfolio(decimal=True)
    assert old.dtypes.astype(str).to_dict() == new.dtypes.astype(str).to_dict()
    for frame in (old, new):
        assert frame["symbol"].notna().all()
        assert frame["expires"].notna().all()
        assert {type(price) for price in frame["buy_price"]} == {Decimal}
    assert new.attrs["api"] == "options"


def test_money_may_be_text(open_options: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deriv documents numbers, but texts have been observed."""
    row = {"contract_id": 7, "underlying_symbol": "R_100", "buy_price": "0.10", "payout": "1.95", "expiry_time": 60}
    monkeypatch.setitem(HANDLERS, "portfolio", lambda ask: Reply("portfolio", {"contracts": [row]}))
    monkeypatch.setattr("dpyauth.sandbox.options.socket_calls.shaped", lambda reply, shape: reply)
    session = open_options("rich")
    assert session.portfolio()[["symbol", "buy_price"]].iloc[0].tolist() == ["R_100", 0.1]
    exact = session.portfolio(decimal=True)
    assert exact["buy_price"].tolist() == [Decimal("0.10")]
    assert exact["expires"].tolist() == [pd.Timestamp(60, unit="s", tz="UTC")]


def test_an_empty_portfolio(open_session: Open) -> None:
    frame = open_session("sandbox-new-read").portfolio()
    assert frame.empty
    assert list(frame.columns) == list(frames.open_contracts(None).columns)


# Of the user


def test_personal_data_is_hidden(session: Session) -> None:
    hidden, shown = session.settings(), session.settings(reveal=True)
    assert hidden["hidden"].sum() > 3
    assert not shown["hidden"].any()
    assert hidden["setting"].tolist() == shown["setting"].tolist()
    assert "@" not in hidden.to_string()
    assert "@" in shown.to_string()


def test_tokens_are_hidden(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = asked(monkeypatch, "api_token")
    hidden, shown = session.api_tokens(), session.api_tokens(reveal=True)
    assert set(hidden["token"]) == {"•••"}
    assert "sandbox-rich-all" in shown["token"].tolist()
    assert [set(request) for request in requests] == [{"api_token", "req_id"}] * 2  # no token among them


def test_kinds_of_apps(session: Session, box: Sandbox) -> None:
    session.apps()
    allowed = session.apps("allowed")
    assert allowed.attrs["call"] == "oauth_apps"
    assert [each.call for each in box.received][-2:] == ["app_list", "oauth_apps"]


def test_exact_balances_of_mt5(session: Session) -> None:
    exact = session.mt5_accounts(decimal=True)["balance"].dropna()
    assert {type(balance) for balance in exact} == {Decimal}


# Public data


def test_exchange_rates(session: Session, box: Sandbox) -> None:
    everything = session.exchange_rates("EUR")
    assert set(everything["base_currency"]) == {"EUR"}
    assert not {"bid", "ask"} & {*everything}
    one = session.exchange_rates("EUR", "USD", spread=True)
    assert one["currency"].tolist() == ["USD"]
    assert (one["bid"] <= one["ask"]).tolist() == [True]
    assert type(session.exchange_rates("EUR", "USD", decimal=True)["rate"].item()) is Decimal
    with pytest.raises(InvalidRequest):
        session.exchange_rates(None)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="one currency") as wrong:
        session.exchange_rates("EUR", ["USD", "BTC"])
    assert wrong.value.field == "target"
    assert session.exchange_rates()["base_currency"].unique().tolist() == ["USD"]


def test_rates_have_another_call_on_the_current_api(open_options: Open) -> None:
    with pytest.raises(
        NotInThisApi, match=re.escape('session.exchange_rates() or session.call("wallet_exchange_rate")')
    ):
        open_options("rich").call("exchange_rates", base_currency="USD")


@pytest.mark.parametrize("day", ["2026-11-24", dt.date(2026, 11, 24), pd.Timestamp("2026-11-24 14:00")])
@pytest.mark.parametrize("api", ["v3", "options"])
def test_trading_times_of_a_day(
    open_session: Open, open_options: Open, monkeypatch: pytest.MonkeyPatch, day: Any, api: str
) -> None:
    requests = asked(monkeypatch, "trading_times")
    session = open_session() if api == "v3" else open_options("rich")
    frame = session.trading_times(day)
    opens = frame["open"].dropna()
    assert set(opens.dt.date) == {dt.date(2026, 11, 24)}
    assert "R_100" in frame["symbol"].tolist()
    assert frame.attrs["api"] == api
    assert [request["trading_times"] for request in requests] == ["2026-11-24"]


def test_trading_times_of_no_day(session: Session) -> None:
    for day, instead in (
        ("yesterday", "which is yesterday in UTC"),
        ("2026-02-31", "2026-02 has 28 days"),
        ("31.12.2025", "Write it as '2025-12-31'"),
    ):
        with pytest.raises(InvalidRequest, match=instead) as refused:
            session.trading_times(day)
        assert refused.value.field == "day"


def test_kinds_of_site_data(session: Session) -> None:
    assert "per_minute" in session.site()
    assert type(session.site("currencies")["currency"].iloc[0]) is str
    assert "fee_percent" in session.site("fees")
