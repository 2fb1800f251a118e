"""The sign-in panel: a thin skin over a session."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from IPython.display import display

from dpyauth.apis.v3 import SCOPE_LABELS, Account
from dpyauth.credentials import Secret, api_token
from dpyauth.errors import ConnectionFailed, DpyauthError, InvalidCredential, InvalidSetting, SignInRefused
from dpyauth.settings import settings

if TYPE_CHECKING:
    from dpyauth.sandbox import SampleToken
    from dpyauth.session import Session

_HERE = Path(__file__).parent


def _without_token(record: logging.LogRecord) -> bool:
    return "'sign-in'" not in repr(record.args)


# At DEBUG these log whole messages, before the panel can take the token out of its own.
for _name in ("Comm", "IPKernelApp"):
    logging.getLogger(_name).addFilter(_without_token)

_TITLES: dict[type[DpyauthError], str] = {
    InvalidCredential: "Check the API token",
    InvalidSetting: "Check the app ID",
    SignInRefused: "Deriv did not let you in",
    ConnectionFailed: "Deriv cannot be reached",
}


class SignInPanel(anywidget.AnyWidget):
    """What `dpyauth.login` shows in a notebook.

    The browser sends a token once, as a message, and forgets it; it is never part of the widget's state. All that
    is synchronised is ``view``: what to show.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    samples : sequence of SampleToken
        Sample tokens to offer by name: those of the sandbox.
    """

    _esm = (_HERE / "signin.js").read_text(encoding="utf-8")
    _css = (_HERE / "signin.css").read_text(encoding="utf-8")

    view = traitlets.Dict().tag(sync=True)

    def __init__(self, session: Session, samples: Sequence[SampleToken] = ()) -> None:
        self._session = session
        self._samples = {sample.label: sample for sample in samples}
        self._attempt: Future[Account] | None = None
        self._notice: dict[str, str] | None = None
        self._refreshing = threading.RLock()
        super().__init__(view=self._look())
        self.on_msg(self._on_message)
        session._watch(self._refresh)

    def __repr__(self) -> str:
        return f"dpyauth sign-in panel: {self._session!r}"

    # What the browser says; on any thread

    def _on_message(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        try:
            match content:
                case {"do": "sign-in"}:
                    self._sign_in(content)
                case {"do": "sample", "name": str(name)} if name in self._samples:
                    self._begin(Secret(self._samples[name].token), self._session._settings.app_id)
                case {"do": "cancel"} if self._attempt is not None:
                    self._attempt.cancel()
                    self._attempt = None
                    self._refresh()
                case {"do": "dismiss"}:
                    self._notice = None
                    self._refresh()
                case {"do": "sign-out"}:
                    self._notice = None
                    self._session._sign_out("you signed out")
        except DpyauthError as error:
            self._fail(error)

    def _sign_in(self, content: dict[str, Any]) -> None:
        self._notice = None
        self._refresh()  # or the same mistake twice would change nothing, and look like no answer
        # Taken out of the message, which the kernel keeps until the next one.
        token = Secret(str(content.pop("token", "")))
        self._begin(token, str(content.get("app_id", "")))

    def _begin(self, token: Secret, app_id: str) -> None:
        now = self._session._settings
        where = settings(app_id, now.server, now.language)
        attempt = self._session._sign_in(api_token(token, "the sign-in panel"), where)
        before, self._attempt, self._notice = self._attempt, attempt, None
        if before is not None:
            before.cancel()
        self._refresh()
        attempt.add_done_callback(self._ended)

    def _ended(self, attempt: Future[Account]) -> None:
        if attempt is not self._attempt:
            return
        self._attempt = None
        try:
            attempt.result()
        except CancelledError:
            self._refresh()
        except DpyauthError as error:
            self._fail(error)
        else:
            self._refresh()

    # What the browser shows

    def _fail(self, error: DpyauthError) -> None:
        title = next((title for kind, title in _TITLES.items() if isinstance(error, kind)), "That did not work")
        self._notice = {"title": title, "text": str(error)}
        self._refresh()

    def _refresh(self) -> None:
        with self._refreshing:  # what one thread saw must not overwrite what another has seen since
            self.view = self._look()

    def _look(self) -> dict[str, Any]:
        session = self._session
        account = session._account
        state = session.state
        notice = self._notice
        if notice is None and self._attempt is None and state == "signed out" and session._signed_out_because:
            because = session._signed_out_because
            notice = {"title": "Signed out", "text": f"{because[0].upper()}{because[1:]}."}
        return {
            "phase": "closed" if state == "closed" else "busy" if self._attempt else "in" if account else "form",
            "state": state,
            "host": session._settings.host,
            "sandbox": bool(self._samples),
            "app_id": session._settings.app_id,
            "samples": list(self._samples),
            "account": _shown(account) if account else None,
            "notice": notice,
        }


def _shown(account: Account) -> dict[str, Any]:
    scopes = account.scopes or ()
    return {
        "loginid": account.loginid,
        "currency": account.currency,
        "kind": account.kind,
        "scopes": [SCOPE_LABELS.get(scope, scope) for scope in scopes],
    }


def show(session: Session, samples: Sequence[SampleToken] = ()) -> None:
    """Show a panel for the session in the cell that is running."""
    display(SignInPanel(session, samples))  # type: ignore[no-untyped-call]
