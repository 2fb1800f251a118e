"""Data of one sandbox, and the changes to it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dpyauth.sandbox import dealing, residents
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.ledgers import Row
from dpyauth.sandbox.registered_apps import App, Apps
from dpyauth.sandbox.runs import Automation
from dpyauth.sandbox.users import SAMPLES, Account, Token, User, token_of


class World:
    """Data of one sandbox: users, accounts, apps, tokens."""

    def __init__(self, clock: Callable[[], float], lifetime: float | None, tell: Callable[[str, object], None]) -> None:
        self.users: list[User] = []
        self._owner: dict[str, User] = {}
        self._accounts: dict[str, Account] = {}
        self.moved: set[int] = set()  # IDs of users whom v3 no longer serves
        for user in residents.users():
            self._add(user)
        self.apps = Apps()
        self.issued = {sample.token: token_of(sample) for sample in SAMPLES}
        self.site: dict[str, Any] = {"site_status": "up"}
        self.tell = tell  # sends an event to streams
        self._clock = clock
        self._lifetime = lifetime  # lifetime of tokens from a browser sign-in, in seconds
        self._created = 0
        self._signed_up = 0
        self._contracts = 0
        self.automation = Automation(self.now, self.contract_id, tell)

    def now(self) -> int:
        """Return the current second."""
        return int(self._clock())

    def settle(self) -> None:
        """Close all contracts of all accounts that have ended by now, and continue automated runs."""
        now = self.now()
        for account in self._accounts.values():
            if account.due <= now:
                for row in dealing.settle(account, now):
                    self.tell("ledger", (account, row))
        self.automation.go_on()

    def book(self, account: Account, action: str, amount: int) -> Row:
        """Add a deposit or a similar transaction to an account's ledger, in the smallest unit.

        Raises
        ------
        ValueError
            The balance of the account is too low.
        """
        self.settle()
        if account.ledger.balance + amount < 0:
            raise ValueError(f"{account.loginid} does not have that much.")
        row = account.ledger.post(Row(self.now(), action, amount))
        self.tell("ledger", (account, row))
        return row

    def contract_id(self) -> int:
        """Return the ID of a new contract."""
        self._contracts += 1
        return 290_000_000_000 + 20 * self._contracts

    def user(self, loginid: str) -> User:
        """Return the owner of an account."""
        return self._owner[loginid]

    def account(self, loginid: str) -> Account:
        """Return an account by login ID."""
        return self._accounts[loginid]

    def sign_up(self, email: str) -> User:
        """Return a new user with a demo account, which exist as long as the sandbox."""
        self._signed_up += 1
        return self._add(residents.signed_up(self._signed_up, email, int(self._clock())))

    def adopt(self, user: User, *accounts: Account) -> None:
        """Add a user, or accounts to a user."""
        self._owner |= {account.loginid: user for account in accounts}
        self._accounts |= {account.loginid: account for account in accounts}

    def grant(self, token: str, app_id: int) -> Token[str]:
        """Return a token, if the app may use it; otherwise refuse it."""
        grant = self.issued.get(token)
        if grant is None:
            raise Refusal("InvalidToken", "The token is invalid.")
        if grant.refusal:
            raise grant.refusal
        if grant.expired(self._clock()):
            raise Refusal("InvalidToken", "Your token has expired or is invalid.")
        if grant.app_id not in (None, app_id):
            raise Refusal("InvalidToken", "Token is not valid for current app ID.")
        if self.user(grant.owner).user_id in self.moved:
            raise Refusal("InvalidToken", "The token is invalid.")
        return grant

    def works(self, grant: Token[str]) -> bool:
        """Return whether a client that has signed in with a token stays signed in."""
        moved = self.user(grant.owner).user_id in self.moved
        return grant.value in self.issued and not moved and not grant.expired(self._clock())

    def let_in(self, app: App, user: User) -> list[Token[str]]:
        """Give an app access to a user's accounts; return a new token for each."""
        now = self._clock()
        self.apps.used(app.app_id, user.user_id, f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S}")
        user.logins.insert(0, residents.login_row("login", int(now), "127.0.0.1"))
        expires = None if self._lifetime is None else now + self._lifetime
        made = [
            Token(f"a1-{secrets.token_hex(14)}", account.loginid, app.scopes, app.name, app.app_id, expires=expires)
            for account in user.accounts
            if not account.disabled
        ]
        self.issued.update({grant.value: grant for grant in made})
        return made

    def shut_out(self, app_id: int, user: User | None = None) -> bool:
        """Revoke an app's access to a user's accounts (or to all); return whether there was any."""
        for grant in tuple(self.issued.values()):
            if grant.app_id == app_id and (user is None or user is self.user(grant.owner)):
                self.revoke(grant.value)
        return self.apps.forget(app_id, None if user is None else {user.user_id})

    def create_token(self, loginid: str, name: str, scopes: tuple[str, ...], ip: str) -> Token[str]:
        """Return a new API token. It has no hyphen, unlike the samples, because `delete_token` allows none."""
        self._created += 1
        grant = Token(f"sandboxmade{self._created:04d}", loginid, scopes, name, ip=ip)
        self.issued[grant.value] = grant
        return grant

    def expire(self, token: str) -> None:
        """Let a token expire."""
        self.issued[token].expires = self._clock()

    def revoke(self, token: str) -> bool:
        """Make a token invalid from now on; return whether there was one."""
        return self.issued.pop(token, None) is not None

    def _add(self, user: User) -> User:
        self.users.append(user)
        self.adopt(user, *user.accounts)
        return user
