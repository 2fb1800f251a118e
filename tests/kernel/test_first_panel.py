"""The sign-in panel is there soon after the first cell of a new kernel: nothing is done before that can wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Kernel

pytestmark = pytest.mark.kernel

LATER = ("dpyauth.frames", "dpyauth.sandbox", "httpx", "jsonschema", "keyring", "oauthlib", "pandas", "websockets")


@pytest.fixture
def panel(kernel: Kernel) -> str:
    """The panel of a new kernel's first cell."""
    outcome = kernel.run("import dpyauth; session = dpyauth.login()", allow_stdin=True)
    assert not outcome.error, outcome
    return outcome.panel


@pytest.mark.usefixtures("panel")
def test_what_is_not_needed_yet_is_not_imported(kernel: Kernel) -> None:
    assert kernel.value(f"__import__('sys').modules.keys() & set({LATER})") == "set()"


def test_what_it_shows_comes_whole_and_once(kernel: Kernel, panel: str) -> None:
    told = [message for message in kernel.heard if message["content"].get("comm_id") == panel]
    assert [message["msg_type"] for message in told] == ["comm_open"]
    assert {"_esm", "_css", "texts", "view"} <= told[0]["content"]["data"]["state"].keys()
