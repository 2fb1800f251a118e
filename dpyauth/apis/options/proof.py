"""Check that a new socket of the options API works, and which account it belongs to. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dpyauth.apis.base import another_account
from dpyauth.errors import ApiError, BadReply, DpyauthError, PermissionDenied
from dpyauth.net.messages import Reply
from dpyauth.texts.said import said


class Proof:
    """Check of the balance with which each socket to one account begins.

    Parameters
    ----------
    wanted : callable
        Function that returns the ID of the account that the sockets are for.
    there : callable
        Function that returns the IDs of all accounts of the sign-in.
    error : callable
        Function that returns the error in a reply, if there is one.
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
        self._told: str | None = None  # login ID in the balances so far

    def check(self, reply: Reply) -> tuple[DpyauthError, bool] | None:
        """Return the error in the reply to ``balance``, if there is one, and whether another socket may work.

        The request for the next one-time password shows whether the token is still valid. It is not certain that Deriv
        uses the same name for an account in a balance as in the list of accounts. But the balance must not name another
        account of that list, or a different one than before.
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
    return BadReply(said("accepted_but_silent"), call="balance")
