"""Test how the result of a check-up is shown, and that it contains nothing private: users paste it in public."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dpyauth
from dpyauth.__main__ import main
from dpyauth.checkup import Checkup, doctor
from dpyauth.checkup.asking import Asked
from dpyauth.checkup.check_rows import Row
from dpyauth.checkup.drift import Comparison, Finding
from dpyauth.checkup.result import replies_row
from dpyauth.credentials import access_token
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]

ROWS = [
    Row("Machine", "this", "ok", "fine"),
    Row("Machine", "that", "note", "so <b>so</b>", "Do that."),
    Row("Hosts", "one", "problem", "no way", "Do this."),
    Row("Hosts", "other", "problem", "no way either", "Do this."),
]


def compared() -> list[Asked]:
    came = Comparison()
    came.findings[Finding("data[].tier", "unknown field", "", "text")] += 3
    came.findings[Finding("data[].paid", "other type", "money", "list")] += 1
    came.absent.add("data.[].late")
    return [
        Asked("ping", "asked"),
        Asked("wallets", "asked", "", came),
        Asked("balance", "refused", "PermissionDenied"),
        Asked("buy", "left out", "changes something"),
        Asked("sell", "left out", "changes something"),
    ]


def test_the_text() -> None:
    text = str(Checkup(ROWS, compared(), now=1_795_000_000))
    assert text == repr(Checkup(ROWS, compared(), now=1_795_000_000))
    assert text.splitlines() == [
        "dpyauth doctor, 2026-11-18 11:06 UTC: 2 problems, 1 note",
        "",
        "Machine",
        "  ok       this: fine",
        "  note     that: so <b>so</b>",
        "           -> Do that.",
        "",
        "Hosts",
        "  problem  one: no way",
        "           -> Do this.",
        "  problem  other: no way either",
        "",
        "Calls",
        "  asked, 2: ping, wallets",
        "  refused (PermissionDenied), 1: balance",
        "  left out (changes something), 2",
        "",
        "Not as documented",
        "  wallets  data[].paid  other type: money -> list",
        "  wallets  data[].tier  unknown field: text (3 times)",
    ]


def test_the_page() -> None:
    page = Checkup(ROWS, compared())._repr_html_()
    assert "so &lt;b&gt;so&lt;/b&gt;" in page
    assert "<b>" not in page
    assert page.count("Do this.") == 1
    assert page.count("data[].tier") == 1
    assert "print(_)" in page


def test_the_frames() -> None:
    checkup = Checkup(ROWS, compared())
    assert checkup.problems == 2
    assert checkup.checks.columns.tolist() == ["group", "check", "result", "found", "advice"]
    assert checkup.calls["findings"].tolist() == [0, 2, 0, 0, 0]
    assert checkup.calls["not_seen"].tolist() == ["", "data[].late", "", "", ""]
    assert checkup.findings["times"].tolist() == [1, 3]
    empty = Checkup([], None)
    for frame, like in (
        (empty.checks, checkup.checks),
        (empty.calls, checkup.calls),
        (empty.findings, checkup.findings),
    ):
        assert len(frame) == 0
        assert frame.dtypes.to_dict() == like.dtypes.to_dict()


def test_the_plain_values_are_json() -> None:
    made = json.loads(json.dumps(Checkup(ROWS, compared()).to_dict()))
    assert made["problems"] == 2
    assert made["dpyauth"] == dpyauth.__version__
    assert made["checks"][1]["advice"] == "Do that."
    assert made["findings"][1] == {
        "call": "wallets",
        "field": "data[].tier",
        "finding": "unknown field",
        "documented": "",
        "found": "text",
        "times": 3,
    }


def test_unanswered_calls_are_counted() -> None:
    asked = [Asked("ping", "asked"), Asked("balance", "refused", "X"), Asked("time", "no answer", "CallTimeout")]
    assert replies_row(asked[:2], "Deriv")[2:4] == (
        "ok",
        "1 reply of Deriv compared with the catalog, all as documented; 1 refused",
    )
    assert replies_row(asked, "Deriv")[2:4] == (
        "note",
        "1 reply of Deriv compared with the catalog, all as documented; 1 refused; 1 no answer",
    )


# Private data


def everything(checkup: Checkup) -> str:
    frames = "".join(frame.to_csv() for frame in (checkup.checks, checkup.calls, checkup.findings))
    return f"{checkup}{checkup!r}{checkup._repr_html_()}{json.dumps(checkup.to_dict())}{frames}{vars(checkup)}"


@pytest.fixture
def jane(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Set up a user with a recognisable name, home, token and proxy; return the words to look for."""
    home = tmp_path / "home-of-janedoe"
    home.mkdir()
    roots = home / "roots.pem"
    roots.write_text("no certificate")
    for name, value in {
        "HOME": str(home),
        "USER": "janedoe",
        "LOGNAME": "janedoe",
        "JUPYTERHUB_USER": "janedoe",
        "JPY_SESSION_NAME": f"{home}/secret-plan.ipynb",
        "SSL_CERT_FILE": str(roots),
        "SSL_CERT_DIR": str(home),
        "HTTPS_PROXY": "http://janedoe:C4nary@proxy.example.com:3128",
        "NO_PROXY": "intranet.example.com,127.0.0.1",
        "DERIV_TOKEN": "pat_C4naryC4naryC4nary",
        "DERIV_APP_ID": "33C4naryApp",
        "SSH_CONNECTION": "10.9.8.7 22 10.9.8.6 22",
    }.items():
        monkeypatch.setenv(name, value)
    return ["janedoe", "C4nary", "secret-plan", "intranet", "10.9.8", str(tmp_path), platform.node() or "C4nary"]


def test_the_result_contains_no_name_home_or_secret(jane: list[str], box: Sandbox) -> None:
    assert getpass.getuser() == "janedoe"
    said = everything(doctor(server=box.rest))
    assert [word for word in jane if word in said] == []


def test_the_result_contains_no_values_of_replies(box: Sandbox, open_options: Open, open_session: Open) -> None:
    for session in (open_options("rich"), open_session()):
        said = everything(doctor(session, replies=True))
        for values in (session.accounts(), session.balance()):
            for value in values.astype("string").stack().dropna():
                if re.fullmatch(r"[A-Z]{2,4}\d{6,}|\d+\.\d\d|.*@.*", value):
                    assert value not in said
        assert session.loginid not in said
        assert "DOT" not in said
        assert "CR9" not in said
        assert "@" not in said.replace("@jupyter", "")


def test_the_result_contains_no_token_repeated_by_a_reply_or_an_error(box: Sandbox, open_options: Open) -> None:
    token = box.options_token("rich").token
    session = open_options(access_token(token, "a test"))

    def repeat(reply: dict[str, Any]) -> None:
        for row in reply.get("data", []):
            row.update({token: token, "status": token, "name": "Jane Doe"})

    box.faults.edit(repeat, "get_accounts")
    box.faults.error(token, "time", message=token)
    box.faults.http(500, "account_nickname", body=f'{{"errors":[{{"code":"{token}","message":"{token}"}}]}}', times=9)
    said = everything(doctor(session, replies=["get_accounts", "time", "account_nickname"]))
    for word in (token, token[4:20], "Jane"):
        assert word not in said


# The command line


def run(*arguments: str) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "dpyauth", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout


def test_the_command_line() -> None:
    code, said = run("doctor", "--sandbox", "--replies")
    assert code == 0
    assert "all as documented" in said
    assert "DOT9" not in said


def test_the_command_line_as_json_and_only_some_calls() -> None:
    code, said = run("doctor", "--sandbox", "--json", "--api", "v3", "--replies", "balance", "time")
    made = json.loads(said)
    assert (code, made["problems"]) == (0, 0)
    assert [call["call"] for call in made["calls"]] == ["balance", "time"]


def test_a_problem_is_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--server", "http://127.0.0.1:9"]) == 1
    assert "nothing answers at that address" in " ".join(capsys.readouterr().out.split())


def test_invalid_options_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--replies", "--profile", "nobody"]) == 2
    assert "DERIV_TOKEN" in capsys.readouterr().err
    assert main(["doctor", "--sandbox", "--oauth-host", "http://127.0.0.1:9"]) == 2
    assert "--oauth-host cannot be used with" in capsys.readouterr().err
    assert main(["doctor", "--server", "nonsense"]) == 2
    assert "address like" in capsys.readouterr().err


def test_the_command_signs_in_with_the_token_in_the_environment(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = box.options_token("rich").token
    monkeypatch.setenv("DERIV_TOKEN", token)
    monkeypatch.setenv("DERIV_APP_ID", box.options_app_id)
    assert main(["doctor", "--server", box.rest, "--replies", "get_accounts"]) == 0
    out, err = capsys.readouterr()
    assert "1 reply of the sandbox compared with the catalog, all as documented" in " ".join(out.split())
    for word in (token, "ROT9", "DOT9", box.options_app_id):
        assert word not in out + err


def test_an_interrupt_shows_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dpyauth.checkup.doctor", interrupt)
    assert main(["doctor"]) == 130


def test_a_closed_pipe() -> None:
    """As behind a pipe to a program that has stopped reading."""
    reads, writes = os.pipe()
    os.close(reads)
    ran = subprocess.run(
        [sys.executable, "-m", "dpyauth", "doctor", "--server", "http://127.0.0.1:9"],
        stdout=writes,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    os.close(writes)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_an_output_encoding_without_some_characters() -> None:
    """As on Windows, where output to a file has an old encoding."""
    code = "import sys; from dpyauth.__main__ import main; sys.exit(main(['doctor', '--server', 'http://127.0.0.1:9']))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={"PATH": "", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(dpyauth.__file__).parents[1])},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert b"dpyauth doctor" in ran.stdout
