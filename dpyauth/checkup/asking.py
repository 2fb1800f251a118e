"""Send each call that only reads once, and compare its reply with the catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from dpyauth.apis.base import named
from dpyauth.catalog import shapes
from dpyauth.catalog.calls import Call
from dpyauth.checkup import samples
from dpyauth.checkup.check_rows import code_of
from dpyauth.checkup.drift import Comparison, Finding, compare, expected, personal_words
from dpyauth.errors import (
    ApiError,
    BadReply,
    DpyauthError,
    InvalidRequest,
    MissingScope,
    NotSignedIn,
    RateLimited,
    SessionClosed,
)
from dpyauth.progress import Progress
from dpyauth.session import Session
from dpyauth.texts import Either, texts
from dpyauth.texts.languages import ENGLISH
from dpyauth.texts.said import in_language, said

Outcome = Literal["asked", "skipped", "refused", "no answer", "left out"]

FULL_MINUTE = 75.0
"""Longest wait of a call for Deriv's limit on calls per minute, in seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Outcome of one call."""

    call: str
    outcome: Outcome
    why: str = ""
    came: Comparison = field(default_factory=Comparison)

    def in_language(self, language: str) -> Self:
        """Return the outcome with its texts in a language."""
        came = Counter[Finding]()
        for finding, times in self.came.findings.items():
            came[finding.in_language(language)] += times
        return replace(self, why=in_language(self.why, language), came=replace(self.came, findings=came))


def ask_all(session: Session, names: Collection[str] = (), language: str = ENGLISH) -> list[Asked]:
    """Send every call that only reads, and compare the replies with the catalog.

    The calls are sent one at a time, within Deriv's limits.

    Parameters
    ----------
    session : Session
        Session that sends the calls.
    names : collection of str
        Only these calls, and those whose replies provide their fields. Default: all.
    language : str
        Tag of the language in which progress is shown.

    Returns
    -------
    list of Asked
        One for each call of the catalog, by name.

    Raises
    ------
    InvalidRequest, NotInThisApi
        A call does not exist, or it changes something.
    """
    catalog = named(session.api).CATALOG
    for name in names:
        if catalog.find(name).changes is True:
            raise InvalidRequest(said("doctor_only_reads", call=name), call=name)
    some = set(names).union(*(_sources(catalog[name]) for name in names))
    wanted = [call for call in catalog.values() if not names or call.name in some]
    asking = _Asking(session)
    done: list[Asked] = []
    words = texts("doctor", language=language)
    with Progress(words["comparing"], words["comparing_calls"]) as progress:
        for call in sorted(wanted, key=lambda call: (bool(_sources(call)), call.name)):
            done.append(asking.ask(call, named=call.name in names))
            progress.at(len(done) / len(wanted), len(done))
    return sorted((asking.impersonal(one) for one in done), key=lambda one: one.call)


class _Asking:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._shapes = shapes.load(session.api)
        self._known: dict[str, Any] = {}  # values from replies that other calls need, by place
        self._over = ""
        self._theirs: set[str] = set()  # words that could identify the user, such as their nickname

    def ask(self, call: Call, *, named: bool) -> Asked:
        """Send one call, or say why it was not sent."""
        if call.changes is True:
            return Asked(call.name, "left out", said("why_changes"))
        why = self._over or ("" if named else _left_alone(call.name)) or self._unfit(call)
        if why:
            return Asked(call.name, "skipped", why)
        fields = self._fields(call)
        if call.changes_with(fields):
            return Asked(call.name, "left out", said("why_changes"))
        try:
            reply = self._reply(call, fields)
        except DpyauthError as error:
            return self._failed(call, error)
        self._keep(call, reply)
        self._theirs.update(personal_words(reply, call.name))
        shape = self._shapes.get(call.name)
        if shape is None:
            return Asked(call.name, "asked", said("why_reply_unknown"))
        return Asked(call.name, "asked", "", compare(reply, shape, expected(self._session.api, call.name), call.name))

    def impersonal(self, one: Asked) -> Asked:
        """Leave out findings whose field name or new value is a word that identifies the user."""
        came = Counter[Finding]()
        for finding, times in one.came.findings.items():
            came[finding.without(self._theirs)] += times
        return replace(one, came=replace(one.came, findings=came))

    def _unfit(self, call: Call) -> str:
        if call.streams == "required":
            return said("why_streams")
        if self._session.can(call.name) is False:
            return said("why_scope", scopes=Either(call.scopes))
        return ""

    def _reply(self, call: Call, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._session.call(call.name, **fields)
        except RateLimited:
            return self._session.call(call.name, timeout=FULL_MINUTE, **fields)

    def _failed(self, call: Call, error: DpyauthError) -> Asked:
        if isinstance(error, InvalidRequest):
            return Asked(call.name, "skipped", said("why_no_value", field=error.field))
        if isinstance(error, MissingScope):
            return Asked(call.name, "skipped", said("why_scope", scopes=Either(error.scopes)))
        if isinstance(error, NotSignedIn | SessionClosed):
            self._over = said("why_ended")
            return Asked(call.name, "skipped", self._over)
        if isinstance(error, BadReply):
            came = Comparison()
            came.findings[Finding(said("whole_reply"), "other type", said("kind_object"), said("kind_unreadable"))] += 1
            return Asked(call.name, "asked", "", came)
        if isinstance(error, ApiError):
            return Asked(call.name, "refused", code_of(error))
        return Asked(call.name, "no answer", type(error).__name__)

    def _fields(self, call: Call) -> dict[str, Any]:
        given = {name: samples.FIELDS[name] for name in call.required if name in samples.FIELDS}
        given |= samples.CALLS.get(call.name, {})
        filled = {name: self._filled(value) for name, value in given.items() if name in call.fields}
        return {name: value for name, value in filled.items() if value is not None}

    def _filled(self, value: Any) -> Any:
        if isinstance(value, samples.From):
            return next((self._known[place] for place in value.places if place in self._known), None)
        if isinstance(value, samples.Day):
            return (datetime.now(UTC) - timedelta(days=value.ago)).date()
        return value

    def _keep(self, call: Call, reply: Mapping[str, Any]) -> None:
        for place in _PLACES:
            name, _, path = place.partition(":")
            if name == call.name and (found := _first(reply, path)) is not None:
                self._known[place] = found


def _left_alone(name: str) -> str:
    for left, why in samples.NOT_ASKED.items():
        if name == left or (left.endswith("_") and name.startswith(left)):
            return said(why)
    return ""


def _first(value: Any, path: str) -> Any:
    """Return the first value at a path, if it can be used as a field of a call."""
    for part in path.split("."):
        if part == "[]":
            value = value[0] if isinstance(value, list) and value else None
        elif part == "{}":
            value = next(iter(value), None) if isinstance(value, Mapping) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str | int) else None


def _sources(call: Call) -> set[str]:
    """Return the names of the calls whose replies provide the fields of this one."""
    given = [samples.FIELDS.get(name) for name in call.required]
    given += samples.CALLS.get(call.name, {}).values()
    places = [place for value in given if isinstance(value, samples.From) for place in value.places]
    return {place.partition(":")[0] for place in places}


def _places() -> Iterator[str]:
    for table in (samples.FIELDS, *samples.CALLS.values()):
        for value in table.values():
            if isinstance(value, samples.From):
                yield from value.places


_PLACES = frozenset(_places())
