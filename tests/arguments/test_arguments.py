"""Call public functions with wrong arguments: each call returns, and raises one of the package's own errors."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import enum
import inspect
import pydoc
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import mypy.api
import numpy as np
import pandas as pd
import pytest
from IPython.core.oinspect import Inspector

import dpyauth
from dpyauth import errors, frames
from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError, InvalidArgument, InvalidRequest, InvalidSetting, UnknownName
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

CACHE = Path(__file__).parents[2] / ".mypy_cache"
CANARY = "a1-C4naryC4nary7"
WRONG: dict[str, Any] = {
    "None": None,
    "a flag": True,
    "nothing": 0,
    "negative": -1,
    "no number": float("nan"),
    "endless": float("inf"),
    "huge": 10**5000,
    "empty": "",
    "a token": CANARY,
    "bytes": CANARY.encode(),
    "an object": object(),
    "a list": [CANARY],
    "an empty list": [],
    "a dict": {CANARY: CANARY},
    "an empty dict": {},
    "a frame": pd.DataFrame({"token": [CANARY]}),
    "a secret": Secret("another-C4nary"),
    "a time": dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1),
    "missing": pd.NaT,
    "a class": Session,
    "a function": print,
}
RIGHT = {
    "name": "ping",
    "call": "ping",
    "symbol": "R_100",
    "loginid": "CR900001",
    "country": "id",
    "folder": "report",
    "credentials": {"Ann": "sandbox-rich-all"},
}
"""Values for required arguments."""


class Leaky:
    def __repr__(self) -> str:
        return CANARY


class Number(enum.IntEnum):
    ONE = 1


LEAVING = {"close", "logout"}


def methods(face: object) -> list[str]:
    """Return the names of the public methods, without those that end the session."""
    names = [name for name in dir(type(face)) if not name.startswith("_") and name not in LEAVING]
    return [name for name in names if inspect.isfunction(getattr(type(face), name))]


def tries(
    function: Callable[..., Any], right: dict[str, Any] | None = None
) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Yield arguments to call a function with, and a label: one is wrong or missing, or one too many."""
    own = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    places = [each.name for each in own if each.kind is each.POSITIONAL_ONLY]
    needed = {each.name: {**RIGHT, **(right or {})}[each.name] for each in own if each.default is each.empty}

    def given(values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(values[name] for name in places), {n: v for n, v in values.items() if n not in places}

    for each in own:
        for kind, value in WRONG.items():
            yield f"{each.name}: {kind}", *given({**needed, each.name: value})
    if needed:
        yield "nothing at all", (), {}
    yield "too many", (CANARY,) * (len(own) + 1), {}
    yield "a strange one", *given({**needed, "nonsense": CANARY})


def shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:
        return ""


def outcome(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return what is wrong with a call: nothing if it returns, or raises one of our errors without a token."""
    try:
        result = function(*args, **kwargs)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        if hasattr(result, "close"):
            result.close()
    except DpyauthError as error:
        told = "\n".join([str(error), *getattr(error, "__notes__", ()), shown(error.__dict__)])
        return f"tells the token: {told}" if "C4nary" in told else ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def send_nothing(session: Session) -> Session:
    """Let calls be checked and built, and refuse them instead of sending them."""
    begin = session.core.begin

    def refuse(request: Any, deliver: Any) -> Any:
        begin(request, deliver)
        raise DpyauthError("This would be sent.")

    session.core.begin = refuse  # type: ignore[method-assign]
    return session


def test_every_method_of_a_session(open_options: Any, session: Session) -> None:
    wrong = []
    for face in map(send_nothing, (open_options(), session)):
        for where in (face, face.aio) if face is not session else (face,):
            for name in methods(where):
                method = getattr(where, name)
                for what, args, kwargs in tries(method):
                    if came := outcome(method, args, kwargs):
                        wrong.append(f"{name}({what}): {came[:200]}")
    assert not wrong, "\n".join(wrong)


def test_every_method_of_a_sandbox() -> None:
    sure = {
        "scopes": ["read"],
        "redirect_uri": "https://mine.example/",
        "amount": 1,
        "token": "",
        "label": "rich",
        "api": "v3",
    }
    wrong = []
    with Sandbox(limits=None) as box:
        for name in (
            "start",
            "pay",
            "register_app",
            "register_options_app",
            "expire",
            "options_token",
            "side",
            "api_of",
        ):
            for what, args, kwargs in tries(getattr(box, name), sure):
                if came := outcome(getattr(box, name), args, kwargs):
                    wrong.append(f"{name}({what}): {came[:200]}")
        assert dpyauth.login("sandbox-rich-all", server=box.url, app_id=box.app_id).loginid == "CR900001"
    for what, args, kwargs in tries(Sandbox):
        if came := outcome(Sandbox, args, kwargs):
            wrong.append(f"Sandbox({what}): {came[:200]}")
    assert not wrong, "\n".join(wrong)


def test_streams_fleets_and_spread_columns(box: Sandbox, session: Session) -> None:
    values: list[Any] = [*WRONG.values(), {"token": CANARY}, [CANARY], {CANARY}, Leaky()]
    given = {"server": box.url, "app_id": box.app_id}
    with session.stream("ticks", ticks="R_100") as stream:
        asks: list[Callable[[Any], Any]] = [
            lambda value: stream.next(value) if value is not None else None,
            lambda value: session.frame("balance", explode=value),
            lambda value: session.frame("balance", explode=[value]),
            lambda value: dpyauth.fleet(value, **given),
            lambda value: dpyauth.fleet([value], **given),
        ]
        wrong = [came for ask in asks for value in values if (came := outcome(ask, (value,), {}))]
    assert not wrong, "\n".join(wrong)


def test_columns_to_spread_may_be_an_iterator(session: Session) -> None:
    spread = session.frame("trading_times", trading_times="today", account="all", explode=iter(["submarkets"]))
    assert spread.equals(session.frame("trading_times", trading_times="today", account="all", explode=["submarkets"]))


# Messages


SAID: list[tuple[Callable[[Any], Any], str]] = [
    (lambda session: session.balance(decimals=True), "takes no argument 'decimals'. Did you mean 'decimal'?"),
    (
        lambda session: session.balance(loginid="CR1"),
        "no argument 'loginid'. It takes: account, decimal.",
    ),
    (
        lambda session: session.balance("current", True),
        "positional argument (account). Pass the others by name: decimal=",
    ),
    (lambda session: session.balance(True), "takes a text for 'account', not True. Did you mean decimal=True?"),
    (lambda session: session.stream("ticks", keep=np.float64(5)), "for 'keep', not 5.0. Write 5. (keep: "),
    (lambda session: session.stream("ticks", keep=5.5), "for 'keep', not 5.5. (keep: "),
    (lambda session: session.balance(decimal="no"), "takes True or False for 'decimal', not 'no'."),
    (lambda session: session.balance({"balance": 1}), "Pass a whole request, as a dict, to session.call()."),
    (lambda session: session.limits("values", kind="markets"), "was given 'kind' twice: by position and by name."),
    (
        lambda session: session.ticks(),
        "ticks() needs 'symbol', a text. (symbol: Code of the symbol, such as \"R_100\".)",
    ),
    (
        lambda session: session.statement("2026-01-01 14:30 UTC"),
        "Write the time like '14:30', in UTC, or with its zone",
    ),
    (lambda session: session.statement("2026-01-01 25:00"), "There is no such time of day as '25:00'."),
    (lambda session: session.statement("now"), "To end a period now, leave out until=."),
    (lambda session: session.use(None), "use() takes a text for 'loginid', not None."),
    (lambda session: session.call(), "call() needs 'name'"),
    (lambda session: session.call(name="ping"), "call() takes 'name' by position: leave out name=."),
    (lambda session: session.frame(name="balance"), "takes 'name' by position: leave out name=."),
    (lambda session: session.help(name="ticks"), "takes 'name' by position: leave out name=."),
    (lambda session: session.help("ticks", name="ticks"), "takes 'name' by position"),
    (
        lambda session: session.call("balance", {"account": "all"}),
        "one positional argument (name). Pass",
    ),
    (lambda session: session.limits("market"), "Did you mean 'markets'?"),
    (lambda session: session.health("now"), "health() takes no positional arguments."),
    (lambda session: dpyauth.login(1089), "not 1089. Did you mean app_id=1089?"),
    (lambda session: dpyauth.login(tokn="x"), "login() takes no argument 'tokn'. Did you mean 'token'?"),
    (lambda session: dpyauth.export("report", session), "'session' and 'folder' are the wrong way round."),
    (lambda session: dpyauth.Session("a token"), "A session with Deriv, made by `dpyauth.login`."),
    (lambda session: dpyauth.forget(5), "forget() takes a text for 'profile', not 5."),
    (lambda session: dpyauth.tokens("session"), "takes a session for 'session', not 'session'."),
    (lambda session: dpyauth.allow_nested_asyncio(1), "takes no positional arguments."),
    (lambda session: Session.balance("all"), "balance() is a method: call it on an object, such as session.balance()."),  # type: ignore[arg-type]
    (lambda session: Session.ticks("R_100"), "such as session.ticks()."),  # type: ignore[call-arg, arg-type]
    (lambda session: Session.balance(), "such as session.balance()."),  # type: ignore[call-arg]
    (lambda session: asyncio.run(type(session.aio).balance("all")), "such as session.balance()."),  # type: ignore[arg-type]
    (lambda session: Sandbox.pay("CR900001", 5), "such as sandbox.pay()."),  # type: ignore[call-arg, arg-type]
    (lambda session: dpyauth.doctor(api=5), "takes a text for 'api', not 5."),
]


@pytest.mark.parametrize(("ask", "said"), SAID)
def test_an_error_says_what_to_write(session: Session, ask: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        ask(session)
    assert said in str(refused.value)


@pytest.mark.parametrize("flag", [np.True_, np.bool_(True), np.int64(1), Number.ONE, pd.Series([True])[0]])
def test_flags_of_other_libraries_are_taken(session: Session, flag: Any) -> None:
    assert isinstance(session.balance(decimal=flag)["balance"].item(), Decimal)
    assert isinstance(asyncio.run(session.aio.balance(decimal=flag))["balance"].item(), Decimal)


def test_a_datetime_is_taken_for_a_day(session: Session) -> None:
    for day in ("2026-01-05T14:30:00Z", "20260105", "2026-01-05 14:30"):
        assert session.trading_times(day).equals(session.trading_times("2026-01-05"))


def test_numbers_of_other_libraries_are_taken(box: Sandbox, session: Session) -> None:
    with session.stream("ticks", ticks="R_100", keep=np.int64(5), timeout=np.float32(9)) as stream:
        assert stream.next(np.int64(9))["msg_type"] == "tick"
    given = {"server": box.url, "app_id": np.int64(box.app_id)}
    with dpyauth.fleet({"Ann": "sandbox-rich-all"}, connections=np.int64(1), **given) as clients:
        assert len(clients.balance()) == 1
    dpyauth.login("sandbox-rich-all", ask=np.False_, **given).close()
    box.pay("CR900001", Decimal("0.5"))
    assert box.register_app("mine", "https://mine.example/", pd.Series(["read"]))


def test_an_error_has_a_builtin_base_and_names_the_argument(session: Session) -> None:
    for kind in (InvalidArgument, InvalidRequest, InvalidSetting, TypeError):
        with pytest.raises(kind):
            session.ticks(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument) as refused:
        asyncio.run(session.aio.ticks("R_100", sinse="2026-01-01"))  # type: ignore[call-arg]
    assert refused.value.field == "sinse"


@pytest.mark.parametrize("name", ["login", "fleet"])
def test_arguments_of_login(box: Sandbox, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    function = getattr(dpyauth, name)
    given = {"server": box.rest, "app_id": box.options_app_id}
    wrong = []
    for what, args, kwargs in tries(function):
        for right in ({**given, "ask": False}, {**given, "token": CANARY}) if name == "login" else (given,):
            if came := outcome(function, args, {**right, **kwargs}):
                wrong.append(f"{what}: {came[:200]}")
    assert not wrong, "\n".join(wrong)


def test_no_traceback_shows_a_token_passed_as_a_wrong_argument(session: Session) -> None:
    token = "a1-" + "C4nary" * 2  # not in a constant of this module, because the frames are searched for it
    for ask in (
        lambda: dpyauth.login(token, token),
        lambda: dpyauth.login({"token": token}),
        lambda: dpyauth.login(timeout=token),
        lambda: dpyauth.fleet({"Ann": token}, nonsense=1),
        lambda: dpyauth.fleet(token),
        lambda: session.call({"authorize": token}),
        lambda: session.call({"mt5_password_check": 1, "login": "MTR1", "password": token, "nonsense": 1}),
        lambda: session.call("mt5_password_check", token, login="MTR1"),
        lambda: session.frame({"balance": 1, "acount": token}),
        lambda: asyncio.run(session.aio.call({"balance": 1, "acount": token})),
        lambda: session.call(f'{{"authorize": "{token}"}}'),
        lambda: session.call(token),
    ):
        with pytest.raises(DpyauthError) as refused:
            ask()
        frames = [frame for frame, _ in traceback.walk_tb(refused.tb) if frame.f_code.co_filename != __file__]
        seen = [shown(value) for frame in frames for value in frame.f_locals.values()]
        assert "C4nary" not in "\n".join([str(refused.value), shown(refused.value.__dict__), *seen])


# Names


@pytest.mark.parametrize(
    ("where", "name", "said"),
    [
        ("session", "acount_status", "A session has no 'acount_status'. Did you mean 'account_status'?"),
        ("session", "blance", "Did you mean 'balance'?"),
        ("session", "buy", "It is one of Deriv's calls: session.call('buy', ...)."),
        ("session.aio", "acount_status", "session.aio has no 'acount_status'. Did you mean 'account_status'?"),
        ("session.aio", "health", "session.health does not wait for anything, so it needs no await."),
        ("stream", "nxt", "A stream has no 'nxt'. Did you mean 'next'?"),
        ("dpyauth", "logn", "The module dpyauth has no 'logn'. Did you mean 'login'?"),
        ("dpyauth", "zzzz", "It has: ApiError, "),
        ("dpyauth", "balance", "It belongs to a session: dpyauth.login().balance."),
        ("plots", "profits", "The module dpyauth.plots has no 'profits'. Did you mean 'profit'?"),
        ("frames", "verfication", "The module dpyauth.frames has no 'verfication'. Did you mean 'verification'?"),
        ("errors", "ApiErorr", "The module dpyauth.errors has no 'ApiErorr'. Did you mean 'ApiError'?"),
    ],
)
def test_the_nearest_name(session: Session, where: str, name: str, said: str) -> None:
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(session.stream("ticks", ticks="R_100"))
        places = {
            "session": session,
            "session.aio": session.aio,
            "stream": stream,
            "dpyauth": dpyauth,
            "errors": errors,
            "frames": frames,
            "plots": dpyauth.plots,
        }
        with pytest.raises(UnknownName) as refused:
            getattr(places[where], name)
        assert said in str(refused.value)
        assert not hasattr(places[where], "_repr_html_")
    assert getattr(session, "nonsense", "nothing") == "nothing"


# A request in Deriv's form


@pytest.mark.parametrize("api", ["options", "v3"])
def test_a_request_may_be_passed_in_derivs_form(api: str, open_options: Any, session: Session) -> None:
    face = open_options() if api == "options" else session
    history = {"ticks_history": "R_100", "end": "latest", "count": 2, "req_id": 7}
    assert len(face.call(history)["history"]["times"]) == 2
    assert history["req_id"] == 7
    assert len(face.call({"ticks_history": "R_100", "end": "latest"}, count=3)["history"]["times"]) == 3
    assert face.call('{"balance": 1, "passthrough": {"mine": 1}}')["echo_req"]["passthrough"] == {"mine": 1}
    assert asyncio.run(face.aio.call({"balance": 1}))["msg_type"] == "balance"
    assert face.frame({"balance": 1})["currency"].item() == "USD"
    with face.stream({"ticks": "R_100", "subscribe": 1}) as stream:
        assert stream.call == "ticks"
    assert face.needs({"balance": 1}) == face.needs("balance")
    assert face.can({"buy": "1", "price": 5}) is face.can("buy")
    assert face.help({"balance": 1}) == face.help("balance")


def test_a_call_over_http_may_be_passed_in_derivs_form(open_options: Any) -> None:
    session = open_options()
    assert len(session.frame({"get_accounts": 1})) == 2
    with pytest.raises(InvalidRequest, match="get_account_status"):
        session.call({"get_account_status": 1})


def test_the_call_is_found_among_fields_named_like_calls(session: Session) -> None:
    assert session.call({"landing_company": "svg", "active_symbols": "brief"})["msg_type"] == "active_symbols"
    assert session.call({"landing_company": "id"})["msg_type"] == "landing_company"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"blance": 1}, "no call named 'blance'. Did you mean 'balance'?"),
        ({}, "session.calls() lists them"),
        ({"balance": 1, "acount": "all"}, "'balance' has no field 'acount'. Did you mean 'account'?"),
        ({"ticks": "R_100", "subscribe": 1}, "Use session.stream()"),
        ({5: 1}, "has no call of this name"),
    ],
)
def test_a_malformed_request(session: Session, request_: dict[Any, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        session.call(request_)
    assert said in str(refused.value)


def test_a_fleet_takes_a_request_in_derivs_form(box: Sandbox) -> None:
    with dpyauth.fleet({"Ann": "sandbox-rich-all"}, server=box.url, app_id=box.app_id) as clients:
        assert clients.frame({"balance": 1})["currency"].item() == "USD"
        with pytest.raises(InvalidRequest, match="Deriv's v3 API has no call named 'blance'"):
            clients.call({"blance": 1})
        assert str(inspect.signature(clients.balance)).startswith("(account: str")


# What editors show


def test_a_signature_reads_as_it_is_used(session: Session) -> None:
    for method in (session.balance, session.aio.balance):
        assert str(inspect.signature(method)) == "(account: str = 'current', *, decimal: bool = False) -> DataFrame"
        shown = Inspector(theme_name="nocolor").info(method, oname="balance")  # for ? and Shift+Tab
        assert shown["definition"] == "balance(account: str = 'current', *, decimal: bool = False) -> DataFrame"
        assert shown["docstring"] == inspect.getdoc(Session.balance)
        assert "-> DataFrame" in pydoc.render_doc(method, renderer=pydoc.plaintext)
    assert str(inspect.signature(session.migration)) == "() -> str"
    assert str(inspect.signature(session.stream)).endswith("-> Stream")
    assert str(inspect.signature(dpyauth.login)).startswith("(token: str | Secret | None = None, *, app_id: int | str")
    assert not [name for name in methods(session) if "Steps[" in str(inspect.signature(getattr(session, name)))]


def test_a_type_checker_knows_what_comes_back(tmp_path: Path) -> None:
    lines = {
        "reveal_type(session.balance())": "DataFrame",
        "reveal_type(session.call('ping'))": "dict[",
        "reveal_type(await session.aio.balance('all', decimal=True))": "DataFrame",
        "reveal_type(await session.aio.nickname())": "str | None",
        "await session.aio.balance(decimals=True)": "error: Unexpected keyword argument",
        "session.aio.blance": 'error: "AsyncSession" has no attribute "blance"',
        "session.blance": 'error: "Session" has no attribute "blance"',
        "dpyauth.logn": 'error: Module has no attribute "logn"',
    }
    code = ["import dpyauth", "async def ask(session: dpyauth.Session) -> None:", *(f"    {line}" for line in lines)]
    file = tmp_path / "asks.py"
    file.write_text("\n".join(code))
    out, _, _ = mypy.api.run([str(file), "--cache-dir", str(CACHE), "--no-error-summary"])
    told = {int(line.split(":")[1]): line for line in reversed(out.splitlines())}
    for number, (line, said) in enumerate(lines.items(), start=3):
        assert said in told.get(number, ""), f"{line}: {out}"
    assert Path(dpyauth.__file__).with_name("py.typed").exists()
