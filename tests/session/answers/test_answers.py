"""The same questions give frames with the same columns and dtypes on both APIs, in whatever form Deriv sends money."""

from __future__ import annotations

from collections.abc import Callable, Generator
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import ApiError, BadReply, InputRefused, InvalidRequest, PermissionDenied
from dpyauth.frames import Context
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session, answers

Open = Callable[..., Session]
DEMO, REAL = "DOT900003", "ROT900001"
MONEY = ("documented", "text", "numbers")


@pytest.fixture
def v3(open_session: Open) -> Session:
    """Sign in with Deriv, because Deriv tells an API token no balance of other accounts."""
    return open_session("a1-sandbox-rich-usd")


@pytest.fixture
def current(open_options: Open) -> Session:
    """Sign in on the options API, to the account with a history."""
    made = open_options()
    made.use(REAL)
    return made


def look(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns and dtypes, with the values of categories."""
    return {
        str(name): f"{dtype} {list(dtype.categories)}" if isinstance(dtype, pd.CategoricalDtype) else str(dtype)
        for name, dtype in frame.dtypes.items()
    }


QUESTIONS: dict[str, Callable[[Session], pd.DataFrame]] = {
    "balance": lambda session: session.balance(),
    "balance of all": lambda session: session.balance("all"),
    "exact balance": lambda session: session.balance(decimal=True),
    "accounts": lambda session: session.accounts(),
    "account_status": lambda session: session.account_status(),
    "account_status of all": lambda session: session.account_status("all"),
    "statement": lambda session: session.statement(since="2026-08-01"),
    "exact statement": lambda session: session.statement(since="2026-08-01", decimal=True),
    "profit_table": lambda session: session.profit_table(since="2026-08-01"),
    "exact profit_table": lambda session: session.profit_table(since="2026-08-01", decimal=True),
    "portfolio": lambda session: session.portfolio(),
    "exact portfolio": lambda session: session.portfolio(decimal=True),
}
ONLY_OPTIONS = {"group"}
ONLY_V3 = {
    *("risk", "flags", "needs_verification", "identity", "document", "income", "ownership", "created"),
    *("cashier_validation", "cashier_missing_fields", "prompt_client_to_authenticate", "social_provider"),
    *("p2p_status", "p2p_poa_required", "linked_to", "landing_company", "broker"),
    *("converted_amount", "converted_currency"),
    *("app_id", "fee", "fee_currency", "from_loginid", "to_loginid", "withdrawal_details"),
}
"""Columns that the other API cannot fill."""

OPTIONS = frames.Context("get_accounts", api="options")
CALLS = ("get_accounts", "balance", "statement", "profit_table", "portfolio", "proposal_open_contract")


@pytest.mark.parametrize("money", MONEY)
@pytest.mark.parametrize("question", QUESTIONS)
def test_frames_look_alike(question: str, money: Any, v3: Session, current: Session, box: Sandbox) -> None:
    box.options.money = money
    old, new = QUESTIONS[question](v3), QUESTIONS[question](current)
    one, other = look(new), look(old)
    both = [name for name in one if name in other]
    assert [one[name] for name in both] == [other[name] for name in both]
    assert both == [name for name in other if name in one]
    assert {*one} - {*both} <= ONLY_OPTIONS
    assert {*other} - {*both} <= ONLY_V3
    assert {"loginid", "currency"} <= {*both, *(() if "portfolio" not in question else ("loginid",))}
    assert len(new)
    assert "loginid" not in new or set(new["loginid"]) <= {REAL, DEMO}


@pytest.mark.parametrize("money", MONEY)
@pytest.mark.parametrize(
    ("call", "fields"),
    [("transaction", {}), ("proposal_open_contract", {}), ("balance", {}), ("ticks", {"ticks": "R_100"})],
)
def test_streams_look_alike(call: str, fields: Any, money: Any, v3: Session, current: Session, box: Sandbox) -> None:
    box.options.money = money
    looks = []
    for session, loginid in ((v3, "CR900001"), (current, REAL)):
        with session.stream(call, **fields) as stream:
            if call != "ticks":
                box.pay(loginid, 3.5)
            stream.next(timeout=5)
            made = stream.frame()
            looks.append(look(made))
            origin = {"call": call, "api": session.core.api, "loginid": loginid}
            assert made.attrs == {**origin, "fetched": made["received"].max().isoformat(timespec="seconds")}
            if call != "balance":
                subject = {"transaction": "transaction_id", "ticks": "symbol"}.get(call, "contract_id")
                assert stream.frame()[subject].notna().any()
    assert looks[0] == looks[1]


def test_an_open_contract_keeps_its_symbol(current: Session) -> None:
    with current.stream("proposal_open_contract") as stream:
        stream.next(timeout=5)
        assert stream.frame()["underlying"].notna().all()
    assert current.portfolio()["symbol"].notna().all()


@pytest.mark.parametrize("money", MONEY)
def test_money_is_exact(money: Any, current: Session, box: Sandbox) -> None:
    box.options.money = money
    box.pay(REAL, 0.1)
    account = box.world.account(REAL)
    exact = Decimal(account.ledger.balance) / 100
    for frame in (current.balance(decimal=True), current.balance("all", decimal=True)):
        value = frame.loc[frame["loginid"] == REAL, "balance"].item()
        assert type(value) is Decimal
        assert value == exact
    for account_name in ("current", "all"):
        frame = current.balance(account_name)
        assert frame.loc[frame["loginid"] == REAL, "balance"].item() == float(exact)
    contracts = current.portfolio(decimal=True)
    assert {type(price) for price in contracts["buy_price"]} <= {Decimal}


def test_common_facts_about_an_account_are_there_on_both_apis(v3: Session, current: Session, box: Sandbox) -> None:
    for session, loginid in ((v3, "CR900001"), (current, REAL)):
        row = session.account_status().iloc[0]
        assert row[["loginid", "kind", "status", "currency"]].tolist() == [loginid, "real", "active", "USD"]
        assert row["balance"] == box.world.account(loginid).ledger.balance / 100
    assert current.account_status()["group"].item() == "row"
    assert v3.account_status()["created"].notna().all()


def test_columns_of_v3_alone_are_missing_on_the_options_api(v3: Session, current: Session) -> None:
    told = ["loginid", "kind", "currency", "balance", "status", "group"]
    assert current.account_status().columns.tolist() == told
    assert current.account_status("all").columns.tolist() == [*told, "error"]
    assert v3.account_status()[["risk", "identity", "flags"]].notna().all(axis=None)


def test_a_balance_on_v3_is_current(v3: Session, box: Sandbox) -> None:
    before = v3.account_status()["balance"].item()
    box.pay("CR900001", 3.5)
    assert v3.account_status()["balance"].item() == before + 3.5


@pytest.mark.parametrize("code", ["PermissionDenied", "NotToday"])
def test_a_missing_balance_on_v3_leaves_the_other_columns(v3: Session, box: Sandbox, code: str) -> None:
    box.faults.error(code, "balance")
    row = v3.account_status().iloc[0]
    assert row["loginid"] == "CR900001"
    assert row["risk"] == "low"
    assert pd.isna(row["balance"])


def test_a_missing_status_on_v3_is_an_error(v3: Session, box: Sandbox) -> None:
    box.faults.error("NotToday", "get_account_status")
    with pytest.raises(ApiError, match="get_account_status"):
        v3.account_status()


def test_status_of_the_options_api(current: Session, open_options: Open) -> None:
    assert current.account_status()["loginid"].tolist() == [REAL]
    assert current.account_status(DEMO)["kind"].tolist() == ["demo"]
    everyone = current.account_status("all")
    assert everyone["loginid"].tolist() == [REAL, DEMO]
    assert everyone["status"].tolist() == ["active", "active"]
    assert everyone["error"].isna().all()
    assert everyone.attrs["loginid"] == f"{REAL}, {DEMO}"
    assert current.account_status(DEMO).attrs["loginid"] == DEMO
    assert open_options("trouble").account_status("all")["status"].tolist() == ["inactive", "active"]
    with pytest.raises(InvalidRequest, match="no access"):
        current.account_status("CR1")


def test_an_inactive_account(open_options: Open) -> None:
    session = open_options("trouble")
    assert session.accounts()["disabled"].tolist() == [True, False]
    assert session.balance("all")["active"].tolist() == [False, True]
    with pytest.raises(ApiError):
        session.balance("ROT900011")


def test_attributes_name_the_source(current: Session) -> None:
    for frame, call in ((current.accounts(), "get_accounts"), (current.balance(), "balance")):
        assert frame.attrs["call"] == call
        assert REAL in str(frame.attrs)


def test_v3_asks_accounts_one_by_one_if_necessary(open_session: Open, box: Sandbox) -> None:
    session = open_session(None)
    rich = {"CR900001": "a1-sandbox-rich-usd", "VRTC900003": "a1-sandbox-rich-demo"}
    grants = {loginid: Credential(Secret(token), "a test") for loginid, token in rich.items()}
    session.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    box.faults.error("PermissionDenied", "balance")
    frame = session.balance("all")
    assert frame["loginid"].tolist() == list(rich)
    assert frame["error"].isna().all()
    box.faults.error("PermissionDenied", "balance")
    with pytest.raises(PermissionDenied):
        session.balance()
    box.faults.error("InputValidationFailed", "balance")
    lonely = open_session("sandbox-rich-read")
    with pytest.raises(InputRefused):
        lonely.balance("all")


# Malformed answers


class Asked:
    """A session that only returns prepared answers."""

    def __init__(self, payload: Any) -> None:
        self.told = payload
        self.asked: list[str] = []
        self.grants: dict[str, Any] = {}

    def payload(self, call: str, *args: Any, **more: Any) -> Generator[Any, Any, Any]:
        self.asked.append(call)
        return self.told, Context(call=call, loginid=DEMO)
        yield

    def resolve_account(self, account: str) -> str:
        return DEMO


def end_of(plan: Generator[Any, Any, Any]) -> Any:
    try:
        next(plan)
    except StopIteration as done:
        return done.value
    raise AssertionError("it made another call")


ODD = [
    None,
    {},
    [],
    "text",
    5,
    [None, 5, "text", []],
    [{}],
    [{"account_id": None}],
    [{"account_id": 5}],
    [{"balance": "x"}],
]


@pytest.mark.parametrize("payload", ODD)
def test_malformed_lists_of_accounts(payload: Any) -> None:
    answer = answers.named("options")
    asked: Any = Asked(payload)
    for plan, like in (
        (answer.accounts(asked), frames.accounts([], OPTIONS)),
        (answer.balance(asked, "all", decimal=False), frames.balance({"accounts": []}, OPTIONS)),
        (answer.account_status(asked, DEMO, detail=False, decimal=False), frames.options_status([], OPTIONS)),
    ):
        frame = end_of(plan)
        told = look(frame)
        assert {name: told.get(name) for name in look(like)} == look(like)
        assert len(frame) == len([row for row in payload if row]) if isinstance(payload, list) else frame.empty
        assert "None" not in frame.to_string().split()[len(frame.columns) :]


@pytest.mark.parametrize(("api", "call"), [("v3", "connect_status"), ("options", "legacy_migration_status")])
@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"status": "complete"}, "complete"),
        ({"status": "pending"}, "pending"),
        ({"status": "failed"}, "failed"),
        ({"status": "not_applicable"}, "not_applicable"),
        ({"status": "Something new"}, "Something new"),
        ({"status": None}, None),
        ({}, None),
        ([], None),
    ],
)
def test_migration(api: str, call: str, payload: Any, status: str | None) -> None:
    asked = Asked(payload)
    assert end_of(answers.named(api).migration(asked)) == status  # type: ignore[arg-type]
    assert asked.asked == [call]


@pytest.mark.parametrize("body", ['{"status": "pending"}', '{"data": {"status": "pending"}, "meta": {}}'])
def test_both_forms_of_the_migration_status(body: str, current: Session, box: Sandbox) -> None:
    box.faults.http(200, "legacy_migration_status", body=body)
    assert current.migration() == "pending"


@pytest.mark.parametrize("body", ['{"data": null}', "[]", "", '{"data": {}, "errors": [{"status": 401}]}'])
def test_a_malformed_migration_status(body: str, current: Session, box: Sandbox) -> None:
    box.faults.http(200, "legacy_migration_status", body=body, times=2)
    with pytest.raises((BadReply, ApiError)):
        current.migration()


@pytest.mark.parametrize("api", ["v3", "options"])
def test_migration_of_a_session(api: str, v3: Session, current: Session) -> None:
    session = v3 if api == "v3" else current
    assert session.migration() in {"not begun", "pending", "complete", "failed", "not applicable"}


def test_each_api_has_all_answers() -> None:
    questions = {name for name in vars(answers.Answers) if not name.startswith("_")}
    for api in ("v3", "options"):
        module = answers.named(api)
        assert answers.named(api) is module
        assert {name for name in questions if callable(getattr(module, name, None))} == questions
