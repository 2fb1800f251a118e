"""Put one question to many accounts: on the background thread's loop, over so many connections at a time."""

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
"""Called with the member's name and each answer, or the error there is in its place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place where the members of a fleet sign in."""

    targets: Targets
    app_id: str | int | None
    api: str | None
    timeout: float

    def of(self, found: Found) -> Settings:
        """Return the Deriv that a token is of, as `dpyauth.login` does."""
        targets = self.targets
        if None not in (self.api, found.api) and self.api != found.api:
            raise InvalidCredential(
                f"What was remembered is of Deriv's {found.api} API, and is not sent to {self.api}. Leave out api=."
            )
        named = found.own_app_id if found.own_app_id is not None else self.app_id
        app_id = named if named is not None else found.app_id or self._variable("DERIV_APP_ID")
        wanted = self.api or found.api or self._variable("DERIV_API")
        api = wanted or targets.guess(found.token, app_id)
        checked(found.token, "", api)
        return targets.settings(api, app_id)

    @property
    def likely_api(self) -> str:
        """Name of the API that is meant, as far as can be told before there is a token."""
        return self.api or self._variable("DERIV_API") or self.targets.guess(None, self.app_id)

    def _variable(self, name: str) -> str | None:
        return None if self.targets.sandbox is not None else os.environ.get(name) or None


class Runner:
    """Puts questions to members from this process, one after the other.

    Parameters
    ----------
    members : sequence of Member
    place : Place
        Where they sign in.
    connections : int
        How many there may be at a time.
    """

    def __init__(self, members: Sequence[Member], place: Place, connections: int) -> None:
        self.members = members
        self._place = place
        self._connections = connections
        self._asking: asyncio.Task[Any] | None = None  # the question put last
        _forks.own(self)

    def _forked(self) -> None:
        self._asking = None

    def gather(self, question: Question, answers: dict[str, Any], said: list[str], tick: Callable[[], None]) -> None:
        """Put a question; wait until there is an answer or an error from every member.

        Parameters
        ----------
        question : callable
            Asks a session.
        answers : dict
            Gets the answers (or errors) by the members' names, as they come.
        said : list of str
            Gets the sentences to warn of.
        tick : callable
            Called now and then meanwhile.
        """
        outcome: Future[None] = Future()
        over = threading.Event()
        try:
            background.run(lambda: self._put(question, answers, said, over), outcome)
            while not wait([outcome], EVERY).done:
                tick()
            outcome.result()
        except BaseException:
            if outcome.cancel():  # closes everything; what has become of changes is known when that is done
                over.wait(GOODBYE)
            raise

    def close(self) -> None:
        """Close what is open."""
        if any(member.session is not None for member in self.members):
            outcome: Future[None] = Future()
            background.run(lambda: leave(self.members), outcome)
            outcome.result(self._place.timeout)

    async def _put(self, question: Question, answers: dict[str, Any], said: list[str], over: threading.Event) -> None:
        """Put a question, on the background thread: once one that was interrupted has closed what it had opened."""
        try:
            if self._asking is not None and not self._asking.done():
                await asyncio.wait([self._asking])
            self._asking = asyncio.current_task()
            with notes.heard(said):
                await ask(self.members, question, self._place, self._connections, answers.__setitem__)
        finally:
            over.set()


async def ask(members: Sequence[Member], question: Question, place: Place, connections: int, landed: Landed) -> None:
    """Put a question to all members; the first ones begin, and each that is done makes room for the next.

    Where there are as many connections as members, their sessions stay.
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
    """Close what is open."""
    await asyncio.gather(*[member.leave() for member in members])


async def _answer(member: Member, question: Question, place: Place) -> Any:
    """Return the answer, or the error: a copy, because an error that was raised leads to where the credential is."""
    try:
        if member.session is None or member.session.state in {"closed", "signed out"}:
            await enter(member, place)
        assert member.session is not None
        return await question(member.session)
    except DpyauthError as error:
        return error.copy()
    except Exception as error:  # a defect: it must not take the other accounts' answers along
        return DpyauthError(f"This account could not be asked, for an error inside dpyauth ({type(error).__name__}).")


async def enter(member: Member, place: Place) -> None:
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
