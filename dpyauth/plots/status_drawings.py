"""Draw the status of accounts, their verification checks and their flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dpyauth.plots.canvas import GAIN, GREY, HATCHED, LINE, LOSS, OUT, Drawing, entitle, mark, nothing, rows
from dpyauth.plots.frame_checks import check, given, moments, money, numbers, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

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


def account_status(frame: Any) -> Drawing:
    """Draw the balance of each account, whether it is active, and what the user has to do."""
    table = check(frame, "account_status", "loginid", "kind", "status", "currency", "balance")
    title = "Account status"
    if table.empty:
        return nothing(title, "no accounts")
    shown = table.head(_ROWS)
    amounts = numbers(table, "balance", "account_status").head(_ROWS)
    lengths = amounts.clip(lower=0) / amounts.clip(lower=0).groupby(shown["currency"].fillna("")).transform("max")
    accounts = [_Account(row, amount) for row, amount in zip(shown.to_dict("records"), amounts, strict=True)]
    text = f"{title}: {'; '.join(f'{each.name}: {each.says}' for each in accounts[:6])}{_more(len(table), 6)}."

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
        entitle(axes, f"{title}{_more(len(table), _ROWS)}")

    return Drawing(text, 0.7 + 0.45 * len(shown), draw)


class _Account:
    """One row of account status, in words and looks."""

    def __init__(self, row: Mapping[Any, Any], amount: float) -> None:
        self.kind, self.error = given(row["kind"]), given(row.get("error"))
        loginid, self.status = given(row["loginid"]), given(row["status"])
        self.name = ", ".join(filter(None, (given(row.get("name")), loginid, self.kind)))
        money_there = f"{money(amount)} {given(row['currency'])}".strip() if amount == amount else ""
        self.says = ", ".join(filter(None, (money_there, self.status, *self._more(row))))
        if self.error:
            self.says = short(str(row["error"]).partition(". ")[0].partition(": ")[0], _LONG)

    def _more(self, row: Mapping[Any, Any]) -> list[str]:
        """Return what needs attention, as far as the frame says."""
        wanted: Any = row.get("needs_verification")
        proofs = [name for name in _PROOFS if given(row.get(name)) in ("rejected", "expired", "suspected", "locked")]
        said = [f"{name} {given(row[name])}" for name in proofs]
        if isinstance(wanted, list | tuple) or hasattr(wanted, "tolist"):
            said += [f"{short(name)} wanted" for name in wanted if name not in proofs]
        if given(row.get("risk")) == "high":
            said.append("high risk")
        if (staked := row.get("at_stake")) is not None and staked == staked and given(staked) and float(staked):
            said.append(f"{money(staked)} at stake")
        self.remarkable = bool(proofs)
        self.asked = any("wanted" in each for each in said)
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


def verification(frame: Any) -> Drawing:
    """Draw the progress of each check."""
    table = check(frame, "verification", "check", "status", "needed", "expires", "attempts_left")
    title = "Verification"
    if table.empty:
        return nothing(title, "no checks")
    expires = moments(table, "expires", "verification")
    says = [_progress(row, when) for row, when in zip(table.to_dict("records"), expires, strict=True)]
    return _list(
        title,
        [given(name) for name in table["check"]],
        [_checked(given(status), needed) for status, needed in zip(table["status"], table["needed"], strict=True)],
        says,
    )


def _checked(status: str, needed: Any) -> str:
    mark = _CHECKS.get(status, "wrong") if status else "unknown"
    return "waits" if mark == "open" and given(needed) == "True" else mark


def _progress(row: Mapping[Any, Any], expires: pd.Timestamp) -> str:
    attempts, refused = given(row["attempts_left"]), row.get("last_rejected")
    return ", ".join(
        filter(
            None,
            (
                given(row["status"]) or "unknown",
                "needed" if given(row["needed"]) == "True" else "",
                f"until {expires:%Y-%m-%d}" if expires == expires else "",
                f"{attempts} {'attempt' if attempts == '1' else 'attempts'} left" if attempts else "",
                f"last rejected: {short(refused[0], _LONG)}" if isinstance(refused, list) and refused else "",
            ),
        )
    )


def status_flags(frame: Any) -> Drawing:
    """Draw the status flags, the most serious first."""
    table = check(frame, "status_flags", "flag", "severity", "meaning")
    title = "What Deriv has noted"
    if table.empty:
        return nothing(title, "no flags")
    severity = table["severity"].astype("string").fillna("unknown")
    order = severity.map({name: place for place, name in enumerate(_SEVERITIES)}).fillna(len(_SEVERITIES))
    table = table.assign(severity=severity, _order=order).sort_values("_order", kind="stable")
    return _list(
        title,
        [given(name) for name in table["severity"]],
        [_SEVERITIES.get(name, "unknown") for name in table["severity"]],
        [short(meaning, 90) for meaning in table["meaning"].astype("string").fillna(table["flag"]).fillna("")],
    )


def _list(title: str, names: Sequence[str], marks: Sequence[str], says: Sequence[str]) -> Drawing:
    """Draw a list: a name, a mark and a text in each row."""
    told = [f"{name}: {said}" for name, said in zip(names, says, strict=True)]
    text = f"{title}: {'; '.join(each.rstrip('.') for each in told[:_ROWS])}{_more(len(names), _ROWS)}."
    names, marks, says = names[:_ROWS], marks[:_ROWS], says[:_ROWS]

    def draw(axes: Axes) -> None:
        rows(axes, names)
        for row, (kind, said) in enumerate(zip(marks, says, strict=True)):
            mark(axes, row, _MARKS[kind])
            axes.text(0, row, f" {said}", va="center", transform=axes.get_yaxis_transform())
        entitle(axes, f"{title}{_more(len(told), _ROWS)}")

    return Drawing(text, 0.7 + 0.32 * len(names), draw)


def _more(count: int, most: int) -> str:
    return f", and {count - most:,} more" if count > most else ""
