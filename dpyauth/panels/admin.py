"""Share what the panels of tokens and of apps have in common: lists that are read again after every change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError, OutcomeUnknown, SessionClosed
from dpyauth.panels import account_view
from dpyauth.panels.model import PanelModel

if TYPE_CHECKING:
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

LONGEST = 80
"""Characters of a name that are shown."""


class AdminModel(PanelModel):
    """Model of a panel that lists and changes what only some tokens may even see."""

    reads = ""
    """Call that lists what there is to manage."""
    changes = ""
    """Call that changes it."""
    lists: tuple[str, ...] = ()
    """Names that the lists have in the view."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._of: str | None = None  # login ID of the account that the lists are of
        self._whose: str | None = None  # login ID of the account that the work under way is about
        self._loaded = False
        self._problems: dict[str, str] = {}
        self._changing = False
        self._unwatch: Callable[[], None] = lambda: None

    # What there is to show

    def content(self) -> dict[str, Any]:
        """Return what all of these panels show."""
        session = self.session
        account = account_view.account(session)
        if session.state == "closed" or account is None:
            phase = "closed" if session.state == "closed" else "out"
        elif self.reads not in session.core.catalog:
            phase = "elsewhere"
        else:
            phase = "denied" if session.can(self.reads) is False else "list"
        may = phase == "list" and session.can(self.changes) is not False
        return {
            **({"notice": account_view.news(session)} if phase == "out" and self._notice is None else {}),
            "phase": phase,
            "account": account and {name: account[name] for name in ("loginid", "currency", "kind", "api")},
            **({"page": session.core.api_facts.untold[self.reads].page} if phase == "elsewhere" else {}),
            "loaded": self._loaded and self._of == session.loginid,
            "may": may,
            "advice": self._advice() if phase in ("list", "denied") and not may else "",
            "problems": self._problems,
        }

    def subject(self, view: dict[str, Any]) -> object:
        """Return what the still is of: what is listed, and for whom."""
        if view["busy"] and not view["loaded"]:
            return None  # nothing yet, or not yet again
        return view["phase"], view["account"], view["loaded"], {name: view.get(name) for name in self.lists}

    def prepare_still(self) -> None:
        """Read the lists here and now."""
        self._of = self._whose = self.session.loginid
        if self.content()["phase"] == "list":
            try:
                self._load()
            except DpyauthError as error:
                self.fail(error)

    def _advice(self) -> str:
        """Say how to get a token that may do what this one may not."""
        facts = self.session.core.api_facts
        wanted = dict.fromkeys(scope for call in (self.reads, self.changes) for scope in self.session.needs(call)[:1])
        return facts.advice.format(ticks=" and ".join(f"'{facts.scopes[scope]}'" for scope in wanted))

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
            return  # it was switched meanwhile: the lists of the other account come by themselves
        if loginid == self.session.loginid == self._of:
            self._loaded = True

    def reload(self) -> None:
        """Read the lists again after a change. An error is dropped: it says nothing about the change."""
        self._loaded = False
        try:
            self._load()
        except DpyauthError:
            pass  # the user can do it later

    def dismiss(self) -> None:
        """Take away the notice, and what is said beside fields."""
        self._problems = {}
        super().dismiss()

    def forget(self) -> None:
        """Drop the lists: they are of another account."""

    def read(self) -> None:
        """Get the lists."""

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Do what the user did in the browser; ``loginid`` is the account that the browser shows."""
        match message:
            case {"do": "refresh"}:
                self.refresh()
            case {"do": str(), "loginid": str(loginid)} if self.content()["may"]:
                if loginid != self.session.loginid:  # it was switched, and the browser has not heard of it yet
                    self.changed()
                elif not self._changing:  # a second click, before the first one is through
                    self.act(message)

    def act(self, message: dict[str, Any]) -> None:
        """Make the change that the user wants."""

    def change(self, work: Callable[[], dict[str, str] | None], unknown: str) -> None:
        """Make one change, which is never repeated; ``unknown`` is what to say if no answer comes."""
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
        """Send a call to Deriv, for the account that the work under way is about."""
        return self.ask(self._whose, call, fields)[0]

    def refuse(self, **problems: str) -> None:
        """Say which fields cannot be right, and send nothing."""
        self._problems, self._notice = problems, None
        self.changed()

    def news(self, title: str, text: str, **values: object) -> dict[str, str]:
        """Return a notice in this panel's words."""
        return {"title": self.text(title), "text": self.text(text, **values), "kind": "info"}

    def problem(self, title: str, text: str) -> dict[str, str]:
        """Return a notice of a problem; ``text`` is shown as it is."""
        return {"title": self.text(title), "text": text, "kind": "error"}


def clipped(name: object) -> str:
    """Return a name, cut where it is too long to be shown."""
    text = str(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def quoted(name: object) -> str:
    """Return a name for use in a sentence, isolated so that right-to-left letters in it do not turn the rest round."""
    return f"“\u2068{clipped(name)}\u2069”"
