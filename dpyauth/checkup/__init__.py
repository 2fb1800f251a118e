"""`doctor`: check this machine, this front end and Deriv's hosts, and compare Deriv's replies with the catalog."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.checkup import machine, notebook
from dpyauth.checkup.check_rows import Row, clauses, guarded, heard
from dpyauth.checkup.result import Checkup, replies_row
from dpyauth.errors import CallTimeout, InvalidSetting, NotSignedIn
from dpyauth.texts.said import Said, said

if TYPE_CHECKING:
    from dpyauth.checkup.hosts import Place
    from dpyauth.session import Session

__all__ = ["Checkup", "doctor"]

TIMEOUT = 5.0


@public
def doctor(
    session: Session | None = None,
    *,
    replies: bool | str | Collection[str] = False,
    api: str | None = None,
    server: str | None = None,
    oauth_host: str | None = None,
    timeout: float = TIMEOUT,
    language: str | None = None,
) -> Checkup:
    """Check whether dpyauth can work with this machine, this notebook and Deriv's hosts.

    Checks versions, the front end and what can work in it, proxies and certificates, the clock, and the hosts of both
    of Deriv's APIs: name, TLS, reply and round trip, in the same way as a session connects. It needs no sign-in,
    changes nothing, and finishes within seconds. ``python -m dpyauth doctor`` does the same in a terminal.

    With ``replies``, it also sends every call that only reads and that your token allows, and compares the replies with
    what dpyauth expects: unknown fields, missing fields, other types, new values. It keeps only names, kinds and counts
    of a reply. The calls are sent one at a time, within Deriv's limits.

    Parameters
    ----------
    session : Session, optional
        Check the hosts of this session, such as the sandbox that it is signed in to. Default: Deriv's own hosts.
    replies : bool, str or collection of str
        Compare the replies of all such calls, or only of the calls you name. Uses ``session``, or else the one that
        `dpyauth.login` opened.
    api : {"v3", "options"}, optional
        Which of Deriv's two APIs you use. Default: that of your session, of ``DERIV_API``, or of your token and app
        ID. If you do not use the older API, it is not a problem when Deriv has switched it off.
    server : str, optional
        Address of another Deriv server for either API, as for `dpyauth.login`.
    oauth_host : str, optional
        Another address of the sign-in pages for that server's API, as for `dpyauth.login`.
    timeout : float
        Longest time for each reply of a host, in seconds.
    language : str, optional
        Code of the language of the result, such as ``"ES"`` or ``"pt-BR"``; ``"en"`` for an issue in English.
        Default: that of ``session``, or else of the one that `dpyauth.login` opened; else of the environment.

    Returns
    -------
    Checkup
        Displayed as a table in a notebook and as text elsewhere; ``print()`` writes a text to paste into an issue.
        Its frames are ``checks``, ``calls`` and ``findings``.

    Raises
    ------
    NotSignedIn
        ``replies`` needs a session that is signed in, and there is none.
    InvalidRequest, NotInThisApi
        A call you named does not exist, or changes something.
    InvalidSetting
        A setting is invalid.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> checkup = dpyauth.doctor(session, replies=True)
    >>> len(checkup.findings)
    0
    """
    from dpyauth import signin  # imported late: doctor must also run where the rest of dpyauth cannot be loaded
    from dpyauth.session.core import check_timeout
    from dpyauth.settings import known, language_of

    timeout, named = check_timeout(timeout), _named(replies)
    if api is not None:
        known(api)
    if session is not None and (server is not None or oauth_host is not None):
        raise InvalidSetting(said("session_and_server"))
    broken: list[Row] = []
    try:
        found = _places(session, api, server, oauth_host)
    except ImportError as error:
        found, broken = [], [_unloaded(error)]
    asks = session or signin.meant()
    shown_in = asks.language if language is None and asks is not None else language_of(language)
    if named is not None and (asks is None or asks.loginid is None):
        raise NotSignedIn(said("nothing_to_compare"))
    rows = [
        *guarded(machine.VERSIONS, said("check_versions"), machine.versions),
        *guarded(notebook.NOTEBOOK, said("check_front_end"), notebook.looks),
        *guarded(machine.NETWORK, said("check_network"), machine.network),
    ]
    if not broken:
        page, *hosts = _asked(found, timeout)
        rows.insert(1 + max(number for number, row in enumerate(rows) if row.group == notebook.NOTEBOOK), page)
        rows += hosts
    rows += broken
    if asks is not None:
        rows += guarded(_SESSION, _CHECK, lambda: [_of(asks)])
    if len(there := signin.open_sessions()) > 1:
        rows += guarded(_SESSION, said("check_sessions"), lambda: [_several(there)])
    compared = None
    if named is not None and asks is not None:
        from dpyauth.checkup.asking import ask_all

        compared = ask_all(asks, named, shown_in)
        rows.append(replies_row(compared, said("of_sandbox") if asks.sandbox else "Deriv"))
    return Checkup(rows, compared, language=shown_in)


_SESSION, _CHECK = said("group_session"), said("check_session")


def _named(replies: object) -> tuple[str, ...] | None:
    """Return the calls to send: an empty tuple means all of them, and None means no calls at all."""
    if isinstance(replies, bool):
        return () if replies else None
    names = (replies,) if isinstance(replies, str) else replies
    if not isinstance(names, Collection) or isinstance(names, bytes) or not names:
        raise InvalidSetting(said("replies_not_calls"), field="replies")
    return tuple(names)


def _places(session: Session | None, api: str | None, server: str | None, oauth_host: str | None) -> list[Place]:
    """Return the hosts to check."""
    from dpyauth.checkup.hosts import places
    from dpyauth.oauth.implicit import plain_host
    from dpyauth.registry import APIS
    from dpyauth.settings import known, settings

    host = None if oauth_host is None else plain_host(oauth_host)
    if server is not None:
        return list(places(settings(server=server, api=api), host, wanted=True))
    if session is not None and session.core.target.server != APIS[session.api].server:
        return list(places(session.core.target, None, wanted=True))
    meant = _meant(session) if api is None else [known(api).name]
    found: list[Place] = []
    for name, facts in APIS.items():
        own = session.core.target if session is not None and session.api == name else settings(_app_id(name), api=name)
        wanted = not facts.retiring or name in meant
        found += places(own, host if host and name == meant[0] else facts.auth_host, wanted=wanted)
    return found


def _app_id(api: str) -> str | None:
    """Return the app ID from the environment, if it is one for this API."""
    from dpyauth.registry import by_app_id

    given = os.environ.get("DERIV_APP_ID")
    return given if by_app_id(given) == api else None


def _meant(session: Session | None) -> list[str]:
    """Return the APIs that the user seems to use, the most certain first."""
    from dpyauth import signin
    from dpyauth.registry import APIS, DEFAULT, by_app_id, by_token

    using = session or signin.meant()
    said = [
        using.api if using is not None and using.loginid is not None else None,
        os.environ.get("DERIV_API"),
        by_token(os.environ.get("DERIV_TOKEN", "")),
        by_app_id(os.environ.get("DERIV_APP_ID")),
        DEFAULT,
    ]
    return [api for api in said if api is not None and api in APIS]


def _asked(found: list[Place], timeout: float) -> list[Row]:
    """Check all hosts at the same time. An interrupt stops it."""
    from dpyauth.checkup import hosts
    from dpyauth.session.blocking import on_loop

    async def steps() -> list[Row]:
        clock = hosts.Clock()
        page, *rows = await asyncio.gather(_page(timeout), *(hosts.look_at(place, clock, timeout) for place in found))
        return [page, *rows, hosts.clock_row(clock)]

    try:
        return on_loop(steps, 2 * timeout + 5)
    except TimeoutError:
        raise CallTimeout(said("hosts_not_checked")) from None


def _unloaded(error: ImportError) -> Row:
    found = said("libraries_broken", error=type(error).__name__)
    return Row("Deriv", said("check_libraries"), "problem", found, said("install_here"))


async def _page(timeout: float) -> Row:
    try:
        return await notebook.callback_page(timeout)
    except Exception as error:
        found = said("not_checked", error=type(error).__name__)
        return Row(notebook.NOTEBOOK, notebook.CALLBACK, "note", found)


def _several(sessions: list[Session]) -> Row:
    """Return a row that says how many sessions are open, without naming their accounts."""
    from dpyauth.registry import APIS

    by = [
        said("sessions_with", count=len(found), api=facts.title)
        for facts in APIS.values()
        if (found := _speak(sessions, facts.name))
    ]
    return Row(_SESSION, said("check_open"), "ok", said("sessions_open", count=len(sessions), by=by))


def _speak(sessions: list[Session], api: str) -> list[Session]:
    return [session for session in sessions if session.api == api]


def _of(session: Session) -> Row:
    """Return a row with the state of a session, without naming its account."""
    from dpyauth.registry import APIS

    account, connection = session.core.active_account, session.core.connection
    parts: list[str] = [said(f"state_{session.state.replace(' ', '_')}"), APIS[session.api].title]
    if account is not None:
        parts += [said(f"account_{session.core.kind_of(demo=account.demo)}"), _scopes(account.scopes)]
    if connection is not None:
        parts.append(said("reconnects", count=connection.protocol.reconnects))
    good = session.state in {"signed in", "signed out"}
    reason = connection.reason if connection is not None and not good else ""
    advice = heard(said("reason_line", reason=reason)) if reason else ""
    return Row(_SESSION, _CHECK, "ok" if good else "note", clauses(*parts), advice)


def _scopes(scopes: Collection[str] | None) -> Said:
    if scopes is None:
        return said("scopes_unstated")
    return said("scopes_held", scopes=list(scopes)) if scopes else said("scopes_none")
