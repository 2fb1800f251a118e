"""Test the page of a report in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import dpyauth
from dpyauth.registry import APIS


@pytest.mark.browser
@pytest.mark.parametrize("api", APIS)
def test_a_report_can_be_read_by_anyone(
    api: str, faults: Callable[[Path], list[object]], tmp_path: Path, nothing_left: None
) -> None:
    dpyauth.export(dpyauth.login(sandbox=True, api=api), tmp_path / "report")
    assert faults(tmp_path / "report" / "index.html") == []
