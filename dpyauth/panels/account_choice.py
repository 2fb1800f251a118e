"""Choose an account in a panel, with a question before one with real money is used; in the sandbox, to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.panels import account_view

if TYPE_CHECKING:
    from dpyauth.session import Session


class AccountChoice:
    """Choice among the accounts of a sign-in, which asks before it uses one with real money.

    Parameters
    ----------
    session : Session
        The session whose account is chosen.
    use : callable
        Puts an account in use.
    asked : callable
        Is called when there is a question now, or none any more.
    """

    def __init__(self, session: Session, use: Callable[[str], None], asked: Callable[[], None]) -> None:
        self._session = session
        self._use = use
        self._asked = asked
        self._asking = ""
        self._agreed: set[str] = set()

    @property
    def asking(self) -> str:
        """Return the account that is asked about; empty where there is no question."""
        return self._asking if self._is_other(self._asking) else ""

    def handle(self, message: Mapping[str, Any]) -> None:
        """Take a choice, or the answer to the question."""
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
        """Use an account of the sign-in that is not in use; where it has real money, ask first."""
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
