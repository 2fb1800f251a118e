"""Test `login`, `whoami` and `forget`: at a prompt, in a pipe, and without anything to sign in with."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminals import Dialogue, Run

from dpyauth import _terminal, storage
from dpyauth.sandbox import Sandbox


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a text to standard input, as another program does."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture
def login(box: Sandbox, run: Run, handed: Callable[[str], None]) -> Callable[..., Any]:
    """Sign in with a token from another program."""

    def login_one(*arguments: str, token: str = "") -> Any:
        handed(f"{token or box.options_token('rich').token}\n")
        return run("login", "--with-token", "--app-id", box.options_app_id, "--server", box.rest, *arguments)

    return login_one


def test_at_the_prompt(box: Sandbox, home: Path) -> None:
    """The token is not echoed; then it is remembered, and the other commands use it."""
    token = box.options_token("rich").token
    with Dialogue("login", "--server", box.rest) as asked:
        asked.answer("App ID: ", f"{box.options_app_id}\n")
        asked.wait_for("(hidden")
        assert not asked.echoes
        asked.answer("): ", f"{token}\n")
        assert asked.end() == 0
    assert box.options_app_id in asked.seen
    assert token not in asked.seen
    assert "Signed in: DOT900003 (demo, USD)." in asked.seen
    assert "kept in the file ~/config/dpyauth/credentials.json" in " ".join(asked.seen.split())
    (kept,) = home.rglob("credentials.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with Dialogue("whoami", "--server", box.rest) as told:
        assert told.end() == 0
    assert "DOT900003 (demo, USD)" in told.seen
    assert token not in told.seen


@pytest.mark.parametrize("at", ["App ID: ", "): "])
@pytest.mark.parametrize("key", ["Ctrl+C", "Ctrl+D"])
def test_leaving_a_prompt(box: Sandbox, at: str, key: str) -> None:
    more = [] if at == "App ID: " else ["--app-id", box.options_app_id]
    with Dialogue("login", "--server", box.rest, *more) as asked:
        if key == "Ctrl+C":
            assert asked.interrupt(at) == 130
        else:
            asked.answer(at, "\x04")
            assert asked.end() == 1
        assert asked.echoes
    assert ("Interrupted" if key == "Ctrl+C" else "The input ended") in asked.seen
    assert "Traceback" not in asked.seen
    assert storage.remembered() == []


def test_questions_stay_on_the_screen_when_the_result_goes_to_a_file(box: Sandbox, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    with Dialogue("login", "--json", "--server", box.rest, out=result) as asked:
        asked.answer("App ID: ", f"{box.options_app_id}\n")
        asked.answer("): ", f"{box.options_token('rich').token}\n")
        assert asked.end() == 0
    assert json.loads(result.read_text())["loginid"] == "DOT900003"


def test_a_token_from_another_program(login: Callable[..., Any], run: Run, box: Sandbox) -> None:
    said = login("--json")
    assert said.status == 0
    assert said.json == {
        "profile": "default",
        "loginid": "DOT900003",
        "kind": "demo",
        "currency": "USD",
        "accounts": ["ROT900001", "DOT900003"],
        "api": "options",
        "api_title": "Deriv's current API",
        "sandbox": True,
        "scopes": None,
        "source": "the token passed to login()",
        "expires": None,
        "kept_in": "the file ~/config/dpyauth/credentials.json",
    }
    told = run("whoami", "--json", "--server", box.rest).json
    assert told["source"] == "the sign-in remembered in the file ~/config/dpyauth/credentials.json"
    assert told["loginid"] == "DOT900003"


def test_the_account_that_was_named_is_the_one_that_is_remembered(
    login: Callable[..., Any], run: Run, box: Sandbox
) -> None:
    login("--account", "ROT900001")
    assert run("balance", "--json", "--server", box.rest).json[0]["loginid"] == "ROT900001"


def test_a_token_that_deriv_refuses_is_not_remembered(login: Callable[..., Any]) -> None:
    said = login(token="pat_" + "c0ffee51" * 8)
    assert (said.status, said.out) == (1, "")
    assert "Deriv does not accept this token" in said.err
    assert "c0ffee51" not in said.err
    assert storage.remembered() == []


def test_a_remembered_token_that_deriv_takes_no_longer(login: Callable[..., Any], run: Run, box: Sandbox) -> None:
    login()
    box.faults.revoke(box.options_token("rich").token)
    said = run("whoami", "--server", box.rest)
    assert (said.status, said.out) == (1, "")
    assert "`dpyauth forget` removes it" in said.err


@pytest.mark.parametrize("token", ["two words", "pat_" + "c0ffee51" * 8])
def test_a_token_in_the_environment_that_is_wrong(signed_in: Run, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("DERIV_TOKEN", token)
    said = signed_in("whoami")
    assert (said.status, said.out) == (1, "")
    assert said.err.endswith("The token comes from the environment variable DERIV_TOKEN.\n")
    assert token not in said.err


def test_messages_name_the_profile_and_server_for_other_commands(
    login: Callable[..., Any], run: Run, box: Sandbox
) -> None:
    named = f"--profile alice --server {box.rest}"
    told = run("whoami", *named.split()).err
    assert "You are not signed in with the profile alice." in told
    assert f"`dpyauth login {named}`" in told
    assert f"`dpyauth status {named}`" in login("--profile", "alice").err


@pytest.mark.parametrize("token", ["", "\n", "two words", "\x1b[A"])
def test_an_invalid_token(login: Callable[..., Any], box: Sandbox, token: str) -> None:
    said = login(token=token or " ")
    assert said.status == 1
    assert "token" in said.err
    assert box.connections_opened == 0


def test_there_is_no_option_for_the_token(run: Run) -> None:
    said = run("login", "--token", "C4nary-token")
    assert said.status == 2
    assert "C4nary" not in said.err
    assert "shell's history" in " ".join(run("login", "--help").out.split())


def test_with_token_waits_for_no_typing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_terminal, "is_terminal", lambda stream: stream is sys.stdin)
    said = run("login", "--with-token")
    assert said.status == 2
    assert "another program" in said.err


def test_a_home_that_cannot_be_written_to(login: Callable[..., Any], home: Path) -> None:
    (home / "config").write_text("a file where the folder would be")
    said = login()
    assert said.status == 1
    assert "Set the environment variables DERIV_APP_ID and DERIV_TOKEN" in " ".join(said.err.split())


def test_with_token_reports_missing_input(run: Run, handed: Callable[[str], None]) -> None:
    handed("\n")
    said = run("login", "--with-token", "--app-id", "33app")
    assert said.status == 1
    assert "passed no token" in said.err


def test_without_a_terminal_nothing_is_asked(run: Run, handed: Callable[[str], None]) -> None:
    handed("33app\npat_token\n")
    said = run("login")
    assert said.status == 1
    assert "--with-token" in said.err


@pytest.mark.parametrize("command", ["whoami", "status", "accounts", "balance", "export there"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_without_a_sign_in_the_commands_say_how_to_sign_in(run: Run, command: str, form: list[str]) -> None:
    said = run(*command.split(), *form)
    assert (said.status, said.out) == (1, "")
    for words in ("`dpyauth login`", "DERIV_TOKEN", "--sandbox"):
        assert words in said.err


def test_the_environment_comes_first_and_login_says_so(login: Callable[..., Any], signed_in: Run, box: Sandbox) -> None:
    assert "DERIV_TOKEN is also set" in login().err
    assert signed_in("whoami", "--json").json["source"] == "the environment variable DERIV_TOKEN"


def test_forgetting(login: Callable[..., Any], run: Run, box: Sandbox) -> None:
    assert run("forget").out == "No sign-in was remembered, so there was nothing to remove.\n"
    login()
    assert run("forget", "--json").json == {"forgotten": [f"default@{box.rest}"]}
    login()
    login("--profile", "alice")
    said = run("forget")
    assert (said.status, said.out) == (2, "")
    assert "--all" in said.err
    assert run("forget", "--profile", "alice", "--server", box.rest).status == 0
    assert storage.remembered() == [f"default@{box.rest}"]
    login("--profile", "alice")
    assert run("forget", "--all").status == 0
    assert storage.remembered() == []
    assert run("forget", "--all", "--profile", "alice").status == 2


def test_forgetting_a_damaged_file(login: Callable[..., Any], run: Run, home: Path, box: Sandbox) -> None:
    login()
    (kept,) = home.rglob("credentials.json")
    kept.write_text("nonsense")
    said = run("whoami", "--server", box.rest)
    assert said.status == 1
    assert "run `dpyauth forget` to remove it" in said.err
    assert run("forget").status == 0
    assert not kept.exists()
