"""What the tests of several modules share: a sandbox each, sessions on it, and a way to wait without sleeping."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

import dpyauth.signin  # noqa: F401  (it gives sessions their panels)
from dpyauth import _environment
from dpyauth.credentials import Credential, access_token, api_token
from dpyauth.net.backoff import Backoff
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.signin import current

Eventually = Callable[..., None]

# A shell that starts them in the background has them ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, so that a failure is of the change at hand; DPYAUTH_FUZZ=1 looks for new ones, and for
# more than three times as many.
# How long an example takes depends on what else this machine does; no test is about that.
examples.register_profile(
    "dpyauth",
    deadline=None,
    max_examples=100 if "DPYAUTH_FUZZ" in os.environ else 30,
    derandomize="DPYAUTH_FUZZ" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
examples.load_profile("dpyauth")


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own credentials, proxies and language must not decide a test."""
    for name in list(os.environ):
        if name.startswith(("DERIV_", "LC_", "LANG")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    # Nor what Streamlit sets when it is imported: kernels that are started later would keep all figures open.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    # Nor the script that Streamlit has run: new processes, such as Dask's, would run it again as theirs.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    # Nor a session that another test has left: it would decide which API is meant.
    monkeypatch.setattr(current, "_of_process", current._Profiles())
    # Nor what another test has made of the front end: it lasts as long as the process.
    monkeypatch.setattr(_environment, "_user_assumed", False)
    monkeypatch.setattr(_environment, "_shared", False)
    monkeypatch.setattr(_environment, "_page", None)


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait until a condition holds; fail when it does not within the time."""

    def wait(condition: Callable[[], object], timeout: float = 30.0) -> None:
        end = time.monotonic() + timeout
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < end, "the condition never came true"
            pause.wait(0.005)

    return wait


def own_threads() -> list[str]:
    """The background threads that sessions have started."""
    return [thread.name for thread in threading.enumerate() if thread.name == "dpyauth"]


@pytest.fixture
def nothing_left(eventually: Eventually) -> Iterator[None]:
    """Afterwards: no current session, and no thread of one."""
    yield
    current.close_sessions()
    eventually(lambda: not own_threads())


@pytest.fixture
def box(nothing_left: None) -> Iterator[Sandbox]:
    """A running sandbox of the test's own, without rate limits."""
    with Sandbox(limits=None) as box:
        yield box


Open = Callable[..., Session]


@pytest.fixture
def open_session(box: Sandbox) -> Iterator[Open]:
    """Opens sessions on the sandbox, which are closed afterwards."""
    opened: list[Session] = []

    def open_one(token: str | None = "sandbox-rich-all", timeout: float = 10.0, server: str | None = None) -> Session:
        session = Session(settings(app_id=box.app_id, server=server or box.url), timeout=timeout)
        opened.append(session)
        if token is not None:
            session.core.sign_in_and_wait(api_token(token, "a test"))
        return session

    yield open_one
    for session in opened:
        session.close()


@pytest.fixture
def session(open_session: Open) -> Session:
    """A session that is signed in with every scope."""
    return open_session()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnections without the pauses."""
    monkeypatch.setattr(Backoff, "next_delay", lambda self, now: 0.01)


@pytest.fixture
def tune(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Set a constant of the connection for one test, as in ``tune("keepalive.PING_EVERY", 0.1)``."""
    return lambda name, value: monkeypatch.setattr(f"dpyauth.net.{name}", value)


@pytest.fixture
def open_options(box: Sandbox) -> Iterator[Open]:
    """Opens sessions on the sandbox's options API, with a credential or with the sample token of this label."""
    opened: list[Session] = []

    def open_one(
        who: str | Credential | None = "rich", timeout: float = 10.0, app_id: str | None = None, **how: Any
    ) -> Session:
        session = Session(settings(app_id or box.options_app_id, box.rest, api="options"), timeout=timeout)
        opened.append(session)
        if isinstance(who, str):
            who = access_token(box.options_token(who).token, "a test")
        if who is not None:
            session.core.sign_in_and_wait(who, **how)
        return session

    yield open_one
    for session in opened:
        session.close()
    box.faults.clear()
