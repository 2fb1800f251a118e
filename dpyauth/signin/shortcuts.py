"""Open a panel for a session, or for the session in use: the call explorer, API tokens, apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth import signin
from dpyauth.arguments import public
from dpyauth.errors import NotSignedIn
from dpyauth.session.core import how_to_sign_in
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from anywidget import AnyWidget

    from dpyauth.session import Session


@public
def explorer(session: Session | None = None) -> AnyWidget:
    """Explore the calls of the API in use in a panel, like `Session.explorer`.

    Parameters
    ----------
    session : Session, optional
        The session to use. Default: that of the default profile, which `dpyauth.login` opened, or the only open one.

    Returns
    -------
    AnyWidget
        The panel. As the last line of a cell, it is displayed.

    Raises
    ------
    NotSignedIn
        There is no session yet, or several are open and you named none.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> print(repr(dpyauth.explorer(session)).splitlines()[0])
    dpyauth explorer panel: <dpyauth session: signed in, DOT900003 (USD, demo)>
    """
    return _resolve(session).explorer()


@public
def tokens(session: Session | None = None) -> AnyWidget:
    """Manage the API tokens of the account in use in a panel, like `Session.tokens_panel`.

    Parameters
    ----------
    session : Session, optional
        The session to use. Default: that of the default profile, which `dpyauth.login` opened, or the only open one.

    Returns
    -------
    AnyWidget
        The panel. As the last line of a cell, it is displayed.

    Raises
    ------
    NotSignedIn
        There is no session yet, or several are open and you named none.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> print(repr(dpyauth.tokens(session)).splitlines()[0])
    dpyauth tokens panel: <dpyauth session: signed in, CR900001 (USD, sample)>
    """
    return _resolve(session).tokens_panel()


@public
def apps(session: Session | None = None) -> AnyWidget:
    """Manage your apps, and those that may use your accounts, in a panel, like `Session.apps_panel`.

    Parameters
    ----------
    session : Session, optional
        The session to use. Default: that of the default profile, which `dpyauth.login` opened, or the only open one.

    Returns
    -------
    AnyWidget
        The panel. As the last line of a cell, it is displayed.

    Raises
    ------
    NotSignedIn
        There is no session yet, or several are open and you named none.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> print(repr(dpyauth.apps(session)).splitlines()[0])
    dpyauth apps panel: <dpyauth session: signed in, CR900001 (USD, sample)>
    """
    return _resolve(session).apps_panel()


def _resolve(session: Session | None) -> Session:
    """Return this session, or the default one if none is given."""
    session = signin.meant() if session is None else session
    if session is not None:
        return session
    if signin.open_sessions():
        raise NotSignedIn(said("several_sessions"))
    raise NotSignedIn(said("no_session", how=how_to_sign_in()))
