"""Test sessions in kernels: queued cells, blocking cells, interrupts, restarts, and messages of panels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from dpyauth.sandbox import Sandbox

if TYPE_CHECKING:
    from conftest import Kernel, Outcome

pytestmark = pytest.mark.kernel

READ_ONLY = "sandbox-rich-read"
ALL = "sandbox-rich-all"


def login(box: Sandbox, token: str = ALL) -> str:
    """Return a cell that signs in to a sandbox in another process."""
    return f"import dpyauth\nsession = dpyauth.login({token!r}, server={box.url!r}, app_id={box.app_id})"


def asked(box: Sandbox, call: str, times: int = 1) -> bool:
    return box.wait_until(lambda box: sum(each.call == call for each in box.received) >= times, timeout=30)


def test_the_kernel_has_the_expected_version(kernel: Kernel, ipykernel: Path | None) -> None:
    version = kernel.value("import ipykernel; ipykernel.__version__")
    assert version.startswith("'6.31." if ipykernel else "'7.")


def test_seven_cells_queued_at_once(kernel: Kernel) -> None:
    """Run All sends all cells at once. Nested event loops lose some of them, so a session must not need nesting."""
    cells = [
        "import dpyauth; session = dpyauth.login(sandbox=True); session.loginid",
        "session.account_status().loginid.tolist()",
        "session.call('ping')['ping']",
        "await session.aio.call('ping') and 'awaited'",
        "session.balance().currency.tolist()[0]",
        "session.call('portfolio')['msg_type']",
        "session.state",
    ]
    outcomes = [kernel.outcome(sent) for sent in [kernel.queue(cell, allow_stdin=True) for cell in cells]]
    assert [outcome.error for outcome in outcomes] == [""] * 7
    assert [outcome.result for outcome in outcomes] == [
        "'DOT900003'",
        "['DOT900003']",
        "'pong'",
        "'awaited'",
        "'USD'",
        "'portfolio'",
        "'signed in'",
    ]
    assert outcomes[0].panel


@pytest.mark.slow
def test_connection_outlives_a_cell_that_blocks(start: Callable[..., Kernel], box: Sandbox) -> None:
    """75 s is longer than a server's ping interval and timeout together: too long for a blocked event loop."""
    kernel = start()
    assert not kernel.run(login(box)).error
    assert not kernel.run("import time; time.sleep(75)", timeout=90).error
    assert kernel.value("session.state") == "'signed in'"
    assert kernel.value("session.call('balance')['balance']['loginid']") == "'CR900001'"
    assert box.connections_opened == 1


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("session.call('balance')", "KeyboardInterrupt"),
        # ipykernel ends every awaiting cell with this error.
        ("await session.aio.call('balance')", "CancelledError"),
    ],
)
def test_interrupt_frees_the_cell_and_keeps_the_connection(kernel: Kernel, box: Sandbox, cell: str, error: str) -> None:
    assert not kernel.run(login(box)).error
    box.faults.swallow("balance")
    waiting = kernel.queue(cell)
    assert asked(box, "balance")
    kernel.manager.interrupt_kernel()
    stopped = kernel.outcome(waiting, timeout=5)
    assert stopped.error == error
    ends_in_the_cell(stopped)
    assert kernel.value(f"({cell})['balance']['loginid']") == "'CR900001'"
    assert box.connections_opened == 1


def ends_in_the_cell(outcome: Outcome, lines: int = 8) -> None:
    """Check that the traceback of an error ends at the line of the cell and the message."""
    shown = "\n".join(outcome.traceback)
    assert "dpyauth/" not in shown
    assert "Cell" in shown or "of the cell" in shown
    assert len(shown.splitlines()) <= lines, shown


def test_tracebacks_end_in_the_cell(kernel: Kernel, box: Sandbox) -> None:
    assert not kernel.run(login(box)).error
    box.faults.error("Odd", "get_limits")
    wrong = [
        "session.call('blance')",
        "session.call('get_limits')",
        "await session.aio.call('blance')",
        "session.statement(since='yesterday')",
        "session.stream('ping')",
        "session.use('CR9')",
        "session.help('blance')",
        "dpyauth.export(session, 'report', format='xml')",
        "dpyauth.login('a b')",
        "dpyauth.fleet({})",
    ]
    for cell in wrong:
        outcome = kernel.run(f"try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass\n{cell}")
        assert outcome.error, cell
        ends_in_the_cell(outcome, lines=11)
    box.faults.swallow("statement")
    history = kernel.queue("session.statement()")
    assert asked(box, "statement")
    kernel.manager.interrupt_kernel()
    stopped = kernel.outcome(history, timeout=5)
    ends_in_the_cell(stopped)
    assert "Nothing had arrived yet" in "".join(stopped.traceback)
    again = kernel.run("%tb")
    assert "dpyauth/" not in again.output + "".join(again.traceback)


def test_interrupt_during_login(kernel: Kernel, box: Sandbox) -> None:
    box.faults.stall("authorize")
    waiting = kernel.queue(login(box))
    assert asked(box, "authorize")
    kernel.manager.interrupt_kernel()
    assert kernel.outcome(waiting, timeout=10).error == "KeyboardInterrupt"
    assert not kernel.run(login(box)).error
    assert kernel.value("session.state") == "'signed in'"


def test_restart_starts_afresh_and_leaves_nothing_behind(kernel: Kernel, box: Sandbox) -> None:
    assert not kernel.run(login(box)).error
    first = kernel.pid
    kernel.restart()
    assert box.wait_until(lambda box: box.connections_open == 0)
    assert not psutil.pid_exists(first)
    assert kernel.run("session").error == "NameError"
    assert not kernel.run(login(box)).error
    assert kernel.value("session.state") == "'signed in'"
    second = psutil.Process(kernel.pid)
    children = second.children(recursive=True)
    kernel.close()
    assert box.wait_until(lambda box: box.connections_open == 0)
    assert [process for process in (second, *children) if process.is_running()] == []


def test_two_kernels_at_once(start: Callable[..., Kernel], box: Sandbox) -> None:
    one, other = start(), start()
    for kernel, token in ((one, "sandbox-rich-btc"), (other, "sandbox-rich-demo")):
        assert not kernel.run(login(box, token)).error
    cells = [(kernel, kernel.queue("session.call('balance')['balance']['loginid']")) for kernel in (one, other) * 3]
    results = [kernel.outcome(sent).result for kernel, sent in cells]
    assert results == ["'CR900002'", "'VRTC900003'"] * 3
    one.close()
    assert other.value("session.call('ping')['ping']") == "'pong'"


# Not signed in


def test_login_without_a_user_to_ask(kernel: Kernel) -> None:
    outcome = kernel.run("import dpyauth; session = dpyauth.login()", allow_stdin=False)
    assert outcome.error == "NoCredential"
    said = "\n".join(outcome.traceback)
    assert "DERIV_TOKEN" in said
    assert "sandbox=True" in said
    assert len(outcome.traceback) <= 2


def test_login_with_a_user_shows_the_panel_and_returns(kernel: Kernel) -> None:
    cells = ["import dpyauth; session = dpyauth.login()", "session.account_status()", "await session.aio.balance()"]
    shown, query, awaited = [kernel.outcome(each) for each in [kernel.queue(cell, allow_stdin=True) for cell in cells]]
    assert not shown.error
    assert shown.panel
    assert kernel.view(shown.panel)["phase"] == "form"
    # As with Run All, the first error cancels the cells after it.
    assert query.error == "NotSignedIn"
    assert [line for line in query.traceback if "NotSignedIn" in line]
    assert len("\n".join(query.traceback).splitlines()) <= 3
    assert awaited.error in {"", "NotSignedIn"}
    assert kernel.run(cells[2], allow_stdin=True).error == "NotSignedIn"


# Messages of panels


@pytest.fixture
def asking(kernel: Kernel, box: Sandbox) -> str:
    """Show a panel that asks for a token."""
    login = f"import dpyauth; session = dpyauth.login(ask=True, server={box.url!r}, app_id={box.app_id})"
    outcome = kernel.run(login, allow_stdin=True)
    assert not outcome.error
    return outcome.panel


def test_sign_in_by_message(kernel: Kernel, box: Sandbox, asking: str) -> None:
    kernel.outcome(kernel.tell(asking, {"do": "sign-in", "token": READ_ONLY, "app_id": str(box.app_id)}))
    kernel.listen_until(lambda: kernel.view(asking)["phase"] == "in")
    assert kernel.view(asking)["account"]["loginid"] == "CR900001"
    assert kernel.value("session.account_status().loginid.tolist()") == "['CR900001']"


def test_sign_in_while_a_cell_runs(kernel: Kernel, box: Sandbox, asking: str) -> None:
    """Depending on the version, the message waits for the cell or not; either way nothing is lost."""
    box.faults.delay(1.0, "ping")
    cell = kernel.queue("session.call('ping')['ping']")
    assert asked(box, "ping")
    message = kernel.tell(asking, {"do": "sign-in", "token": READ_ONLY, "app_id": str(box.app_id)})
    after = kernel.queue("1 + 1")
    assert kernel.outcome(cell).result == "'pong'"
    assert kernel.outcome(after).result == "2"
    kernel.outcome(message)
    kernel.listen_until(lambda: kernel.view(asking)["phase"] == "in")
    assert kernel.value("session.state") == "'signed in'"


def test_panel_follows_a_break_while_the_kernel_is_idle(kernel: Kernel, box: Sandbox, asking: str) -> None:
    kernel.tell(asking, {"do": "sign-in", "token": READ_ONLY, "app_id": str(box.app_id)})
    kernel.listen_until(lambda: kernel.view(asking)["phase"] == "in")
    box.stop()
    kernel.listen_until(lambda: kernel.view(asking)["state"] == "reconnecting")
    box.start()
    kernel.listen_until(lambda: kernel.view(asking)["state"] == "signed in")
    assert kernel.value("session.call('ping')['ping']") == "'pong'"


def test_malformed_messages_change_nothing(kernel: Kernel, asking: str) -> None:
    junk = [{}, {"do": "sign-in"}, {"do": 5}, {"do": "sample", "name": []}, {"do": "sign-in", "token": ["x"]}]
    outcomes = [kernel.outcome(kernel.tell(asking, content)) for content in junk]
    assert [outcome.output for outcome in outcomes] == [""] * len(junk)
    assert kernel.value("session.state") == "'signed out'"


def test_an_action_in_a_panel_does_not_count_as_the_end_of_a_cell(kernel: Kernel) -> None:
    """Otherwise IPython would draw the running cell's figures on another thread while the cell draws them too."""
    panel = kernel.run("import dpyauth; session = dpyauth.login()", allow_stdin=True).panel
    kernel.run("ended = []\nget_ipython().events.register('post_execute', lambda: ended.append(1))")
    before = int(kernel.value("len(ended)"))
    kernel.outcome(kernel.tell(panel, {"do": "sign-in", "token": ""}))
    assert kernel.view(panel)["notice"]["text"]
    assert int(kernel.value("len(ended)")) == before + 1  # the end of the previous cell
