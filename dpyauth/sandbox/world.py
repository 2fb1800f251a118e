"""Everything one sandbox knows and may change."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox import people
from dpyauth.sandbox.messages import Refusal
from dpyauth.sandbox.users import SAMPLES, Account, Grant, User, grant_of


class World:
    """Everything one sandbox knows and may change: users, accounts, tokens."""

    def __init__(self) -> None:
        self.users = (people.rich(), people.trouble(), people.newcomer())
        self._owner = {account.loginid: user for user in self.users for account in user.accounts}
        self._accounts = {account.loginid: account for user in self.users for account in user.accounts}
        self.grants = {sample.token: grant_of(sample) for sample in SAMPLES}
        self.site: dict[str, Any] = {"site_status": "up"}
        self._created = 0

    def user(self, loginid: str) -> User:
        """Who an account belongs to."""
        return self._owner[loginid]

    def account(self, loginid: str) -> Account:
        """An account by login ID."""
        return self._accounts[loginid]

    def grant(self, token: str, app_id: int) -> Grant:
        """What a token grants to an app, or why nothing."""
        grant = self.grants.get(token)
        if grant is None:
            raise Refusal("InvalidToken", "The token is invalid.")
        if grant.refusal:
            raise grant.refusal
        if grant.app_id not in (None, app_id):
            raise Refusal("InvalidToken", "Token is not valid for current app ID.")
        return grant

    def create_token(self, loginid: str, name: str, scopes: tuple[str, ...], ip: str) -> Grant:
        """A new API token; unlike the samples it has no hyphen, for `delete_token` allows none."""
        self._created += 1
        grant = Grant(f"sandboxmade{self._created:04d}", loginid, scopes, name, ip=ip)
        self.grants[grant.token] = grant
        return grant

    def revoke(self, token: str) -> bool:
        """Make a token invalid from now on; whether there was one."""
        return self.grants.pop(token, None) is not None
