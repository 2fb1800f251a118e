"""Test asyncio.run inside cells, for users whose own code needs it: no cell is lost, and the session is unaffected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Kernel

pytestmark = pytest.mark.kernel

BEGIN = """
import asyncio, sys
import dpyauth
from dpyauth.net.loop import background
session = dpyauth.login(sandbox=True)
before = (id(session.core.connection), id(background._loop), type(background._loop).__name__)
dpyauth.allow_nested_asyncio()
"""
OWN_CODE = """
async def work(number):
    await asyncio.sleep(0.05)
    return number * 2
asyncio.run(work({number}))
"""


def test_every_queued_cell_runs(kernel: Kernel, ipykernel: Path | None) -> None:
    cells = [BEGIN, *(OWN_CODE.format(number=number) for number in range(7))]
    outcomes = [kernel.outcome(sent) for sent in [kernel.queue(cell) for cell in cells]]
    assert [outcome.error for outcome in outcomes] == [""] * 8
    assert outcomes[0].result == "'nest-asyncio2'"  # dpyauth depends on it, and it works on the old kernel too
    assert [outcome.result for outcome in outcomes[1:]] == [str(number * 2) for number in range(7)]
    after = "(id(session.core.connection), id(background._loop), type(background._loop).__name__)"
    assert kernel.value(f"{after} == before") == "True"
    assert kernel.value("session.health()['reconnects'], session.state") == "(0, 'signed in')"
    assert kernel.value("session.balance().loginid.item()") == "'DOT900003'"
    assert kernel.value("(await session.aio.call('ping'))['ping']") == "'pong'"


def test_the_sessions_awaitables_work_inside_a_nested_loop(kernel: Kernel) -> None:
    assert not kernel.run(BEGIN).error
    cells = [
        f"asyncio.run(session.aio.call('ping', passthrough={{'n': {n}}}))['echo_req']['passthrough']" for n in range(7)
    ]
    outcomes = [kernel.outcome(sent) for sent in [kernel.queue(cell) for cell in cells]]
    assert [outcome.result for outcome in outcomes] == [f"{{'n': {n}}}" for n in range(7)]


def test_without_the_patch_such_code_fails_with_pythons_own_error(kernel: Kernel) -> None:
    assert not kernel.run("import dpyauth; session = dpyauth.login(sandbox=True); import asyncio").error
    assert kernel.run(OWN_CODE.format(number=1)).error == "RuntimeError"
    assert kernel.value("session.call('ping')['ping']") == "'pong'"


def test_without_a_safe_package_it_refuses_and_patches_nothing(kernel: Kernel) -> None:
    refused = kernel.run(
        "import asyncio, dpyauth.nested\n"
        "dpyauth.nested.version_numbers = lambda package: (7, 4) if package == 'ipykernel' else ()\n"
        "dpyauth.allow_nested_asyncio()"
    )
    assert refused.error == "NestingRefused"
    assert "nest-asyncio2>=1.7.3" in "\n".join(refused.traceback)
    assert kernel.run(OWN_CODE.format(number=1)).error == "RuntimeError"
