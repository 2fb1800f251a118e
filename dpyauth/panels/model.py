"""Share the common part of all panel models. A model decides what its panel shows, and does what the user asks for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth import _environment
from dpyauth._threads import Thread
from dpyauth.errors import DpyauthError, SessionClosed
from dpyauth.panels.visibility import Visibility
from dpyauth.session.blocking import run
from dpyauth.settings import language_of
from dpyauth.texts import Words, texts
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.frames import Context
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

Notice = Callable[[], dict[str, str]]
"""Notice of a panel, made anew whenever it is shown, as the user may have changed the language."""

log = logging.getLogger("dpyauth")


class PanelModel:
    """Model of one panel that shows one session.

    Its methods may be called from any thread and on any event loop: messages from the browser arrive on the thread of
    the kernel, or of a subshell; changes of the session arrive on the background thread. So a model does slow work with
    `later`: waiting for Deriv would block every cell on the one thread, and the reply itself on the other.

    ``view`` becomes part of the widget's state, which is saved with the notebook, so it must never contain a secret.
    ``send`` passes the browser a message, optionally with bytes, that is not saved. ``changed`` is called after every
    change; the widget then reads ``view`` again.

    Parameters
    ----------
    session : Session
        The session to show.
    """

    name = ""
    """Name of the panel, and of the file with its texts."""
    beside: tuple[str, ...] = ()
    """Files with texts that the panel uses in addition to its own."""
    goes_on = False
    """True if the still is updated in an unattended run, too. Otherwise it shows the moment when its cell ran."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.cell = _environment.cell()
        """Number of the cell that shows the panel, if known."""
        self.changed: Callable[[], None] = lambda: None
        self.send: Callable[..., None] = lambda message, buffers=None: None
        self.visibility = Visibility(self.on_shown, self.on_hidden)
        self._notice: Notice | None = None
        self._busy = 0
        self._one_at_a_time = threading.Lock()
        self._counting = threading.Lock()

    # What there is to show

    @property
    def words(self) -> Words:
        """Texts of the panel, in the language of the session."""
        language = self.session.core.target.language
        return texts(*self.beside, self.name, language=language, app=_environment.is_app())

    def view(self) -> dict[str, Any]:
        """Return everything that the panel shows; it holds no secret."""
        return {
            "state": self.session.state,
            "sandbox": self.session.sandbox,
            "busy": self._busy > 0,
            "notice": self._notice and self._notice(),
            "ended": self._why_closed(),
            "back": self._way_back(),
            **self.content(),
        }

    def _why_closed(self) -> str:
        """Return a text for a closed session, with what to do next; empty while the session is open."""
        core = self.session.core
        if core.end_reason is None:
            return ""
        if core.successor is None:
            return self.words["closed"]
        newer = core.successor()
        if newer is None or newer.cell is None:
            return self.words["replaced"]
        return self.text("replaced_in", cell=str(newer.cell))

    def _way_back(self) -> str:
        """Return which cells to run after a restart of the kernel.

        It has to be part of the view beforehand: after a restart, only the browser is left to show it.
        """
        login, here = self.session.core.cell, self.cell
        if login is None or here is None:
            return self.words["back"]
        return self.text("back_here" if login == here else "back_both", login=str(login), cell=str(here))

    def content(self) -> dict[str, Any]:
        """Return the part of the view that is special to this panel."""
        return {}

    def without_panel(self) -> str:
        """Return what to do instead in a front end that shows no panels; empty if there is nothing to do."""
        return ""

    def prepare_still(self) -> None:
        """Read the data for the still in an unattended run, where no browser shows the panel and asks for it."""

    def subject(self, view: dict[str, Any]) -> object:
        """Return the parts of the view that a new still depends on; None if the old still should stay.

        When this value changes, a new still is written. Each still marks the notebook as unsaved, so leave out
        anything that changes by the minute.
        """
        return None

    def still(self, view: dict[str, Any]) -> str:
        """Return the still: the panel as HTML, which is saved with the notebook. It must not contain a secret."""
        return ""

    def text(self, key: str, **values: object) -> str:
        """Return a text of this panel, with values filled in."""
        return self.words(key, **values)

    def saying(self, key: str, **values: object) -> Callable[[], str]:
        """Return a function for a text that is shown later, perhaps in another language."""
        return partial(self.text, key, **values)

    def said(self, error: DpyauthError) -> str:
        """Return the text of an error, in the language of the panel."""
        return error.in_language(self.words["lang"])

    # What the user does

    def receive(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser, on any thread. Errors are shown in the panel and never raised.

        If this raised, ipywidgets would log the error together with the message, which may contain a token.
        """
        try:
            match message:
                case {"do": "here"}:
                    self.seen()
                case {"do": "dismiss"}:
                    self.dismiss()
                case {"do": "language", "language": str(code)}:
                    self.session.core.speak(language_of(code))
                case _:
                    self.handle(message)
        except DpyauthError as error:
            self.fail(error)
        except Exception as error:
            self.report_defect(error)

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser."""

    def seen(self) -> None:
        """Note that the browser shows the panel."""
        self.visibility.seen()

    def on_shown(self) -> None:
        """Start keeping the panel up to date, as a browser shows it for the first time or again."""

    def on_hidden(self) -> None:
        """Stop keeping the panel up to date, as no browser shows it any more."""

    def close(self) -> None:
        """Close the panel for good."""
        self.visibility.end()

    def dismiss(self) -> None:
        """Remove the notice."""
        self._notice = None
        self.changed()

    def fail(self, error: DpyauthError) -> None:
        """Show what went wrong."""
        told = error.copy()  # without its traceback, whose frames may hold a secret
        self._notice = lambda: self.noticed(told, {"title": self.text("failed"), "kind": "error"})
        self.changed()

    def noticed(self, error: DpyauthError, notice: dict[str, str]) -> dict[str, str]:
        """Return a notice with the text of an error, and with its code if the text is translated: to search for."""
        code = "" if self.words.english else error.code
        return {"text": self.said(error), **notice} | ({"code": code} if code else {})

    def report_defect(self, error: Exception) -> None:
        """Log a bug in dpyauth and show it, so that the panel does not wait for ever.

        Only the type is shown and logged: the text of an unexpected error may contain a secret.
        """
        log.error("the %s panel failed: %s", self.name, type(error).__name__)
        self.fail(DpyauthError(said("internal", error=type(error).__name__)))

    def later(self, work: Callable[[], None]) -> None:
        """Do slow work on another thread, one job at a time; meanwhile the panel is ``busy``.

        Without the thread, a call to Deriv would block the kernel, and with it every other cell and panel.
        """
        with self._counting:
            self._busy += 1
        self.changed()

        def run() -> None:
            try:
                with self._one_at_a_time:
                    work()
            except DpyauthError as error:
                self.fail(error)
            except Exception as error:
                self.report_defect(error)
            finally:
                with self._counting:
                    self._busy -= 1
                self.changed()

        Thread(run, f"dpyauth-{self.name}").start()

    def ask(self, loginid: str | None, call: str, fields: dict[str, Any]) -> tuple[Reply, Context]:
        """Send a call to Deriv for this account only.

        If the session has switched to another account in the meantime, nothing is sent: the user decided while the
        panel showed this account.
        """
        if loginid != self.session.loginid:
            raise SessionClosed(said("other_account"), call=call)
        return run(self.session.core, self.session.core.reply_to(call, fields, loginid=loginid))
