"""Share what all panels' models have in common. A model says what its panel shows, and does what the user clicks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dpyauth import _environment
from dpyauth._threads import Thread
from dpyauth.errors import DpyauthError, SessionClosed
from dpyauth.panels.texts import texts
from dpyauth.panels.visibility import Visibility
from dpyauth.session.blocking import run

if TYPE_CHECKING:
    from dpyauth.frames import Context
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

log = logging.getLogger("dpyauth")


class PanelModel:
    """Model of one panel that shows one session.

    Its methods may be called from any thread. ``changed`` is called after every change, and ``send`` hands the
    browser a message, and bytes beside it, that must not be part of what is saved with the notebook.

    Parameters
    ----------
    session : Session
        The session to show.
    """

    name = ""
    """Name of the panel; its words are in a file of that name."""
    goes_on = False
    """True if the still goes on in an unattended run, too. Else it stays as it was when its cell ran, like a frame."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.cell = _environment.cell()
        """Number of the cell that shows the panel, where that is known."""
        self.changed: Callable[[], None] = lambda: None
        self.send: Callable[..., None] = lambda message, buffers=None: None
        self.words = texts(self.name, session.core.target.language, app=_environment.is_app())
        self.visibility = Visibility(self.on_shown, self.on_hidden)
        self._notice: dict[str, str] | None = None
        self._busy = 0
        self._one_at_a_time = threading.Lock()
        self._counting = threading.Lock()

    # What there is to show

    def view(self) -> dict[str, Any]:
        """Return everything that the panel shows; it holds no secret."""
        return {
            "state": self.session.state,
            "sandbox": self.session.sandbox,
            "busy": self._busy > 0,
            "notice": self._notice,
            "ended": self._why_closed(),
            "back": self._way_back(),
            **self.content(),
        }

    def _why_closed(self) -> str:
        """Say that the session is closed, and where to go on; empty while it is not."""
        core = self.session.core
        if core.end_reason is None:
            return ""
        if core.successor is None:
            return self.words["closed"]
        newer = core.successor()
        if newer is None or newer.cell is None:
            return self.words["replaced"]
        return self.text("replaced_in", cell=newer.cell)

    def _way_back(self) -> str:
        """Say how to get the panel again where the kernel has been restarted: only the browser is left to say so."""
        login, here = self.session.core.cell, self.cell
        if login is None or here is None:
            return self.words["back"]
        return self.text("back_here" if login == here else "back_both", login=login, cell=here)

    def content(self) -> dict[str, Any]:
        """Return what this panel shows beside that."""
        return {}

    def without_panel(self) -> str:
        """Say what to do instead, where the front end shows no panels; empty where there is nothing to do."""
        return ""

    def prepare_still(self) -> None:
        """Learn what the still shows, where there is no browser to show the panel, which would ask for it."""

    def subject(self, view: dict[str, Any]) -> object:
        """Return what the still is of: when that changes there is a new still; None where the old one is to stay.

        Each new one makes the notebook one that is not saved, so it is nothing that changes by the minute.
        """
        return None

    def still(self, view: dict[str, Any]) -> str:
        """Return the still: the panel as HTML, which stays with the notebook. It holds no secret."""
        return ""

    def text(self, key: str, **values: object) -> str:
        """Return a text of this panel, with values filled in."""
        return self.words[key].format(**values)

    # What the user does

    def receive(self, message: dict[str, Any]) -> None:
        """Take a message from the browser, on any thread; what goes wrong is shown, and never raised.

        ipywidgets would log an error with all that the message says.
        """
        try:
            match message:
                case {"do": "here"}:
                    self.seen()
                case {"do": "dismiss"}:
                    self.dismiss()
                case _:
                    self.handle(message)
        except DpyauthError as error:
            self.fail(error)
        except Exception as error:
            self.report_defect(error)

    def handle(self, message: dict[str, Any]) -> None:
        """Do what the user did in the browser."""

    def seen(self) -> None:
        """Note that the browser still shows the panel, or again."""
        self.visibility.seen()

    def on_shown(self) -> None:
        """Begin to keep the panel up to date: a browser shows it, for the first time or again."""

    def on_hidden(self) -> None:
        """Stop keeping the panel up to date: no browser shows it any more."""

    def close(self) -> None:
        """Take the panel away for good."""
        self.visibility.end()

    def dismiss(self) -> None:
        """Take away the notice."""
        self._notice = None
        self.changed()

    def fail(self, error: DpyauthError) -> None:
        """Show what went wrong."""
        text = " ".join([str(error), *getattr(error, "__notes__", ())])
        self._notice = {"title": self.text("failed"), "text": text, "kind": "error"}
        self.changed()

    def report_defect(self, error: Exception) -> None:
        """Log a defect of ours and show it, so that the panel does not wait for ever."""
        log.error("the %s panel failed: %s", self.name, type(error).__name__)
        self.fail(DpyauthError(self.text("internal", error=type(error).__name__)))

    def later(self, work: Callable[[], None]) -> None:
        """Do work that takes a while on a thread of its own, one after the other; the panel is ``busy`` meanwhile."""
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
        """Send a call to Deriv, for this account and no other, whatever the session does meanwhile."""
        if loginid != self.session.loginid:
            raise SessionClosed(self.text("other_account"), call=call)
        return run(self.session.core, self.session.core.reply_to(call, fields, loginid=loginid))
