"""The short run of the fault suite with the installed wheel, where Deriv is behind TLS and a company proxy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import chaos
import installed
import pytest
from talk import PATIENCE

FAULTS = 200


@pytest.mark.parametrize("seed", [7, 8])
def test_a_short_run_is_clean(release: Path, certificates: Path, tmp_path: Path, seed: int) -> None:
    how = {"faults": FAULTS, "sessions": 8, "seed": seed, "seconds": 20, "rate": 20, "tls": certificates}
    options = [f"--{name}={value}" for name, value in how.items()]
    command = [installed.python(release), "-E", "-s", chaos.__file__, *options]
    ended = subprocess.run(
        command, cwd=tmp_path, env={}, capture_output=True, text=True, timeout=4 * PATIENCE, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    figures = dict(figure.rsplit(" ", 1) for figure in ended.stdout.partition(" (")[0].split(", "))
    assert int(figures["faults"]) > FAULTS / 2
    assert int(figures["replies"]) > int(figures["calls"]) / 2
    assert int(figures["retried reads"]) > 0
