"""Test secrets of Colab and Kaggle, with stand-ins for their modules that raise the same errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.errors import NoCredential, SignInRefused
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Login = Callable[..., Session]


class Secrets:
    """A platform's secrets: a value, or the error that reading it raises."""

    def __init__(self, platform: str, not_there: type[Exception]) -> None:
        self.platform = platform
        self.stored: dict[str, str | Exception] = {}
        self.asked: list[str] = []
        self._not_there = not_there

    def get(self, name: str) -> str:
        self.asked.append(name)
        value = self.stored.get(name, self._not_there(f"Secret {name} does not exist."))
        if isinstance(value, Exception):
            raise value
        return value


class NotebookAccessError(Exception):
    """Colab's name for a secret whose switch is off."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Notebook does not have access to secret {key}")


class SecretNotFoundError(Exception):
    """Colab's name for a missing secret."""


class BackendError(Exception):
    """Kaggle's name, also for a secret that is not attached to the notebook; its text contains Kaggle's whole reply."""


class CredentialError(Exception):
    """Kaggle's name if the notebook has no access to secrets at all."""


@pytest.fixture(params=["Colab", "Kaggle"])
def secrets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    if request.param == "Colab":
        found = Secrets("Colab", SecretNotFoundError)
        package = ModuleType("google.colab")
        package.userdata = found  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
        monkeypatch.setitem(sys.modules, "google.colab", package)
        return found
    return kaggle(monkeypatch)


def kaggle(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    found = Secrets("Kaggle", BackendError)

    class UserSecretsClient:
        def get_secret(self, label: str) -> str:
            return found.get(label)

    module = ModuleType("kaggle_secrets")
    module.UserSecretsClient = UserSecretsClient  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kaggle_secrets", module)
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    return found


@pytest.fixture
def login(box: Sandbox) -> Iterator[Login]:
    with ExitStack() as ends:

        def login(**how: Any) -> Session:
            session = dpyauth.login(**{"server": box.rest, "timeout": 5, **how})
            ends.callback(session.close)
            return session

        yield login


def test_token_and_app_id_are_found_and_named(
    secrets: Secrets, login: Login, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    token = box.options_token("rich").token
    secrets.stored = {"DERIV_TOKEN": f" {token}\n", "DERIV_APP_ID": f'"{box.options_app_id}" '}
    assert login().loginid == "DOT900003"
    assert f"using the {secrets.platform} secret DERIV_TOKEN" in (said := capsys.readouterr().err)
    assert token not in said


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_an_app_id_may_come_from_elsewhere(
    secrets: Secrets, login: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    secrets.stored = {"DERIV_TOKEN": box.options_token("rich").token}
    if how == "environment":
        monkeypatch.setenv("DERIV_APP_ID", box.options_app_id)
        assert login().loginid == "DOT900003"
        assert secrets.asked == ["DERIV_TOKEN"]
    else:
        assert login(app_id=box.options_app_id).loginid == "DOT900003"


@pytest.mark.parametrize(
    "trouble",
    [
        SecretNotFoundError("Secret DERIV_TOKEN does not exist."),
        BackendError("Unexpected response from the service. Response: {'wasSuccessful': False, 'result': 'C4nary'}."),
        CredentialError("A JWT Token is required to use the UserSecretsClient, but none found: C4nary"),
        ConnectionError("Connection error trying to communicate with service."),
        TimeoutError("C4nary"),
        "",
        " \n",
    ],
)
def test_without_a_secret_the_user_is_asked(
    secrets: Secrets,
    login: Login,
    box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: Any,
) -> None:
    secrets.stored = {"DERIV_TOKEN": trouble}
    with pytest.raises(NoCredential, match="cannot ask you") as refused:
        login()
    assert "C4nary" not in f"{refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r}"
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: box.options_token("rich").token)
    assert login(app_id=box.options_app_id).loginid == "DOT900003"
    assert "C4nary" not in capsys.readouterr().err
    assert set(secrets.asked) == {"DERIV_TOKEN"}


def test_colab_says_that_a_switch_is_off(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = Secrets("Colab", SecretNotFoundError)
    package = ModuleType("google.colab")
    package.userdata = secrets  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    secrets.stored = {"DERIV_TOKEN": NotebookAccessError("DERIV_TOKEN")}
    with pytest.raises(NoCredential, match="switch on Notebook access"):
        login()


def test_a_refusal_names_the_place_and_not_the_value(secrets: Secrets, login: Login, box: Sandbox) -> None:
    secrets.stored = {"DERIV_TOKEN": "pat_C4naryC4naryC4naryC4nary", "DERIV_APP_ID": box.options_app_id}
    with pytest.raises(SignInRefused) as refused:
        login()
    assert "C4nary" not in f"{refused.value!r} {refused.value.__notes__ if hasattr(refused.value, '__notes__') else ''}"


def test_arguments_and_environment_come_first(
    secrets: Secrets, login: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.stored = {"DERIV_TOKEN": "pat_another"}
    monkeypatch.setenv("DERIV_TOKEN", box.options_token("rich").token)
    monkeypatch.setenv("DERIV_APP_ID", box.options_app_id)
    assert login().loginid == "DOT900003"
    assert secrets.asked == []


def test_colabs_package_is_not_used_on_kaggle(login: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("google.colab")
    package.userdata = colab = Secrets("Colab", SecretNotFoundError)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    kaggle(monkeypatch).stored = {
        "DERIV_TOKEN": box.options_token("rich").token,
        "DERIV_APP_ID": box.options_app_id,
    }
    assert login().loginid == "DOT900003"
    assert colab.asked == []  # it would wait for an answer that never comes


def test_the_sandbox_asks_no_platform(secrets: Secrets, login: Login) -> None:
    session = dpyauth.login(sandbox=True)
    session.close()
    assert secrets.asked == []
