"""Draw the pictures of a report, if matplotlib is installed: SVG that is readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dpyauth.errors import InvalidArgument, InvalidSetting
from dpyauth.plots import money_drawings
from dpyauth.plots.canvas import Drawing, svg
from dpyauth.report.parts import Part

if TYPE_CHECKING:
    import pandas as pd

_WALLETS = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """Picture, and its description."""

    text: str
    svg: bytes


def pictures(frames: Mapping[Part, pd.DataFrame]) -> list[Picture]:
    """Draw the pictures for these frames; none without matplotlib."""
    named = {part.name: frame for part, frame in frames.items()}
    try:
        return [Picture(each.text, svg(each)) for each in _drawings(named) if not each.empty]
    except InvalidSetting:  # matplotlib is not installed, or not usable
        return []


def _drawings(named: Mapping[str, pd.DataFrame]) -> Iterator[Drawing]:
    for name, draw in (
        ("portfolio", money_drawings.exposure),
        ("statement", money_drawings.balance),
        ("profit_table", money_drawings.profit),
    ):
        frame = named.get(name)
        if frame is not None and not (name == "statement" and frame["balance_after"].count() < 2):
            yield from _drawn(draw, frame)
    for flow in _flows(named.get("wallet_transactions")):
        yield from _drawn(money_drawings.payments, flow)


def _drawn(draw: Callable[[pd.DataFrame], Drawing], frame: pd.DataFrame) -> Iterator[Drawing]:
    with suppress(InvalidArgument):  # such as several currencies
        yield draw(frame)


def _flows(moved: pd.DataFrame | None) -> list[pd.DataFrame]:
    """Return the transactions of each wallet and currency, the busiest first."""
    if moved is None:
        return []
    settled = moved[moved["status"].isin(money_drawings.SETTLED)].dropna(subset=["time", "wallet", "currency"])
    pairs = settled.groupby(["wallet", "currency"], sort=False)
    return [pairs.get_group(pair) for pair in pairs.size().nlargest(_WALLETS).index]
