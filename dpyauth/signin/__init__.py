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
from dpyauth.signin import cells, checks
from dpyauth.signin.current import DEFAULT_PROFILE, close_sessions, is_signed_in, meant, open_sessions
from dpyauth.signin.prompt import NO_CELL, NO_INPUT, NOBODY, SOURCE, nobody, prompt
from dpyauth.signin.show import show
from dpyauth.signin.sources import Found, find, sample, variable
from dpyauth.signin.start import open_session
from dpyauth.targets import Targets, the_sandbox

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
    language: str = "EN",
    timeout: float = 30.0,
    create_demo: bool = False,
    loginid: str | None = None,
) -> Session:
    """Sign in to Deriv and return the session.

    Looks for a credential in this order, and says where it found one: the argument ``token``; the environment
    variable ``DERIV_TOKEN``; what an earlier sign-in was asked to remember; in Google Colab and on Kaggle, the secret
    ``DERIV_TOKEN``. When there is none it asks: in a notebook with the sign-in panel (and returns at once: sign in
    there, then run the next cell; where no panel appears, run ``login(ask="prompt")``), in a terminal and in consoles
    such as Spyder's at a prompt that hides the token. Both ask for the ID of your app and a personal access token, and
    say where Deriv has them; the panel also lets you sign in with Deriv in the browser, and takes an API token of
    Deriv's older API (v3).

    Where a sign-in gives access to several accounts, it begins with the one you name; else with the one that was
    remembered; else with a demo account. It begins with a real account unnamed only where there is no demo account,
    and says so. An API token (v3) is for one account, so it names that.

    On Deriv's current API it returns when Deriv has accepted the token and listed your accounts. The connection to the
    account opens in the background meanwhile; calls that need it wait for it. An account that Deriv lists as inactive
    is the exception: whether it opens is not certain before.

    A kernel has one session for each ``profile``. Running ``login()`` again with the same credential, or without one
    where it would ask, returns the same one, on the account that is in use; with another credential it opens a new one
    and closes the old. The sessions of other profiles are left alone: ``alice = login(profile="alice")`` and
    ``bob = login(profile="bob")`` stand side by side, each with its own panel, and so do two APIs, or a demo and a real
    account.

    Parameters
    ----------
    token : str, optional
        An API token (v3) or a personal access token (options). Better not typed into a cell, where it is saved with
        the notebook: leave it out and use the panel.
    app_id : int or str, optional
        Your app ID; else the environment variable ``DERIV_APP_ID``, or a secret of that name beside the token; else,
        on v3 only, 1089, which Deriv lets everybody use for trying things with an API token.
    api : {"v3", "options"}, optional
        Which of Deriv's two APIs; else the environment variable ``DERIV_API``, else the one that the token is of by its
        looks (``pat_…`` and ``ory_…`` are of options, ``a1-…`` of v3), else the one that the app ID is for: one with
        letters in it is of options. A token is sent to that API only, and never tried on the other.
    sandbox : bool
        Use a Deriv that runs inside this machine, with sample accounts: no account is needed and nothing is real.
        Signs in at once as a sample user, unless ``ask`` or ``token`` says otherwise.
    ask : bool or "prompt", optional
        True: show the panel (in a terminal, the prompt) whatever is found elsewhere. ``"prompt"``: ask for the token at
        a prompt that hides it, also in a notebook: for front ends that show no panels, or that do not let you paste
        into them. In Spyder, QtConsole and the Jupyter console it comes by itself. False: never ask.
    remember : bool
        Keep the credential for the next kernel, in the system's keyring or else in a file that only you can read;
        `dpyauth.forget` removes it. The account in use at this moment is kept with it, and is the one that the next
        kernel begins with: after `Session.use`, run this again to keep the other one. In the panel: whether the box for
        it is ticked at first; as long as it is, choosing another account in the panel keeps that one.
        A page that Voila or marimo shows to visitors remembers nothing: the machine is not theirs.
    profile : str
        A name for this sign-in, if you have several: each profile has a session of its own, which logins of other
        profiles leave alone, and what is remembered is kept under its name. The session of the default profile lasts
        until it is closed, and is the one that `dpyauth.explorer` and the like use if you name none. Any other lasts
        as long as a variable or a panel holds on to it, and is closed quietly after that.
    redirect_url : str, optional
        The redirect URL registered for your app, exactly as registered. The options API needs it to sign in with the
        browser. When it leads to this machine (``http://localhost/…``), the panel notices by itself when the browser
        comes back.
    oauth_host : str, optional
        Another address for Deriv's sign-in pages of the API in use, such as ``"https://oauth.binary.com"``.
    server : str, optional
        Address of another Deriv server of either API, such as a sandbox in another process.
    language : str
        Language of Deriv's messages, such as ``"EN"`` or ``"ES"``.
    timeout : float
        Seconds that the sign-in, and every later call, may take.
    create_demo : bool
        On the options API, create a demo account if you have no account.
    loginid : str, optional
        Login ID of the account to begin with, such as ``"DOT900003"``. It is this one or an error. Without it, see
        above.

    Returns
    -------
    Session

    Raises
    ------
    NoCredential
        There is no credential and no way to ask for one; the text says what to set.
    KeepingFailed
        There is a remembered credential, but it cannot be read; or this one cannot be remembered.
    InvalidCredential, InvalidSetting
        A token, app ID or other setting that cannot be right, or a token of the other API; nothing was sent.
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
    token = Secret(token) if isinstance(token, str) else token  # first of all: tracebacks may show variables
    ask = bool(ask) if is_flag(ask) else ask
    ask_first = checks.ask_first(ask)
    loginid, profile = checks.login_id(loginid), checks.profile_name(profile)
    local = the_sandbox(sandbox, server)
    stored_as = checks.storage_name(profile, server, local)
    trouble: DpyauthError | None = None
    found = None if token is None else Found(token, "the argument token", given=True)
    if found is None and not ask_first:
        found, trouble = find(stored_as, api, local)
    wanted = api or (found and found.api) or variable("DERIV_API", local)
    own: object = app_id if app_id is not None else (found and found.app_id) or variable("DERIV_APP_ID", local)
    if found is None and app_id is None and wanted and by_app_id(own) not in (None, wanted):
        own = None  # it is set for the other API, and the user can be asked
    targets = Targets(local, server, language)
    chosen = wanted or targets.guess(found.token if found and not found.sample else None, own)
    if found is not None and found.sample and local is not None and chosen != DEFAULT:
        found = sample(local, chosen)
    if found is not None:
        found.check(chosen)  # first: what it says helps more than a complaint of the app ID
    target = targets.settings(chosen, own)
    timeout = check_timeout(timeout)
    ways = () if ask is False or _environment.beside_cells() else _environment.ways_to_ask()
    by_prompt = ask == "prompt" or "panel" not in ways
    signed_in = found is None and not ask_first and is_signed_in(profile, target)
    if found is None and not signed_in and ("prompt" if by_prompt else "panel") not in ways:
        why = NO_INPUT if ways else NO_CELL if _environment.beside_cells() else NOBODY
        raise trouble or NoCredential(nobody(chosen, why))
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
        session.core.signed_out_because = str(trouble).rstrip(".")
    if remember and session.loginid is not None and not _environment.is_app():
        session.core.remember(stored_as)
    # What was found and is no good does not say what the panel should ask for.
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
