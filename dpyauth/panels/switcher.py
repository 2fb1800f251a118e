"""Model the account switcher, which shows the accounts of a sign-in with their balances and switches between them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError, MissingScope
from dpyauth.panels import account_view
from dpyauth.panels.account_choice import AccountChoice
from dpyauth.panels.card_rows import plain
from dpyauth.panels.model import PanelModel
from dpyauth.panels.refresh import Refresher, once
from dpyauth.panels.stills import account_tables as stills
from dpyauth.texts import Either

if TYPE_CHECKING:
    from dpyauth.session import Session

EVERY = 60.0
"""Interval in seconds for data that Deriv does not stream."""

PATIENCE = 3.0
"""Longest wait for data for the first view, in seconds."""


class SwitcherModel(PanelModel):
    """Model of the account switcher.

    Before an account with real money is used for the first time, it asks the user.

    Parameters
    ----------
    session : Session
        The session to show.
    """

    name = "switcher"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._balances: Mapping[str, object] = {}
        self._usable: Mapping[str, bool] = {}  # newer than those from the sign-in
        self._lacking: tuple[str, ...] = ()  # scopes for the balances, one of which is missing
        self._choosing = AccountChoice(session, self._use, self.dismiss)
        self._refresher: Refresher | None = None

    def prepare(self) -> None:
        """Read the data for the first view; anything slower arrives later by itself."""
        if self.session.state == "signed in":
            once(self.learn(), self.name, PATIENCE)

    # What there is to show

    def content(self) -> dict[str, Any]:
        """Return the accounts, and the question if there is one."""
        session = self.session
        account = account_view.account(session, self.words["lang"])
        accounts = account_view.accounts(session, self._balances, self.words["lang"])
        if account is not None and not accounts:
            entry = {name: account[name] for name in ("loginid", "currency", "kind")}
            balance = account_view.money(self._balances.get(account["loginid"]), self.words["lang"])
            status = account_view.status(session, account["loginid"])
            accounts = [{**entry, "status": status, "balance": balance, "current": True}]
        for entry in accounts:
            if (usable := self._usable.get(entry["loginid"])) is not None:
                entry["status"] = "active" if usable else "inactive"
        return {
            "notice": self._notice() if self._notice else account_view.news(session, self.words),
            "accounts": accounts,
            "asking": self._choosing.asking,
            "note": self._note(),
            "hint": self._hint(len(accounts)),
        }

    def as_text(self) -> str:
        """Return the accounts as plain text."""
        view = self.view()
        if not view["accounts"]:
            return str(view["ended"] or self.words["signed_out_text"])
        lines = [
            f"{plain(entry['loginid'])}  {self.words[entry['kind']]}  "
            f"{self.words['inactive'] + '  ' if entry['status'] == 'inactive' else ''}"
            f"{entry['balance']} {plain(entry['currency']) or self.words['no_currency']}"
            f"{'  (' + self.words['in_use'] + ')' if entry['current'] else ''}"
            for entry in view["accounts"]
        ]
        return "\n".join([*lines, *filter(None, (view["note"], view["hint"]))])

    def without_panel(self) -> str:
        """Return how to switch accounts in a front end that shows no panels."""
        other = next((entry["loginid"] for entry in self.view()["accounts"] if not entry["current"]), None)
        return "" if other is None else self.text("no_panel", loginid=plain(other))

    def subject(self, view: dict[str, Any]) -> object:
        """Return the parts that a new still depends on: the accounts, the one in use, and which balances are known."""
        accounts = [
            (each["loginid"], each["current"], each["status"], bool(each["balance"])) for each in view["accounts"]
        ]
        return view["state"] == "closed", accounts, view["note"], view["hint"]

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        return stills.switcher(view, self.words)

    def _note(self) -> str:
        """Return why there are no balances, if that is so."""
        return self.text("balances_need", scopes=labels(self.session, self._lacking)) if self._lacking else ""

    def _hint(self, count: int) -> str:
        if count != 1:
            return ""
        return self.text("only_one_there_is" if self.session.core.api_facts.one_for_all else "only_one")

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Handle the choice of an account, or the answer to the question."""
        self._choosing.handle(message)

    def _use(self, loginid: str) -> None:
        self._notice = None
        self.later(lambda: self.session.use(loginid))

    # Keeping up to date

    def on_shown(self) -> None:
        """Keep the panel up to date from now on."""
        self.on_hidden()
        if self.session.state != "closed":
            self._refresher = Refresher(self.session, self.follow, self.name)

    def on_hidden(self) -> None:
        """Stop keeping the panel up to date."""
        refresher, self._refresher = self._refresher, None
        if refresher is not None:
            refresher.end()

    async def follow(self) -> None:
        """Keep the panel up to date until the session changes, when the work is cancelled and started again."""
        while self.session.state == "signed in":
            await self.learn()
            await asyncio.sleep(EVERY)

    async def learn(self) -> None:
        """Read everything that the panel shows."""
        await self._learn_balances()

    async def _learn_balances(self) -> None:
        session = self.session
        try:
            which = "all" if len(session.core.grants) > 1 else "current"
            frame = await session.aio.balance(which, decimal=True)
        except MissingScope as error:
            self._lacking = error.scopes
        except DpyauthError:
            return  # balances are an extra; the next attempt may succeed
        else:
            known = frame.set_index("loginid")
            self._balances = {str(name): amount for name, amount in known["balance"].dropna().items()}
            if "active" in known:  # Deriv reports it only for all accounts at once
                self._usable = {str(name): bool(usable) for name, usable in known["active"].dropna().items()}
            self._lacking = ()
        self.changed()


def labels(session: Session, scopes: Iterable[str]) -> Either:
    """Return the scopes that would be enough, with the names from Deriv's token page."""
    known = session.core.api_facts.scopes
    return Either(known.get(scope, scope) for scope in scopes)
