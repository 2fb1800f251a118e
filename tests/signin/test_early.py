"""On Deriv's current API, `login` returns when Deriv has accepted the token; the connection follows by itself."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.errors import ApiError, ConnectionFailed, NotSignedIn, PermissionDenied, SignInRefused
from dpyauth.net.connector import Connector
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Login = Callable[..., Session]
FOREVER = 3600.0


@pytest.fixture
def login(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Login]:
    monkeypatch.setattr(_environment, "has_user", lambda: False)

    def login(label: str = "rich", **more: object) -> Session:
        token = box.options_token(label).token
        return dpyauth.login(token, server=box.rest, app_id=box.options_app_id, **more)  # type: ignore[arg-type]

    yield login
    box.faults.clear()


def test_the_reason_for_no_answer_is_raised_at_the_timeout(login: Login, box: Sandbox) -> None:
    """Temporary errors are retried, and the last one is raised at the timeout."""
    box.faults.http(503, "get_accounts", times=99)
    with pytest.raises(ApiError, match="HTTP503"):
        login(timeout=1.5)


def test_login_does_not_wait_for_the_connection(login: Login, box: Sandbox) -> None:
    box.faults.delay(FOREVER, "otp")
    session = login()
    assert session.state == "signed in"
    assert repr(session) == "<dpyauth session: signed in, DOT900003 (USD, demo)>"
    assert session.account_status()["loginid"].item() == "DOT900003"
    assert box.connections_open == 0


def test_a_call_that_needs_the_connection_waits_for_it(login: Login) -> None:
    session = login()
    assert session.balance()["currency"].item() == "USD"
    assert session.events()["what"].tolist() == ["connected"]


def test_a_first_connection_that_fails_is_a_break_like_any_other(login: Login, box: Sandbox, at_once: None) -> None:
    box.faults.http(503, "otp", times=2)
    box.faults.zombie()
    session = login()
    assert session.balance()["currency"].item() == "USD"
    assert session.state == "signed in"


def test_an_invalid_certificate_is_reported_at_once(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The WebSocket may use other certificates than HTTP."""

    async def opened(self: Connector) -> None:
        raise ssl.SSLCertVerificationError

    monkeypatch.setattr(Connector, "open", opened)
    with pytest.raises((ConnectionFailed, NotSignedIn), match="certificate is not valid"):
        login(timeout=FOREVER).balance()  # whichever comes first


def test_after_a_break_an_invalid_certificate_is_temporary(
    login: Login, box: Sandbox, monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    session, failures = login(), []
    session.balance()
    right = Connector.open

    async def opened(self: Connector) -> object:
        if len(failures) < 3:
            failures.append(1)
            raise ssl.SSLCertVerificationError
        return await right(self)

    monkeypatch.setattr(Connector, "open", opened)
    box.faults.reset()
    assert session.balance()["currency"].item() == "USD"
    assert len(failures) == 3


def test_a_connection_refused_for_good_signs_out(login: Login, box: Sandbox, eventually: Callable[..., None]) -> None:
    box.faults.error("AccessDenied", "otp", message="no")
    box.faults.http(403, "otp", body='{"errors": [{"status": 403, "code": "AccessDenied", "message": "no"}]}')
    session = login()
    with pytest.raises((PermissionDenied, NotSignedIn)):
        session.balance()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match="AccessDenied"):
        session.balance()


def test_a_token_that_deriv_refuses_ends_login(login: Login, box: Sandbox) -> None:
    box.expire(box.options_token("rich").token)
    with pytest.raises(SignInRefused):
        login()


def test_a_change_is_made_once_when_the_connection_is_there(login: Login, box: Sandbox) -> None:
    session = login()
    session.call("forget_all", forget_all="ticks")
    assert [request.call for request in box.received].count("forget_all") == 1


def test_closing_before_the_connection_is_there(login: Login, box: Sandbox) -> None:
    box.faults.delay(FOREVER, "otp")
    session = login()
    session.close()
    assert session.state == "closed"


def test_switching_before_the_connection_is_there(login: Login, box: Sandbox) -> None:
    box.faults.delay(FOREVER, "otp")
    session = login()
    other = next(loginid for loginid in session.accounts()["loginid"] if loginid != session.loginid)
    session.use(other)
    assert session.loginid == other
    assert session.balance()["loginid"].item() == other


def test_login_waits_for_an_inactive_account(login: Login) -> None:
    with pytest.raises(ApiError, match="inactive"):
        login("trouble", loginid="ROT900011")
