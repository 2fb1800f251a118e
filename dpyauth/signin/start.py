"""Open the session of a profile with a credential that was found."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from dpyauth import _environment
from dpyauth.credentials import api_of
from dpyauth.errors import (
    ApiError,
    ApiUnavailable,
    BadReply,
    InvalidSetting,
    KeepingFailed,
    SessionClosed,
    SignInRefused,
)
from dpyauth.registry import APIS
from dpyauth.session import Session
from dpyauth.settings import Settings
from dpyauth.signin.current import DEFAULT_PROFILE, lock, put_session, session_of
from dpyauth.signin.sources import Found
from dpyauth.texts.said import Said, said


def open_session(
    found: Found | None,
    target: Settings,
    timeout: float,
    stored_as: str,
    profile: str,
    *,
    ask: bool,
    options: Mapping[str, Any],
) -> Session:
    """Return the session of a profile: the current one if it matches, else a new one in its place."""
    with lock(profile):
        before = session_of(profile)
        credential, grants = found.grants(target.api) if found else (None, None)
        if before is not None and before.core.matches(credential, target, grants):
            before.core.timeout = timeout
            _note_cell(before)
            if options["loginid"] is not None and before.loginid is not None:
                before.use(options["loginid"])
            return before
        session = Session(target, timeout=timeout)
        _note_cell(session)
        try:
            if found is not None and credential is not None:
                _sign_in(session, found, target, stored_as, ask=ask, options=options)
            put_session(profile, session)
        except BaseException:
            session.close()
            raise
    if before is not None:
        if before.core.end_reason is None:
            before.core.successor = weakref.ref(session.core)
        mine = "" if profile == DEFAULT_PROFILE else f"profile={profile!r}"
        before.core.end(SessionClosed(said("session_replaced", login=f"dpyauth.login({mine})")))
    return session


def _note_cell(session: Session) -> None:
    """Note which cell signs in: after a restart of the kernel, panels name it as the cell to run."""
    if (cell := _environment.cell()) != session.core.cell:
        session.core.cell = cell
        session.core.notify()


def _sign_in(
    session: Session,
    found: Found,
    target: Settings,
    profile: str,
    *,
    ask: bool,
    options: Mapping[str, Any],
) -> None:
    """Sign a new session in.

    If a remembered credential is refused and the user can be asked, leave the session signed out: the panel says why.
    Do the same for a token that is, or may be, for the API that Deriv is retiring, wherever it was found.
    """
    try:
        session.core.wait_for_sign_in(lambda: session.core.sign_in_with(found.grants, target, **options))
    except ApiUnavailable as error:  # the credential cannot be used now, but may work again later
        if found.given or not ask:
            raise
        session.core.signed_out_because = said("found_unusable_now", source=found.source, reason=error.text)
    except InvalidSetting as error:
        if found.given or not ask or error.field != "app_id" or api_of(found.token):
            raise
        session.core.signed_out_because = said("found_unusable", source=found.source, reason=error.text)
    except SignInRefused as error:
        if not (found.given or found.remembered) and ask and APIS[target.api].retiring:
            session.core.signed_out_because = said("found_unusable", source=found.source, reason=error.text)
            return
        if found.remembered and ask:
            session.core.signed_out_because = _dropped(profile, found, target, error)
            return
        if found.remembered:
            error.add_note(said("remembered_forget", source=found.source))
        elif not found.given:
            error.add_note(found.origin)
        raise
    except (ApiError, BadReply) as error:  # not a refusal: the remembered credential may work the next time
        if not (found.remembered and ask):
            raise
        session.core.signed_out_because = said("found_unusable_now", source=found.source, reason=error.text)


def _dropped(profile: str, found: Found, target: Settings, error: SignInRefused) -> Said:
    """Forget a remembered credential if it can never work again, and return what to tell the user."""
    from dpyauth.storage import forget

    of_token = error.code == "InvalidToken" and error.about in ("", "token")
    if not of_token or target.app_id != found.app_id:  # it may still work, at another time or with another app ID
        return said("remembered_refused", reason=error.text)
    try:
        forget(profile)
    except KeepingFailed as trouble:
        return said("remembered_not_forgotten", reason=error.text, trouble=trouble.text)
    return said("remembered_forgotten", reason=error.text)
