"""Test `login` with remembered tokens: they are stored, found again, dropped when invalid, and forgotten on request."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import keyring
import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import (
    ApiError,
    ConnectionFailed,
    InvalidRequest,
    InvalidSetting,
    KeepingFailed,
    NoCredential,
    NotSignedIn,
    SignInRefused,
)
from dpyauth.panels.sign_in import SignInModel
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session
from dpyauth.session.signing_in import SigningIn
from dpyauth.signin.current import close_sessions, meant
from dpyauth.storage import recall, remember

ALL, BTC = "sandbox-rich-all", "sandbox-rich-btc"
OAUTH = {"CR900001": "a1-sandbox-rich-usd", "CR900002": "a1-sandbox-rich-btc", "VRTC900003": "a1-sandbox-rich-demo"}
Login = Callable[..., Session]


@pytest.fixture
def kept_file(home: Path) -> Path:
    return home / ".config" / "dpyauth" / "credentials.json"


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set up a keyring that works, or raises an error."""

    class KeyringLocked(Exception):
        pass

    class Ring:
        priority = 5.0

        def __init__(self) -> None:
            self.held: dict[tuple[str, str], str] = {}
            self.locked = False

        def get_password(self, service: str, name: str) -> str | None:
            if self.locked:
                raise KeyringLocked
            return self.held.get((service, name))

        def set_password(self, service: str, name: str, password: str) -> None:
            self.held[service, name] = password

        def delete_password(self, service: str, name: str) -> None:
            if self.locked:
                raise KeyringLocked
            del self.held[service, name]

    made = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


@pytest.fixture
def login(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Login:
    """Call login() with the test's sandbox, without a user to ask."""
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    monkeypatch.setattr(_environment, "in_notebook", lambda: False)

    def login(*args: Any, **kwargs: Any) -> Session:
        return dpyauth.login(*args, **{"server": box.url, "timeout": 5, **kwargs})

    return login


@pytest.fixture
def next_kernel(login: Login) -> Login:
    """Call login() in a kernel that has no session yet."""

    def next_one(*args: Any, **kwargs: Any) -> Session:
        close_sessions()
        return login(*args, **kwargs)

    return next_one


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, login: Login) -> list[str]:
    """Simulate a user at a terminal; return the questions."""
    asked: list[str] = []
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or BTC)
    return asked


def keep(box: Sandbox, tokens: dict[str, str], profile: str = "default", app_id: str = "16303") -> None:
    """Remember a sign-in, as an earlier kernel did."""
    secrets = {loginid: Secret(token) for loginid, token in tokens.items()}
    remember(secrets, active=next(iter(tokens)), app_id=app_id, profile=f"{profile}@{box.url}", api="v3")


def profiles() -> list[str]:
    from dpyauth.storage import file

    return list(file.read())


# Stored and found again


def test_remembered(login: Login, next_kernel: Login, kept_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    login(ALL, remember=True, app_id=1089)
    assert kept_file.exists()
    session = next_kernel()
    assert session.loginid == "CR900001"
    assert session.core.target.app_id == "1089"
    said = capsys.readouterr().err.splitlines()
    assert said[1].endswith("using the sign-in remembered in the file ~/.config/dpyauth/credentials.json")
    assert login() is session


def test_nothing_is_remembered_without_being_asked_for(login: Login, next_kernel: Login, kept_file: Path) -> None:
    login(ALL)
    assert not kept_file.parent.exists()
    with pytest.raises(NoCredential):
        next_kernel()


def test_a_page_for_visitors_remembers_nothing(login: Login, kept_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_environment, "is_app", lambda: True)
    assert login(ALL, remember=True, app_id=1089).loginid == "CR900001"
    assert not kept_file.parent.exists()


def test_remembered_in_the_keyring(
    login: Login, next_kernel: Login, ring: Any, kept_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login(ALL, remember=True)
    assert ALL in str(ring.held)
    assert ALL not in kept_file.read_text()
    assert next_kernel().loginid == "CR900001"
    assert "the sign-in remembered in the system's keyring" in capsys.readouterr().err


def test_all_accounts_are_remembered(next_kernel: Login, box: Sandbox) -> None:
    keep(box, OAUTH)
    session = next_kernel()
    assert session.account_status("all")["loginid"].tolist() == list(OAUTH)
    session.use("VRTC900003")
    next_kernel(remember=True)  # signs in with what was remembered, and remembers it again
    assert next_kernel().account_status("all")["loginid"].tolist() == list(OAUTH)


def test_argument_and_environment_come_first(
    login: Login, next_kernel: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(box, {"CR900001": ALL})
    assert next_kernel(BTC).loginid == "CR900002"
    monkeypatch.setenv("DERIV_TOKEN", BTC)
    assert next_kernel().loginid == "CR900002"


def test_the_secrets_of_colab_come_last(next_kernel: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(box, {"CR900001": ALL})
    package = ModuleType("google.colab")
    package.userdata = SimpleNamespace(get={"DERIV_TOKEN": BTC}.__getitem__)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    monkeypatch.setattr(_environment, "in_colab", lambda: True)
    assert next_kernel().loginid == "CR900001"
    dpyauth.forget()
    assert next_kernel().loginid == "CR900002"


def test_ask_true_ignores_the_remembered_token(
    next_kernel: Login, box: Sandbox, panels: list[SignInModel], terminal: list[str]
) -> None:
    keep(box, {"CR900001": ALL})
    assert next_kernel(ask=True).state == "signed out"
    assert len(panels) == 1


def test_a_token_is_remembered_with_its_app_id(
    next_kernel: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(box, {"CR900001": ALL}, app_id="1089")
    monkeypatch.setenv("DERIV_APP_ID", "999")
    assert next_kernel().core.target.app_id == "1089"
    assert next_kernel(app_id=16303).core.target.app_id == "16303"


def test_profiles(login: Login, next_kernel: Login, box: Sandbox) -> None:
    login(ALL, remember=True, profile="one")
    login(BTC, remember=True, profile="two")
    assert next_kernel(profile="one").loginid == "CR900001"
    assert next_kernel(profile="two").loginid == "CR900002"
    with pytest.raises(NoCredential):
        next_kernel()
    assert dpyauth.forget(f"one@{box.url}") == [f"one@{box.url}"]
    with pytest.raises(NoCredential):
        next_kernel(profile="one")
    assert next_kernel(profile="two").loginid == "CR900002"


def test_forgotten(login: Login, next_kernel: Login, kept_file: Path) -> None:
    session = login(ALL, remember=True)
    assert len(dpyauth.forget()) == 1
    assert not kept_file.exists()
    assert session.balance()["loginid"].item() == "CR900001"  # this kernel goes on
    with pytest.raises(NoCredential):
        next_kernel()


def test_a_token_of_a_sandbox_is_used_only_there(
    next_kernel: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch, terminal: list[str]
) -> None:
    """Neither to Deriv nor to another server, where the token does not belong."""
    monkeypatch.setattr("dpyauth.sandbox.shared", lambda: box)
    next_kernel(BTC, sandbox=True, server=None, remember=True)
    next_kernel(BTC, remember=True)
    assert recall() is None
    assert sorted(profiles()) == ["default@sandbox", f"default@{box.url}"]
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    for server in (None, "wss://deriv.example.org/v3", f"{box.url}/"):
        with pytest.raises(NoCredential):
            next_kernel(server=server)


def test_a_token_of_deriv_is_used_only_there(next_kernel: Login) -> None:
    remember({"CR1": Secret(ALL)}, active="CR1", app_id="1089", api="v3")
    with pytest.raises(NoCredential):
        next_kernel()


def test_the_panel_shows_that_a_token_is_remembered(
    next_kernel: Login, box: Sandbox, panels: list[SignInModel]
) -> None:
    next_kernel(remember=True, profile="mine")
    (model,) = panels
    assert model.view()["remember"] is True
    model.token(Secret(BTC), "1089", remember=True)
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))


# Which account is used

DEMO, REAL = "DOT900003", "ROT900001"


@pytest.fixture
def moved(box: Sandbox, next_kernel: Login) -> Login:
    """Call login() on the options API, in a kernel that has no session yet."""

    def next_one(*args: Any, **kwargs: Any) -> Session:
        return next_kernel(*args, **{"server": box.rest, "app_id": None, **kwargs})

    return next_one


@pytest.fixture
def pat(box: Sandbox) -> str:
    return box.options_token("rich, every scope").token


@pytest.fixture(params=["in Deriv's order", "in another order"])
def order(request: pytest.FixtureRequest, box: Sandbox) -> None:
    """The order in which Deriv lists the accounts must not matter."""
    if request.param == "in another order":
        box.options.person(DEMO).accounts.reverse()


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize("where", ["file", "keyring"])
@pytest.mark.parametrize("used", [None, REAL])
def test_the_remembered_account_is_used(
    moved: Login, pat: str, box: Sandbox, where: str, used: str | None, request: pytest.FixtureRequest
) -> None:
    """All accounts of the options API share one token."""
    if where == "keyring":
        request.getfixturevalue("ring")
    session = moved(pat, app_id=box.options_app_id)
    if used:
        session.use(used)
    moved(pat, app_id=box.options_app_id, loginid=used, remember=True)
    for _ in range(3):  # it is remembered again, and used again
        session = moved(remember=True)
        assert session.loginid == (used or DEMO)
        said = f"At Deriv this would be real money: {used} is the account that was remembered." if used else ""
        assert session.core.remarks == said


def test_the_account_in_use_is_remembered_on_request(moved: Login, login: Login, pat: str, box: Sandbox) -> None:
    """Neither before nor after: `use` alone changes nothing that is remembered."""
    here = {"server": box.rest, "app_id": box.options_app_id}
    session = login(pat, **here, remember=True)
    session.use(REAL)
    assert login(pat, **here) is session
    assert session.loginid == REAL  # the choice of this kernel
    assert moved().loginid == DEMO
    session = login(**here)
    session.use(REAL)
    assert login(**here, remember=True) is session
    assert moved().loginid == REAL


@pytest.mark.parametrize("kept", [DEMO, REAL])
@pytest.mark.parametrize("gone", ["gone", "inactive"])
def test_a_demo_account_replaces_one_that_is_gone_with_a_remark(
    moved: Login, pat: str, box: Sandbox, kept: str, gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moved(pat, app_id=box.options_app_id, loginid=kept, remember=True)
    person = box.options.person(DEMO)
    spare = box.run(lambda: box.options.open_account(person, "demo"))
    mine = next(account for account in person.accounts if account.loginid == kept)
    if gone == "gone":
        person.accounts.remove(mine)
    else:
        mine.disabled = True
    capsys.readouterr()
    session = moved()
    assert session.loginid == (DEMO if kept == REAL else spare.loginid)
    why = "is no longer available" if gone == "gone" else "cannot be used now"
    said = f"The remembered account {kept} {why}. This is the demo account {session.loginid}."
    assert capsys.readouterr().err.splitlines()[-1] == said


def test_a_real_account_replaces_one_that_is_gone_with_a_remark(moved: Login, pat: str, box: Sandbox) -> None:
    moved(pat, app_id=box.options_app_id, remember=True)
    people = box.options.person(DEMO).accounts
    people[:] = [account for account in people if not account.is_virtual]
    session = moved()
    assert session.loginid == REAL
    assert session.core.remarks == (
        f"The remembered account {DEMO} is no longer available. At Deriv this would be real money: "
        f"{REAL} is a sample account, and there is no demo account."
    )


def test_a_record_of_an_earlier_version(moved: Login, pat: str, box: Sandbox, kept_file: Path) -> None:
    """Its record has the same form."""
    tokens = {REAL: pat, DEMO: pat}
    since = "2026-11-20T08:00:00+00:00"
    record = {"api": "options", "app_id": box.options_app_id, "active": DEMO, "since": since, "tokens": tokens}
    remember({DEMO: Secret(pat)}, active=DEMO, app_id="x", api="options", profile=f"default@{box.rest}")
    kept_file.write_text(json.dumps(replaced(json.loads(kept_file.read_text()), record)), encoding="ascii")
    assert moved().loginid == DEMO


@pytest.mark.parametrize(("left", "notice"), [(7200, ""), (1800, "ends within an hour"), (-60, "ended at")])
def test_the_end_of_a_browser_sign_in_is_remembered(
    moved: Login, pat: str, box: Sandbox, kept_file: Path, left: int, notice: str
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=left)
    keep_until(ends, pat, box, kept_file)
    session = moved()
    assert session.expires == ends
    assert notice in session.core.remarks
    assert bool(session.core.remarks) is bool(notice)
    session.core.remember(f"default@{box.rest}")
    assert moved().expires == ends


def test_a_remembered_sign_in_that_has_ended_says_when(moved: Login, pat: str, box: Sandbox, kept_file: Path) -> None:
    ends = datetime.now(UTC) - timedelta(days=2)
    keep_until(ends, pat, box, kept_file)
    box.expire(pat)
    with pytest.raises(SignInRefused, match=f"This sign-in ended at {ends:%Y-%m-%d %H:%M} UTC"):
        moved()


def keep_until(ends: datetime, pat: str, box: Sandbox, kept_file: Path) -> None:
    """Remember a sign-in of 30 days, as an earlier kernel did soon after it."""
    remember(
        {DEMO: Secret(pat)},
        active=DEMO,
        app_id=box.options_app_id,
        api="options",
        profile=f"default@{box.rest}",
        expires_at=ends.timestamp(),
    )
    since = (ends - timedelta(days=30)).isoformat(timespec="seconds")
    document = json.loads(kept_file.read_text())
    document["profiles"][f"default@{box.rest}"]["record"]["since"] = since
    kept_file.write_text(json.dumps(document))


def replaced(stored: Any, record: dict[str, Any]) -> Any:
    """Return the stored text with another record in place of the existing one."""
    if isinstance(stored, str) and '"tokens"' in stored:
        return json.dumps(record)
    if isinstance(stored, dict):
        if "tokens" in stored:
            return record
        return {name: replaced(value, record) for name, value in stored.items()}
    return stored


def test_a_named_account_wins_over_the_remembered_one(moved: Login, pat: str, box: Sandbox) -> None:
    moved(pat, app_id=box.options_app_id, remember=True)
    session = moved(loginid=REAL.lower())
    assert (session.loginid, session.core.remarks) == (REAL, "")
    assert moved().loginid == DEMO
    with pytest.raises(SignInRefused, match=f"no access to an account CR1, only to: {REAL}, {DEMO}"):
        moved(loginid="CR1")


def test_a_named_account_switches_an_open_session(login: Login, next_kernel: Login, box: Sandbox) -> None:
    keep(box, OAUTH)
    session = login()
    assert (session.loginid, session.core.remarks) == ("CR900001", SAID)
    session.use("VRTC900003")
    assert login() is session
    assert session.loginid == "VRTC900003"  # running the cell again does not go back to real money
    assert login(loginid="CR900002") is session
    assert session.loginid == "CR900002"
    with pytest.raises(InvalidRequest, match="no access"):
        login(loginid="CR1")
    assert session.loginid == "CR900002"


SAID = "At Deriv this would be real money: CR900001 is the account that was remembered."


@pytest.mark.parametrize("code", ["AccountDisabled", "SelfExclusion"])
def test_on_v3_a_demo_account_replaces_a_closed_one(next_kernel: Login, box: Sandbox, code: str) -> None:
    keep(box, OAUTH)
    box.faults.error(code, "authorize")
    session = next_kernel()
    assert session.loginid == "VRTC900003"
    assert session.core.remarks == (
        "The remembered account CR900001 cannot be used now. This is the demo account VRTC900003."
    )
    keep(box, {name: token for name, token in OAUTH.items() if name != "VRTC900003"})
    box.faults.error(code, "authorize")
    with pytest.raises(SignInRefused, match=code):
        next_kernel()


def test_a_fleet_uses_the_remembered_account(moved: Login, pat: str, box: Sandbox) -> None:
    moved(pat, app_id=box.options_app_id, loginid=REAL, remember=True, profile="Ann")
    with dpyauth.fleet(["Ann"], server=box.rest) as clients:
        assert clients.balance()["loginid"].tolist() == [REAL]
    people = box.options.person(DEMO).accounts
    people[:] = [account for account in people if account.is_virtual]
    with dpyauth.fleet(["Ann"], server=box.rest) as clients:  # must not be told to another account
        assert f"no access to an account {REAL}" in clients.balance()["error"][0]


# Choosing the API


def test_a_remembered_token_is_sent_to_no_other_api(
    next_kernel: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the form of a token says nothing, the record decides."""
    monkeypatch.setattr("dpyauth.sandbox.shared", lambda: box)
    monkeypatch.setattr("dpyauth.signin.sources.sample", lambda *args: None)
    remember({"CR900001": Secret(ALL)}, active="CR900001", app_id="16303", profile="default@sandbox", api="v3")
    with pytest.raises(NoCredential, match="remembered sign-in is for Deriv's v3 API, so it was not sent to options"):
        next_kernel(sandbox=True, server=None, api="options")
    assert not [each.call for each in box.received if each.call]
    assert next_kernel(sandbox=True, server=None).api == "v3"
    remember({"Ann": Secret(ALL)}, active="Ann", app_id="16303", profile="Ann@sandbox", api="v3")
    with dpyauth.fleet(["Ann"], sandbox=True, api="options") as clients:
        assert "so it is not sent to options" in clients.balance()["error"][0]
    assert not [each.call for each in box.received if each.call == "get_accounts"]


# Invalid tokens


@pytest.fixture
def revoked(box: Sandbox) -> dict[str, str]:
    """Remember a token, and revoke it at Deriv."""
    keep(box, OAUTH)
    box.faults.revoke(OAUTH["CR900001"])
    return OAUTH


def test_the_panel_says_that_it_was_dropped(
    login: Login, revoked: Any, panels: list[SignInModel], kept_file: Path, box: Sandbox
) -> None:
    session = login()
    assert session.state == "signed out"
    (model,) = panels
    notice = model.view()["notice"]
    assert notice["title"] == "Signed out"
    assert notice["text"].startswith("The remembered sign-in no longer works and was forgotten. Deriv does not accept")
    assert not kept_file.exists()
    with pytest.raises(NotSignedIn, match="The remembered sign-in no longer works"):
        session.balance()
    assert login() is session
    model.token(Secret(BTC), "16303")
    assert box.wait_until(lambda box: sum(each.call == "authorize" for each in box.received) == 2)


def test_a_terminal_says_that_it_was_dropped(
    login: Login, revoked: Any, terminal: list[str], kept_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert login().state == "signed out"
    said = capsys.readouterr().err
    assert said.startswith("Not signed in. The remembered sign-in no longer works and was forgotten. ")
    assert said.count("\n") == 1
    assert not kept_file.exists()
    assert login().loginid == "CR900002"
    assert len(terminal) == 1


def test_without_a_user_a_revoked_token_is_an_error(login: Login, revoked: Any, kept_file: Path) -> None:
    with pytest.raises(SignInRefused, match="InvalidToken") as refused:
        login()
    assert refused.value.__notes__ == [
        "This is the sign-in remembered in the file ~/.config/dpyauth/credentials.json; dpyauth.forget() removes it."
    ]
    assert kept_file.exists()  # an unattended run decides nothing
    assert meant() is None
    dpyauth.forget()
    with pytest.raises(NoCredential):
        login()


def test_with_ask_false_a_revoked_token_is_an_error(login: Login, revoked: Any, panels: list[SignInModel]) -> None:
    with pytest.raises(SignInRefused):
        login(ask=False)
    assert panels == []


@pytest.mark.parametrize("code", ["NobodyKnowsThis", "WrongResponse", "InputValidationFailed"])
def test_an_odd_answer_keeps_the_token(
    login: Login, box: Sandbox, panels: list[SignInModel], kept_file: Path, code: str
) -> None:
    keep(box, OAUTH)
    box.faults.error(code, "authorize")
    session = login()
    assert session.state == "signed out"
    assert len(panels) == 1
    with pytest.raises(NotSignedIn, match=code):
        session.balance()
    assert kept_file.exists()
    assert login().loginid == "CR900001"


def test_without_a_user_an_odd_answer_is_an_error_too(login: Login, box: Sandbox, kept_file: Path) -> None:
    keep(box, OAUTH)
    box.faults.error("NobodyKnowsThis", "authorize")
    with pytest.raises(ApiError, match="NobodyKnowsThis"):
        login()
    assert kept_file.exists()


def test_expired(login: Login, box: Sandbox, panels: list[SignInModel], kept_file: Path) -> None:
    keep(box, OAUTH)
    box.expire(OAUTH["CR900001"])
    login()
    assert "was forgotten" in panels[0].view()["notice"]["text"]
    assert not kept_file.exists()


def test_a_temporary_error_keeps_the_token(
    login: Login, box: Sandbox, panels: list[SignInModel], kept_file: Path
) -> None:
    """An account can be disabled for a while, and an app ID be mistyped: the token may still be valid."""
    keep(box, {"CR900001": "sandbox-rich-disabled"})
    login()
    assert "The remembered sign-in was refused. Deriv has disabled" in panels[0].view()["notice"]["text"]
    keep(box, OAUTH)
    login(app_id=1089)
    assert "was refused" in panels[1].view()["notice"]["text"]
    login(app_id=999999)
    assert "was refused" in panels[2].view()["notice"]["text"]
    assert kept_file.exists()
    assert login().loginid == "CR900001"


@pytest.mark.parametrize("somebody", [False, True])
def test_an_unreachable_server_keeps_the_token(
    login: Login, box: Sandbox, request: pytest.FixtureRequest, somebody: bool, kept_file: Path
) -> None:
    if somebody:
        request.getfixturevalue("panels")
    keep(box, {"CR900001": ALL})
    box.stop()
    with pytest.raises(ConnectionFailed):
        login()
    assert kept_file.exists()
    assert meant() is None


def test_dropped_from_a_keyring_that_has_been_locked(
    login: Login, box: Sandbox, ring: Any, panels: list[SignInModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(box, OAUTH)
    box.faults.revoke(OAUTH["CR900001"])
    real = SigningIn.wait_for_sign_in

    def lock(session: Session, *args: Any, **kwargs: Any) -> Any:
        ring.locked = True
        return real(session, *args, **kwargs)

    monkeypatch.setattr(SigningIn, "wait_for_sign_in", lock)
    session = login()
    text = panels[0].view()["notice"]["text"]
    assert text.startswith("The remembered sign-in no longer works. Deriv does not accept")
    assert "Unlock the keyring" in text
    assert meant() is session


# Reading and storing fails


@pytest.fixture
def damaged(box: Sandbox, kept_file: Path) -> Path:
    keep(box, {"CR900001": ALL})
    kept_file.write_text("{")
    return kept_file


def test_damaged_without_a_user(login: Login, damaged: Path) -> None:
    with pytest.raises(KeepingFailed, match=r"is damaged.*dpyauth\.forget"):
        login()
    dpyauth.forget()
    with pytest.raises(NoCredential):
        login()


def test_damaged_in_a_notebook(login: Login, damaged: Path, panels: list[SignInModel]) -> None:
    session = login()
    assert session.state == "signed out"
    assert "is damaged" in panels[0].view()["notice"]["text"]
    with pytest.raises(NotSignedIn, match="is damaged"):
        session.balance()


def test_damaged_at_a_terminal(login: Login, damaged: Path, terminal: list[str]) -> None:
    assert login().loginid == "CR900002"
    assert len(terminal) == 1


def test_damaged_but_not_needed(login: Login, damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_TOKEN", ALL)
    assert login().loginid == "CR900001"


def test_a_locked_keyring(login: Login, box: Sandbox, ring: Any, panels: list[SignInModel]) -> None:
    keep(box, {"CR900001": ALL})
    ring.locked = True
    login()
    assert "the system's keyring is locked" in panels[0].view()["notice"]["text"]


def test_a_failure_to_remember_is_an_error_and_the_session_stays(login: Login, damaged: Path) -> None:
    with pytest.raises(KeepingFailed):
        login(ALL, remember=True)
    assert meant() is not None
    assert login(ALL).loginid == "CR900001"


# The previous panel


def test_a_new_panel_replaces_the_old_one(login: Login, panels: list[SignInModel], box: Sandbox) -> None:
    login(oauth_host=box.oauth_host, app_id=16303)
    panels[0].browser("16303", None, remember=False)
    assert panels[0].view()["phase"] == "browser"
    login(oauth_host=box.oauth_host, app_id=16303)
    assert panels[0].view()["phase"] == "form"
    panels[1].browser("16303", None, remember=False)
    panels[1].cancel()


def test_the_host_of_the_pages_must_be_an_address(login: Login, panels: list[SignInModel]) -> None:
    login(oauth_host="http://oauth.example.org")
    with pytest.raises(InvalidSetting, match="unencrypted"):
        panels[0].browser("16303", None, remember=False)


def test_remembered_tokens_are_not_shown(
    login: Login, next_kernel: Login, box: Sandbox, capsys: pytest.CaptureFixture[str], panels: list[SignInModel]
) -> None:
    box.world.issued["C4nary-kept"] = Token("C4nary-kept", "CR900001", ("read",), "canary")
    keep(box, {"CR900001": "C4nary-kept"})
    session = next_kernel()
    assert session.core.credential == Credential(Secret("C4nary-kept"), session.core.credential.source)  # type: ignore[union-attr]
    assert "C4nary" not in repr(vars(session)) + repr(panels[0].view()) + repr(capsys.readouterr())
