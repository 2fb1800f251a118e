"""Draw the calls that each scope allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dpyauth.plots.canvas import HATCHED, LINE, Drawing, entitle, nothing, rows
from dpyauth.plots.frame_checks import check, short
from dpyauth.plots.wording import described

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dpyauth.texts import Words


def scopes(frame: Any, words: Words) -> Drawing:
    """Draw how many calls each scope allows, and how many of them change something."""
    table = check(frame, "scopes", "scope", "changes")
    title = words["title_scopes"]
    if table.empty:
        return nothing(words, title, words["no_calls"])
    looks = (table["changes"] == "nothing").rename("look")
    counts = looks.groupby(table["scope"].astype("string").fillna(words["no_sign_in"])).agg(look="sum", calls="size")
    counts = counts.assign(change=counts["calls"] - counts["look"]).sort_values("calls", ascending=False, kind="stable")
    numbers = zip(counts["look"].tolist(), counts["change"].tolist(), strict=True)
    says = [words("read_and_change", read=look, change=change) for look, change in numbers]
    names = [short(name, 40) for name in counts.index]
    facts = [words("fact", name=name, what=said) for name, said in zip(names, says, strict=True)]

    def draw(axes: Axes) -> None:
        places = range(len(counts))
        rows(axes, names)
        axes.barh(places, counts["look"].to_numpy(), 0.7, color=LINE)
        for row, (look, change) in enumerate(zip(counts["look"], counts["change"], strict=True)):
            if change:
                axes.barh(row, change, 0.7, left=look, **HATCHED)
        for row, (count, said) in enumerate(zip(counts["calls"], says, strict=True)):
            axes.text(count, row, f"  {said}", va="center")
        axes.margins(x=0.25)
        entitle(axes, title)

    return Drawing(described(words, title, *facts), 0.8 + 0.42 * len(counts), draw)
