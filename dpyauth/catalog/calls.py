"""Calls of an API as data: fields, types, limits and scopes."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from dpyauth.catalog.paths import get_path
from dpyauth.errors import InvalidRequest, NotInThisApi
from dpyauth.registry import APIS, by_token
from dpyauth.sensitive import kind_of
from dpyauth.texts import read
from dpyauth.texts.languages import ENGLISH, negotiated
from dpyauth.texts.said import said

Schema = dict[str, Any]

_COMMON: Schema = {"req_id": {"type": "integer"}, "passthrough": {"type": "object"}}


_NAME = re.compile(r"[A-Za-z]\w{0,39}", re.ASCII)
"""Form of the name of a call. An error does not repeat anything else, as it may be a token."""


class Rest(NamedTuple):
    """Method and path of a call over HTTP."""

    method: str
    path: str
    """Path, with fields in braces. The other fields are sent in the query (GET) or in a JSON body (POST)."""


class Call:
    """One call of the API, as its request schema describes it.

    Parameters
    ----------
    name, summary : str
        Name of the call, and its purpose in a few words.
    fields : mapping
        JSON schema of each field.
    required : sequence of str
        Fields that cannot be left out.
    scopes : sequence of str
        Scopes of which a token needs one.
    streams : {"no", "yes", "required"}
        Whether it opens a stream.
    changes : bool or collection of str
        Whether it changes anything at Deriv, or the fields with which it does.
    unless : str, optional
        Path of the field with which it changes nothing after all, such as ``data.dry_run``.
    key : str, optional
        Path of the field by which Deriv distinguishes requests, such as ``data.request_id``. It is filled in if it is
        left out.
    lookup : Call, optional
        Call that returns the result of the request with a key.
    extra : mapping, optional
        Other keywords of its schema.
    rest : Rest, optional
        Method and path of a call over HTTP; None for a call over a socket.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        fields: Mapping[str, Schema],
        required: Sequence[str],
        scopes: Sequence[str] = (),
        *,
        streams: str = "no",
        changes: bool | Collection[str] = False,
        unless: str = "",
        key: str = "",
        lookup: Call | None = None,
        extra: Mapping[str, Any] | None = None,
        rest: Rest | None = None,
    ) -> None:
        self.name = name
        self.summary = summary
        self.fields = fields
        self.required = tuple(required)
        self.scopes = tuple(scopes)
        self.streams = streams
        self.changes = changes if isinstance(changes, bool) else frozenset(changes)
        self.unless = unless
        self.key = key
        self.lookup = lookup
        self.extra = extra
        self.rest = rest

    @functools.cached_property
    def sensitive(self) -> frozenset[str]:
        """Names of the fields whose values are secret or personal."""
        named = self.fields.items()
        return frozenset(name for name, schema in named if kind_of(name, schema, self.name, "", self.siblings))

    @property
    def siblings(self) -> Collection[str]:
        """Names of the fields that show whose data a request is about. ``loginid`` does not: it says who makes it."""
        return self.fields.keys() - {"loginid"}

    @property
    def needs_auth(self) -> bool:
        """True if Deriv answers this call only after a sign-in."""
        return bool(self.scopes)

    @property
    def open(self) -> bool:
        """True if the call takes fields that are not listed. One call does: the names of its fields are questions."""
        return bool(self.extra and "patternProperties" in self.extra)

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Fields in the path of a call over HTTP, in order."""
        return tuple(re.findall(r"{(\w+)}", self.rest.path)) if self.rest else ()

    @property
    def schema(self) -> Schema:
        """Complete JSON schema of a request."""
        whole: Schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": dict(self.fields) if self.rest else {**self.fields, **_COMMON},
            **(self.extra or {}),
        }
        if self.required:  # draft 4 of JSON schema does not allow an empty list
            whole["required"] = list(self.required)
        return whole

    def changes_with(self, fields: Mapping[str, Any]) -> bool:
        """Return True if a request with these fields changes anything at Deriv, so that it must never be repeated."""
        if self.unless and get_path(fields, self.unless) is True:
            return False
        if isinstance(self.changes, bool):
            return self.changes
        return any(fields.get(name) is not None for name in self.changes)

    def key_in(self, fields: Mapping[str, Any]) -> str:
        """Return the key by which Deriv knows a change with these fields; empty if it has none."""
        key = get_path(fields, self.key) if self.key and self.changes_with(fields) else None
        return key if isinstance(key, str) else ""

    def look(self, fields: Mapping[str, Any]) -> str:
        """Return where to check whether a change with these fields was made, in words that follow "look at"."""
        key = self.key_in(fields)
        if key and self.lookup is not None:
            return _line(self.lookup, key)
        found = next((where for names, where in _LOOK if re.search(names, self.name)), "")
        first, _, second = found.partition(" and ")
        if second:
            return said("look_at_both", first=first, second=second)
        return found or said("derivs_messages" if self.name == _MAILS else "your_account")

    def places(self) -> list[dict[str, str]]:
        """Return the other fields with which this call can look up a key, such as one for each kind of wallet."""
        asked: list[dict[str, str]] = [{}]
        for name in self.required:
            if values := self.fields[name].get("enum"):
                asked = [{**place, name: value} for place in asked for value in values]
        return asked

    def many_with(self, fields: Mapping[str, Any]) -> bool:
        """Return True if a stream with these fields covers several things, each of which may fail on its own."""
        symbols = fields.get("ticks")
        return (
            (self.name == "proposal_open_contract" and fields.get("contract_id") is None)
            or (self.name == "balance" and fields.get("account") == "all")
            or (self.name == "ticks" and isinstance(symbols, list) and len(set(symbols)) > 1)
        )


def _line(lookup: Call, key: str) -> str:
    """Return the code that looks a request up."""
    first, *others = lookup.places()
    asked = "".join(f", {name}={json.dumps(value)}" for name, value in {**first, "request_id": key}.items())
    also = ", ".join(json.dumps(value) for other in others for value in other.values())
    code = f'session.frame("{lookup.name}"{asked})'
    return said("look_up_also", code=code, values=also) if also else code


class Catalog(dict[str, Call]):
    """Calls of one API, by name."""

    def __init__(self, api: str, calls: Mapping[str, Call]) -> None:
        super().__init__(calls)
        self.api = api

    def __repr__(self) -> str:
        return f"<dpyauth catalog of {self.api}: {len(self)} calls>"

    def find(self, name: object) -> Call:
        """Return the call of this name, or of this older name; raise an error that suggests the closest one."""
        if isinstance(name, str):
            today = APIS[self.api].older.get(name, name)
            if today in self:
                return self[today]
            for api in APIS:
                there = APIS[api].older.get(name, name)
                if api != self.api and there in load(api):
                    raise self._lacks(there, api)
        # Do not repeat a text that does not look like a name: it may be a token.
        named = isinstance(name, str) and re.fullmatch(r"[A-Za-z]\w{0,39}", name)
        name = str(name) if named and not by_token(str(name), likely=True) else ""
        near = nearest(name, self)
        key = "call_unnamed" if not name else "call_unknown_near" if near else "call_unknown"
        raise InvalidRequest(said(key, api=self.api, name=repr(name), near=repr(near)), call=name or None)

    def _lacks(self, name: str, other: str) -> NotInThisApi:
        """Return the error for a call that only another API has."""
        here, there = APIS[self.api], APIS[other]
        untold, way = here.untold.get(name), here.nearest.get(name, "")
        call = way if way in self else None
        if untold is not None:
            told = f"{here.title} does not report {untold.what}" + (
                f". See {untold.page} for that" if untold.page else ""
            )
            near = f"{untold.method}{{also}}"
        else:
            told = f"this is a call of {there.title}, and the session uses {here.title}"
            near = f'{{face}}.{{verb}}("{call}")' if call else ""
        ways = [f"The closest equivalent is {near}" if near else way]
        ways += [] if there.retiring or near or way else [f'To use it, sign in with dpyauth.login(api="{other}")']
        form = ". ".join([f"{{typed}}: {told}", *filter(None, ways), "Nothing was sent"]) + "."
        return NotInThisApi.of_form(form, name, api=self.api, nearest=call)


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """Return the most similar name; empty if there is none."""
    import difflib  # slow to import, and needed only for errors

    return next(iter(difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)), "")


@functools.cache
def load(api: str) -> Catalog:
    """Return the catalog of an API. The file is read once."""
    with open(os.path.join(os.path.dirname(__file__), f"{api}.json"), encoding="utf-8") as file:
        raw = json.load(file)
    lookups = {name: entry.pop("lookup") for name, entry in raw.items() if "lookup" in entry}
    told = summaries(api)
    calls = {name: _call(name, told[name], **entry) for name, entry in raw.items()}
    for name, lookup in lookups.items():
        calls[name].lookup = calls[lookup]
    return Catalog(api, calls)


def summaries(api: str, language: str = ENGLISH) -> Mapping[str, str]:
    """Return the purposes of an API's calls in a few words, in English what the language lacks."""
    return _summaries(api, negotiated(language))


@functools.cache
def _summaries(api: str, language: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in (ENGLISH, language):
        for group in ("*", api):
            found |= read(each, "summaries").get(group, {})
    return found


def _call(name: str, summary: str, *, rest: dict[str, str] | None = None, **entry: Any) -> Call:
    return Call(name, summary, rest=Rest(**rest) if rest else None, **entry)


_MAILS = "payment_agent_withdraw_verification"
"""Call that makes Deriv send a message."""

_LOOK = (
    ("^mt5_|^trading_platform_", "session.mt5_accounts() and session.balance()"),
    ("^payment_agent_client_settings_update$", 'session.frame("payment_agent_client_settings")'),
    (f"^{_MAILS}$", ""),
    ("^wallet_|^payment_agent_", "session.wallets() and session.wallet_transactions()"),
    ("transfer|withdraw|deposit|topup|reset_demo_balance|cashier", "session.balance() and session.statement()"),
    ("new_account|create_account|set_account_currency", "session.accounts()"),
    ("^api_token$", "session.api_tokens()"),
    ("^app_|oauth_app", "session.apps()"),
    ("^set_self_exclusion$", 'session.frame("get_self_exclusion")'),
    ("^set_", "session.settings()"),
    ("^buy|^sell|^cancel$|^contract_update|^auto_|^copy_", "session.portfolio() and session.statement()"),
)
"""Methods that show what a call has changed, by a pattern for its name. The first match counts."""
