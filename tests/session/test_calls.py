"""Test any call: its reply, its frame, and its documentation. Streams have tests of their own."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dpyauth.catalog.calls import APIS, load
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import ApiError, InvalidRequest, MissingScope, NotInThisApi, NotSignedIn
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.session import Session

Open = Callable[..., Session]

RICH = ["CR900001", "CR900002", "VRTC900003"]
TOKENS = ["a1-sandbox-rich-usd", "a1-sandbox-rich-btc", "a1-sandbox-rich-demo"]


@pytest.fixture
def three(open_session: Open) -> Session:
    """Sign in with Deriv as the rich user with three accounts."""
    made = open_session(None)
    grants = {loginid: Credential(Secret(token), "a test") for loginid, token in zip(RICH, TOKENS, strict=True)}
    made.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    return made


def asked(box: Sandbox, call: str) -> int:
    return sum(each.call == call for each in box.received)


# Replies


@pytest.mark.parametrize(("name", "hint"), [("authorize", r"dpyauth\.login\(\)"), ("logout", r"session\.logout\(\)")])
def test_some_calls_are_not_for_call(session: Session, box: Sandbox, name: str, hint: str) -> None:
    before = len(box.received)
    with pytest.raises(InvalidRequest, match=hint):
        session.call(name, authorize="C4nary-t0ken")
    assert len(box.received) == before


@pytest.mark.parametrize(
    ("name", "fields"),
    [("ticks", {"ticks": "R_100", "subscribe": 1}), ("balance", {"subscribe": True}), ("transaction", {})],
)
def test_streams_are_not_for_call_either(session: Session, name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="stream") as refused:
        session.call(name, **fields)
    assert refused.value.field == "subscribe"


def test_wrong_calls_and_fields_are_not_sent(session: Session, box: Sandbox) -> None:
    before = len(box.received)
    for name, fields in (("balanse", {}), ("balance", {"acount": 1}), ("statement", {"limit": "many"}), (5, {})):
        with pytest.raises(InvalidRequest):
            session.call(name, **fields)  # type: ignore[arg-type]
    assert len(box.received) == before


def test_a_call_returns_the_whole_reply(session: Session) -> None:
    reply = session.call("balance", passthrough={"mine": 1})
    assert reply["msg_type"] == "balance"
    assert reply["balance"]["loginid"] == "CR900001"
    assert reply["echo_req"]["passthrough"] == {"mine": 1}


def test_a_field_of_none_is_left_out(session: Session) -> None:
    assert "account" not in session.call("balance", account=None)["echo_req"]


@pytest.mark.parametrize(
    ("token", "can"),
    [
        (None, {"ping": True, "balance": False, "buy": False}),
        ("sandbox-rich-all", {"ping": True, "balance": True, "buy": True}),
        ("sandbox-rich-read", {"ping": True, "balance": True, "buy": False}),
    ],
)
def test_what_a_token_may_do(open_session: Open, token: str | None, can: dict[str, bool]) -> None:
    session = open_session(token)
    assert {call: session.can(call) for call in can} == can


def test_what_a_call_needs(open_session: Open) -> None:
    session = open_session(None)
    assert session.needs("ping") == ()
    assert session.needs("balance") == ("read", "trading_information")
    for ask in (session.needs, session.can):
        with pytest.raises(InvalidRequest, match="Did you mean 'balance'"):
            ask("balanse")


def test_over_http_no_call_works_without_a_sign_in(open_options: Open) -> None:
    session = open_options(None)
    assert not session.can("health")
    assert session.can("ticks")
    with pytest.raises(NotSignedIn):
        session.call("health")
    assert open_options().can("health")


# Frames


def test_a_frame_of_any_call(session: Session) -> None:
    frame = session.frame("active_symbols", active_symbols="brief")
    assert len(frame) > 1
    assert str(frame["symbol"].dtype) == "string"
    assert frame.attrs["api"] == "v3"
    assert frame.attrs["call"] == "active_symbols"
    assert frame.attrs["loginid"] == "CR900001"
    assert json.loads(frame.attrs["request"]) == {"active_symbols": "brief"}
    awaited = asyncio.run(session.aio.frame("active_symbols", active_symbols="brief"))
    assert awaited["symbol"].tolist() == frame["symbol"].tolist()


def test_the_size_of_a_pip_is_a_fraction(open_options: Open) -> None:
    sizes = open_options().frame("active_symbols", active_symbols="brief")["pip_size"]
    assert sizes.notna().all()
    assert sizes.between(0, 1, inclusive="neither").all()


def test_a_frame_without_a_sign_in(open_session: Open) -> None:
    session = open_session(None)
    assert session.frame("ping").iloc[0].tolist() == ["pong"]
    assert session.frame("ping").attrs["loginid"] is None
    for account in ("current", "all", "CR900001"):
        with pytest.raises(NotSignedIn):
            session.frame("get_limits", account=account)


def test_options_of_a_frame(session: Session) -> None:
    exact = session.frame("statement", limit=3, decimal=True)
    assert {type(amount) for amount in exact["amount"]} == {Decimal}
    assert exact["amount"].astype(float).tolist() == session.frame("statement", limit=3)["amount"].tolist()
    tokens = session.frame("api_token")
    spread = session.frame("api_token", explode=["tokens", "tokens.scopes"])
    assert len(tokens) == 1
    assert len(spread) == sum(len(token["scopes"]) for token in tokens["tokens"].item()) > 1
    hidden, shown = session.frame("get_settings"), session.frame("get_settings", reveal=True)
    assert hidden["email"].item() == "•••"
    assert "@" in shown["email"].item()


def test_frames_of_the_options_api(open_options: Open) -> None:
    session = open_options("rich")
    accounts = session.frame("get_accounts")  # over HTTP
    assert set(accounts["account_id"]) == {"ROT900001", "DOT900003"}
    assert accounts.attrs["api"] == "options"
    portfolio = session.frame("portfolio", decimal=True)  # over a WebSocket, with Deriv's own names
    assert "underlying_symbol" in portfolio
    assert type(portfolio["buy_price"].iloc[0]) is Decimal
    row = session.frame("reset_demo_balance", account_id="DOT900003")
    assert json.loads(row.attrs["request"]) == {"account_id": "DOT900003"}
    with pytest.raises(NotInThisApi):
        session.frame("get_limits", account="all")
    assert asyncio.run(session.aio.frame("portfolio"))["contract_id"].tolist() == portfolio["contract_id"].tolist()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("authorize", {}),
        ("logout", {}),
        ("transaction", {}),
        ("ticks", {"ticks": "R_100", "subscribe": 1}),
        ("balanse", {}),
        ("statement", {"limt": 5}),
        ("statement", {"limit": "many"}),
        ("exchange_rates", {}),
        ("statement", {"limt": 5, "account": "all"}),
        ("balanse", {"account": "all"}),
        ("statement", {"explode": "amount", "account": "all"}),
        ("topup_virtual", {"explode": "nothing"}),
        ("topup_virtual", {"account": "all"}),
        ("balance", {"account": "CR1"}),
    ],
)
def test_frames_of_impossible_calls(three: Session, box: Sandbox, name: str, fields: dict[str, Any]) -> None:
    before = len(box.received)
    with pytest.raises(InvalidRequest):
        three.frame(name, **fields)
    assert len(box.received) == before


def test_a_wrong_explode_lists_the_possible_columns(session: Session) -> None:
    with pytest.raises(InvalidRequest, match=r"no column of lists 'token'.*'tokens'") as refused:
        session.frame("api_token", explode="token")
    assert refused.value.field == "explode"


def test_a_call_over_http_belongs_to_no_account(open_options: Open) -> None:
    session = open_options("rich")
    for account in ("all", "ROT900001"):
        with pytest.raises(InvalidRequest, match="same for all") as refused:
            session.frame("get_accounts", account=account)
        assert refused.value.field == "account"


def test_frames_of_all_accounts(three: Session) -> None:
    frame = three.frame("get_limits", account="all")
    one = three.frame("get_limits")
    assert list(frame.columns) == ["loginid", *one.columns, "error"]
    assert frame["loginid"].tolist() == RICH
    assert frame["error"].isna().all()
    assert frame[one.columns].dtypes.astype(str).tolist() == one.dtypes.astype(str).tolist()
    assert frame.attrs["loginid"] == ", ".join(RICH)
    assert json.loads(frame.attrs["request"]) == {"get_limits": 1}
    assert asyncio.run(three.aio.frame("get_limits", account="all"))["loginid"].tolist() == RICH


def test_a_frame_of_another_account(three: Session) -> None:
    frame = three.frame("statement", account="cr900002", limit=4)
    assert len(frame) == 4
    assert "loginid" not in frame
    assert frame.attrs["loginid"] == "CR900002"
    assert three.loginid == "CR900001"


def test_money_of_any_call_is_in_the_currency_of_the_account_asked(three: Session) -> None:
    for name in ("get_limits", "get_self_exclusion", "statement"):
        frame = three.frame(name, account="all", decimal=True)
        told = frame.dropna(subset=["currency"]).groupby("loginid")["currency"].unique().map(list).to_dict()
        assert told.pop("VRTC900003", ["USD"]) == ["USD"]
        assert told == {"CR900001": ["USD"], "CR900002": ["BTC"]}
    assert "currency" not in three.frame("exchange_rates", base_currency="USD")


def test_a_request_may_itself_name_another_account(three: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deriv allows a connection with several tokens to name the account in each call."""
    monkeypatch.setattr(
        "dpyauth.sandbox.v3.answering.Connection._grant", lambda self, call, loginid: next(iter(self.grants.values()))
    )
    for named, currency in (("CR900001", "USD"), ("cr900002", "BTC"), ("CR1", None)):
        frame = three.frame("statement", loginid=named, limit=2)
        assert frame["currency"].astype(object).where(frame["currency"].notna(), None).tolist() == [currency] * 2
        assert frame.attrs["loginid"] == named.upper()


def test_rows_of_all_accounts_are_in_blocks(three: Session) -> None:
    frame = three.frame("statement", account="all", limit=3)
    assert frame["loginid"].tolist() == [loginid for loginid in RICH for _ in range(3)]
    assert frame["transaction_id"].notna().all()


def test_account_is_never_a_field(three: Session) -> None:
    """The frame asks each account; Deriv's own field of this name would give all in one reply, even MT5 accounts."""
    assert three.frame("balance", account="all")["loginid"].tolist() == RICH
    assert three.frame("balance", account="CR900002")["loginid"].tolist() == ["CR900002"]
    assert "account" not in json.loads(three.frame("balance").attrs["request"])
    assert len(three.call("balance", account="all")["balance"]["accounts"]) > len(RICH)


def test_no_other_field_is_hidden_by_a_parameter() -> None:
    taken = {"account", "decimal", "explode", "reveal", "timeout", "keep"}
    clashes = [(api, name, taken & set(call.fields)) for api in APIS for name, call in load(api).items()]
    assert [clash for clash in clashes if clash[2]] == [("v3", "balance", {"account"})]


def test_a_failing_account_does_not_affect_the_others(three: Session, box: Sandbox) -> None:
    three.frame("statement", account="all", limit=1)
    box.faults.error("Odd", "statement", message="I will not")
    frame = three.frame("statement", account="all", limit=2)
    assert frame["loginid"].tolist() == ["CR900001", *["CR900002"] * 2, *["VRTC900003"] * 2]
    assert frame["error"].notna().tolist() == [True, False, False, False, False]
    assert "I will not" in frame["error"][0]
    assert frame["transaction_id"].notna().tolist() == [False, True, True, True, True]
    assert str(frame["transaction_id"].dtype) == "Int64"


def test_a_column_of_deriv_named_error_is_kept(three: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:

    def answered(ask: Any) -> Any:
        return Reply("get_limits", {"error": "a column"})

    monkeypatch.setitem(HANDLERS, "get_limits", answered)
    frame = three.frame("get_limits", account="all")
    assert frame["error_"].tolist() == ["a column"] * 3
    assert frame["error"].isna().all()


def test_secrets_are_not_shown(session: Session, box: Sandbox) -> None:
    secret = "C4nary-S3cret"
    with pytest.raises(ApiError) as refused:
        session.frame("mt5_password_check", login="MTR1000001", password=secret)
    assert refused.tb.tb_next is None  # no frame of dpyauth is left whose variables could show it
    shown = "".join(
        traceback.TracebackException(type(refused.value), refused.value, None, capture_locals=True).format()
    )
    assert "mt5_password_check" in shown
    assert secret not in shown
    tokens = session.frame("api_token", explode="tokens")
    assert set(tokens["tokens.token"]) == {"•••"}
    assert "sandbox-rich" not in tokens.to_string() + str(tokens.attrs)


def test_a_scope_that_is_missing(open_session: Open, box: Sandbox) -> None:
    session = open_session("sandbox-rich-read")
    with pytest.raises(MissingScope):
        session.frame("api_token")
    assert asked(box, "api_token") == 0


# Documentation


def test_the_calls(open_session: Open, open_options: Open) -> None:
    listed = open_session("sandbox-rich-read").calls().set_index("call")
    assert set(listed.index) == set(load("v3"))
    assert listed["allowed"][["ping", "balance", "buy"]].tolist() == [True, True, False]
    nobody = open_options(None).calls().set_index("call")
    assert set(nobody["api"]) == {"options"}
    assert nobody["allowed"][["ticks", "balance", "health"]].tolist() == [True, False, False]


def test_help(open_session: Open, open_options: Open) -> None:
    session = open_session(None)
    text = session.help("statement")
    assert isinstance(text, str)
    assert repr(text) == str(text)
    assert "limit" in text
    assert "\n" in repr(text)
    assert "underlying_symbol" in open_options(None).help("portfolio")
    with pytest.raises(InvalidRequest, match="Did you mean 'statement'"):
        session.help("statemnt")
    with pytest.raises(NotInThisApi, match=r"^'get_accounts': this is a call of Deriv's current API"):
        session.help("get_accounts")


def test_help_is_plain_text_in_a_notebook(open_session: Open) -> None:
    from IPython.core.formatters import PlainTextFormatter

    text = open_session(None).help("time")
    assert PlainTextFormatter()(text) == str(text)
