"""A short chaos run is clean, and what it counts can be counted."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import chaos
import client
import pytest
from client import Client, Figures, Tally

from dpyauth.catalog.calls import Call
from dpyauth.net import protocol
from dpyauth.net.pending import PendingCalls
from dpyauth.net.retries import Retries
from dpyauth.session import Session

pytestmark = pytest.mark.usefixtures("nothing_left")

SEED = 7


def short(faults: int = 60, sessions: int = 6, seed: int = SEED) -> Figures:
    """A run of a few seconds."""
    tally = chaos.run(faults, sessions, seed, seconds=20.0, rate=20.0)
    print(tally.figures, *tally.notes, sep="\n")
    return tally.figures


def found(figure: str, **options: int) -> Figures:
    """The first of a few runs that finds something: what a run meets depends on the machine's load, too."""
    for seed in range(SEED, SEED + 4):
        figures = short(seed=seed, **options)
        if getattr(figures, figure):
            break
    return figures


def test_a_short_run_is_clean() -> None:
    figures = short(200, 8)
    assert figures.is_good
    assert figures.faults == 200
    assert figures.calls > figures.faults
    assert figures.replies > figures.calls / 2
    assert figures.typed_errors > 0
    assert figures.retried_reads > 0


def test_a_client_that_repeats_changes_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Call, "changes_with", lambda self, fields: False)
    figures = found("repeated_writes")
    assert figures.repeated_writes > 0
    assert not figures.is_good


def test_a_client_that_mixes_up_replies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PendingCalls, "get", lambda self, req_id: next(iter(self), None))
    monkeypatch.setattr(protocol, "belongs", lambda *said: True)  # else what a reply says of itself would save it
    figures = found("wrong_replies", faults=10)
    assert figures.wrong_replies > 0
    assert not figures.is_good


def test_a_client_that_forgets_its_streams_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 2.0)
    monkeypatch.setattr(Retries, "reopen_all", lambda self, now: None)
    figures = found("lost_streams")
    assert figures.lost_streams > 0
    assert not figures.is_good


def test_a_client_that_waits_for_ever_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.5)
    monkeypatch.setattr(client, "GRACE", 0.5)
    monkeypatch.setattr(Client, "_one", lambda self, session: None)  # would really wait for ever
    monkeypatch.setattr(Client, "_listen", lambda self, session: None)
    monkeypatch.setattr(PendingCalls, "expire", lambda self, now, **more: None)
    figures = found("hangs")
    assert figures.hangs > 0
    assert not figures.is_good


def test_a_client_that_never_leaves_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[Session] = []
    with monkeypatch.context() as broken:
        broken.setattr(Session, "close", lambda self: left.append(self))
        figures = short(faults=1)
    for session in left:
        session.close()
    assert figures.leaked_threads == 1  # all connections share it
    assert figures.leaked_sockets > 0
    assert not figures.is_good


def test_an_error_of_no_known_kind_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Session, *args: Any, **more: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(Session, "call", fail)
    assert short(faults=1).other_errors > 0


@pytest.mark.parametrize("figure", [field.name for field in dataclasses.fields(Figures)])
def test_what_may_not_happen(figure: str) -> None:
    harmless = {"faults", "calls", "replies", "typed_errors", "retried_reads"}
    assert Figures(**{figure: 1}).is_good == (figure in harmless)


def test_as_a_script() -> None:
    script = Path(chaos.__file__)
    command = [sys.executable, str(script), "--faults", "3", "--sessions", "2", "--seconds", "5"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(ended.stdout.splitlines()) == 1
    assert ended.stdout.startswith("faults 3, calls ")


def test_a_client_that_dies_is_counted() -> None:
    tally = Tally()
    Client(0, SEED, None, None, tally).run()  # type: ignore[arg-type]
    assert tally.figures.other_errors == 1
