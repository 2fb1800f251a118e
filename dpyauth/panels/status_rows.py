"""Make the rows on the status of an account: lights, and below them what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth import frames
from dpyauth.frames.values import get_path, mappings
from dpyauth.net.messages import flag
from dpyauth.panels.card_rows import Row, light, plain, row
from dpyauth.texts import Words, date, texts

if TYPE_CHECKING:
    import pandas as pd

_CHECKS = ("identity", "document", "income", "ownership")
_TONES = {"verified": "good", "pending": "wait", "none": "off"}  # tones of the status of a check; any other is bad
_SAID_BY_LIGHTS = {"allow_poi_resubmission": "identity", "allow_poa_resubmission": "document"}
_NO_CASHIER = {"disabled", "cashier_locked"}
_NO_TRADING = {"disabled", "no_trading", "no_withdrawal_or_trading", "unwelcome"}
_MONEY = {"disabled", "no_withdrawal_or_trading", "unwelcome"}  # flags of other groups that also concern money


class Status:
    """Reply of v3 to ``get_account_status`` as rows of a card.

    Parameters
    ----------
    payload : mapping
        Payload of the reply.
    demo : bool
        Whether it is for a demo account.
    words : Words
        The words of the account card.
    """

    def __init__(self, payload: Mapping[str, Any], *, demo: bool, words: Words) -> None:
        self._payload = payload
        self._demo = demo
        self._words = words
        self._context = frames.Context("get_account_status", language=words["lang"])
        self._flags = _records(frames.status_flags(payload, self._context))
        self._checks = {check["check"]: check for check in _records(frames.verification(payload))}

    def rows(self) -> list[Row]:
        """Return all rows."""
        rows = [self._verification(), self._cashier(), self._trading()]
        also = self._meanings("account", "p2p")
        also += [self._say("flag_unknown", flag=plain(flag["flag"])) for flag in self._flags if not flag["known"]]
        also += [self._say(ban) for ban in ("temp_ban", "perm_ban") if self._payload.get("p2p_status") == ban]
        return [*rows, row(self._say("also"), lines=also)] if also else rows

    def _say(self, key: str, **values: object) -> str:
        return self._words(key, **values)

    def _meanings(self, *groups: str) -> list[str]:
        """Return the meanings of the flags in these groups that need attention."""
        return [flag["meaning"] for flag in self._flags if flag["group"] in groups and flag["severity"] != "info"]

    def _verification(self) -> Row:
        lights, lines, undone = [], [], set()
        for name in _CHECKS:
            check, title = self._checks[name], self._say(f"check_{name}")
            tone, word = self._standing(check)
            lights.append(light(tone, self._say("light", check=title, word=word)))
            if tone in ("act", "bad"):
                undone.add(name)
                lines += self._steps(name, title)
            elif tone == "wait" and check["needed"]:
                lines += [self._say("pending_more", check=title), self._what(name)]
        if all(check["status"] is None and not check["needed"] for check in self._checks.values()):
            lights = [light("off", self._say("nothing_yet"))]
        done = {flag for flag, check in _SAID_BY_LIGHTS.items() if check in undone}
        lines += [
            flag["meaning"]
            for flag in self._flags
            if flag["group"] == "verification" and flag["severity"] != "info" and flag["flag"] not in done
        ]
        if not lines and flag(self._payload.get("prompt_client_to_authenticate")):
            lines.append(self._say("prompted"))
        return row(self._say("verification"), lights, lines)

    def _standing(self, check: Mapping[str, Any]) -> tuple[str, str]:
        """Return the tone of a check, and its text."""
        status = check["status"]
        tone = "off" if status is None else _TONES.get(status, "bad")
        if tone == "off" and check["needed"]:
            return "act", self._say("status_needed")
        if tone == "good" and check["expires"] is not None:
            return tone, self._say("verified_until", date=date(check["expires"], self._words["lang"]))
        return tone, self._words.get(f"status_{status or 'unknown'}") or plain(status)

    def _steps(self, name: str, title: str) -> list[str]:
        """Return what is wrong with a check, and what to do about it."""
        if self._checks[name]["status"] == "locked":
            return [self._say("locked", check=title)]
        ways = ("identity", "idv", "onfido", "manual") if name == "identity" else (name,)
        codes = [plain(code) for way in ways for code in self._checks[way]["last_rejected"] or ()]
        reasons = list(dict.fromkeys(self._words.get(f"refusal_{code.lower()}", code) for code in codes))
        refused = [self._say("refused_because", check=title, reasons=reasons)] if reasons else []
        left = {way: self._checks[way]["attempts_left"] for way in ("idv", "onfido")} if name == "identity" else {}
        tries = [self._say(f"tries_{way}", count=count) for way, count in left.items() if count is not None]
        return [*refused, self._what(name), *tries]

    def _what(self, name: str) -> str:
        """Return what Deriv wants to see for a check, and where to send it."""
        asked = mappings(get_path(self._payload, "authentication.ownership.requests")) if name == "ownership" else []
        methods = [method for request in asked if (method := plain(request.get("payment_method")))]
        return self._say("do_ownership_of", methods=methods) if methods else self._say(f"do_{name}")

    def _cashier(self) -> Row:
        about = {flag["flag"]: flag for flag in self._flags if flag["group"] == "cashier" or flag["flag"] in _MONEY}
        if "cashier_locked" in about:  # this light says it all
            about = {"cashier_locked": about["cashier_locked"]}
        lines = [flag["meaning"] for flag in about.values() if flag["severity"] != "info"]
        problems = _records(frames.cashier_problems(self._payload, self._context))
        reasons = [problem for problem in problems if problem["kind"] == "reason"]
        lines += [problem["meaning"] or self._say("reason", code=plain(problem["problem"])) for problem in reasons]
        names = texts("meanings", language=self._words["lang"])
        fields = [plain(problem["problem"]) for problem in problems if problem["kind"] == "detail"]
        missing = [names.get(f"field_{field}", field) for field in fields]
        lines += [self._say("fields_missing", fields=missing)] if missing else []
        stopped = _records(frames.currencies(self._payload))
        for key in ("deposit", "withdrawal"):
            currencies = [plain(each["currency"]) for each in stopped if each[f"{key}_suspended"]]
            lines += [self._say(f"{key}_stopped", currencies=currencies)] if currencies else []
        sides = {problem["stops"] for problem in reasons}
        if {"deposits", "withdrawals"} <= sides or sides & {"both", None} or _NO_CASHIER & about.keys():
            tone, word = "bad", "cashier_shut"
        elif lines:
            tone, word = "act", "cashier_limited"
        else:
            tone, word = ("off", "cashier_demo") if self._demo else ("good", "cashier_open")
        return row(self._say("cashier"), [light(tone, self._say(word))], lines)

    def _trading(self) -> Row:
        shut = [flag["meaning"] for flag in self._flags if flag["flag"] in _NO_TRADING]
        lines = [*shut, *self._meanings("trading")]
        tone, word = ("act", "trading_limited") if lines else ("good", "trading_open")
        if shut:
            tone, word = "bad", "trading_shut"
        return row(self._say("trading"), [light(tone, self._say(word))], lines)


def options_rows(status: pd.DataFrame, words: Words) -> list[Row]:
    """Make the row on the status of an options account, which is only whether it is active."""
    tones = {"active": "good", "inactive": "bad"}
    return [
        row(words["account"], [light(tones[state], words[f"account_{state}"])])
        for state in (account["status"] for account in _records(status))
        if state in tones
    ]


def untold_row(words: Words, page: str) -> Row:
    """Make the row on what the options API does not report, and where to see it."""
    return row(words["elsewhere"], lines=[words("untold", page=page)], link=page)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, with None for missing values."""
    plainly = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in record.items()} for record in plainly.to_dict("records")]
