"""Serve Deriv's own names behind TLS and a proxy on this machine, so that no request leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import certificates as certs
import pytest
from front import DERIV, Front

from dpyauth.sandbox import Sandbox


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the limit for slow answers, because these tests may run on a busy machine."""
    monkeypatch.setattr("dpyauth.checkup.hosts.SLOW", 60.0)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certs.make(folder)
    return folder


@pytest.fixture
def box(nothing_left: None) -> Iterator[Sandbox]:
    """Run a sandbox that also answers to Deriv's names."""
    with Sandbox(limits=None, hosts=DERIV) as box:
        yield box


@pytest.fixture
def front(box: Sandbox, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """Run a proxy that leads Deriv's names to the sandbox."""
    with Front(box.port, certificates) as running:
        monkeypatch.setenv("HTTPS_PROXY", running.address)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "roots.pem"))
        yield running
        assert running.refused == set()
    box.faults.clear()
