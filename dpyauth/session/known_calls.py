"""Look up the calls of an API: which calls exist, what they need, and which the token may make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.apis.base import named
from dpyauth.arguments import public
from dpyauth.catalog import request as requests
from dpyauth.catalog.request import Fields
from dpyauth.columns import with_columns
from dpyauth.registry import APIS
from dpyauth.session.payloads import Payloads, Questions

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call


class Help(str):
    """Text that is shown as written, also as the last line of a cell."""

    __slots__ = ()
    __repr__ = str.__str__


class KnownCalls(Questions):
    """Methods that look up a call without sending anything."""

    @public
    def can(self, call: str | Mapping[str, Any]) -> bool | None:
        """Return whether the present token may make a call.

        Deriv states the scopes of some tokens, but not those of a personal access token. For these, dpyauth learns from
        Deriv's answers to your calls, from the first call that needs a scope until you sign in with another token. What
        it has learned never stops a call from being sent.

        Parameters
        ----------
        call : str or dict
            Name of the call, or a whole request.

        Returns
        -------
        bool or None
            True also if the call needs no sign-in. False if it needs one and the session is not signed in. None if
            Deriv has not said: try it.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True, profile="another")
        >>> session.can("buy"), session.can("payment_agent_list")
        (True, None)
        """
        return self.core.allowed(_find(self.core, call))

    @public
    def needs(self, call: str | Mapping[str, Any]) -> tuple[str, ...]:
        """Return the scopes of a call, of which a token needs one; empty if the call needs no scope.

        Parameters
        ----------
        call : str or dict
            Name of the call, or a whole request.

        Returns
        -------
        tuple of str
            Any one of them is enough.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).needs("balance")
        ('trade',)
        """
        return _find(self.core, call).scopes

    @public
    @with_columns
    def calls(self) -> pd.DataFrame:
        """List the calls of the API in use, one row per call.

        Returns
        -------
        pandas.DataFrame
            Sorted by name; ``allowed`` is the result of `can`.

            See ``dpyauth.columns.session_columns.CALLS``.

        Examples
        --------
        >>> import dpyauth
        >>> calls = dpyauth.login(sandbox=True).calls()
        >>> calls.loc[calls["call"] == "ping", "allowed"].tolist()
        [True]
        """
        from dpyauth import frames

        return frames.calls(self.core.catalog, self.core.allowed, language=self.core.target.language)

    @public
    def help(self, name: str | Mapping[str, Any], /) -> Help:
        """Explain what a call needs, takes and returns.

        Parameters
        ----------
        name : str or dict
            Name of the call, or a whole request.

        Returns
        -------
        str
            Purpose and scopes of the call, its fields with types and limits, and the columns of its `frame`: in
            English. A notebook and a prompt show it without quotes.

        Raises
        ------
        NotInThisApi, InvalidRequest
            The call does not exist; the message names the closest one.

        Examples
        --------
        >>> import dpyauth
        >>> print(dpyauth.login(sandbox=True).help("ticks").splitlines()[2])
        Needs    no sign-in
        """
        from dpyauth import frames

        return Help(frames.help_text(_find(self.core, name), self.core.api))


def named_call(core: Payloads, name: str | Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[str, Fields]:
    """Return the name and fields of a call, which may be given as a whole request."""
    return requests.spread([core.catalog, *(named(api).CATALOG for api in APIS)], name, fields)


def _find(core: Payloads, name: str | Mapping[str, Any]) -> Call:
    """Return a call by its name or a whole request."""
    return core.catalog.find(named_call(core, name, {})[0])
