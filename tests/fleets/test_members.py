"""Test where and when a fleet gets its tokens."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidSetting, KeepingFailed, NoCredential
from dpyauth.fleets import fleet
from dpyauth.fleets.members import kept, name_of, resolve
from dpyauth.sandbox import Sandbox
from dpyauth.storage import remember

OAUTH = {"CR900001": "a1-sandbox-rich-usd", "CR900002": "a1-sandbox-rich-btc"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty home folder, without a keyring."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


def keep(profile: str, tokens: dict[str, str], app_id: str = "16303") -> None:
    secrets = {loginid: Secret(token) for loginid, token in tokens.items()}
    remember(secrets, active=next(iter(tokens)), app_id=app_id, profile=profile, api="v3")


def test_remembered_profiles(box: Sandbox) -> None:
    keep(f"Ann@{box.url}", OAUTH)
    keep(f"Ben@{box.url}", {"VRTC900021": "sandbox-new-read"})
    keep("Ben", {"CR900001": "sandbox-rich-all"})  # a token of the real Deriv: never offered to another server
    with fleet(["Ben", "Ann"], server=box.url) as clients:  # with the remembered app ID, too
        frame = clients.account_status()
        assert frame["loginid"].tolist() == ["VRTC900021", "CR900001"]
        everything = clients.account_status(account="all")
        assert everything["name"].tolist() == ["Ben", "Ann", "Ann"]
        assert everything["loginid"].tolist() == ["VRTC900021", "CR900001", "CR900002"]


def test_unknown_names_are_not_repeated() -> None:
    keep("Ann", OAUTH)
    with pytest.raises(NoCredential, match="Of 3 names, 2 have no credential stored") as refused:
        fleet(["Ann", "a-token", "another-token"])
    assert "token," not in str(refused.value)
    assert "a-token" not in str(refused.value)
    with pytest.raises(NoCredential, match="No credential is stored"):
        kept("a-token")


@pytest.mark.parametrize("name", [5, None, "", True, pytest.param(10**5000, id="huge")])
def test_a_name_must_be_text(name: Any) -> None:
    for credentials in ([name], {name: "a-token"}, ["Ann", name]):
        with pytest.raises(InvalidSetting, match="needs a name: a non-empty text"):
            fleet(credentials, app_id=1089)


def test_a_file_that_cannot_be_read(home: Path) -> None:
    keep("Ann", OAUTH)
    (home / ".config" / "dpyauth" / "credentials.json").write_text("{", encoding="ascii")
    with pytest.raises(KeepingFailed):
        fleet(["Ann"])


def test_a_function_is_called_when_its_turn_comes_and_not_on_the_background_thread(box: Sandbox) -> None:
    asked: list[tuple[str, str]] = []

    def fetch(name: str) -> Secret:
        asked.append((name, threading.current_thread().name))
        return Secret({"Ann": "sandbox-rich-all", "Ben": "sandbox-new-read"}[name])

    with fleet(("Ben", "Ann", "Cy"), fetch=fetch, server=box.url, connections=1) as clients:
        assert asked == []
        frame = clients.balance()
    assert [name for name, _ in asked] == ["Ben", "Ann", "Cy"]
    assert not {"dpyauth", threading.current_thread().name} & {thread for _, thread in asked}
    assert frame["loginid"].tolist()[:2] == ["VRTC900021", "CR900001"]
    assert frame["error"][2] == "Fetching the token failed (KeyError)."


def test_errors_of_dpyauth_are_repeated(box: Sandbox) -> None:
    def fetch(name: str) -> str:
        raise KeepingFailed("The keyring is locked.")

    with fleet(["Ann"], fetch=fetch, server=box.url) as clients:
        assert clients.balance()["error"].tolist() == ["The keyring is locked."]


def test_each_member_may_have_an_app_id(box: Sandbox) -> None:
    """On Deriv's current API, a token belongs to an app of the same login."""
    rich, trouble = box.options_token("rich").token, box.options_token("trouble").token
    mine, unknown = box.options_app_id, "33NobodysApp"
    each: dict[str, Any] = {
        "pair": (rich, mine),
        "function": lambda: (Secret(trouble), mine),
        "its own is wrong": (rich, unknown),
        "that of all": trouble,
    }
    with fleet(each, server=box.rest, app_id=unknown) as clients:
        frame = clients.account_status(account="all")
    fine = frame[frame["error"].isna()]
    assert fine.groupby("name", sort=False)["loginid"].agg(list).to_dict() == {
        "pair": ["ROT900001", "DOT900003"],
        "function": ["ROT900011", "DOT900012"],
    }
    wrong = frame[frame["error"].notna()]
    assert wrong["name"].tolist() == ["its own is wrong", "that of all"]
    assert wrong["error"].str.contains("does not accept this app ID").all()
    with fleet(["Ann"], fetch=lambda name: (rich, mine), server=box.rest) as clients:
        assert clients.balance()["error"].isna().all()


@pytest.mark.parametrize("pair", [("t0ken",), ("t0ken", "33App", "more"), ()])
def test_a_malformed_pair(box: Sandbox, pair: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidSetting, match=r"\(token, app_id\)") as refused:
        fleet({"Ann": pair}, server=box.rest)
    assert "t0ken" not in str(refused.value)
    with fleet(["Ann"], fetch=lambda name: pair, server=box.rest) as clients:  # type: ignore[arg-type, return-value]
        error = clients.balance()["error"][0]
    assert "(token, app_id)" in error
    assert "t0ken" not in error


def test_an_invalid_app_id_fails_at_once(box: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match="older API"):
        fleet({"Ann": ("pat_" + "0" * 64, 1089)}, server=box.rest)
    with pytest.raises(InvalidSetting, match="app ID"):
        fleet({"Ann": ("pat_" + "0" * 64, "two words")})


def test_fetching_by_the_name_of_a_function(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANN_TOKEN", "sandbox-rich-all")
    with fleet(["ANN_TOKEN", "BEN_TOKEN"], fetch="os:getenv", server=box.url) as clients:
        frame = clients.balance()
    assert frame["error"].notna().tolist() == [False, True]
    assert "returned nothing" in frame["error"][1]


def test_the_environments_app_id_and_api(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_APP_ID", "16303")
    with fleet({"Ann": OAUTH["CR900001"]}, server=box.url) as clients:  # works only with this app
        assert clients.balance()["error"].isna().all()
    monkeypatch.setenv("DERIV_API", "v4")
    with fleet({"Ann": OAUTH["CR900001"]}, server=box.url) as clients:
        assert "The API must be one of" in clients.balance()["error"][0]


def module_function(name: str) -> str:
    return name


def test_functions_and_their_names() -> None:
    def inner(name: str) -> str:
        return name

    assert name_of(kept) == "dpyauth.fleets.members:kept"
    assert resolve(name_of(kept)) is kept
    assert name_of("os:getenv") == "os:getenv"
    inner.__module__ = module_function.__module__
    lambdas: list[Any] = [inner, lambda name: name, Secret("x").reveal, str.strip.__get__("x")]
    for function in lambdas:
        with pytest.raises(InvalidSetting, match="tokens included"):
            name_of(function)
