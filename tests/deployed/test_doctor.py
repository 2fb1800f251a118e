"""The installed command, behind a company proxy, at Deriv's own names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from front import DERIV, Front
from talk import PATIENCE, User


def doctor(release: Path, env: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """Run the command; return its exit status and what it said."""
    command = [release / "bin" / "dpyauth", "doctor", "--json", *arguments]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert not ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_all_is_well(release: Path, around: dict[str, str], front: Front, user: User) -> None:
    """Also what a token of either API brings."""
    code, said = doctor(release, {**around, **user.env}, "--replies")
    assert (code, said["problems"], said["findings"]) == (0, 0, [])
    asked = [check for check in said["checks"] if "a round trip" in check["found"]]
    assert [check["result"] for check in asked] == ["ok"] * 5
    assert {host for host, _ in front.asked} == set(DERIV)
    assert sum(call["outcome"] == "asked" for call in said["calls"]) > 15
    for word in (user.env["DERIV_TOKEN"], user.loginid, around["HOME"]):
        assert word not in json.dumps(said)


def test_a_file_of_certificates_that_is_not_there(release: Path, around: dict[str, str], front: Front) -> None:
    code, said = doctor(release, {**around, "SSL_CERT_FILE": f"{around['HOME']}/gone.pem"})
    assert code == 1
    found = {check["check"]: check for check in said["checks"]}
    assert found["trusted certificates"]["found"] == "SSL_CERT_FILE names a file that does not exist"
    assert found["api.derivws.com, calls over HTTP"]["result"] == "problem"
    assert around["HOME"] not in json.dumps(said)
