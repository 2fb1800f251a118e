"""Open a panel for the session that is meant: the call explorer, API tokens, apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth import signin
from dpyauth.arguments import public
from dpyauth.errors import NotSignedIn
from dpyauth.panels import open as panels
from dpyauth.session.core import ASK

if TYPE_CHECKING:
    from dpyauth.panels.widgets import AppsPanel, ExplorerPanel, TokensPanel
    from dpyauth.session import Session


@public
def explorer(session: Session | None = None) -> ExplorerPanel:
    """Explore the calls of the API in use: look one up, fill it in, send it, look at the reply.

    Shows what each call does, the access level it needs and whether your token has it, a form made from its fields,
    the request as JSON and as the Python to paste into a cell, and the reply as JSON and as a frame. What changes
    anything at Deriv is marked and has to be confirmed; on a real account, by typing its login ID. Secrets in replies
    are masked, as in frames.

    Parameters
    ----------
    session : Session, optional
        The session to put calls to; else that of the default profile, which `dpyauth.login` made, or the only one
        there is.

    Returns
    -------
    ExplorerPanel
        A widget. As the last line of a cell it shows itself.

    Raises
    ------
    NotSignedIn
        There is no session yet.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> dpyauth.explorer(session)
    dpyauth explorer panel: <dpyauth session: signed in, DOT900003 (USD, demo)>
    """
    return panels.explorer(_resolve(session))


@public
def tokens(session: Session | None = None) -> TokensPanel:
    """Manage the API tokens of the account in use, in a panel: see, create and revoke them.

    A new token is created for a purpose, with the least access for it. It is shown once, hidden until one presses
    Show, and it is not saved with the notebook. Stands on Deriv's call ``api_token`` (scope admin; only in v3: the
    panel says so, and what to do instead, where the session is another).

    Parameters
    ----------
    session : Session, optional
        The session to manage them with; else that of the default profile, which `dpyauth.login` made, or the only one
        there is.

    Returns
    -------
    TokensPanel
        A widget; as the last thing in a cell it shows itself.

    Raises
    ------
    NotSignedIn
        There is no session yet.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> dpyauth.tokens(session)
    dpyauth tokens panel: <dpyauth session: signed in, CR900001 (USD, real)>
    """
    return panels.tokens(_resolve(session))


@public
def apps(session: Session | None = None) -> AppsPanel:
    """Manage apps in a panel: those you have registered, and those that may use your accounts.

    Redirect URLs are checked before anything is sent. Stands on Deriv's calls ``app_list`` and ``oauth_apps`` (scope
    read), ``app_register``, ``app_update``, ``app_delete`` and ``revoke_oauth_app`` (scope admin). They are only in v3:
    the panel says so, and what to do instead, where the session is another.

    Parameters
    ----------
    session : Session, optional
        The session to manage them with; else that of the default profile, which `dpyauth.login` made, or the only one
        there is.

    Returns
    -------
    AppsPanel
        A widget; as the last thing in a cell it shows itself.

    Raises
    ------
    NotSignedIn
        There is no session yet.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True, api="v3")
    >>> dpyauth.apps(session)
    dpyauth apps panel: <dpyauth session: signed in, CR900001 (USD, real)>
    """
    return panels.apps(_resolve(session))


def _resolve(session: Session | None) -> Session:
    """Return the session that is meant: this one, or the one that is meant where none is named."""
    session = signin.meant() if session is None else session
    if session is not None:
        return session
    if signin.open_sessions():
        raise NotSignedIn("Several sessions are open. Name the one you mean, such as dpyauth.explorer(session).")
    raise NotSignedIn(f"There is no session yet. {ASK}")
