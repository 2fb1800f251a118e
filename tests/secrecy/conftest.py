"""Log everything, and interrupt waiting calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from canaries import everything_logged


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with everything_logged(caplog) as log:
        yield log


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt every wait."""

    def interrupt(future: Any, timeout: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dpyauth.session.blocking.result_of", interrupt)
