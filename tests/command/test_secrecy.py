"""No command prints a secret, whatever Deriv answers and however the command ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from canaries import PAT, clean
from terminals import Run

from dpyauth.sandbox import Sandbox

COMMANDS = {
    "status": ["status"],
    "status of all": ["status", "--detail", "--account", "all"],
    "accounts": ["accounts"],
    "balance": ["balance", "--account", "all"],
    "whoami": ["whoami"],
    "doctor": ["doctor", "--replies", "get_accounts", "account_nickname"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_token_repeated_by_replies_and_errors(signed_in: Run, box: Sandbox, tmp_path: Path, name: str) -> None:
    token = box.options_token("rich").token
    arguments = [each.replace("FOLDER", str(tmp_path / "report")) for each in COMMANDS[name]]

    def repeat(reply: dict[str, Any]) -> None:
        for row in reply.get("data", []):
            if isinstance(row, dict):
                row.update({"currency": token, "status": token, "name": token, token: token})

    for form in ([], ["--json"]):
        box.faults.edit(repeat, "get_accounts")
        said = signed_in(*arguments, *form)
        assert said.status in (0, 1)
        assert said.out
        for part in (token, token[4:30]):
            assert part not in said.out + said.err
        box.faults.clear()
        box.faults.http(400, "get_accounts", body=f'{{"errors":[{{"code":"{token}","message":"{token}"}}]}}', times=9)
        said = signed_in(*arguments, *form)
        assert said.status in (1, 2)
        for part in (token, token[4:30]):
            assert part not in said.out + said.err
        box.faults.clear()


@pytest.mark.parametrize("command", ["whoami", "status", "doctor --replies"])
def test_an_invalid_token(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    for token in ("C4nary t0ken", "C4nary\x1b[2Jt0ken", "ory_rt_C4naryt0ken", "a1-C4naryt0ken"):
        monkeypatch.setenv("DERIV_TOKEN", token)
        monkeypatch.setenv("DERIV_API", "options")
        said = run(*command.split(), "--app-id", "33abc")
        assert said.status in (1, 2)
        assert said.err
        assert "C4nary" not in said.out + said.err


@pytest.mark.parametrize("command", ["login TOKEN", "TOKEN", "status --api TOKEN", "export x --format TOKEN"])
def test_a_token_on_the_command_line_is_not_repeated(run: Run, command: str) -> None:
    for token in (PAT, "ory_at_C4naryt0ken", "a1-C4naryt0ken"):
        said = run(*command.replace("TOKEN", token).split())
        assert said.status in (1, 2)
        assert said.err
        clean(said.out + said.err)
