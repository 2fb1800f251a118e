"""Model the call explorer: look up any call of the API in use, fill it in, send it and see its reply."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dpyauth.catalog.calls import Call, summaries
from dpyauth.catalog.paths import get_path
from dpyauth.catalog.request import Fields, build, echoed, keyed
from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError
from dpyauth.panels import account_view, downloads, reply_view
from dpyauth.panels.forms import Entered, Form
from dpyauth.panels.model import PanelModel, log
from dpyauth.panels.snippets import as_json, as_json_fields, as_python
from dpyauth.panels.stills import last_call as stills
from dpyauth.session.calls import NOT_BY_CALL
from dpyauth.texts import Either, listed
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.frames import Context
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

VALID = 120.0
"""Seconds within which a change must be confirmed."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Change that waits for the user's confirmation: a call, with its fields and its account."""

    nonce: str
    call: Call
    fields: Fields
    loginid: str | None
    typed: str
    """Text that the user has to type; empty if a click is enough."""
    until: float


class ExplorerModel(PanelModel):
    """Model of the call explorer.

    Parameters
    ----------
    session : Session
        Session that sends the calls.
    variable : str
        Name of the session in the notebook, for the Python to paste into a cell.
    """

    name = "explorer"

    def __init__(self, session: Session, variable: str = "session") -> None:
        super().__init__(session)
        self._variable = variable
        self._chosen = ""
        self._asked: _Asked | None = None
        self._got: tuple[Call, Fields, pd.DataFrame] | None = None  # the latest frame, with its call and fields
        self._last: dict[str, Any] | None = None  # the latest request and its result, for the still
        self._told: Callable[[], dict[str, Any]] = dict  # makes the latest result, in the language of the moment

    # What there is to show

    def without_panel(self) -> str:
        """Return what to do instead in a front end that shows no panels."""
        return self.text("no_panel")

    def content(self) -> dict[str, Any]:
        """Return the calls, the chosen call, and the account it would be sent for."""
        session = self.session
        chosen = self._offered(self._chosen)
        return {
            "api": session.api,
            "account": account_view.account(session, self.words["lang"]),
            "standing": self._standing(),
            "calls": [
                self._row(call) for name, call in sorted(session.core.catalog.items()) if name not in NOT_BY_CALL
            ],
            "call": self._described(chosen) if chosen else None,
        }

    def subject(self, view: dict[str, Any]) -> object:
        """Return the part that a new still depends on: the latest request."""
        return id(self._last)

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        last = self._last and {**self._last, "reply": self._last["reply"]()}
        return stills.explorer(view, self.words, last, self.text("no_panel_here", instead=self.text("no_panel")))

    def _row(self, call: Call) -> dict[str, Any]:
        return {
            "name": call.name,
            "summary": summaries(self.session.api, self.session.language)[call.name],
            "locked": self._locked(call),
            "changes": _changes(call),
            "streams": call.streams != "no" and not call.changes,
        }

    def _locked(self, call: Call) -> str:
        """Return why a call cannot be sent now; empty if it can."""
        account = self.session.core.active_account
        if self.session.core.may(call, account):
            return ""
        return "sign_in" if account is None else "scope"

    def _standing(self) -> str:
        """Return what delays or prevents every call, whatever the scopes; empty if nothing does."""
        core = self.session.core
        if self.session.state == "signed out":
            because = reply_view.plain(in_language(core.signed_out_because, self.words["lang"]))
            return " ".join(filter(None, (because, self.text("standing_signed_out"))))
        if self.session.state not in ("reconnecting", "connecting"):
            return ""
        reason = in_language(core.connection.reason, self.words["lang"]) if core.connection is not None else ""
        return " ".join(filter(None, (self.text("standing_down"), reply_view.plain(reason))))

    def _described(self, call: Call) -> dict[str, Any]:
        form = self._form(call)
        names = sorted(call.changes) if isinstance(call.changes, frozenset) else []
        changes = _changes(call)
        return {
            **self._row(call),
            "access": self._access(call),
            "effect": self._effect(call, changes, names),
            "kind": self.text(
                f"streams_{call.streams}" if not call.changes or call.streams == "no" else "streams_start"
            ),
            "sends": call.streams != "required",
            "http": call.rest is not None,
            "fields": form.shown(),
            "groups": form.groups(),
            "preview": self._preview(form, form.read({})),
        }

    def _form(self, call: Call) -> Form:
        return Form(call, self.text, self.session.core.target.language)

    def _effect(self, call: Call, changes: str, names: list[str]) -> str:
        told = [self.text(f"changes_{changes}", fields=names)]
        told += [self.text("changes_unless", field=call.unless)] if call.unless else []
        return " ".join(told)

    def _access(self, call: Call) -> dict[str, Any]:
        """Return which scope a call needs, whether the token has it, and what to do if not."""
        text, facts, account = self.text, self.session.core.api_facts, self.session.core.active_account
        names = [facts.scopes.get(scope, scope) for scope in call.scopes]
        if names:
            needs = text("needs_scope", scopes=listed(names, self.words["lang"], "or"))
        else:
            needs = text("needs_sign_in" if call.rest else "needs_nothing")
        may = self.session.core.allowed(call)
        advice = facts.advice(Either(f"'{name}'" for name in names)).said_in(self.words["lang"])
        if account is None:
            has = "" if may else text("sign_in_first")
        elif not names:
            has = ""
        elif may is not False:
            has = text("has_it" if may else "has_unknown")
        elif account.scopes is None:
            has = f"{text('has_refused')} {advice}"
        else:
            own = [facts.scopes.get(scope, scope) for scope in account.scopes]
            has = f"{text('has_it_not', own=own) if own else text('has_none')} {advice}"
        tone = "bad" if may is False else "ok" if may and account is not None else "plain"
        return {"needs": needs, "has": reply_view.plain(has), "tone": tone}

    def _preview(self, form: Form, entered: Entered) -> dict[str, Any]:
        return {
            "call": form.call.name,
            "json": reply_view.plain(as_json(form.call, entered.fields)),
            "edit": reply_view.plain(as_json_fields(entered.fields)),
            "python": as_python(form.call, entered.fields, form.kinds, self._variable),
            "wrong": entered.wrong,
            "doubtful": entered.doubtful,
            "missing": list(entered.missing),
            "changes": form.call.changes_with(entered.fields),
        }

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser."""
        match message:
            case {"do": "choose", "call": str(name)}:
                self._asked = None
                if self._offered(name):
                    self._chosen = name
                self.changed()
            case {"do": "preview", "call": str(name)}:
                if call := self._offered(name):
                    form = self._form(call)
                    self.send({"preview": self._preview(form, form.read(_texts(call, message), _names(message)))})
            case {"do": "send", "call": str(name)}:
                if call := self._offered(name):
                    self._submit(call, _texts(call, message))
            case {"do": "confirm", "nonce": str(nonce)}:
                self._confirm(nonce, message.get("typed"))
            case {"do": "cancel"}:
                self._asked = None
            case {"do": "reword"}:
                if reply := self._told():
                    self.send({"reply": reply, "again": True})
            case {"do": "download"}:
                self.later(lambda: self._download(message))

    def close(self) -> None:
        """Close the panel for good."""
        self._asked = self._got = None
        self._told = dict
        super().close()

    def _download(self, message: dict[str, Any]) -> None:
        """Send the frame of the latest reply as a file."""
        if self._got is None:
            downloads.download(self, message, None, "", "")
            return
        call, fields, frame = self._got
        line = as_python(call, fields, Form(call, str).kinds, self._variable).get("frame", f"{self._variable}.frame(…)")
        downloads.download(self, message, frame, call.name, f'{line}.to_csv("{call.name}.csv")')

    def _submit(self, call: Call, texts: dict[str, str | Secret]) -> None:
        self._asked = self._notice = None
        form = self._form(call)
        entered = form.read(texts)
        if not entered.ready:
            self.send({"preview": self._preview(form, entered), "insist": True})
            return
        if call.streams == "required":
            return
        try:
            fields = keyed(call, build(call, entered.fields))
            self.session.core.check_call(call)
        except DpyauthError as error:
            self._tell(self._trouble(call, error))
            return
        if not call.changes_with(fields):
            self._put(call, fields, self.session.loginid)
            return
        account = self.session.core.active_account
        money = bool(call.key)  # calls with a request ID move real money, whichever account is in use
        typed = account.loginid if account and (account.kind == "real" or money) else ""
        loginid = account.loginid if account else None
        asked = _Asked(secrets.token_urlsafe(16), call, fields, loginid, typed, time.monotonic() + VALID)
        self._asked = asked
        shown = {"call": call.name, "money": money, "json": reply_view.plain(as_json(call, fields))}
        self.send({"ask": {"nonce": asked.nonce, "loginid": loginid, "typed": typed, **shown}})

    def _confirm(self, nonce: str, typed: object) -> None:
        """Send the call that waits for this confirmation.

        A confirmation works once, and only for the account that the question was about: the user may have switched
        accounts in the meantime, and the change must not reach an account that the question did not name.
        """
        asked, self._asked = self._asked, None
        if asked is None or not secrets.compare_digest(asked.nonce.encode(), nonce.encode(errors="replace")):
            self._refuse("not_confirmed")
        elif time.monotonic() > asked.until:
            self._refuse("too_late")
        elif asked.loginid != self.session.loginid:
            self._refuse("other_account")
        elif asked.typed and typed != asked.typed:
            self._refuse("typed_wrong", loginid=asked.typed)
        else:
            self._put(asked.call, asked.fields, asked.loginid)

    def _put(self, call: Call, fields: Fields, loginid: str | None) -> None:
        """Send a call to Deriv, and show the result."""

        def work() -> None:
            began = time.monotonic()
            try:
                try:
                    reply, context = self.ask(loginid, call.name, fields)
                except DpyauthError as error:
                    self._answered(call, fields, loginid, self._trouble(call, error))
                    return
                took = time.monotonic() - began
                shown = self._reply(call, fields, reply, context) | {"took": round(took, 3)}
                note = self._note(call, fields, reply)
            except Exception as error:
                self._failed(call, fields, loginid, error)
                return
            self._answered(call, fields, loginid, lambda: {**shown, "note": self.text(note) if note else ""})

        self.later(work)

    def _reply(self, call: Call, fields: Fields, reply: Reply, context: Context) -> dict[str, Any]:
        """Return the view of a reply, and keep its frame."""
        from dpyauth import frames

        frame = frames.generic(call, {"echo_req": fields, **reply}, context)
        self._got = (call, fields, frame)
        return {
            "files": downloads.formats(),
            "call": call.name,
            "json": reply_view.reply_json(call, context.api, reply),
            "frame": reply_view.table(frame),
        }

    def _failed(self, call: Call, fields: Fields, loginid: str | None, error: Exception) -> None:
        """Show that a bug in dpyauth hides the result of a call that was sent.

        The text must not suggest sending it again: the change may have been made.
        """
        log.error("the explorer cannot show what came of a call: %s", type(error).__name__)
        kind = type(error).__name__
        self._answered(call, fields, loginid, self._saying(call.name, "title_unshown", "unshown", True, error=kind))

    def _note(self, call: Call, fields: Fields, reply: Reply) -> str:
        """Return the key of a note for a reply that can be misread: a dry run, or a result that was looked up."""
        if call.unless and get_path(fields, call.unless) is True:
            moved = get_path(reply, "data.transaction_id") is not None  # then money has moved, and it was not a dry run
            return "" if moved else "dry_run"
        return "looked_up" if call.key and reply.get("looked_up") is True else ""

    def _answered(self, call: Call, fields: Fields, loginid: str | None, reply: Callable[[], dict[str, Any]]) -> None:
        """Show the result of a call, and keep it for the still, with secret and personal values masked."""
        request = as_json(call, echoed(call, fields))
        self._last = {"call": call.name, "loginid": loginid, "request": request, "reply": reply}
        self._tell(reply)

    def _tell(self, reply: Callable[[], dict[str, Any]]) -> None:
        self._told = reply
        self.send({"reply": reply()})

    def _trouble(self, call: Call, error: DpyauthError) -> Callable[[], dict[str, Any]]:
        told = error.copy()  # without its traceback, whose frames may hold a secret
        return lambda: {"call": call.name, "trouble": reply_view.trouble(told, self.words)}

    def _saying(
        self, call: str, title: str, text: str, unknown: bool, **values: object
    ) -> Callable[[], dict[str, Any]]:
        """Return a function for what this panel itself says of a call."""

        def told() -> dict[str, Any]:
            said = reply_view.trouble(DpyauthError(self.text(text, **values)), self.words)
            return {"call": call, "trouble": {**said, "title": self.text(title), "unknown": unknown}}

        return told

    def _refuse(self, key: str, **values: object) -> None:
        self._tell(self._saying(self._chosen, "title_not_sent", key, False, **values))

    def _offered(self, name: str) -> Call | None:
        return None if name in NOT_BY_CALL else self.session.core.catalog.get(name)


def _changes(call: Call) -> str:
    if isinstance(call.changes, bool):
        return "always" if call.changes else "never"
    return "sometimes"


def _texts(call: Call, message: dict[str, Any]) -> dict[str, str | Secret]:
    """Remove the entries from the message and return them by field, with possible secrets wrapped.

    The kernel keeps the message, so a secret must not stay in it.
    """
    given = message.pop("fields", None)
    if not isinstance(given, dict):
        return {}
    open_ones = {field.name for field in Form(call, str).fields if not field.sensitive}
    texts: dict[str, str | Secret] = {}
    for name in list(given):
        text = given.pop(name)
        if isinstance(name, str) and isinstance(text, str):
            texts[name] = text if name in open_ones else Secret(text)
    return texts


def _names(message: dict[str, Any]) -> list[str]:
    """Return the hidden fields that have a value in the browser, which is sent only with the call."""
    hidden = message.get("hidden")
    return [name for name in hidden if isinstance(name, str)] if isinstance(hidden, list) else []
