"""Draw the status of accounts, their verification checks and their flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dpyauth.plots.canvas import GAIN, GREY, HATCHED, LINE, LOSS, OUT, Drawing, entitle, mark, nothing, rows
from dpyauth.plots.frame_checks import check, given, moments, numbers, short
from dpyauth.plots.wording import joined, money
from dpyauth.texts import listed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from dpyauth.texts import Words

_ROWS = 40
_LONG = 60
_LETTERS = 105  # about as many as fit into the width of a picture
_SHORTEST = 12  # width of the longest bar, in letters, if texts leave little room
_MARKS: dict[str, dict[str, Any]] = {
    "good": {"marker": "o", "color": GAIN},
    "open": {"marker": "o", "color": GREY, "markerfacecolor": "none"},
    "under way": {"marker": "o", "color": LINE, "fillstyle": "bottom", "markerfacecoloralt": "none"},
    "waits": {"marker": "D", "color": OUT},
    "wrong": {"marker": "X", "color": LOSS},
    "held": {"marker": "s", "color": LOSS},
    "unknown": {"marker": "*", "color": LINE},
}
"""Looks of each mark. The shapes differ too, so no mark depends on its colour."""
_CHECKS = {"verified": "good", "none": "open", "pending": "under way"}
_SEVERITIES = {"restriction": "held", "action": "waits", "info": "open"}
_PROOFS = ("identity", "document", "income", "ownership")


def account_status(frame: Any, words: Words) -> Drawing:
    """Draw the balance of each account, whether it is active, and what the user has to do."""
    table = check(frame, "account_status", "loginid", "kind", "status", "currency", "balance")
    title = words["title_account_status"]
    if table.empty:
        return nothing(words, title, words["no_accounts"])
    shown = table.head(_ROWS)
    amounts = numbers(table, "balance", "account_status").head(_ROWS)
    lengths = amounts.clip(lower=0) / amounts.clip(lower=0).groupby(shown["currency"].fillna("")).transform("max")
    accounts = [_Account(row, amount, words) for row, amount in zip(shown.to_dict("records"), amounts, strict=True)]
    facts = [words("fact", name=each.name, what=each.says) for each in accounts[:6]]

    def draw(axes: Axes) -> None:
        rows(axes, [each.name for each in accounts])
        for row, (each, length) in enumerate(zip(accounts, lengths.fillna(0), strict=True)):
            mark(axes, row, _MARKS[each.mark])
            axes.barh(row, length, 0.5, **each.look)
            axes.text(max(length, 0), row, f"  {each.says}", va="center")
        said, named = (
            max(map(len, texts)) for texts in ([each.says for each in accounts], [each.name for each in accounts])
        )
        longest = max(_LETTERS - said - named, _SHORTEST)
        axes.set_xlim(0, 1 + said / longest)
        entitle(axes, _more(words, title, len(table), _ROWS))

    return Drawing(_told(words, title, facts, len(table), 6), 0.7 + 0.45 * len(shown), draw)


class _Account:
    """One row of account status, in words and looks."""

    def __init__(self, row: Mapping[Any, Any], amount: float, words: Words) -> None:
        self.kind, self.error = given(row["kind"]), given(row.get("error"))
        loginid, self.status = given(row["loginid"]), given(row["status"])
        kind = words.get(f"kind_{self.kind}", self.kind)
        self.name = listed(filter(None, (given(row.get("name")), loginid, kind)), words["lang"])
        money_there = f"{money(amount, words)} {given(row['currency'])}".strip() if amount == amount else ""
        status = words.get(f"status_{self.status}", self.status)
        self.says = listed(filter(None, (money_there, status, *self._more(row, words))), words["lang"])
        if self.error:
            self.says = short(str(row["error"]).partition(". ")[0].partition(": ")[0], _LONG)

    def _more(self, row: Mapping[Any, Any], words: Words) -> list[str]:
        """Return what needs attention, as far as the frame says."""
        listing: Any = row.get("needs_verification")
        proofs = [name for name in _PROOFS if given(row.get(name)) in ("rejected", "expired", "suspected", "locked")]
        said = [
            words("proof", check=words[f"check_{name}"], status=words[f"status_{given(row[name])}"]) for name in proofs
        ]
        wanted = listing if isinstance(listing, list | tuple) or hasattr(listing, "tolist") else []
        asked = [short(name) for name in wanted if name not in proofs]
        said += [words("proof_wanted", check=words.get(f"check_{name}", name)) for name in asked]
        if given(row.get("risk")) == "high":
            said.append(words["high_risk"])
        if (staked := row.get("at_stake")) is not None and staked == staked and given(staked) and float(staked):
            said.append(words("at_stake", amount=money(float(staked), words)))
        self.remarkable = bool(proofs)
        self.asked = bool(asked)
        return said

    @property
    def mark(self) -> str:
        """Name of the mark beside the account."""
        if self.error or self.status == "inactive" or self.remarkable:
            return "wrong"
        if self.asked:
            return "waits"
        return "good" if self.status == "active" else "unknown"

    @property
    def look(self) -> dict[str, Any]:
        """Looks of the bar: real money is hatched, and an account that cannot be used is grey."""
        if self.status == "inactive":
            return {"color": GREY}
        return HATCHED if self.kind == "real" else {"color": GAIN}


def verification(frame: Any, words: Words) -> Drawing:
    """Draw the progress of each check."""
    table = check(frame, "verification", "check", "status", "needed", "expires", "attempts_left")
    title = words["title_verification"]
    if table.empty:
        return nothing(words, title, words["no_checks"])
    expires, attempts = moments(table, "expires", "verification"), numbers(table, "attempts_left", "verification")
    says = [_progress(words, *each) for each in zip(table.to_dict("records"), expires, attempts, strict=True)]
    return _list(
        words,
        title,
        [words.get(f"check_{name}", name) for name in map(given, table["check"])],
        [_checked(given(status), needed) for status, needed in zip(table["status"], table["needed"], strict=True)],
        says,
    )


def _checked(status: str, needed: Any) -> str:
    mark = _CHECKS.get(status, "wrong") if status else "unknown"
    return "waits" if mark == "open" and given(needed) == "True" else mark


def _progress(words: Words, row: Mapping[Any, Any], expires: pd.Timestamp, attempts: float) -> str:
    status, refused = given(row["status"]) or "unknown", row.get("last_rejected")
    said = [words.get(f"status_{status}", status)]
    if given(row["needed"]) == "True":
        said.append(words["proof_needed"])
    if expires == expires:
        said.append(words("until", date=f"{expires:%Y-%m-%d}"))
    if attempts == attempts:
        said.append(words("attempts_left", count=int(attempts)))
    if isinstance(refused, list) and refused:
        said.append(words("last_rejected", reason=short(refused[0], _LONG)))
    return listed(said, words["lang"])


def status_flags(frame: Any, words: Words) -> Drawing:
    """Draw the status flags, the most serious first."""
    table = check(frame, "status_flags", "flag", "severity", "meaning")
    title = words["title_flags"]
    if table.empty:
        return nothing(words, title, words["no_flags"])
    severity = table["severity"].astype("string").fillna("unknown")
    order = severity.map({name: place for place, name in enumerate(_SEVERITIES)}).fillna(len(_SEVERITIES))
    table = table.assign(severity=severity, _order=order).sort_values("_order", kind="stable")
    return _list(
        words,
        title,
        [words.get(f"severity_{name}", name) for name in map(given, table["severity"])],
        [_SEVERITIES.get(name, "unknown") for name in table["severity"]],
        [short(meaning, 90) for meaning in table["meaning"].astype("string").fillna(table["flag"]).fillna("")],
    )


def _list(words: Words, title: str, names: Sequence[str], marks: Sequence[str], says: Sequence[str]) -> Drawing:
    """Draw a list: a name, a mark and a text in each row."""
    count = len(names)
    names, marks, says = names[:_ROWS], marks[:_ROWS], says[:_ROWS]
    facts = [words("fact", name=name, what=said).rstrip(".") for name, said in zip(names, says, strict=True)]

    def draw(axes: Axes) -> None:
        rows(axes, names)
        for row, (kind, said) in enumerate(zip(marks, says, strict=True)):
            mark(axes, row, _MARKS[kind])
            axes.text(0, row, f" {said}", va="center", transform=axes.get_yaxis_transform())
        entitle(axes, _more(words, title, count, _ROWS))

    return Drawing(_told(words, title, facts, count, _ROWS), 0.7 + 0.32 * len(names), draw)


def _told(words: Words, title: str, facts: Sequence[str], count: int, most: int) -> str:
    return words("described", title=title, facts=_more(words, joined(words, *facts), count, most))


def _more(words: Words, what: str, count: int, most: int) -> str:
    return words("and_more", what=what, count=count - most) if count > most else what
