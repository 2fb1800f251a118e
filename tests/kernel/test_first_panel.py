"""The sign-in panel appears soon after the first cell of a new kernel: everything that can wait is done later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Kernel

pytestmark = pytest.mark.kernel

LATER = ("dpyauth.frames", "dpyauth.sandbox", "httpx", "jsonschema", "keyring", "oauthlib", "pandas", "websockets")


@pytest.fixture
def panel(kernel: Kernel) -> str:
    """Run the first cell of a new kernel; return its panel."""
    outcome = kernel.run("import dpyauth; session = dpyauth.login()", allow_stdin=True)
    assert not outcome.error, outcome
    return outcome.panel


@pytest.mark.usefixtures("panel")
def test_packages_that_are_not_needed_yet_are_not_imported(kernel: Kernel) -> None:
    assert kernel.value(f"__import__('sys').modules.keys() & set({LATER})") == "set()"


def test_the_state_of_the_panel_is_sent_whole_and_once(kernel: Kernel, panel: str) -> None:
    told = [message for message in kernel.heard if message["content"].get("comm_id") == panel]
    assert [message["msg_type"] for message in told] == ["comm_open"]
    assert {"_esm", "_css", "texts", "view"} <= told[0]["content"]["data"]["state"].keys()
