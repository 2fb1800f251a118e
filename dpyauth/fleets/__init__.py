"""Ask many accounts at once: the methods of a session, for any number of credentials."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dpyauth import _forks, _imports, notes
from dpyauth._traceback import ends_here
from dpyauth.arguments import public
from dpyauth.errors import InvalidRequest, InvalidSetting, NotInThisApi, OutcomeUnknown, SessionClosed, UnknownName
from dpyauth.fleets import cluster as clusters
from dpyauth.fleets.members import Member, all_kept, fetched, given, kept, name_of, names, resolve, wrapped
from dpyauth.fleets.questions import asked, check, may_travel, questions, sealed, takes
from dpyauth.fleets.running import Place, Runner
from dpyauth.progress import EVERY, Progress
from dpyauth.session import Session
from dpyauth.session.core import check_timeout
from dpyauth.settings import language_of
from dpyauth.targets import Targets, the_sandbox

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.credentials import Secret
    from dpyauth.storage import Kept

    Given = str | Secret | tuple[str | Secret, str | int]
    """Token, or a token with its app ID."""

__all__ = ["Fleet", "fleet"]

CONNECTIONS = 50
"""Default number of connections at a time."""


@public
def fleet(
    credentials: Mapping[str, Given | Callable[[], object]] | Iterable[str],
    *,
    fetch: Callable[[str], Given | Kept] | str | None = None,
    app_id: int | str | None = None,
    api: str | None = None,
    connections: int = CONNECTIONS,
    sandbox: bool = False,
    server: str | None = None,
    language: str | None = None,
    timeout: float = 30.0,
    cluster: Any = None,
) -> Fleet:
    """Work with many accounts: the methods of a session, for any number of credentials.

    Nothing is sent before the first question. Then each account signs in when its turn comes and disconnects after its
    answer, over a limited number of connections; each account has its own rate limits. (If there are no more accounts
    than ``connections``, their sessions stay open for the next question.) The notebook's own session is not used.

    Parameters
    ----------
    credentials : mapping of str to str, or iterable of str
        Names of your choice, each with its token or with a function without arguments that fetches it. Or names only:
        ``fetch`` then gets each token when its turn comes; without ``fetch``, the names are profiles that
        ``login(remember=True, profile=...)`` has stored. On Deriv's current API a token works with an app ID of the
        same Deriv login: if the accounts belong to several people, give ``(token, app_id)`` instead of a token.
    fetch : callable or str, optional
        Function that returns the token for a name, or ``(token, app_id)``. It runs on a separate thread. As a text:
        ``"module:function"``; with ``"os:getenv"`` the names are environment variables.
    app_id : int or str, optional
        Your app ID, for all accounts without their own; if left out, as for `dpyauth.login`.
    api : {"v3", "options"}, optional
        Which of Deriv's two APIs; if left out, the one that each token looks made for.
    connections : int
        How many connections may be open at a time. (On a cluster: by all workers together.)
    sandbox : bool
        Use the sandbox, a Deriv on this machine.
    server : str, optional
        Address of another Deriv server.
    language : str, optional
        Language of Deriv's messages, and of meanings in frames, as for `dpyauth.login`.
    timeout : float
        How long each sign-in and each call may take, in seconds.
    cluster : distributed.Client, optional
        A Dask cluster whose workers do the asking. Tokens never travel to it: each worker fetches the tokens of its
        accounts, so give names and a ``fetch`` that the workers can import. Names and answers do travel.

    Returns
    -------
    Fleet

    Raises
    ------
    InvalidSetting
        The credentials, the app ID or another setting are invalid.
    NoCredential
        Only names were given, and no credential is stored for some of them on this machine.

    Examples
    --------
    >>> from dpyauth.fleets import fleet
    >>> with fleet({"Ann": "sandbox-rich-all", "Ben": "no-such-token"}, sandbox=True) as clients:
    ...     status = clients.account_status()
    >>> status[["name", "loginid"]]
      name   loginid
    0  Ann  CR900001
    1  Ben      <NA>
    >>> status["error"].notna().tolist()
    [False, True]
    """
    credentials = wrapped(credentials)  # first of all: tracebacks may show variables
    local = the_sandbox(sandbox, server)
    targets = Targets(local, server, language_of(language))
    if api is not None or app_id is not None or server is not None:
        targets.settings(api or targets.guess(None, app_id), app_id)  # raises now if a setting is invalid
    connections = int(connections)
    if connections < 1:
        raise InvalidSetting("connections must be a whole number above 0.")
    place = Place(targets, app_id, api, check_timeout(timeout))
    if cluster is None and isinstance(credentials, Mapping):
        return Fleet(
            given(credentials, fetch, lambda token, own: targets.settings(api or targets.guess(token, own), own)),
            place,
            connections,
        )
    if isinstance(credentials, Mapping):
        raise InvalidSetting(
            "On a cluster, give names only, and fetch=, a function that returns the token for a name on the worker: "
            "tokens must not travel through the cluster's scheduler."
        )
    keys = {name: name for name in names(credentials)}
    if fetch is None:
        # As dpyauth.login() stores them: a token of the sandbox must never be sent to Deriv, nor the reverse.
        place_kept = "@sandbox" if local else f"@{server}" if server else ""
        keys, fetch = {name: f"{name}{place_kept}" for name in keys}, kept
        all_kept(keys.values())
    if cluster is None:
        return Fleet(fetched(keys, resolve(fetch)), place, connections)
    by_name = name_of(fetch)
    return Fleet(fetched(keys, lambda _: None), place, connections, (clusters.client_of(cluster), by_name, keys))


class Fleet:
    """Many accounts, made by `fleet`. It has the methods of a session that ask Deriv, with the same arguments.

    Each method returns a DataFrame: ``name`` (string), then the columns of the session's frame (or ``result``, if the
    session's method returns something else), then ``error`` (string; why an account gave no answer, else missing). The
    accounts are in the order of the credentials. An account that fails has one row and does not affect the others.

    Attributes
    ----------
    names : tuple of str
        Names of the accounts.
    partial : pandas.DataFrame or None
        Answers that had arrived when the last question was interrupted; None if it was not.
    """

    @public
    def __init__(
        self,
        members: Sequence[Member],
        place: Place,
        connections: int,
        cluster: tuple[Any, str, Mapping[str, str]] | None = None,
    ) -> None:
        if not members:
            raise InvalidSetting("A fleet needs at least one credential.")
        self.names = tuple(member.name for member in members)
        self.partial: pd.DataFrame | None = None
        self._runner = Runner(members, place, connections)
        self._place = place
        self._connections = connections
        self._cluster = cluster
        self._closed = False
        # Reentrant: an interrupt may leave it locked, and the same thread must still get in afterwards.
        self._turn = threading.RLock()
        _forks.own(self)

    def __repr__(self) -> str:
        where = "on a cluster" if self._cluster else f"{min(self._connections, len(self.names))} connections at a time"
        return f"<dpyauth fleet: {len(self.names)} accounts, {'closed' if self._closed else where}>"

    def __len__(self) -> int:
        return len(self.names)

    @ends_here
    def __getattr__(self, name: str) -> Callable[..., pd.DataFrame]:
        if name not in questions():
            if name.startswith("_"):
                raise AttributeError(f"'Fleet' object has no attribute {name!r}")
            raise UnknownName.of("A fleet", name, questions(), _instead(name))

        @ends_here
        @functools.wraps(getattr(Session, name))
        def ask(*args: Any, **kwargs: Any) -> pd.DataFrame:
            wrong = takes(name).wrong((self, *args), kwargs)
            if wrong is not None:
                del args, kwargs  # tracebacks may show variables, and these may be secret
                raise wrong
            args, kwargs = sealed(name, args, kwargs)
            check(name, args, self._place.likely_api)
            return self._ask(name, args, kwargs)

        method = inspect.signature(ask)
        ask.__signature__ = method.replace(parameters=list(method.parameters.values())[1:])  # type: ignore[attr-defined]
        return ask

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *questions()]

    @public
    def close(self) -> None:
        """Close all connections, once a question in progress has its answer. Closing twice is fine.

        Examples
        --------
        >>> import dpyauth
        >>> clients = dpyauth.fleet({"Ann": "sandbox-rich-all", "Ben": "sandbox-rich-all"}, sandbox=True)
        >>> clients.close()
        >>> clients
        <dpyauth fleet: 2 accounts, closed>
        """
        with self._one_at_a_time():
            self._closed = True
            self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a fleet cannot be pickled: it holds live connections and secrets")

    def _forked(self) -> None:
        """Continue in a forked process: no question is in progress there, and each account signs in again."""
        self._turn = threading.RLock()

    # Inside

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Wait for other questions to end: two at a time would open more connections than allowed."""
        while not self._turn.acquire(timeout=EVERY):  # in steps: on Windows a wait on a lock cannot be interrupted
            pass
        try:
            yield
        finally:
            self._turn.release()

    def _ask(self, question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> pd.DataFrame:
        _imports.load("numpy", "pandas")
        from dpyauth.fleets.joined import joined

        answers: dict[str, Any] = {}
        said: list[str] = []
        try:
            with self._one_at_a_time():
                if self._closed:
                    raise SessionClosed("This fleet is closed. Make a new one with dpyauth.fleet().")
                self.partial = None
                with Progress(question) as progress:
                    self._gather(question, args, kwargs, answers, said, lambda: self._show(progress, answers))
            for answer in answers.values():
                if isinstance(answer, NotInThisApi):
                    answer.typed("fleet", question)
            wrong = [answer for answer in answers.values() if isinstance(answer, InvalidRequest)]
            if wrong and all(isinstance(answer, Exception) for answer in answers.values()):
                raise wrong[0]  # every account failed, so the question is wrong
            whole = joined(question, self.names, answers)
            if said:
                notes.show(said[0] if len(set(said)) == 1 else f"{said[0]} See attrs['note'] for the other accounts.")
            return whole
        except InvalidRequest:
            raise
        except BaseException as stopped:
            for name, answer in answers.items():
                if isinstance(answer, OutcomeUnknown):
                    stopped.add_note(f"{name}: {answer}")
            if answers:
                self.partial = joined(question, self.names, dict(answers))
                some = f"{len(answers)} of {len(self.names)} accounts"
                stopped.add_note(f"What had arrived is in the fleet's partial: {some}. Run the cell again to get all.")
            elif not isinstance(stopped, Exception):
                stopped.add_note("Nothing had arrived yet. Run the cell again if you still want it.")
            raise

    def _gather(
        self,
        question: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        answers: dict[str, Any],
        said: list[str],
        tick: Callable[[], None],
    ) -> None:
        """Put the answers (or errors) under the members' names; ``tick`` is called regularly meanwhile."""
        if self._cluster is not None:
            client, fetch, keys = self._cluster
            order = self._order(question, args, kwargs, fetch)
            with closing(clusters.ask(client, order, keys, said)) as arriving:
                for some in arriving:
                    answers.update(some)
                    tick()
            return
        self._runner.gather(asked(question, args, kwargs), answers, said, tick)

    def _order(self, question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], fetch: str) -> clusters.Order:
        may_travel(question, args, kwargs)
        place, targets = self._place, self._place.targets
        app_id, api, server = place.app_id, place.api, targets.server
        if targets.sandbox is not None:
            where = targets.settings(api or targets.guess(None, app_id), app_id)
            app_id, api, server = where.app_id, where.api, where.server
        return clusters.Order(
            question, args, kwargs, fetch, app_id, api, server, targets.language, place.timeout, self._connections
        )

    def _show(self, progress: Progress, answers: Mapping[str, Any]) -> None:
        rows = sum(len(answer) if hasattr(answer, "columns") else 1 for answer in list(answers.values()))
        progress.at(len(answers) / len(self.names), rows)


def _instead(name: str) -> str:
    can = f"Methods of a fleet: {', '.join(sorted(questions()))}."
    return f"Only a session has it. {can}" if name in dir(Session) else ""
