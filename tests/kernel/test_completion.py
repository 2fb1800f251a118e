"""Test Tab completion as a front end requests it from a kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Kernel

pytestmark = pytest.mark.kernel

SIGN_IN = "import dpyauth.completion; session = dpyauth.login(sandbox=True, api='v3'); dpyauth.completion.install()"


def asked(kernel: Kernel, code: str) -> tuple[list[str], str]:
    """Return what is offered at the end of some code, and the text that it replaces."""
    reply = kernel.client.complete(code, reply=True, timeout=30)["content"]
    assert reply["status"] == "ok"
    return reply["matches"], code[reply["cursor_start"] : reply["cursor_end"]]


def test_tab_completes_calls_and_fields(
    kernel: Kernel, ipykernel: Path | None, eventually: Callable[..., None]
) -> None:
    assert not kernel.run(SIGN_IN).error
    assert asked(kernel, 'session.call("get_li') == (["get_limits"], "get_li")
    assert asked(kernel, "x = await session.aio.frame('get_se") == (["get_self_exclusion", "get_settings"], "get_se")
    assert asked(kernel, 'a = 1\nsession.call(\n    "statement",\n    li') == (["limit="], "li")
    fields, written = asked(kernel, 'session.frame("exchange_rates", ')
    assert (fields[0], written) == ("base_currency=", "")
    assert "account=" in fields
    assert "session" not in fields
    everything, written = asked(kernel, 'session.help("')
    assert written == ""
    assert {"balance", "p2p_order_list"} <= set(everything)
    # IPython gives up its own completion after a moment, which may be too short on a busy machine.
    eventually(lambda: any(name.endswith("balance") for name in asked(kernel, "session.bal")[0]))
    assert kernel.value("session.call('ping')['ping']") == "'pong'"
