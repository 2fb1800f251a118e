"""Test signing in on the options API: choosing the account, renewing the token, and judging replies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.apis import options
from dpyauth.apis.base import Account
from dpyauth.apis.options import auth
from dpyauth.apis.options.auth import TokenAuth
from dpyauth.apis.options.options_sign_in import OptionsSignIn
from dpyauth.apis.options.proof import Proof
from dpyauth.catalog.calls import Call
from dpyauth.credentials import Credential, Secret, Tokens
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InputRefused,
    InvalidSetting,
    PermissionDenied,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.settings import settings

if TYPE_CHECKING:
    from dpyauth.apis.options.rest import Rest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
REAL = {"account_id": "ROT1", "account_type": "real", "currency": "USD", "status": "active", "balance": "0.33"}
DEMO = {"account_id": "DOT2", "account_type": "demo", "currency": "USD", "status": "active", "balance": 10000}
SLEEPS = {"account_id": "DOT3", "account_type": "demo", "currency": "USD", "status": "inactive"}
REFUSED = SignInRefused("no", call="otp", code="Unauthorized")


class Deriv:
    """Stands in for the REST client: answers as told, and records what was asked."""

    def __init__(self, *accounts: Mapping[str, Any]) -> None:
        self.accounts: Any = list(accounts)
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.lefts: list[float] = []
        self.good: set[str] | None = None
        self.access: OptionsSignIn | TokenAuth | None = None
        self.closed = 0

    def _let_in(self, what: str, timeout: float) -> None:
        assert self.access is not None
        self.asked.append(what)
        self.lefts.append(timeout)
        self.tokens.append(self.access.credential.token.reveal())
        if self.good is not None and self.tokens[-1] not in self.good:
            raise REFUSED.copy()

    async def ask(self, call: Call, fields: Mapping[str, Any], *, timeout: float, exact: bool = False) -> Any:
        self._let_in(call.name, timeout)
        if call.name == "create_account":
            self.accounts.append(DEMO)
        return {"data": self.accounts}

    async def accounts_listed(self, timeout: float) -> Any:
        return await self.ask(options.CATALOG["get_accounts"], {}, timeout=timeout)

    async def otp(self, account_id: str, *, timeout: float) -> Secret:
        self._let_in(f"otp {account_id}", timeout)
        return Secret(f"wss://x/{account_id}")

    async def close(self) -> None:
        self.closed += 1


class Renewal:
    """Renews tokens: `token` becomes `token1`, and so on."""

    def __init__(self) -> None:
        self.times = 0
        self.outcome: Callable[[], Awaitable[Tokens]] | None = None
        self.left: float | None = 3600.0

    async def __call__(self, token: Secret) -> Tokens:
        assert token.reveal() == f"refresh{self.times or ''}"
        self.times += 1
        if self.outcome is not None:
            return await self.outcome()
        return tokens(self.left, f"{self.times}")


def tokens(left: float | None, number: str = "", *, renewable: bool = True, scopes: Any = ("trade",)) -> Tokens:
    ends = None if left is None else time.time() + left
    return Tokens(Secret(f"token{number}"), Secret(f"refresh{number}") if renewable else None, ends, scopes)


Make = Callable[..., OptionsSignIn]


@pytest.fixture
def deriv() -> Deriv:
    return Deriv(REAL, DEMO)


@pytest.fixture
def renewal() -> Renewal:
    return Renewal()


@pytest.fixture
def make(deriv: Deriv, renewal: Renewal, nothing_left: None, request: pytest.FixtureRequest) -> Make:
    def make_one(given: Tokens | None = None, **more: Any) -> OptionsSignIn:
        first = Credential(given.access if given else Secret("token"), "a test", given, renewal if given else None)
        rest = cast("Rest", deriv)
        deriv.access = access = OptionsSignIn(settings("a1", api="options"), {"": first}, first, rest=rest, **more)
        request.addfinalizer(lambda: access.close(SessionClosed("closed by the test")))
        return access

    return make_one


def authorise(deriv: Deriv, renewal: Renewal, given: Tokens) -> TokenAuth:
    """Return only the part of a sign-in that renews the token."""
    deriv.access = TokenAuth(Credential(given.access, "a test", given, renewal), deriv.accounts_listed, lambda _: None)
    return deriv.access


def enter(access: OptionsSignIn, loginid: str | None = None, times: int = 1) -> list[str]:
    """Return the addresses that connections get."""
    endpoint = access.endpoint(loginid)

    async def addresses() -> list[str]:
        assert not isinstance(endpoint.address, str)
        return [await endpoint.address() for _ in range(times)]

    return asyncio.run(addresses())


# Signing in


@pytest.mark.parametrize(
    ("accounts", "kept", "first", "said"),
    [
        ([REAL, DEMO], None, "DOT2", ""),
        ([DEMO, REAL], "ROT1", "ROT1", "This is real money: ROT1 is the account that was remembered."),
        ([REAL, DEMO], "DOT2", "DOT2", ""),
        ([REAL, DEMO], "DOT9", "DOT2", "The remembered account DOT9 is no longer available. This is the demo account"),
        ([REAL, DEMO], "ROT9", "DOT2", "The remembered account ROT9 is no longer available. This is the demo account"),
        ([REAL], "DOT9", "ROT1", "DOT9 is no longer available. This is real money: ROT1 is a real account, and there"),
        ([REAL], None, "ROT1", "This is real money: ROT1 is a real account, and there is no demo account."),
        ([SLEEPS], None, "DOT3", ""),
        # The inactive demo account may turn out to be unusable; even so, no real money is touched.
        ([REAL, SLEEPS], None, "DOT3", ""),
        ([REAL, SLEEPS, DEMO], None, "DOT2", ""),
        ([REAL, SLEEPS, DEMO], "DOT3", "DOT2", "The remembered account DOT3 cannot be used now. This is the demo"),
        ([REAL, SLEEPS, {**SLEEPS, "account_id": "DOT4"}], "DOT4", "DOT4", ""),
        ([{**REAL, "status": "inactive"}, DEMO], "ROT1", "DOT2", "The remembered account ROT1 cannot be used now."),
        ([{**REAL, "status": "inactive"}, {**REAL, "account_id": "ROT5"}], None, "ROT5", "This is real money: ROT5"),
        ([None, 5, {}, {"account_id": 7}, {"account_id": None}, REAL], None, "ROT1", "This is real money"),
    ],
)
def test_the_account_to_begin_with(make: Make, deriv: Deriv, accounts: Any, kept: Any, first: str, said: str) -> None:
    deriv.accounts = accounts
    access = make(kept=kept)
    assert enter(access, times=2) == [f"wss://x/{first}"] * 2
    assert deriv.asked == ["get_accounts", f"otp {first}", f"otp {first}"]
    assert said in access.remark
    assert bool(said) == bool(access.remark)


@pytest.mark.parametrize("kept", [None, "DOT2"])
def test_the_account_that_the_user_names(make: Make, deriv: Deriv, kept: Any) -> None:
    access = make(loginid="ROT1", kept=kept)
    assert enter(access) == ["wss://x/ROT1"]
    assert access.remark == ""
    with pytest.raises(SignInRefused, match="no access to an account ROT9, only to: ROT1, DOT2") as refused:
        enter(make(loginid="ROT9", kept=kept))
    assert refused.value.code == "AccountNotFound"
    assert deriv.asked[-1] == "get_accounts"


@pytest.mark.parametrize(("loginid", "made"), [(None, True), ("ROT1", False)])
def test_a_demo_account_is_made_where_only_a_real_one_is(
    make: Make, deriv: Deriv, loginid: str | None, made: bool
) -> None:
    deriv.accounts = [REAL]
    assert enter(make(create_demo=True, loginid=loginid)) == ["wss://x/DOT2" if made else "wss://x/ROT1"]
    assert ("create_account" in deriv.asked) is made


def test_an_account_by_name(make: Make, deriv: Deriv) -> None:
    assert enter(make(), "ROT1") == ["wss://x/ROT1"]
    assert deriv.asked == ["otp ROT1"]


@pytest.mark.parametrize("create", [False, True])
def test_no_account_at_all(make: Make, deriv: Deriv, create: bool) -> None:
    deriv.accounts = []
    access = make(create_demo=create)
    if create:
        assert enter(access) == ["wss://x/DOT2"]
        assert deriv.asked == ["get_accounts", "create_account", "get_accounts", "otp DOT2"]
    else:
        with pytest.raises(SignInRefused) as refused:
            enter(access)
        assert refused.value.code == "NoAccount"


@pytest.mark.parametrize("listed", [None, {}, "text", 5])
def test_a_list_of_accounts_that_is_not_a_list(make: Make, deriv: Deriv, listed: Any) -> None:
    deriv.accounts = listed
    with pytest.raises(BadReply):
        enter(make())


def test_the_signed_in_account(make: Make) -> None:
    access = make(tokens(3600))
    endpoint = access.endpoint()
    assert not isinstance(endpoint.address, str)
    asyncio.run(endpoint.address())  # type: ignore[arg-type]
    account = endpoint.account({})
    rows = (
        {"loginid": "ROT1", "currency": "USD", "is_virtual": 0, "balance": "0.33", "is_disabled": 0},
        {"loginid": "DOT2", "currency": "USD", "is_virtual": 1, "balance": 10000, "is_disabled": 0},
    )
    assert account == Account("DOT2", "USD", True, ("trade",), rows)
    access.entered(account)
    assert list(access.grants) == ["ROT1", "DOT2"]
    assert access.endpoint("ROT1").account({}) == Account("ROT1", "USD", False, ("trade",), rows)


def test_scopes_of_a_personal_access_token_are_unknown(make: Make) -> None:
    access = make()
    endpoint = access.endpoint("DOT2")
    assert endpoint.account({}).scopes is None
    assert access.expires_at is None


def test_a_missing_app_id() -> None:
    credential = Credential(Secret("pat_x"), "a test")
    with pytest.raises(InvalidSetting, match="app_id="):
        options.sign_in(settings(api="options"), {"": credential}, credential)


# Renewing


@pytest.mark.parametrize(
    ("left", "times"), [(3600.0, 0), (auth.EARLY + 5, 0), (auth.EARLY - 5, 1), (-5.0, 1), (None, 0)]
)
def test_a_token_is_renewed_in_time(make: Make, renewal: Renewal, deriv: Deriv, left: float | None, times: int) -> None:
    enter(make(tokens(left)), "DOT2", 3)
    assert renewal.times == times
    assert deriv.tokens == [f"token{times or ''}"] * 3


@pytest.mark.parametrize(
    ("life", "left", "times"), [(30.0, 29.0, 0), (30.0, 14.0, 1), (3600.0, 59.0, 1), (5.0, 4.0, 0)]
)
def test_a_short_lived_token_is_not_renewed_with_every_call(
    make: Make, renewal: Renewal, life: float, left: float, times: int
) -> None:
    enter(make(replace(tokens(left), life=life)), "DOT2")
    assert renewal.times == times


def test_a_token_is_renewed_repeatedly(make: Make, renewal: Renewal, deriv: Deriv) -> None:
    renewal.left = 1.0
    enter(make(tokens(1.0)), "DOT2", 3)
    assert renewal.times == 3
    assert deriv.tokens == ["token1", "token2", "token3"]


def test_a_token_is_renewed_when_deriv_says_it_has_expired(make: Make, renewal: Renewal, deriv: Deriv) -> None:
    deriv.good = {"token1"}
    access = make(tokens(3600.0))
    assert enter(access, "DOT2", 2) == ["wss://x/DOT2"] * 2
    assert renewal.times == 1
    assert deriv.tokens == ["token", "token1", "token1"]
    assert access.grants[""].token == Secret("token1")


def test_a_refused_token_is_renewed_only_once(make: Make, renewal: Renewal, deriv: Deriv) -> None:
    deriv.good = set()
    with pytest.raises(SignInRefused):
        enter(make(tokens(3600.0)), "DOT2")
    assert renewal.times == 1
    assert deriv.tokens == ["token", "token1"]


@pytest.mark.parametrize("given", [None, tokens(1.0, renewable=False), tokens(None, renewable=False)])
def test_a_token_that_cannot_be_renewed(make: Make, renewal: Renewal, deriv: Deriv, given: Tokens | None) -> None:
    access = make(given)
    enter(access, "DOT2")
    deriv.good = set()
    with pytest.raises(SignInRefused):
        enter(access, "DOT2")
    assert renewal.times == 0
    assert access.expires_at == (given.expires_at if given else None)


@pytest.mark.parametrize("code", sorted(auth.REFUSING))
def test_a_refused_renewal_is_final(make: Make, renewal: Renewal, deriv: Deriv, code: str) -> None:
    async def refuse() -> Tokens:
        raise SignInRefused("no", code=code)

    renewal.outcome = refuse
    given = tokens(1.0)
    access = make(given)
    assert access.expires_at is None
    enter(access, "DOT2", 3)
    assert renewal.times == 1
    assert deriv.tokens == ["token"] * 3
    assert access.expires_at == given.expires_at  # now a reminder is useful


@pytest.mark.parametrize(
    "failure",
    [
        *(kind("no") for kind in (ConnectionFailed, CallTimeout, BadReply, RateLimited)),
        *(SignInRefused("no", code=code) for code in ("unknown_error", "invalid_request", "new", "")),
    ],
)
def test_a_failed_renewal_is_tried_again(make: Make, renewal: Renewal, deriv: Deriv, failure: DpyauthError) -> None:
    async def fail() -> Tokens:
        renewal.times = 0  # the same refresh token stays valid
        raise failure.copy()

    renewal.outcome = fail
    access = make(tokens(-3600.0))
    enter(access, "DOT2")  # the clock of this machine may be wrong
    deriv.good = {"token1"}
    with pytest.raises(ConnectionFailed, match="has to be renewed"):
        enter(access, "DOT2")
    renewal.outcome = None
    assert enter(access, "DOT2") == ["wss://x/DOT2"]


def test_one_renewal_at_a_time(renewal: Renewal, deriv: Deriv) -> None:
    deriv.good = {"token1"}
    access = authorise(deriv, renewal, tokens(3600.0))

    async def together() -> list[Any]:
        go_on = asyncio.Event()

        async def slow() -> Tokens:
            await go_on.wait()
            return tokens(3600.0, "1")

        renewal.outcome = slow
        calls = [asyncio.create_task(access.ask(deriv.accounts_listed, 5.0)) for _ in range(5)]
        while len(deriv.asked) < 5:
            await asyncio.sleep(0)
        calls[0].cancel()
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    first, *others = asyncio.run(together())
    assert isinstance(first, asyncio.CancelledError)
    assert others == [{"data": [REAL, DEMO]}] * 4
    assert renewal.times == 1


def test_a_late_refusal_of_the_old_token_renews_nothing(renewal: Renewal, deriv: Deriv) -> None:
    """Another call has had it renewed in the meantime."""
    access = authorise(deriv, renewal, tokens(3600.0))

    async def two() -> list[str]:
        go_on, told = asyncio.Event(), []

        async def slow(left: float) -> str:
            told.append(access.credential.token.reveal())
            if len(told) == 1:
                await go_on.wait()
                raise REFUSED.copy()
            return told[-1]

        async def quick(left: float) -> str:
            deriv.good = {"token1"}
            return (await deriv.otp("DOT2", timeout=left)).reveal()

        first = asyncio.create_task(access.ask(slow, 5.0))
        await asyncio.sleep(0)
        await access.ask(quick, 5.0)
        go_on.set()
        await first
        return told

    assert asyncio.run(two()) == ["token", "token1"]
    assert renewal.times == 1


def test_a_call_with_renewal_keeps_to_its_timeout(renewal: Renewal, deriv: Deriv) -> None:
    async def never() -> Tokens:
        await asyncio.Event().wait()
        raise AssertionError

    renewal.outcome = never
    access = authorise(deriv, renewal, tokens(-5.0))

    async def ask() -> None:
        await access.ask(deriv.accounts_listed, 1.0)
        access.cancel()

    asyncio.run(ask())
    assert 0 < deriv.lefts[0] <= 0.5
    assert renewal.times == 1


def test_closing_a_sign_in_closes_the_client(make: Make, deriv: Deriv) -> None:
    access = make()
    for _ in range(2):
        access.close(SessionClosed("closed"))
        assert deriv.closed == 1


def test_scopes_stay_if_a_renewal_does_not_name_them(make: Make, renewal: Renewal) -> None:
    async def silent() -> Tokens:
        return tokens(3600.0, "1", scopes=None)

    renewal.outcome = silent
    access = make(tokens(1.0))
    enter(access, "DOT2")
    assert access.endpoint("DOT2").account({}).scopes == ("trade",)


# The first reply on a new WebSocket


def proof(wanted: str = "DOT2") -> Proof:
    secrets = [Secret("C4nary")]
    return Proof(lambda: wanted, lambda: {"DOT2", "ROT1"}, lambda reply: options.error(reply, "balance", secrets))


def verdict(reply: Mapping[str, Any], of: Proof | None = None) -> tuple[DpyauthError, bool]:
    judged = (of or proof()).check(dict(reply))
    assert judged is not None
    return judged


def told(loginid: Any) -> dict[str, Any]:
    return {"balance": {"balance": 0, "currency": "USD", "loginid": loginid}}


def test_a_balance_proves_the_sign_in() -> None:
    assert proof().check(told("DOT2")) is None
    assert proof().check({"balance": {"balance": "0.33"}}) is None


@pytest.mark.parametrize("loginid", ["CR5", None, 5, ""])
def test_a_balance_may_name_the_account_in_any_form(loginid: Any) -> None:
    ours = proof()
    assert ours.check(told(loginid)) is None
    assert ours.check({"balance": {"balance": 1}}) is None
    assert ours.check(told(loginid)) is None


@pytest.mark.parametrize("names", [["dot2", "DOT2", "Dot2"], ["DOT2", "dot2"], ["cr5", "CR5"]])
def test_the_case_of_its_letters_says_nothing(names: list[str]) -> None:
    ours = proof()
    assert [ours.check(told(name)) for name in names] == [None] * len(names)
    error, _ = verdict(told("rot1"))
    assert "the account rot1 instead of DOT2" in str(error)


@pytest.mark.parametrize("before", [[], ["DOT2"], [None, "DOT2"], ["CR5"], ["CR5", None]])
def test_a_balance_of_another_account_is_refused(before: list[Any]) -> None:
    ours = proof()
    assert [ours.check(told(loginid)) for loginid in before] == [None] * len(before)
    for other in ["ROT1", "CR6"] if any(before) else ["ROT1"]:
        error, may_help = verdict(told(other), ours)
        assert not may_help
        assert isinstance(error, SignInRefused)
        assert f"the account {other} instead of DOT2" in str(error)


@pytest.mark.parametrize("reply", [{}, {"balance": {}}, {"balance": None}, {"balance": []}, {"balance": 5}])
def test_an_unusable_first_reply_may_be_retried(reply: Any) -> None:
    error, may_help = verdict(reply)
    assert isinstance(error, BadReply)
    assert may_help


@pytest.mark.parametrize("code", ["RateLimit", "InternalError", "InvalidToken", "Unauthorized", "New", "WrongResponse"])
def test_a_refused_one_time_password_may_be_retried(code: str) -> None:
    error, may_help = verdict({"error": {"code": code, "message": "You said C4nary"}})
    assert may_help
    assert "C4nary" not in f"{error}{vars(error)}"


def test_a_missing_scope_is_final() -> None:
    error, may_help = verdict({"error": {"code": "PermissionDenied", "message": ""}})
    assert isinstance(error, PermissionDenied)
    assert not may_help


def test_a_scope_that_was_there_before_may_come_back() -> None:
    ours = proof()
    ours.check(told("DOT2"))
    assert verdict({"error": {"code": "PermissionDenied", "message": ""}}, ours)[1]


# Replies


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidToken", SignInRefused),
        ("Unauthorized", SignInRefused),
        ("PermissionDenied", PermissionDenied),
        ("RateLimit", RateLimited),
        ("InputValidationFailed", InputRefused),
        ("UnrecognisedRequest", ApiError),
        ("ContractNotFound", ApiError),
    ],
)
def test_codes_become_errors(code: str, kind: type[ApiError]) -> None:
    error = options.error({"error": {"code": code, "message": "No."}}, "sell")
    assert type(error) is kind
    assert error.code == code
    assert error.call == "sell"


def test_fields_are_renamed_as_in_v3() -> None:
    row = {"underlying_symbol": "R_100", "date_expiry": 5, "contract_id": 1}
    named = options.renamed({"msg_type": "transaction", "transaction": row, "req_id": 1})
    assert named == {
        "msg_type": "transaction",
        "transaction": {"symbol": "R_100", "expiry_time": 5, "contract_id": 1},
        "req_id": 1,
    }
    named = options.renamed({"msg_type": "portfolio", "portfolio": {"contracts": [row, None, 5]}})
    assert named["portfolio"]["contracts"] == [{"symbol": "R_100", "date_expiry": 5, "contract_id": 1}, None, 5]
    named = options.renamed({"msg_type": "proposal_open_contract", "proposal_open_contract": row})
    assert named["proposal_open_contract"] == {"underlying": "R_100", "date_expiry": 5, "contract_id": 1}
    assert row["underlying_symbol"] == "R_100"


def test_other_replies_stay_as_they_are() -> None:
    for reply in ({"msg_type": "tick", "tick": {"symbol": "R_100"}}, {"msg_type": "transaction", "error": {}}, {}):
        assert options.renamed(reply) is reply


@pytest.mark.parametrize(
    ("call", "reply", "payload"),
    [
        ("get_accounts", {"data": [REAL], "meta": {}}, [REAL]),
        ("legacy_migration_status", {"status": "complete"}, {"status": "complete"}),
        ("get_accounts", {"data": None}, None),
        ("balance", {"balance": {"balance": 1}, "msg_type": "balance"}, {"balance": 1}),
        ("balance", {"msg_type": "balance"}, None),
        (
            "portfolio",
            {"portfolio": {"contracts": [{"underlying_symbol": "x"}]}, "msg_type": "portfolio"},
            {"contracts": [{"symbol": "x"}]},
        ),
    ],
)
def test_the_payload_of_a_reply(call: str, reply: Any, payload: Any) -> None:
    assert options.payload(options.CATALOG[call], reply) == payload


@given(
    st.dictionaries(st.sampled_from(["error", "balance", "portfolio", "transaction", "data"]), JSON),
    st.sampled_from(["balance", "portfolio", "transaction", "proposal_open_contract", "", 5, None, []]),
)
def test_no_reply_makes_it_fail(reply: dict[str, Any], kind: Any) -> None:
    reply["msg_type"] = kind
    options.renamed(reply)
    for call in ("balance", "portfolio", "get_accounts"):
        options.payload(options.CATALOG[call], reply)
    judged = proof().check(reply)
    assert judged is None or isinstance(judged[0], DpyauthError)


# Limits


@pytest.mark.parametrize(
    ("call", "lane", "minutely"),
    [
        ("balance", "account", 100),
        ("statement", "account", 100),
        ("portfolio", "outcome", 30),
        ("profit_table", "outcome", 30),
        ("buy", "pricing", 360),
        ("proposal_open_contract", "pricing", 360),
        ("time", "general", 220),
    ],
)
def test_limits(call: str, lane: str, minutely: int) -> None:
    budget = options.budget()
    assert budget.bucket_of(call) == lane
    for _ in range(minutely):
        assert budget.wait(lane, 0.0) == 0
        budget.spend(lane, 0.0)
        assert not budget.half_spent(lane)  # no call returns more limits
    assert budget.wait(lane, 0.0) == 60
    left = budget.left(0.0)
    assert left.pop(lane) == 0
    assert left == {name: limit.minutely for name, limit in options.LIMITS.items() if name != lane}
    assert all(call in options.CATALOG for limit in options.LIMITS.values() for call in limit.calls)
