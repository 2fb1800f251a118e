"""Ask many accounts one question, on the background loop, over a limited number of connections at a time."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dpyauth import _forks, notes
from dpyauth.credentials import checked
from dpyauth.errors import CallTimeout, DpyauthError, InvalidCredential, OutcomeUnknown
from dpyauth.fleets.members import GOODBYE
from dpyauth.net.loop import background
from dpyauth.progress import EVERY
from dpyauth.session import Session
from dpyauth.session.in_flight import sent_by

if TYPE_CHECKING:
    from dpyauth.fleets.members import Found, Member
    from dpyauth.settings import Settings
    from dpyauth.targets import Targets

Question = Callable[[Session], Awaitable[Any]]
Landed = Callable[[str, Any], None]
"""Function that takes the name of a member, and its answer or error."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place where the members of a fleet sign in."""

    targets: Targets
    app_id: str | int | None
    api: str | None
    timeout: float

    def of(self, found: Found) -> Settings:
        """Return the settings to sign in with a token, chosen as `dpyauth.login` does."""
        targets = self.targets
        if None not in (self.api, found.api) and self.api != found.api:
            raise InvalidCredential(
                f"The stored credential is for Deriv's {found.api} API, so it is not sent to {self.api}. Leave out "
                "api=."
            )
        named = found.own_app_id if found.own_app_id is not None else self.app_id
        app_id = named if named is not None else found.app_id or self._variable("DERIV_APP_ID")
        wanted = self.api or found.api or self._variable("DERIV_API")
        api = wanted or targets.guess(found.token, app_id)
        checked(found.token, "", api)
        return targets.settings(api, app_id)

    @property
    def likely_api(self) -> str:
        """Name of the API that is probably meant, as far as is known without a token."""
        return self.api or self._variable("DERIV_API") or self.targets.guess(None, self.app_id)

    def _variable(self, name: str) -> str | None:
        return None if self.targets.sandbox is not None else os.environ.get(name) or None


class Runner:
    """Asks members from this process, one question at a time.

    Parameters
    ----------
    members : sequence of Member
        Members to ask.
    place : Place
        Where they sign in.
    connections : int
        How many connections may be open at a time.
    """

    def __init__(self, members: Sequence[Member], place: Place, connections: int) -> None:
        self.members = members
        self._place = place
        self._connections = connections
        self._asking: asyncio.Task[Any] | None = None  # the latest question
        _forks.own(self)

    def _forked(self) -> None:
        self._asking = None

    def gather(self, question: Question, answers: dict[str, Any], said: list[str], tick: Callable[[], None]) -> None:
        """Ask a question, and wait until every member has an answer or an error.

        Parameters
        ----------
        question : callable
            Function that asks a session.
        answers : dict
            Receives the answers (or errors) by the members' names, as they arrive.
        said : list of str
            Receives the warnings.
        tick : callable
            Called regularly while waiting.
        """
        outcome: Future[None] = Future()
        over = threading.Event()
        try:
            background.run(lambda: self._put(question, answers, said, over), outcome)
            while not wait([outcome], EVERY).done:
                tick()
            outcome.result()
        except BaseException:
            # Cancelling closes all sessions. Wait for that: only then is it known what became of changes that were
            # sent, and the notes about them must be in `answers` before this error reaches the user.
            if outcome.cancel():
                over.wait(GOODBYE)
            raise

    def close(self) -> None:
        """Close all sessions."""
        if any(member.session is not None for member in self.members):
            outcome: Future[None] = Future()
            background.run(lambda: leave(self.members), outcome)
            outcome.result(self._place.timeout)

    async def _put(self, question: Question, answers: dict[str, Any], said: list[str], over: threading.Event) -> None:
        """Ask a question, on the background thread.

        A question that was interrupted first closes what it had opened: until then its connections count.
        """
        try:
            if self._asking is not None and not self._asking.done():
                await asyncio.wait([self._asking])
            self._asking = asyncio.current_task()
            with notes.heard(said):
                await ask(self.members, question, self._place, self._connections, answers.__setitem__)
        finally:
            over.set()


async def ask(members: Sequence[Member], question: Question, place: Place, connections: int, landed: Landed) -> None:
    """Ask all members a question: a few at a time, and each that is done makes room for the next.

    If there are as many connections as members, their sessions stay open.
    """
    waiting = iter(members)
    stay = len(members) <= connections

    async def work() -> None:
        for member in waiting:
            try:
                landed(member.name, await _answer(member, question, place))
            except asyncio.CancelledError as stopped:
                if sent := sent_by(stopped):
                    landed(member.name, OutcomeUnknown(" ".join(sent)))
                raise
            finally:
                if not stay:
                    await member.leave()

    workers = [asyncio.create_task(work()) for _ in range(min(connections, len(members)))]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await leave(members)
        raise


async def leave(members: Sequence[Member]) -> None:
    """Close the sessions of members."""
    await asyncio.gather(*[member.leave() for member in members])


async def _answer(member: Member, question: Question, place: Place) -> Any:
    """Return the answer or the error; a copy, as the traceback of the original leads to the credential."""
    try:
        if member.session is None or member.session.state in {"closed", "signed out"}:
            await enter(member, place)
        assert member.session is not None
        return await question(member.session)
    except DpyauthError as error:
        return error.copy()
    except Exception as error:  # a bug in dpyauth must not lose the answers of the other accounts
        return DpyauthError(
            f"This account could not be asked because of an error inside dpyauth ({type(error).__name__})."
        )


async def enter(member: Member, place: Place) -> None:
    """Sign a member in, in a new session."""
    await member.leave()
    found = await member.found()
    where = place.of(found)
    session = Session(where, timeout=place.timeout)
    session.core.rate_limits = member.rate_limits
    member.session = session
    try:
        async with asyncio.timeout(place.timeout):
            await session.core.sign_in_with(found.grants, where, loginid=found.active)
    except TimeoutError:
        await member.leave()
        raise CallTimeout(
            f"Deriv did not answer the sign-in within {place.timeout:g} s. Try again, or allow more time "
            "with timeout=.",
            call="authorize",
        ) from None
    except BaseException:
        await member.leave()
        raise
