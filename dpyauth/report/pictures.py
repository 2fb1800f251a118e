"""Draw the pictures of a report, if matplotlib is installed: SVG that is readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dpyauth.errors import InvalidArgument, InvalidSetting
from dpyauth.plots import money_drawings
from dpyauth.plots.canvas import Drawing, svg
from dpyauth.plots.wording import words_in
from dpyauth.report.parts import Part

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.texts import Words

_WALLETS = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """Picture, and its description."""

    text: str
    svg: bytes


def pictures(frames: Mapping[Part, pd.DataFrame], language: str) -> list[Picture]:
    """Draw the pictures for these frames; none without matplotlib."""
    named, words = {part.name: frame for part, frame in frames.items()}, words_in(language)
    try:
        return [Picture(each.text, svg(each)) for each in _drawings(named, words) if not each.empty]
    except InvalidSetting:  # matplotlib is not installed, or not usable
        return []


def _drawings(named: Mapping[str, pd.DataFrame], words: Words) -> Iterator[Drawing]:
    for name, draw in (
        ("portfolio", money_drawings.exposure),
        ("statement", money_drawings.balance),
        ("profit_table", money_drawings.profit),
    ):
        frame = named.get(name)
        if frame is not None and not (name == "statement" and frame["balance_after"].count() < 2):
            yield from _drawn(draw, frame, words)
    for flow in _flows(named.get("wallet_transactions")):
        yield from _drawn(money_drawings.payments, flow, words)


def _drawn(draw: Callable[[pd.DataFrame, Words], Drawing], frame: pd.DataFrame, words: Words) -> Iterator[Drawing]:
    with suppress(InvalidArgument):  # such as several currencies
        yield draw(frame, words)


def _flows(moved: pd.DataFrame | None) -> list[pd.DataFrame]:
    """Return the transactions of each wallet and currency, the busiest first."""
    if moved is None:
        return []
    settled = moved[moved["status"].isin(money_drawings.SETTLED)].dropna(subset=["time", "wallet", "currency"])
    pairs = settled.groupby(["wallet", "currency"], sort=False)
    return [pairs.get_group(pair) for pair in pairs.size().nlargest(_WALLETS).index]
