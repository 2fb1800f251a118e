"""Look up the calls of an API: which there are, what they need, and which the token may make."""

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
    """Text that shows itself as it is, also as the last line of a cell."""

    __slots__ = ()
    __repr__ = str.__str__


class KnownCalls(Questions):
    """Methods that look a call up and send nothing."""

    @public
    def can(self, call: str | Mapping[str, Any]) -> bool | None:
        """Tell whether the token signed in with may make a call.

        Deriv states the scopes of some tokens. It states none for a personal access token: then its answers to your
        calls tell, from the first call on that takes a scope until you sign in with another token. Nothing is held
        back for what has only turned out so.

        Parameters
        ----------
        call : str or dict
            Name of the call, or a request of it.

        Returns
        -------
        bool or None
            True also where no sign-in is needed. False when the session is not signed in and the call needs it. None
            where Deriv has not said: try it.

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
        """Return the scopes for a call: a token needs one of them. Empty when the call needs no sign-in.

        Parameters
        ----------
        call : str or dict
            Name of the call, or a request of it.

        Returns
        -------
        tuple of str

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
        """List the calls of the API that the session speaks, one row per call.

        Returns
        -------
        pandas.DataFrame
            By name; ``allowed`` is what `can` says.

            See ``dpyauth.columns.session_columns.CALLS``.

        Examples
        --------
        >>> import dpyauth
        >>> calls = dpyauth.login(sandbox=True).calls()
        >>> calls.loc[calls["call"] == "ping", "allowed"].tolist()
        [True]
        """
        from dpyauth import frames

        return frames.calls(self.core.catalog, self.core.allowed)

    @public
    def help(self, name: str | Mapping[str, Any], /) -> Help:
        """Explain what a call needs, takes and returns.

        Parameters
        ----------
        name : str or dict
            Name of the call, or a request of it.

        Returns
        -------
        str
            Its purpose and scopes, its fields with types and limits, the columns of its `frame`. Shows as it reads
            in a notebook and at a prompt.

        Raises
        ------
        NotInThisApi, InvalidRequest
            There is no such call; the text names the nearest.

        Examples
        --------
        >>> import dpyauth
        >>> print(dpyauth.login(sandbox=True).help("ticks").splitlines()[2])
        Needs    no sign-in
        """
        from dpyauth import frames

        return Help(frames.help_text(_find(self.core, name), self.core.api))


def named_call(core: Payloads, name: str | Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[str, Fields]:
    """Return the name and the fields of a call that may be given as one request."""
    return requests.spread([core.catalog, *(named(api).CATALOG for api in APIS)], name, fields)


def _find(core: Payloads, name: str | Mapping[str, Any]) -> Call:
    """Return the call of this name, or of a request."""
    return core.catalog.find(named_call(core, name, {})[0])
