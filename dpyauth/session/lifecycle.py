"""Switch to another account, sign out, and close a session."""

from __future__ import annotations

from typing import NoReturn, Self

from dpyauth import _environment, _terminal
from dpyauth.arguments import public
from dpyauth.errors import SessionClosed
from dpyauth.session.drive import dual
from dpyauth.session.payloads import Questions
from dpyauth.session.steps import Request, Steps


class Lifecycle(Questions):
    """Methods that change who is signed in."""

    @dual
    def use(self, loginid: str) -> Steps[None]:
        """Switch to another account that the sign-in gave access to.

        Signing in with Deriv gives access to all accounts of the user, an API token to one. Calls and streams of
        the account in use end; the other one is signed in first, so that a failure changes nothing. Where Deriv allows
        no connection more (five at a time for each user, on its current API), the one in use is given up first; it is
        opened anew where the switch fails all the same.
        Stands on Deriv's call ``authorize`` (v3), or on ``balance`` and a one-time password (options).

        Parameters
        ----------
        loginid : str
            Login ID of the account, such as ``"VRTC900003"``.

        Raises
        ------
        InvalidRequest
            The sign-in gave no access to that account; the text lists those it did.
        SignInRefused, ConnectionFailed, CallTimeout
            Deriv did not accept the account's token, or could not be reached.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.use(session.loginid)
        """
        loginid = self.core.granted(loginid)
        if self.core.active_account is None or self.core.active_account.loginid != loginid:
            yield lambda: self.core.switch_to(loginid)

    @dual
    def logout(self) -> Steps[None]:
        """Sign out, at Deriv too where it has a call for that: this ends the token's own session there.

        Stands on Deriv's call ``logout`` (v3; the options API has none). The token itself stays valid: a personal
        access token until you revoke it at https://developers.deriv.com/dashboard/tokens/, one of v3 until you delete
        it at Deriv, that of a browser sign-in until it ends. On the options API this says so. To leave without telling
        Deriv, use `close`.

        Raises
        ------
        NotSignedIn, ApiError, CallTimeout, ConnectionLost, OutcomeUnknown
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.logout()
        >>> session.state
        'signed out'
        """
        if self.core.active_account is None:
            raise self.core.not_signed_in("logout")
        if "logout" in self.core.catalog:
            yield Request("logout")
            self.core.sign_out("you signed out")
            return
        because = f"you signed out here; {self._still_valid}"
        self.core.sign_out(because)
        if not _environment.in_notebook():  # in a notebook the panel shows it
            _terminal.say(f"{because[0].upper()}{because[1:]}.")

    @property
    def _still_valid(self) -> str:
        """Credential that stays valid after a sign-out that Deriv has no call for, in words."""
        credential, facts, expiry = self.core.credential, self.core.api_facts, self.core.expiry
        if credential is None or credential.tokens is None:
            return f"your {facts.credential} stays good until you revoke it ({facts.pages.tokens})"
        end = f"until {expiry.date_and_clock}" if expiry else "until it ends"
        return f"Deriv has no call to end a browser sign-in, and its token stays good {end}"

    @public
    def close(self) -> None:
        """Close the connection; nothing more can be asked. Deriv keeps the token valid.

        Calls in flight end with `SessionClosed`. Closing twice is fine.

        Examples
        --------
        >>> import dpyauth
        >>> with dpyauth.login(sandbox=True) as session:
        ...     _ = session.balance()
        >>> session.state
        'closed'
        """
        self.core.end(SessionClosed("This session is closed. Run dpyauth.login() for a new one."))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be pickled: it holds a live connection and a secret")
