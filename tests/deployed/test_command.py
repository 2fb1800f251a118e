"""The installed command, behind a company proxy, at Deriv's own names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from talk import PATIENCE, User

from dpyauth.sandbox import Sandbox


def command(release: Path, env: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of the user's."""
    ran = [release / "bin" / "dpyauth", *arguments]
    return subprocess.run(
        ran, env=env, cwd=env["HOME"], input=given, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_signing_in_and_looking(release: Path, around: dict[str, str], user: User, box: Sandbox) -> None:
    """With a token that another program hands over; then it is remembered, until it is forgotten."""
    app = ["--app-id", user.env["DERIV_APP_ID"]] if "DERIV_APP_ID" in user.env else ["--api", "v3"]
    token = user.env["DERIV_TOKEN"]
    ran = [
        command(release, around, "login", "--with-token", *app, given=f"{token}\n"),
        command(release, around, "whoami", "--json"),
        command(release, around, "status", "--json"),
        command(release, around, "balance"),
        command(release, around, "forget"),
        command(release, around, "whoami"),
    ]
    assert [each.returncode for each in ran] == [0, 0, 0, 0, 0, 1], [each.stderr for each in ran]
    who, status = (json.loads(each.stdout) for each in ran[1:3])
    assert (who["loginid"], who["api"], who["sandbox"]) == (user.loginid, user.api, False)
    assert status[0]["loginid"] == user.loginid
    assert token not in "".join(each.stdout + each.stderr for each in ran)


def test_the_lessons_are_in_the_wheel(release: Path, around: dict[str, str]) -> None:
    ran = command(release, around, "lessons", "--no-open", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    said = json.loads(ran.stdout)
    assert "01-sign-in-and-account-status.ipynb" in said["copied"]
    assert all(Path(said["folder"], name).is_file() for name in said["copied"])
