"""Signing in: `login` finds a credential or asks for one, and hands over a session."""

from __future__ import annotations

import atexit
import os
import re
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dpyauth import _environment, _forks, _pasted, _terminal
from dpyauth.arguments import public
from dpyauth.arguments.fits import is_flag
from dpyauth.credentials import Credential, Secret, api_of, bare, checked
from dpyauth.errors import (
    ApiError,
    ApiUnavailable,
    BadReply,
    DpyauthError,
    InvalidSetting,
    KeepingFailed,
    NoCredential,
    SessionClosed,
    SignInRefused,
)
from dpyauth.panels.attempts import sign_in
from dpyauth.registry import APIS, DEFAULT, by_app_id
from dpyauth.session import Session, check_timeout
from dpyauth.settings import Settings, known
from dpyauth.signin.current import DEFAULT_PROFILE, Beside
from dpyauth.signin.prompt import NO_INPUT, NOBODY, SOURCE, nobody, prompt
from dpyauth.targets import Targets, the_sandbox

if TYPE_CHECKING:
    from dpyauth.panels.sign_in import SignInModel
    from dpyauth.sandbox import Sandbox

_current: Session | None = None  # that of the default profile, which this keeps
_model: SignInModel | None = None
_beside = Beside()


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
    variable ``DERIV_TOKEN``; what an earlier sign-in was asked to remember; in Google Colab, the secret
    ``DERIV_TOKEN``. When there is none it asks: in a notebook with the sign-in panel (and returns at once: sign in
    there, then run the next cell; where no panel appears, run ``login(ask="prompt")``), in a terminal at a prompt that
    hides the token. Both ask for the ID of your app and a personal access token, and say where Deriv has them; the
    panel also lets you sign in with Deriv in the browser, and takes an API token of Deriv's older API (v3).

    Where a sign-in gives access to several accounts, it begins with the one you name; else with the one that was
    remembered; else with a demo account. It begins with a real account unnamed only where there is no demo account,
    and says so. An API token (v3) is for one account, so it names that.

    On Deriv's current API it returns when Deriv has accepted the token and listed your accounts. The connection to the
    account opens in the background meanwhile; calls that need it wait for it. An account that Deriv lists as inactive
    is the exception: whether it opens is not certain before.

    A kernel has one session for each ``profile``. Running ``login()`` again with the same credential returns the same
    one, on the account that is in use; with another credential it opens a new one and closes the old. The sessions of
    other profiles are left alone: ``alice = login(profile="alice")`` and ``bob = login(profile="bob")`` stand side by
    side, each with its own panel, and so do two APIs, or a demo and a real account.

    Parameters
    ----------
    token : str, optional
        An API token (v3) or a personal access token (options). Better not typed into a cell, where it is saved with
        the notebook: leave it out and use the panel.
    app_id : int or str, optional
        Your app ID; else the environment variable ``DERIV_APP_ID``, else, on v3 only, 1089, which Deriv lets
        everybody use for trying things with an API token.
    api : {"v3", "options"}, optional
        Which of Deriv's two APIs; else the environment variable ``DERIV_API``, else the one that the token is of by its
        looks (``pat_…`` and ``ory_…`` are of options, ``a1-…`` of v3), else the one that the app ID is for: one with
        letters in it is of options. A token is sent to that API only, and never tried on the other.
    sandbox : bool
        Use a Deriv that runs inside this machine, with sample accounts: no account is needed and nothing is real.
        Signs in at once as a sample user, unless ``ask`` or ``token`` says otherwise.
    ask : bool or "prompt", optional
        True: show the panel (in a terminal, the prompt) whatever is found elsewhere. ``"prompt"``: ask for the token at
        a prompt that hides it, also in a notebook: for front ends that show no panels, such as Spyder and the Jupyter
        console, or that do not let you paste into them. False: never ask.
    remember : bool
        Keep the credential for the next kernel, in the system's keyring or else in a file that only you can read;
        `dpyauth.forget` removes it. The account in use at this moment is kept with it, and is the one that the next
        kernel begins with: after `Session.use`, run this again to keep the other one. In the panel: whether the box for
        it is ticked at first; as long as it is, choosing another account in the panel keeps that one.
    profile : str
        A name for who signs in, for people with several: each profile has a session of its own, which logins of other
        profiles leave alone, and what is remembered is kept under its name. The session of the default profile lasts
        until it is closed, and is the one that `dpyauth.explorer` and the like use if you name none. Any other lasts
        as long as a variable or a panel holds on to it, and is closed quietly after that.
    redirect_url : str, optional
        The redirect URL registered for your app, exactly as registered. The options API needs it to sign in with the
        browser. When it leads to this machine (``http://localhost/…``), the panel notices by itself when the browser
        comes back.
    oauth_host : str, optional
        Another place for Deriv's sign-in pages of the API in use, such as ``"https://oauth.binary.com"``.
    server : str, optional
        Address of another Deriv server of either API, such as a sandbox in another process.
    language : str
        Language of Deriv's messages, such as ``"EN"`` or ``"ES"``.
    timeout : float
        How long the sign-in and every later call may take, in seconds.
    create_demo : bool
        On the options API, make a demo account where the user has none.
    loginid : str, optional
        Login ID of the account to begin with, such as ``"DOT900003"``. It is this one or an error. Without it, see
        above.

    Returns
    -------
    Session

    Raises
    ------
    NoCredential
        There is no credential, and nobody to ask; the text says what to set.
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
    ask_first = _checked_ask(ask)
    loginid, profile = _checked_loginid(loginid), _checked_profile(profile)
    box = the_sandbox(sandbox, server)
    keeping = _profile(profile, server, box)
    trouble: DpyauthError | None = None
    found = None if token is None else _Found(token, "the argument token", given=True)
    if found is None and not ask_first:
        found = _sample(box) if box else _found_in_environment()
        try:
            found = found or _remembered(keeping, api)
        except (KeepingFailed, NoCredential) as error:
            trouble = error
        found = found or _colab()
    wanted = api or (found and found.api) or _variable("DERIV_API", box)
    own: object = app_id if app_id is not None else (found and found.app_id) or _variable("DERIV_APP_ID", box)
    if found is None and app_id is None and wanted and by_app_id(own) not in (None, wanted):
        own = None  # it is set for the other API, and there is somebody to ask
    choice = Targets(box, server, language)
    speaks = wanted or choice.guess(found.token if found and not found.sample else None, own)
    if found is not None and found.sample and box is not None and speaks != DEFAULT:
        found = _sample(box, speaks)
    if found is not None:
        checked(found.token, found.source, speaks)  # first: what it says helps more than a complaint of the app ID
    where = choice.settings(speaks, own)
    timeout = check_timeout(timeout)
    by_prompt = ask == "prompt" or not _environment.in_notebook() or not _environment.has_widgets()
    if found is None and not _can_ask(ask, by_prompt):
        can_click = ask == "prompt" and _environment.somebody_there()
        raise trouble or NoCredential(nobody(speaks, NO_INPUT if can_click else NOBODY))
    if found is None and by_prompt:
        entered, own = prompt(choice, wanted, own)
        found = _Found(entered, SOURCE, given=True)
        where = choice.settings(wanted or choice.guess(entered, own), own)
    options = {"loginid": loginid, "kept": found.active if found else None, "early": True}
    session = _session(
        found,
        where,
        timeout,
        keeping,
        profile,
        ask=ask is not False and _environment.somebody_there(),
        options=options | ({"create_demo": True} if create_demo and APIS[where.api].creates_demo else {}),
    )
    if trouble is not None and session.loginid is None:
        session.core.signed_out_because = str(trouble).rstrip(".")
    if remember and session.loginid is not None:
        session.core.remember(keeping)
    # What was found and is no good does not say what the panel should ask for.
    _show(
        session,
        box,
        name=profile,
        api=None if session.loginid is None and found is not None else wanted,
        redirect_url=redirect_url,
        oauth_host=oauth_host,
        remember=remember,
        profile=keeping,
        loginid=loginid,
    )
    return session


class _Found(NamedTuple):
    """A token that was found, and what came with it."""

    token: Secret
    source: str
    others: Mapping[str, Secret] = MappingProxyType({})
    """Tokens of all accounts by login ID, where there are several."""
    active: str | None = None
    """The account that was in use when it was kept."""
    app_id: str | None = None
    api: str | None = None
    remembered: bool = False
    sample: bool = False
    given: bool = False
    """Whether it was given for this very sign-in."""
    expires_at: float | None = None
    life: float | None = None
    """From when it was kept to its end, in seconds."""

    def grants(self, api: str) -> tuple[Credential, dict[str, Credential] | None]:
        """The credential to sign in with, and those of all accounts."""
        credential = checked(self.token, self.source, api)
        if self.expires_at is not None:
            from dpyauth.oauth.tokens import Tokens

            tokens = Tokens(credential.token, None, self.expires_at, None, self.life)
            credential = credential._replace(tokens=tokens)
        if not self.others:
            return credential, None
        return credential, {
            loginid: credential if token == self.token else Credential(token, self.source)
            for loginid, token in self.others.items()
        }


def _session(
    found: _Found | None,
    where: Settings,
    timeout: float,
    keeping: str,
    profile: str,
    *,
    ask: bool,
    options: Mapping[str, Any],
) -> Session:
    """The session of a profile: the one there is where it fits, else a new one in its place."""
    with _beside.lock(profile):
        before = _of(profile)
        credential, grants = found.grants(where.api) if found else (None, None)
        if before is not None and before.core.matches(credential, where, grants):
            before.core.timeout = timeout
            if options["loginid"] is not None and before.loginid is not None:
                before.use(options["loginid"])
            return before
        session = Session(where, timeout=timeout)
        try:
            if found is not None and credential is not None:
                _enter(session, found, where, keeping, ask=ask, options=options)
            _put(profile, session)
        except BaseException:
            session.close()
            raise
    if before is not None:
        mine = "" if profile == DEFAULT_PROFILE else f"profile={profile!r}"
        before.core.end(
            SessionClosed(
                f"dpyauth.login({mine}) has opened a new session; this one is closed. Use the new one. To have both, "
                'give one of them a profile of its own: dpyauth.login(profile="another").'
            )
        )
    return session


def _of(profile: str) -> Session | None:
    return _current if profile == DEFAULT_PROFILE else _beside.session(profile)


def _put(profile: str, session: Session) -> None:
    global _current
    if profile == DEFAULT_PROFILE:
        _current = session
    else:
        _beside.put(profile, session)


def meant() -> Session | None:
    """Return the session that is meant where none is named: that of the default profile, else the only one there is.

    A closed one is meant only where no other is open.
    """
    there = open_sessions()
    if not there or _current in there:
        return _current
    return there[0] if len(there) == 1 else None


def open_sessions() -> list[Session]:
    """Return the kernel's sessions that are not closed, that of the default profile first."""
    mine = [_current] if _current is not None and _current.core.end_reason is None else []
    return mine + _beside.open()


def _enter(
    session: Session,
    found: _Found,
    where: Settings,
    profile: str,
    *,
    ask: bool,
    options: Mapping[str, Any],
) -> None:
    """Sign a new session in; where what was remembered is refused and somebody can be asked, leave that to them.

    So is a token of the API that Deriv is retiring, or one that may be, wherever it was found.
    """
    try:
        session.core.wait_for_sign_in(lambda: sign_in(session, found.grants, where, **options))
    except ApiUnavailable as error:  # what was found is of no use now, and may be good again
        if found.given or not ask:
            raise
        session.core.signed_out_because = f"{found.source} cannot be used now: {error}"
    except InvalidSetting as error:
        if found.given or not ask or error.field != "app_id" or api_of(found.token):
            raise
        session.core.signed_out_because = f"{found.source} cannot be used: {error}"
    except SignInRefused as error:
        if not (found.given or found.remembered) and ask and APIS[where.api].retiring:
            session.core.signed_out_because = f"{found.source} cannot be used: {error}".rstrip(".")
            return
        if found.remembered and ask:
            session.core.signed_out_because = _dropped(profile, found, where, error)
            return
        if found.remembered:
            error.add_note(f"It is {found.source}: dpyauth.forget() removes it.")
        raise
    except (ApiError, BadReply) as error:  # no refusal: what is remembered may be good the next time
        if not (found.remembered and ask):
            raise
        session.core.signed_out_because = f"{found.source} cannot be used now: {error}".rstrip(".")


def _dropped(profile: str, found: _Found, where: Settings, error: SignInRefused) -> str:
    """Forget a remembered credential, where it is of no use any more; returns what to say of it."""
    from dpyauth.storage import forget

    because = str(error).rstrip(".")
    of_token = error.code == "InvalidToken" and error.about in ("", "token")
    if not of_token or where.app_id != found.app_id:  # it may still be good, only not now or not here
        return f"the remembered sign-in was refused: {because}"
    try:
        forget(profile)
    except KeepingFailed as trouble:
        return f"the remembered sign-in no longer works: {because}. {trouble}".rstrip(".")
    return f"the remembered sign-in no longer works and was forgotten: {because}"


def _checked_ask(ask: object) -> bool:
    """Tell whether to ask before looking for a credential elsewhere."""
    if not (ask is None or isinstance(ask, bool) or (isinstance(ask, str) and ask == "prompt")):
        raise InvalidSetting('ask= must be True, False or "prompt"; without it, you are asked if need be.', field="ask")
    if ask is True and _environment.in_notebook():
        _environment.vouch()
    return bool(ask)


def _can_ask(ask: object, by_prompt: bool) -> bool:
    """Tell whether there is a person who can be asked in this way, and may be."""
    if ask is False:
        return False
    if by_prompt and _environment.in_notebook():
        return _environment.can_type()
    return _environment.somebody_there() or (ask is True and _environment.in_notebook())


def _checked_loginid(given: object) -> str | None:
    """Return a login ID as Deriv writes it."""
    if given is None:
        return None
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]{1,16}[0-9]{1,16}", _pasted.bare(given)):
        raise InvalidSetting(
            'The login ID must be letters and digits, such as "DOT900003". session.accounts() lists yours.'
        )
    return _pasted.bare(given).upper()


@atexit.register
def _leave() -> None:
    for session in open_sessions():
        session.close()


@_forks.in_child
def _begin_anew() -> None:
    global _current, _model, _beside
    _current, _model, _beside = None, None, Beside()


def _sample(box: Sandbox, api: str = DEFAULT) -> _Found:
    token = box.side(known(api).name).tokens[0].token
    return _Found(Secret(token), "the sandbox's sample tokens", sample=True)


def _variable(name: str, box: Sandbox | None) -> str | None:
    """What the environment says; it speaks of the real Deriv only."""
    return None if box is not None else _pasted.bare(os.environ.get(name, "")) or None


_VARIABLE = "DERIV_TOKEN"


def _found_in_environment() -> _Found | None:
    token = Secret(os.environ.get(_VARIABLE, ""))
    if not bare(token).reveal():
        return None
    return _Found(token, f"the environment variable {_VARIABLE}")


def _remembered(profile: str, api: str | None) -> _Found | None:
    from dpyauth.storage import recall

    kept = recall(profile)
    if kept is None:
        return None
    if api not in (None, kept.api):
        raise NoCredential(
            f"What was remembered is of Deriv's {kept.api} API, and is not sent to {api}. Leave out api=, or sign in "
            f"with a token of {api}."
        )
    return _Found(
        kept.tokens[kept.active],
        f"what was kept in {kept.where}",
        kept.tokens,
        kept.active,
        kept.app_id,
        kept.api,
        remembered=True,
        expires_at=kept.expires_at,
        life=None if kept.expires_at is None else kept.expires_at - kept.since.timestamp(),
    )


def _colab() -> _Found | None:
    if not _environment.in_colab():
        return None
    try:
        from google.colab import userdata  # type: ignore[import-not-found]

        token = Secret(str(userdata.get(_VARIABLE) or ""))
    except Exception:  # no such secret, no access to it, no answer, or not quite Colab: then the user is asked
        return None
    return _Found(token, f"the Colab secret {_VARIABLE}") if bare(token).reveal() else None


def _profile(name: str, server: str | None, box: Sandbox | None) -> str:
    """The name a credential is kept under: one of a sandbox must never be offered to Deriv, nor the reverse."""
    return f"{name}@sandbox" if box else f"{name}@{server}" if server else name


def _checked_profile(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise InvalidSetting('The profile must be a name, such as profile="alice".', field="profile")
    return given


def _show(session: Session, sandbox: Sandbox | None, *, name: str, **options: Any) -> None:
    """Say who is signed in: with the panel in a notebook, in a line elsewhere."""
    global _model
    credential = session.core.credential
    if "IPython" in sys.modules:
        from dpyauth import completion

        completion.install()
    if _environment.in_notebook() and _environment.has_widgets():
        from dpyauth.panels.sign_in import SignInModel
        from dpyauth.panels.widgets.sign_in import show

        model = SignInModel(session, sandbox=sandbox, **options)
        if name == DEFAULT_PROFILE:
            before, _model = _model, model
        else:
            before = _beside.model(name, model)
        if before is not None:
            before.hand_over()
        show(model)
    elif credential is not None:
        _terminal.say(f"{session!r} with the token from {credential.source}")
        if session.core.remarks:
            _terminal.say(session.core.remarks)
    else:
        _terminal.say(f"Not signed in: {session.core.signed_out_because}.")
