"""Test `login`: where the credential comes from, which API gets it, and what happens when it is called again."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.credentials import Secret
from dpyauth.errors import (
    CallTimeout,
    ConnectionFailed,
    InvalidCredential,
    InvalidSetting,
    NoCredential,
    SessionClosed,
    SignInRefused,
)
from dpyauth.panels import widgets
from dpyauth.registry import APIS, DEFAULT
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.signin.current import close_sessions, meant

ALL, BTC = "sandbox-rich-all", "sandbox-rich-btc"
Login = Callable[..., Session]


@pytest.fixture
def login(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Login:
    """Call login() with the test's sandbox, without a user to ask."""
    monkeypatch.setattr(_environment, "has_user", lambda: False)

    def login(*args: Any, **kwargs: Any) -> Session:
        return dpyauth.login(*args, **{"server": box.url, "app_id": box.app_id, "timeout": 5, **kwargs})

    return login


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch, login: Login) -> list[str]:
    """Simulate a user at a terminal; return the questions."""
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return f" {BTC}\n"

    monkeypatch.setattr(_environment, "has_user", lambda: True)
    monkeypatch.setattr("getpass.getpass", getpass)
    return asked


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch, login: Login) -> SimpleNamespace:
    """Simulate Google Colab with its secrets."""

    class SecretNotFoundError(Exception):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(name: str) -> str:
        if isinstance(userdata.stored, Exception):
            raise userdata.stored
        assert name == "DERIV_TOKEN"
        return userdata.stored

    userdata = SimpleNamespace(
        get=get, stored=BTC, SecretNotFoundError=SecretNotFoundError, NotebookAccessError=NotebookAccessError
    )
    package = ModuleType("google.colab")
    package.userdata = userdata  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    monkeypatch.setattr(_environment, "in_colab", lambda: True)
    return userdata


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch, login: Login) -> list[tuple[Session, Any]]:
    """Simulate a notebook; return the panels that were shown: for which session, with which sandbox."""
    shown: list[tuple[Session, Any]] = []
    monkeypatch.setattr(widgets, "show", lambda model: shown.append((model.session, model._sandbox)))
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    return shown


# The source of the credential


def test_the_argument_comes_first(
    login: Login, monkeypatch: pytest.MonkeyPatch, colab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", BTC)
    assert login(ALL).loginid == "CR900001"
    said = capsys.readouterr()
    assert said.err == "<dpyauth session: signed in, CR900001 (USD, sample)> using the token passed to login()\n"
    assert said.out == ""


def test_a_wrapped_argument(login: Login) -> None:
    assert login(Secret(f" {ALL} ")).loginid == "CR900001"


def test_the_environment_comes_second(
    login: Login, monkeypatch: pytest.MonkeyPatch, colab: Any, somebody: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", f" {ALL} ")
    assert login().loginid == "CR900001"
    assert "using the environment variable DERIV_TOKEN" in (said := capsys.readouterr().err)
    assert ALL not in said
    assert somebody == []


def test_the_secrets_of_colab_come_third(
    login: Login, monkeypatch: pytest.MonkeyPatch, colab: Any, somebody: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", "  ")
    assert login().loginid == "CR900002"
    assert "using the Colab secret DERIV_TOKEN" in (said := capsys.readouterr().err)
    assert BTC not in said
    assert somebody == []


@pytest.mark.parametrize("problem", ["SecretNotFoundError", "NotebookAccessError", TimeoutError, AttributeError])
def test_then_the_user_is_asked(
    login: Login, colab: Any, somebody: list[str], capsys: pytest.CaptureFixture[str], problem: Any
) -> None:
    colab.stored = (getattr(colab, problem) if isinstance(problem, str) else problem)()
    assert login().loginid == "CR900002"
    assert len(somebody) == 1
    assert "hidden" in somebody[0]
    assert "127.0.0.1" in somebody[0]
    assert "using a token entered at the prompt" in (said := capsys.readouterr().err)
    assert BTC not in said


@pytest.mark.parametrize("ask", [None, False, True])
def test_without_a_user_the_error_says_what_to_set(login: Login, ask: bool | None) -> None:
    with pytest.raises(NoCredential, match=r"DERIV_TOKEN.*sandbox=True"):
        login(ask=ask)
    assert meant() is None


@pytest.mark.parametrize("api", ["options", "v3"])
def test_the_error_says_where_to_get_a_token(monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    with pytest.raises(NoCredential) as refused:
        dpyauth.login(api=None if api == DEFAULT else api)
    facts = APIS[api]
    for part in ("DERIV_APP_ID", facts.pages.apps, "DERIV_TOKEN", facts.credential, facts.pages.tokens):
        assert part in str(refused.value)


def test_ask_false_never_asks(login: Login, somebody: list[str]) -> None:
    with pytest.raises(NoCredential):
        login(ask=False)
    assert somebody == []


def test_ask_true_always_asks(login: Login, somebody: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_TOKEN", ALL)
    assert login(ask=True).loginid == "CR900002"
    assert len(somebody) == 1


def test_an_empty_colab_secret_counts_as_missing(login: Login, colab: Any, somebody: list[str]) -> None:
    colab.stored = " \n"
    assert login().loginid == "CR900002"
    assert len(somebody) == 1


# Choosing the API

PAT = f"pat_{'0f' * 32}"


@pytest.fixture
def both(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """Redirect Deriv's own addresses to the sandbox, for both APIs; return the calls received."""
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    here = {name: dataclasses.replace(facts, server=box.side(name).server) for name, facts in APIS.items()}
    monkeypatch.setattr("dpyauth.settings.APIS", here)
    return lambda: {each.call for each in box.received if each.call}


@pytest.mark.parametrize("app_id", ["33XxAb9Qw2LmN4pR7sT1u", "1089", 16303])
def test_a_personal_access_token_is_never_sent_to_v3(both: Callable[[], set[str]], app_id: Any) -> None:
    """Whatever form the app ID has, and whatever else is said about it."""
    with pytest.raises((SignInRefused, InvalidSetting)):
        dpyauth.login(PAT, app_id=app_id)
    assert both() <= {"get_accounts"}


@pytest.mark.parametrize("app_id", ["33XxAb9Qw2LmN4pR7sT1u", None])
def test_a_token_of_v3_is_never_sent_to_options(both: Callable[[], set[str]], app_id: Any) -> None:
    with pytest.raises((SignInRefused, InvalidSetting)):
        dpyauth.login("a1-nobodys", app_id=app_id)
    assert both() <= {"authorize"}


@pytest.mark.parametrize(("app_id", "call"), [("33XxAb9Qw2LmN4pR7sT1u", "get_accounts"), (None, "authorize")])
def test_the_app_id_decides_for_a_token_of_unknown_form(both: Callable[[], set[str]], app_id: Any, call: str) -> None:
    with pytest.raises(SignInRefused):
        dpyauth.login("Kx9Lm2Qw8Rt5Yz1", app_id=app_id)
    assert both() == {call}


@pytest.mark.parametrize(("token", "api"), [(PAT, "v3"), ("ory_at_x", "v3"), ("a1-x", "options")])
@pytest.mark.parametrize("how", ["argument", "environment", "server"])
def test_arguments_that_contradict_the_token_are_an_error(
    both: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch, box: Sandbox, token: str, api: str, how: str
) -> None:
    if how == "environment":
        monkeypatch.setenv("DERIV_API", api)
        monkeypatch.setenv("DERIV_TOKEN", token)
    given = {
        "argument": {"api": api},
        "environment": {},
        "server": {"server": {"v3": box.url, "options": box.rest}[api]},
    }
    other = {"v3": "options", "options": "v3"}[api]
    said = rf'to Deriv\'s {other} API, but {api} was chosen, so nothing was sent. .*login\(api="{other}"\)'
    with pytest.raises(InvalidCredential, match=said) as refused:
        dpyauth.login(None if how == "environment" else token, **given[how])
    assert token not in str(refused.value)
    assert box.connections_opened == 0
    assert both() == set()


def test_a_fleet_sends_each_token_to_its_api(both: Callable[[], set[str]], box: Sandbox) -> None:
    tokens = {"Ann": PAT, "Ben": "a1-x"}
    with dpyauth.fleet(tokens, app_id="33XxAb9Qw2LmN4pR7sT1u") as clients:
        clients.balance()
    assert both() == {"get_accounts"}
    with dpyauth.fleet(tokens, api="v3") as clients:
        errors = clients.balance()["error"]
    assert "nothing was sent" in errors[0]
    assert "InvalidToken" in errors[1]


# The first account


def test_a_named_account(login: Login, box: Sandbox) -> None:
    assert login(ALL, loginid=" cr900001 ").loginid == "CR900001"
    with pytest.raises(SignInRefused, match="no access to an account CR900002, only to: CR900001") as refused:
        login("sandbox-rich-read", loginid="CR900002")
    assert refused.value.code == "AccountNotFound"


@pytest.mark.parametrize("wrong", ["", "900001", "CR", "CR1; CR2", 900001, ALL])
def test_invalid_login_ids(login: Login, wrong: Any, box: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match=r"[Ll]ogin ID") as refused:
        login(ALL, loginid=wrong)
    assert ALL not in str(refused.value)
    assert box.connections_opened == 0


# In a notebook


def test_a_notebook_shows_the_panel_and_continues(login: Login, panel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    session = login()
    assert session.state == "signed out"
    assert panel == [(session, None)]
    assert login() is session
    assert capsys.readouterr().err == ""


def test_a_notebook_shows_the_panel_with_a_credential(login: Login, panel: Any) -> None:
    session = login(ALL)
    assert session.state == "signed in"
    assert panel == [(session, None)]
    assert login(ask=True) is session


# The sandbox


def test_the_sandbox_needs_no_credential(
    monkeypatch: pytest.MonkeyPatch, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dpyauth.sandbox.shared", lambda: box)
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    monkeypatch.setenv("DERIV_TOKEN", "a-real-token")
    monkeypatch.setenv("DERIV_APP_ID", "12345")
    session = dpyauth.login(sandbox=True)
    assert session.loginid == "DOT900003"
    assert "using a sample token of the sandbox" in capsys.readouterr().err
    assert dpyauth.login(sandbox=True) is session
    assert dpyauth.login(BTC, sandbox=True).loginid == "CR900002"
    assert session.state == "closed"


def test_the_panel_knows_its_tokens(monkeypatch: pytest.MonkeyPatch, box: Sandbox, panel: Any) -> None:
    monkeypatch.setattr("dpyauth.sandbox.shared", lambda: box)
    session = dpyauth.login(sandbox=True, ask=True)
    assert panel == [(session, box)]
    assert session.state == "signed out"


def test_the_sandbox_is_one_server_and_server_another(box: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match="not both"):
        dpyauth.login(sandbox=True, server=box.url)


# Settings


def test_the_app_id_of_the_environment(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_APP_ID", "1089")
    assert login(ALL, app_id=None).core.target.app_id == "1089"
    monkeypatch.setenv("DERIV_APP_ID", "many")
    with pytest.raises(InvalidSetting, match="app ID"):
        login(ALL, app_id=None)
    assert login(ALL, app_id=16303).core.target.app_id == "16303"


@pytest.mark.parametrize("wrong", [{"app_id": 0}, {"timeout": 0}, {"language": "x"}, {"server": "http://x"}])
def test_wrong_settings(login: Login, box: Sandbox, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        login(ALL, **wrong)
    assert box.connections_opened == 0


# Calling login again


def test_the_same_credential_gives_the_same_session(
    login: Login, monkeypatch: pytest.MonkeyPatch, box: Sandbox
) -> None:
    session = login(ALL)
    monkeypatch.setenv("DERIV_TOKEN", ALL)
    assert login(timeout=7) is session
    assert session.core.timeout == 7
    assert login(f"{ALL} ") is session
    assert box.connections_opened == 1


@pytest.mark.parametrize("other", [{"token": BTC}, {"language": "ES"}, {"app_id": 1089}])
def test_another_credential_closes_the_old_session(login: Login, other: dict[str, Any]) -> None:
    before = login(ALL)
    after = login(**{"token": ALL, **other})
    assert after is not before
    assert after.state == "signed in"
    with pytest.raises(SessionClosed, match="opened a new session"):
        before.balance()


def test_another_login_keeps_the_language_that_the_user_has_chosen(login: Login) -> None:
    session = login(ALL, language="es")
    session.language = "fr"
    assert login(ALL) is session
    session.logout()
    assert login(ALL).language == "fr"
    assert login(ALL, language="es").language == "es"


def test_after_closing_and_logging_out(login: Login) -> None:
    first = login(ALL)
    first.close()
    second = login(ALL)
    assert second is not first
    second.logout()
    third = login(ALL)
    assert third.state == "signed in"


@pytest.mark.parametrize("token", ["nobody-s-token", "", "not a token", "a.b.c"])
def test_a_failing_login_leaves_the_session(login: Login, token: str) -> None:
    session = login(ALL)
    with pytest.raises((SignInRefused, InvalidCredential)):
        login(token)
    assert session.balance()["loginid"].item() == "CR900001"
    assert login(ALL) is session


def test_a_server_that_is_away_or_slow(login: Login, box: Sandbox) -> None:
    box.faults.swallow("authorize")
    with pytest.raises(CallTimeout):
        login(ALL, timeout=0.1)
    box.stop()
    with pytest.raises(ConnectionFailed):
        login(ALL)
    box.start()
    assert login(ALL).state == "signed in"


def test_an_interrupted_login_leaves_nothing(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(future: Any, timeout: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dpyauth.session.signing_in.on_loop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        login(ALL)
    assert meant() is None


def test_leaving_python_closes_the_session(login: Login) -> None:
    session = login(ALL)
    close_sessions()
    assert session.state == "closed"


# Tracebacks

VERBOSE = """
    import os, sys
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance(history_load_length=0, colors="nocolor")
    shell.history_manager.enabled = False
    shell.run_line_magic("xmode", "Verbose")
    shell.run_cell("import os, dpyauth; server = os.environ['SERVER']; mine = lambda: os.environ['DERIV_TOKEN']")
    shell.run_cell("dpyauth.login(mine(), server=server)")
    shell.run_cell("dpyauth.login(server=server)")
    shell.run_cell("dpyauth.login(mine() + ' .', server=server)")
    import dpyauth.session.signing_in
    def broken(*args): raise RuntimeError("a defect")
    dpyauth.session.signing_in.on_loop = broken
    shell.run_cell("dpyauth.login(mine(), server=server)")
    shell.run_cell("dpyauth.login(server=server)")
"""


def test_a_traceback_with_variables_does_not_show_the_token(box: Sandbox, tmp_path: Path) -> None:
    token = "C4nary-wr0ng-token"
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(VERBOSE)],
        env={"DERIV_TOKEN": token, "SERVER": box.url, "IPYTHONDIR": str(tmp_path), "PATH": "", "HOME": str(tmp_path)},
        cwd=Path(dpyauth.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = ran.stdout + ran.stderr
    assert said.count("does not accept this API token") == 2
    assert said.count("InvalidCredential") == 1
    assert said.count("RuntimeError: a defect") >= 2
    assert "token=<secret>" in said  # it does show variables
    assert token not in said
    assert token[:-5] not in said
