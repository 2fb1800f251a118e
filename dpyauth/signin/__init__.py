"""Sign in: `login` finds a credential or asks for one, and returns a session."""

from __future__ import annotations

from dpyauth import _environment
from dpyauth.arguments import public
from dpyauth.arguments.fits import is_flag
from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError, NoCredential
from dpyauth.panels.panel_views import PanelViews
from dpyauth.registry import APIS, DEFAULT, by_app_id
from dpyauth.session import Session, views
from dpyauth.session.core import check_timeout
from dpyauth.settings import language_of
from dpyauth.signin import cells, checks
from dpyauth.signin.current import DEFAULT_PROFILE, close_sessions, is_signed_in, meant, open_sessions, session_of
from dpyauth.signin.prompt import NO_CELL, NO_INPUT, NOT_ASKED, SOURCE, no_credential, prompt
from dpyauth.signin.show import show
from dpyauth.signin.sources import Found, find, sample, variable
from dpyauth.signin.start import open_session
from dpyauth.targets import Targets, the_sandbox
from dpyauth.texts.said import said

__all__ = ["Session", "close_sessions", "login", "meant", "open_sessions"]

views.install(PanelViews())


@public
def login(
    token: str | Secret | None = None,
    *,
    app_id: int | str | None = None,
    api: str | None = None,
    sandbox: bool = False,
    ask: bool | str | None = None,
    remember: bool = False,
    profile: str = DEFAULT_PROFILE,
    redirect_url: str | None = None,
    oauth_host: str | None = None,
    server: str | None = None,
    language: str | None = None,
    timeout: float = 30.0,
    create_demo: bool = False,
    loginid: str | None = None,
) -> Session:
    """Sign in to Deriv and return the session.

    Looks for a credential in this order, and says where it found one:

    1. the argument ``token``
    2. the environment variable ``DERIV_TOKEN``
    3. the sign-in that an earlier login remembered
    4. in Google Colab and on Kaggle, the secret ``DERIV_TOKEN``

    If there is none, it asks. In a notebook it shows the sign-in panel and returns at once: sign in there, then run the
    next cell. If no panel appears, run ``login(ask="prompt")``. In a terminal, and in consoles such as Spyder's, it
    asks at a prompt and hides what you type. Both ask for the ID of your app and a personal access token, and say where
    to find them at Deriv. The panel also lets you sign in with Deriv in the browser, and accepts an API token of
    Deriv's older API (v3).

    If a sign-in gives access to several accounts, the session begins with the one you name, else with the remembered
    one, else with a demo account. Without a name, it begins with a real account only if there is no demo account, and
    says so. An API token (v3) belongs to one account, so the session uses that one.

    On Deriv's current API, ``login`` returns when Deriv has accepted the token and listed your accounts. Meanwhile the
    connection to the account opens in the background; calls that need it wait for it. The exception is an account that
    Deriv lists as inactive: it may not open, so ``login`` waits until it has.

    A kernel has one session for each ``profile``. Running ``login()`` again with the same credential, or without one
    where it would ask, returns the same session, on the account in use. With another credential it opens a new session
    and closes the old one. Sessions of other profiles are left alone: ``alice = login(profile="alice")`` and
    ``bob = login(profile="bob")`` exist side by side, each with its own panel. Use profiles also for both APIs at once,
    or for a demo and a real account.

    Parameters
    ----------
    token : str, optional
        An API token (v3) or a personal access token (options). Do not type it into a cell, where it is saved with
        the notebook: leave it out and use the panel.
    app_id : int or str, optional
        Your app ID. Default: the environment variable ``DERIV_APP_ID``, or the secret of that name stored next to the
        token; else, on v3 only, 1089, which Deriv lets anyone use to try things out with an API token.
    api : {"v3", "options"}, optional
        Which of Deriv's two APIs to use. Default: the environment variable ``DERIV_API``; else the API that the token
        looks like (``pat_…`` and ``ory_…`` mean options, ``a1-…`` means v3); else the API that the app ID looks like
        (one with letters means options). A token is sent to that API only, and never tried on the other.
    sandbox : bool
        Use a simulated Deriv on this machine, with sample accounts: you need no account and nothing is real.
        Signs in at once as a sample user, unless ``ask`` or ``token`` says otherwise.
    ask : bool or "prompt", optional
        True: show the panel (in a terminal, the prompt), even if a credential could be found. ``"prompt"``: ask for the
        token at a prompt, also in a notebook, and hide what you type; use it in front ends that show no panels, or in
        whose panels you cannot paste. Spyder, QtConsole and the Jupyter console use the prompt by default. False: never
        ask.
    remember : bool
        Keep the credential for the next kernel, in the system's keyring or else in a file that only you can read;
        `dpyauth.forget` removes it. The account in use at this moment is kept with it, and the next kernel begins with
        that account: after `Session.use`, run this again to keep the other one. In the panel, it decides whether the
        box is ticked at first; while the box is ticked, choosing another account in the panel keeps that account.
        A page that Voila or marimo shows to visitors remembers nothing, because the machine is not theirs.
    profile : str
        A name for this sign-in, if you have several. Each profile has its own session, which logins of other profiles
        leave alone, and credentials are remembered under its name. The session of the default profile lasts until it
        is closed, and `dpyauth.explorer` and similar functions use it if you name no session. Any other session lasts
        as long as a variable or a panel refers to it, and is closed quietly after that.
    redirect_url : str, optional
        The redirect URL of your app, exactly as registered. The options API needs it to sign in with the browser. If
        it leads to this machine (``http://localhost/…``), the panel notices by itself when the browser comes back.
    oauth_host : str, optional
        Another address of Deriv's sign-in pages for the API in use, such as ``"https://oauth.binary.com"``.
    server : str, optional
        Address of another Deriv server for either API, such as a sandbox in another process.
    language : str, optional
        Language of the panels, of meanings in frames and of Deriv's own messages, such as ``"ES"`` or ``"pt-BR"``;
        `Session.language` changes it later. Default: that of the profile's session; else of the environment
        (``LANG``), if dpyauth speaks it; else English. Another language than the session's opens a new session.
    timeout : float
        Longest time that the sign-in, and every later call, may take, in seconds.
    create_demo : bool
        On the options API, create a demo account if you have no account.
    loginid : str, optional
        Login ID of the account to begin with, such as ``"DOT900003"``. If the sign-in has no such account, it fails.
        Default: see above.

    Returns
    -------
    Session
        The session, signed in or waiting for you to sign in with the panel.

    Raises
    ------
    NoCredential
        There is no credential and you cannot be asked for one; the message says what to set.
    KeepingFailed
        A remembered credential cannot be read, or this one cannot be remembered.
    InvalidCredential, InvalidSetting
        A token, app ID or other setting is invalid, or the token is for the other API; nothing was sent.
    SignInRefused
        Deriv does not accept the token or the app ID (call ``authorize``), or has no account of that login ID.
    ConnectionFailed, CallTimeout
        Deriv could not be reached, or did not answer.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> session
    <dpyauth session: signed in, DOT900003 (USD, demo)>
    """
    token = Secret(token) if isinstance(token, str) else token  # first: a traceback could show the variable
    ask = bool(ask) if is_flag(ask) else ask
    ask_first = checks.ask_first(ask)
    loginid, profile = checks.login_id(loginid), checks.profile_name(profile)
    local = the_sandbox(sandbox, server)
    stored_as = checks.storage_name(profile, server, local)
    trouble: DpyauthError | None = None
    found = None if token is None else Found(token, said("source_passed"), given=True)
    if found is None and not ask_first:
        found, trouble = find(stored_as, api, local)
    wanted = api or (found and found.api) or variable("DERIV_API", local)
    own: object = app_id if app_id is not None else (found and found.app_id) or variable("DERIV_APP_ID", local)
    if found is None and app_id is None and wanted and by_app_id(own) not in (None, wanted):
        own = None  # the environment sets it for the other API; the user can be asked for the right one
    present = session_of(profile)
    given = present.language if language is None and present is not None else language_of(language)
    targets = Targets(local, server, given)
    chosen = wanted or targets.guess(found.token if found and not found.sample else None, own)
    if found is not None and found.sample and local is not None and chosen != DEFAULT:
        found = sample(local, chosen)
    if found is not None:
        found.check(chosen)  # before the app ID: an error about the token helps the user more
    target = targets.settings(chosen, own)
    timeout = check_timeout(timeout)
    ways = () if ask is False or _environment.beside_cells() else _environment.ways_to_ask()
    by_prompt = ask == "prompt" or "panel" not in ways
    signed_in = found is None and not ask_first and is_signed_in(profile, target)
    if found is None and not signed_in and ("prompt" if by_prompt else "panel") not in ways:
        why = NO_INPUT if ways else NO_CELL if _environment.beside_cells() else NOT_ASKED
        raise trouble or NoCredential(no_credential(chosen, why))
    if found is None and not signed_in and by_prompt:
        entered, own = prompt(targets, wanted, own)
        found = Found(entered, SOURCE, given=True)
        target = targets.settings(wanted or targets.guess(entered, own), own)
    options = {"loginid": loginid, "kept": found.active if found else None, "early": True}
    session = open_session(
        found,
        target,
        timeout,
        stored_as,
        profile,
        ask=bool(ways),
        options=options | ({"create_demo": True} if create_demo and APIS[target.api].creates_demo else {}),
    )
    if trouble is not None and session.loginid is None:
        session.core.signed_out_because = trouble.text
    if remember and session.loginid is not None and not _environment.is_app():
        session.core.remember(stored_as)
    # If the credential that was found is no use, its API must not limit what the panel asks for.
    show(
        session,
        local,
        name=profile,
        api=None if session.loginid is None and found is not None else wanted,
        redirect_url=redirect_url,
        oauth_host=oauth_host,
        remember=remember,
        profile=stored_as,
        loginid=loginid,
    )
    cells.run_again_when_signed_in(session)
    return session
