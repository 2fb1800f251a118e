"""Define the session: one signed-in connection to Deriv, and the methods that ask it for data."""

from __future__ import annotations

from dpyauth.arguments import public
from dpyauth.names import Names
from dpyauth.session.account import AccountQuestions
from dpyauth.session.aio import AsyncSession
from dpyauth.session.calls import Calls
from dpyauth.session.display import Display
from dpyauth.session.health import Health
from dpyauth.session.histories import Histories
from dpyauth.session.known_calls import KnownCalls
from dpyauth.session.legacy import Legacy
from dpyauth.session.lifecycle import Lifecycle
from dpyauth.session.payloads import Payloads
from dpyauth.session.price_histories import PriceHistories
from dpyauth.session.reference import ReferenceQuestions
from dpyauth.session.transfers import Transfers
from dpyauth.session.user import UserQuestions
from dpyauth.session.wallets import Wallets
from dpyauth.settings import Settings


class Session(
    Calls,
    KnownCalls,
    AccountQuestions,
    UserQuestions,
    ReferenceQuestions,
    Histories,
    PriceHistories,
    Wallets,
    Transfers,
    Legacy,
    Display,
    Health,
    Lifecycle,
    Names,
):
    """A session with Deriv, made by `dpyauth.login`.

    Every method that asks Deriv something waits for the answer, and has an awaitable twin of the same name under
    ``session.aio``. The connection belongs to a background thread: it stays alive while cells run, reconnects by itself
    after a break, and may be used from any thread.

    Parameters
    ----------
    settings : Settings
        Settings of the Deriv to connect to.
    timeout : float
        Default time-out of a call, in seconds.
    """

    _called = "A session"

    @public
    def __init__(self, settings: Settings, *, timeout: float = 30.0) -> None:
        self.core = Payloads(settings, timeout=timeout)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "core"]

    def __repr__(self) -> str:
        account = self.core.active_account
        if account is None or self.state in {"closed", "signed out"}:
            return f"<dpyauth session: {self.state}>"
        currency, expiry, ends = account.currency or "no currency yet", self.core.expiry, ""
        if expiry and expiry.is_near:
            ends = f", {'ended' if expiry.has_passed else 'ends'} {expiry.clock}"
        kind = self.core.kind_of(demo=account.demo)
        return f"<dpyauth session: {self.state}, {account.loginid} ({currency}, {kind}){ends}>"

    def _instead(self, name: str) -> str:
        return f"It is one of Deriv's calls: session.call({name!r}, ...)." if name in self.core.catalog else ""

    @property
    def aio(self) -> AsyncSession:
        """Awaitable twins of the methods that ask Deriv: ``await session.aio.balance()``."""
        # Not stored: the reference cycle would keep a session whose last name is gone, and with it its connection,
        # until the garbage collector runs.
        return AsyncSession(self)
