"""Share the common part of the panels of tokens and apps: lists that are read again after every change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError, OutcomeUnknown, SessionClosed
from dpyauth.panels import account_view
from dpyauth.panels.model import Notice, PanelModel
from dpyauth.texts import listed

if TYPE_CHECKING:
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

LONGEST = 80
"""Number of characters of a name that are shown."""


class AdminModel(PanelModel):
    """Model of a panel for tokens or apps, which only some tokens may see or change."""

    reads = ""
    """Name of the call that reads the list."""
    changes = ""
    """Name of the call that makes changes."""
    lists: tuple[str, ...] = ()
    """Keys of the lists in the view."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._of: str | None = None  # login ID of the account whose lists are shown
        self._whose: str | None = None  # login ID of the account that the current work is for
        self._loaded = False
        self._problems: dict[str, Callable[[], str]] = {}
        self._changing = False
        self._unwatch: Callable[[], None] = lambda: None

    # What there is to show

    def content(self) -> dict[str, Any]:
        """Return the part of the view that both panels share."""
        session = self.session
        account = account_view.account(session, self.words["lang"])
        if session.state == "closed" or account is None:
            phase = "closed" if session.state == "closed" else "out"
        elif self.reads not in session.core.catalog:
            phase = "elsewhere"
        else:
            phase = "denied" if session.can(self.reads) is False else "list"
        may = phase == "list" and session.can(self.changes) is not False
        return {
            **({"notice": account_view.news(session, self.words)} if phase == "out" and self._notice is None else {}),
            "phase": phase,
            "account": account and {name: account[name] for name in ("loginid", "currency", "kind", "api")},
            **({"page": session.core.api_facts.untold[self.reads].page} if phase == "elsewhere" else {}),
            "loaded": self._loaded and self._of == session.loginid,
            "may": may,
            "advice": self._advice() if phase in ("list", "denied") and not may else "",
            "problems": {field: problem() for field, problem in self._problems.items()},
        }

    def subject(self, view: dict[str, Any]) -> object:
        """Return the parts that a new still depends on: the lists, and their account."""
        if view["busy"] and not view["loaded"]:
            return None  # not loaded yet, or being loaded again
        return view["phase"], view["account"], view["loaded"], {name: view.get(name) for name in self.lists}

    def prepare_still(self) -> None:
        """Read the lists before the panel is shown, as there is no browser to ask for them."""
        self._of = self._whose = self.session.loginid
        if self.content()["phase"] == "list":
            try:
                self._load()
            except DpyauthError as error:
                self.fail(error)

    def _advice(self) -> str:
        """Return advice on how to get a token with the missing scope."""
        facts = self.session.core.api_facts
        wanted = dict.fromkeys(scope for call in (self.reads, self.changes) for scope in self.session.needs(call)[:1])
        language = self.words["lang"]
        return facts.advice(listed([f"'{facts.scopes[scope]}'" for scope in wanted], language, "and")).said_in(language)

    # When to look

    def on_shown(self) -> None:
        """Read the lists, and follow the account in use from now on."""
        self._unwatch()
        self._unwatch = self.session.core.watch(self._follow)
        self._of = None
        self._follow()

    def on_hidden(self) -> None:
        """Stop following the account in use."""
        self._unwatch()

    def _follow(self) -> None:
        loginid = self.session.loginid
        if loginid == self._of:
            return
        self._of, self._loaded, self._problems = loginid, False, {}
        self.forget()
        reads = self.reads in self.session.core.catalog and self.session.can(self.reads) is not False
        if loginid is not None and reads:
            self.refresh()
        self.changed()

    def refresh(self) -> None:
        """Read the lists again."""
        self._notice = None
        self.later(self._load)

    def _load(self) -> None:
        loginid = self._whose = self.session.loginid
        try:
            self.read()
        except SessionClosed:
            if loginid == self.session.loginid:
                raise
            return  # the account was switched in the meantime: `_changed` reads the lists of the new one
        if loginid == self.session.loginid == self._of:
            self._loaded = True

    def reload(self) -> None:
        """Read the lists again after a change. Ignore an error: it would look as if the change itself had failed."""
        self._loaded = False
        try:
            self._load()
        except DpyauthError:
            pass  # the user can press Refresh

    def dismiss(self) -> None:
        """Remove the notice and the messages beside fields."""
        self._problems = {}
        super().dismiss()

    def forget(self) -> None:
        """Drop the lists, which belong to another account."""

    def read(self) -> None:
        """Request the lists from Deriv."""

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser; ``loginid`` is the account that the browser shows."""
        match message:
            case {"do": "refresh"}:
                self.refresh()
            case {"do": str(), "loginid": str(loginid)} if self.content()["may"]:
                # The account was switched, and the browser does not show it yet: the user meant the other account.
                if loginid != self.session.loginid:
                    self.changed()
                elif not self._changing:  # a second click before the first is done
                    self.act(message)

    def act(self, message: dict[str, Any]) -> None:
        """Make the change that the user asked for."""

    def change(self, work: Callable[[], Notice | None], unknown: Callable[[], str]) -> None:
        """Make one change. It is never repeated by itself, since a lost reply may mean that it succeeded.

        ``unknown`` returns the text for that case.
        """
        self._changing, self._notice, self._problems = True, None, {}
        loginid = self.session.loginid

        def run() -> None:
            self._whose = loginid
            try:
                self._notice = work()
            except OutcomeUnknown:
                self._notice = self.problem("unknown_title", unknown)
                self.reload()
            finally:
                self._changing = False

        self.later(run)

    def call(self, call: str, /, **fields: Any) -> Reply:
        """Send a call to Deriv for the account that the current work is for."""
        return self.ask(self._whose, call, fields)[0]

    def refuse(self, **problems: Callable[[], str]) -> None:
        """Show which fields are invalid, and send nothing."""
        self._problems, self._notice = problems, None
        self.changed()

    def news(self, title: str, text: str, **values: object) -> Notice:
        """Return a notice in this panel's words."""
        return lambda: {"title": self.text(title), "text": self.text(text, **values), "kind": "info"}

    def problem(self, title: str, text: Callable[[], str]) -> Notice:
        """Return a notice of a problem."""
        return lambda: {"title": self.text(title), "text": text(), "kind": "error"}


def clipped(name: object) -> str:
    """Return a name, shortened if it is too long to show."""
    text = str(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def isolated(name: object) -> str:
    """Return a name for use in a sentence, isolated so that right-to-left letters do not reverse the rest."""
    return f"\u2068{clipped(name)}\u2069"
