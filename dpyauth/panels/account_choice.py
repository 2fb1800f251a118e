"""Choose an account in a panel, and ask the user before switching to one with real money.

In the sandbox it asks before sample accounts that stand for real ones, so that users know the question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.panels import account_view

if TYPE_CHECKING:
    from dpyauth.session import Session


class AccountChoice:
    """Choice among the accounts of a sign-in, with a question before one with real money is used.

    Parameters
    ----------
    session : Session
        The session whose account is chosen.
    use : callable
        Function that switches the session to an account.
    asked : callable
        Called when a question appears or disappears.
    """

    def __init__(self, session: Session, use: Callable[[str], None], asked: Callable[[], None]) -> None:
        self._session = session
        self._use = use
        self._asked = asked
        self._asking = ""
        self._agreed: set[str] = set()

    @property
    def asking(self) -> str:
        """Return the account that the open question is about; empty if there is no question."""
        return self._asking if self._is_other(self._asking) else ""

    def handle(self, message: Mapping[str, Any]) -> None:
        """Handle the choice of an account, or the answer to the question."""
        match message:
            case {"do": "use", "loginid": str(loginid)}:
                self.choose(loginid)
            case {"do": "yes", "loginid": str(loginid)} if loginid and loginid == self.asking:
                self._agreed.add(loginid)
                self._put_in_use(loginid)
            case {"do": "no"}:
                self._asking = ""
                self._asked()

    def choose(self, loginid: str) -> None:
        """Switch to another account of the sign-in; if it has real money, ask first."""
        if not self._is_other(loginid):
            return
        if loginid in self._agreed or account_view.is_demo(self._session, loginid):
            self._put_in_use(loginid)
        else:
            self._asking = loginid
            self._asked()

    def _is_other(self, loginid: str) -> bool:
        return loginid in self._session.core.grants and loginid != self._session.loginid

    def _put_in_use(self, loginid: str) -> None:
        self._asking = ""
        self._use(loginid)
