"""Switch to another account, sign out, and close a session."""

from __future__ import annotations

from typing import NoReturn, Self

from dpyauth import _environment, _terminal
from dpyauth.arguments import public
from dpyauth.errors import SessionClosed
from dpyauth.session.drive import dual
from dpyauth.session.payloads import Questions
from dpyauth.session.steps import Request, Steps
from dpyauth.settings import language_of
from dpyauth.texts.said import Said, in_language, said


class Lifecycle(Questions):
    """Methods that switch accounts, sign out and close the session."""

    @dual
    def use(self, loginid: str) -> Steps[None]:
        """Switch to another account that the sign-in gave access to.

        Signing in with Deriv gives access to all accounts of the user, an API token to one. The other account signs in
        first, so a failed switch changes nothing; then calls and streams of the present account end. If Deriv allows
        no more connections (on its current API five at a time for each user), the present connection is closed first,
        and opened again if the switch fails.

        Uses Deriv's call ``authorize`` (v3), or ``balance`` and a one-time password (options).

        Parameters
        ----------
        loginid : str
            Login ID of the account, such as ``"VRTC900003"``.

        Raises
        ------
        InvalidRequest
            The sign-in gave no access to that account; the message lists the accounts it did give access to.
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
            # On the background thread as one piece of work: an interrupt cancels it, and then the old account stays.
            yield lambda: self.core.switch_to(loginid)

    @dual
    def logout(self) -> Steps[None]:
        """Sign out, and on v3 also end the token's session at Deriv.

        Uses Deriv's call ``logout`` (v3; the options API has none). The token itself stays valid: a personal access
        token until you revoke it at https://developers.deriv.com/dashboard/tokens/, an API token of v3 until you delete
        it at Deriv, the token of a browser sign-in until it expires. On the options API a message says so. To close the
        connection without signing out at Deriv, use `close`.

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
            # Deriv first: if the call fails, the token's session there goes on, and so must this one, to try again.
            yield Request("logout")
            self.core.sign_out(said("you_signed_out"))
            return
        # Before signing out, which forgets the credential that this names.
        because = self._still_valid
        self.core.sign_out(because)
        if not _environment.in_notebook():  # in a notebook the panel shows it
            _terminal.say(in_language(because, self.core.target.language))

    @property
    def _still_valid(self) -> Said:
        """Text that the credential stays valid after signing out, because Deriv has no call to end it."""
        credential, facts, expiry = self.core.credential, self.core.api_facts, self.core.expiry
        if credential is None or credential.tokens is None:
            return said("you_signed_out_token", credential=facts.credential, address=facts.pages.tokens)
        if expiry is None:
            return said("you_signed_out_browser")
        return said("you_signed_out_browser_until", time=expiry.date_and_clock)

    @property
    def language(self) -> str:
        """Tag of the language of the panels and of meanings in frames, such as ``"es"``; set it to change it.

        Deriv's own messages follow at the next sign-in. What has no translation appears in English.

        Returns
        -------
        str
            A BCP 47 tag.

        Raises
        ------
        InvalidSetting
            What it is set to is not a code of a language.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True, language="ES")
        >>> session.language
        'es'
        >>> session.language = "pt-BR"
        """
        return self.core.target.language

    @language.setter
    def language(self, code: str) -> None:
        self.core.speak(language_of(code))

    @public
    def close(self) -> None:
        """Close the connection. The session cannot be used afterwards; the token stays valid at Deriv.

        Calls in flight end with `SessionClosed`. Closing twice is fine.

        Examples
        --------
        >>> import dpyauth
        >>> with dpyauth.login(sandbox=True) as session:
        ...     _ = session.balance()
        >>> session.state
        'closed'
        """
        self.core.end(SessionClosed(said("session_closed")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be pickled: it holds a live connection and a secret")
