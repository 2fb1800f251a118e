"""Test that tracebacks of errors and interrupts end at the user's own line, in blocking and in awaited calls."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dpyauth
from dpyauth._traceback import shorten, shown
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

PACKAGE = str(Path(dpyauth.__file__).parent)


def raised(do: Callable[[], object]) -> BaseException:
    try:
        do()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def printed(error: BaseException) -> str:
    """Return what Python prints of an error, including the errors before it."""
    return "".join(traceback.format_exception(error))


def ends_here(error: BaseException) -> None:
    last = traceback.extract_tb(error.__traceback__)[-1]
    assert last.filename == __file__, printed(error)
    assert PACKAGE not in printed(error)


async def awaited(plan: Any) -> Any:
    return await plan


WRONG: dict[str, Callable[[Session], object]] = {
    "no such call": lambda session: session.call("blance"),
    "no such call, awaited": lambda session: asyncio.run(awaited(session.aio.call("blance"))),
    "a wrong time": lambda session: session.statement(since="yesterday"),
    "what Deriv refuses": lambda session: session.call("get_limits"),
    "what Deriv refuses, awaited": lambda session: asyncio.run(awaited(session.aio.call("get_limits"))),
    "a stream": lambda session: session.stream("ping"),
    "no update in time": lambda session: session.stream("balance").next(timeout=0) and session.stream("x"),
    "another account": lambda session: session.use("CR9"),
    "help": lambda session: session.help("blance"),
    "needs": lambda session: session.needs("blance"),
    "export": lambda session: dpyauth.export(session, "report", format="xml"),
    "an export that cannot be written": lambda session: dpyauth.export(session, Path(__file__) / "report"),
    "doctor": lambda session: dpyauth.doctor(session, replies="blance"),
    "login": lambda session: dpyauth.login("a b"),
    "fleet": lambda session: dpyauth.fleet({}),
    "a fleet's question": lambda session: dpyauth.fleet({"Ann": "x"}, sandbox=True).call("blance"),
    "a closed session": lambda session: (session.close(), session.balance()),
}


def test_traceback_of_errors(session: Session, box: Sandbox) -> None:
    box.faults.error("Odd", "get_limits", times=2)
    for what, do in WRONG.items():
        error = raised(lambda do=do: do(session))  # type: ignore[misc]
        assert isinstance(error, dpyauth.DpyauthError | OSError), (what, error)
        ends_here(error)


INTERRUPTED: dict[str, Callable[[Session], object]] = {
    "a call": lambda session: session.call("balance"),
    "a history": lambda session: session.statement(),
    "several accounts": lambda session: session.statement(account="all"),
    "a frame": lambda session: session.balance(),
    "awaited": lambda session: asyncio.run(awaited(session.aio.statement())),
    "a stream": lambda session: next(session.stream("balance")),
    "export": lambda session: dpyauth.export(session, "report"),
    "what is kept": lambda session: session.partial,
    "a stream's frame": lambda session: session.stream("balance").frame(),
    "doctor": lambda session: dpyauth.doctor(session, replies="balance"),
    "a fleet": lambda session: dpyauth.fleet({"Ann": "sandbox-rich-all"}, sandbox=True, api="v3").balance(),
    "login": lambda session: dpyauth.login(sandbox=True),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("line", [20, 60, 150])
def test_traceback_of_interrupts(session: Session, line: int) -> None:
    """Interrupt at some line inside dpyauth: one near the beginning, and a later one."""
    session._partial = lambda: session.balance()
    _ = session.aio.statement  # created on first use
    for name in dpyauth.__all__:  # imported on first use: while Python imports, no traceback is trimmed
        getattr(dpyauth, name)
    for what, do in INTERRUPTED.items():
        left = line

        def strike(frame: Any, event: str, argument: Any) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.startswith(PACKAGE):
                return None
            left -= event == "line" and not frame.f_code.co_filename.endswith("traces.py")
            if left == 0:
                left -= 1
                raise KeyboardInterrupt
            return strike

        before = sys.gettrace()
        sys.settrace(strike)
        error: BaseException | None = None
        try:
            do(session)
        except KeyboardInterrupt as stopped:
            error = stopped
        finally:
            sys.settrace(before)
        assert error is not None or line > 20, what
        assert error is None or PACKAGE not in printed(error), what


def test_traceback_of_a_cancelled_task(session: Session, box: Sandbox) -> None:
    box.faults.swallow("balance")

    async def main() -> None:
        task = asyncio.ensure_future(awaited(session.aio.balance()))
        await asyncio.to_thread(box.wait_until, lambda box: any(each.call == "balance" for each in box.received))
        task.cancel()
        await task

    error = raised(lambda: asyncio.run(main()))
    assert isinstance(error, asyncio.CancelledError)
    assert PACKAGE not in printed(error)


def test_the_users_own_error_stays(session: Session) -> None:
    def mine() -> None:
        try:
            raise ValueError("mine")
        except ValueError:
            session.call("blance")

    error = raised(mine)
    ends_here(error)
    assert isinstance(error.__context__, ValueError)
    assert "ValueError: mine" in printed(error)
    assert any("mine" in line for line in shown(error))


def test_what_an_inner_error_says_about_a_change_is_kept() -> None:
    """The interrupt came while an error was being handled."""
    lost = dpyauth.OutcomeUnknown("'buy' was sent, but no reply says whether Deriv carried it out.", call="buy")
    kept, code = {"lost": lost}, "try:\n    raise lost\nexcept Exception:\n    raise KeyboardInterrupt\n"
    error = raised(lambda: exec(compile(code, f"{PACKAGE}/inside.py", "exec"), kept))
    shorten(error)
    assert error.__notes__ == [str(lost)]
    assert PACKAGE not in printed(error)


def test_a_bug_of_the_package_is_shown_in_full(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(session.core), "reply_to", lambda *args, **kwargs: 1 / 0)
    error = raised(lambda: session.frame("balance"))
    assert isinstance(error, ZeroDivisionError)
    assert PACKAGE in printed(error)


def test_a_function_passed_by_the_user_counts_as_the_users_own() -> None:
    """Lines of the user's own function stay when dpyauth calls it."""
    code = "def inside(given):\n    given()\n"
    names: dict[str, Any] = {}
    exec(compile(code, f"{PACKAGE}/inside.py", "exec"), names)

    def given() -> None:
        raise KeyboardInterrupt

    error = raised(lambda: names["inside"](given))
    shorten(error)
    assert traceback.extract_tb(error.__traceback__)[-1].name == "given"
    assert PACKAGE not in printed(error)


def test_every_public_function_trims_its_traceback() -> None:
    plain = [
        f"{owner.__name__}.{name}"
        for owner in (dpyauth, Session, dpyauth.Stream)
        for name in (dpyauth.__all__ if owner is dpyauth else dir(owner))
        if not name.startswith("_")
        and inspect.isfunction(member := getattr(owner, name))
        and not hasattr(member, "__wrapped__")
    ]
    assert plain == []


FIRST_USE = """
import sys, traceback
import dpyauth

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "dpyauth.report":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Finder())
try:
    dpyauth.export
except KeyboardInterrupt as interrupt:
    print([entry.filename for entry in traceback.extract_tb(interrupt.__traceback__)])
del sys.meta_path[0]
print(dpyauth.export.__name__)
"""


def test_an_interrupt_at_the_first_use_of_a_name_ends_at_the_users_line_and_can_be_repeated() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines() == ["['<string>']", "export"]
