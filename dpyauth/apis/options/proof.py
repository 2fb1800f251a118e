"""Check that a fresh socket of the options API works, and whose account it is. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dpyauth.apis.base import another_account
from dpyauth.errors import ApiError, BadReply, DpyauthError, PermissionDenied
from dpyauth.net.messages import Reply


class Proof:
    """Check of the balance with which each socket to one account begins.

    Parameters
    ----------
    wanted : callable
        Returns the ID of the account that the sockets are for.
    there : callable
        Returns the IDs of all accounts of the sign-in.
    error : callable
        Returns the error that a reply amounts to, if it is one.
    """

    def __init__(
        self,
        wanted: Callable[[], str],
        there: Callable[[], Collection[str]],
        error: Callable[[Reply], ApiError | None],
    ) -> None:
        self.stood = False
        """True once a socket has worked."""
        self._wanted = wanted
        self._there = there
        self._error = error
        self._told: str | None = None  # login ID that the balance came with

    def check(self, reply: Reply) -> tuple[DpyauthError, bool] | None:
        """Return the error that the reply to ``balance`` amounts to, if any, and whether another socket may work.

        Whether the token is still good shows when the next one-time password is asked for. It is not certain that
        Deriv names an account in its balance as it does in the list of accounts; but the balance must not name another
        account of that list, nor another one than before.
        """
        refusal = self._error(reply)
        if refusal is not None:
            return refusal, self.stood or not isinstance(refusal, PermissionDenied)
        balance = reply.get("balance")
        if not isinstance(balance, dict) or "balance" not in balance:
            return _silent(), True
        told, wanted = balance.get("loginid"), self._wanted()
        if isinstance(told, str) and told:
            name, before = told.upper(), self._told or wanted.upper()
            if name != before and (self._told is not None or name in {each.upper() for each in self._there()}):
                return another_account(wanted, told), False
            self._told = name
        self.stood = True
        return None


def _silent() -> BadReply:
    return BadReply(
        "Deriv accepted the connection but does not answer; this happens when the one-time password is invalid. "
        "Try again.",
        call="balance",
    )
