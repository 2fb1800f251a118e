"""Test plots of frames: they are readable on any page, whatever the notebook's settings, and accept any data."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib_inline.backend_inline import _fetch_figure_metadata

import dpyauth
from dpyauth import plots
from dpyauth.errors import InvalidArgument, InvalidSetting
from dpyauth.sandbox import shared

EVIL = ["$\\frac{$", "<script>&", "\x00\x1b[31m\u202etxet", "a" * 300, "x_$y$"]
DARK = (17 / 255,) * 3
"""Background of JupyterLab's dark theme."""
WHITE = (1.0, 1.0, 1.0)
HOSTILE = {
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.labelcolor": "black",
    "axes.titlelocation": "center",
    "figure.facecolor": "white",
    "figure.figsize": (3, 3),
    "font.family": "monospace",
    "font.size": 40,
    "hatch.color": "black",
    "text.color": "black",
    "text.usetex": True,
    "xtick.color": "black",
    "xtick.labelsize": 40,
    "ytick.direction": "in",
}


@pytest.fixture(scope="module")
def frames() -> Iterator[dict[str, pd.DataFrame]]:
    """Return a frame of the sandbox for each plot."""
    token = next(each.token for each in shared().side("v3").tokens if each.label.startswith("trouble"))
    with (
        dpyauth.login(sandbox=True, profile="plots") as session,
        dpyauth.login(token, sandbox=True, api="v3", profile="plots v3") as v3,
    ):
        moved = session.wallet_transactions("main")
        yield {
            "account_status": session.account_status(account="all", detail=True),
            "verification": v3.verification(),
            "status_flags": v3.status_flags(),
            "balance": session.statement(),
            "profit": session.profit_table(),
            "profit_over_time": session.profit_table(),
            "exposure": session.portfolio(),
            "payments": moved[moved["currency"] == "USD"],
            "prices": session.ticks("R_100").tail(100),
            "candles": session.candles("R_100").tail(10),
            "scopes": session.calls(),
        }


PLOTS = [name for name in plots.__all__ if name != "describe"]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def draw(name: str, frame: Any, **more: Any) -> Axes:
    axes: Axes = getattr(plots, name)(frame, **more)
    return axes


def image(axes: Axes) -> Any:
    """Return the pixels of the figure, as a front end receives them."""
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    written = io.BytesIO()
    figure.savefig(written, format="rgba", facecolor=figure.get_facecolor())
    return np.frombuffer(written.getvalue(), dtype=np.uint8).reshape(-1, 4)


def words(axes: Axes) -> list[str]:
    """Return all texts on the axes."""
    return [text.get_text() for text in axes.findobj(Text) if isinstance(text, Text) and text.get_text()]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    def light(colour: tuple[float, ...]) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.fixture(scope="module")
def drawn(frames: dict[str, pd.DataFrame]) -> dict[str, tuple[Axes, Any]]:
    """Draw each plot on a figure of its own; yield it with its pixels."""
    made = {name: draw(name, frames[name]) for name in PLOTS}
    pyplot.close("all")
    return {name: (axes, image(axes)) for name, axes in made.items()}


@pytest.mark.parametrize("name", ["balance", "exposure", "prices"])
def test_plots_draw_on_given_axes(name: str, drawn: dict[str, Any], frames: dict[str, pd.DataFrame]) -> None:
    axes, _ = drawn[name]
    mine = Figure().add_subplot()
    assert draw(name, frames[name], ax=mine) is mine
    assert mine.get_title(loc="left") == axes.get_title(loc="left") != ""
    assert plots.describe(mine) == plots.describe(axes) != ""
    assert pyplot.get_fignums() == []


def test_plots_draw_on_a_new_figure() -> None:
    assert plots.prices(ticks(3)) is pyplot.gca()


@pytest.mark.parametrize("name", PLOTS)
def test_plots_are_readable_on_white_and_on_black(name: str, drawn: dict[str, tuple[Axes, Any]]) -> None:
    axes, pixels = drawn[name]
    assert (pixels[:, 3] == 0).mean() > 0.4  # transparent
    assert _fetch_figure_metadata(axes.get_figure(root=True)) is None  # so Jupyter adds no background
    for artist in axes.findobj(visible):
        if isinstance(artist, Text):
            colour, least = to_rgb(artist.get_color()), 3.9
        elif isinstance(artist, Patch):
            shown = [each for each in (artist.get_facecolor(), artist.get_edgecolor()) if to_rgba(each)[3]]
            colour, least = to_rgb(shown[0]), 3.0
        else:
            continue
        assert min(contrast(colour, WHITE), contrast(colour, DARK)) >= least, artist


def visible(artist: Artist) -> bool:
    """Return whether a part is visible, neither empty nor transparent."""
    if not artist.get_visible():
        return False
    if isinstance(artist, Text):
        return bool(artist.get_text())
    if isinstance(artist, Patch):
        return bool(to_rgba(artist.get_facecolor())[3] or to_rgba(artist.get_edgecolor())[3])
    return False


@pytest.mark.parametrize("name", PLOTS)
def test_the_users_settings_have_no_effect_and_are_not_changed(
    name: str, drawn: dict[str, tuple[Axes, Any]], frames: dict[str, pd.DataFrame]
) -> None:
    _, wanted = drawn[name]
    with matplotlib.rc_context(HOSTILE):
        theirs = dict(matplotlib.rcParams)
        found = image(draw(name, frames[name]))
        draw(name, frames[name], ax=pyplot.figure().add_subplot()).get_figure(root=True).canvas.draw()  # type: ignore[union-attr]
        assert dict(matplotlib.rcParams) == theirs
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("name", PLOTS)
def test_an_empty_frame_gives_a_plot_that_says_so(name: str, frames: dict[str, pd.DataFrame]) -> None:
    axes = draw(name, frames[name].head(0))
    assert any(text.startswith("Nothing to show") for text in words(axes))
    assert "nothing to show" in plots.describe(axes)


@pytest.mark.parametrize("name", PLOTS)
def test_a_wrong_frame_is_refused_with_the_right_method(name: str, frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(InvalidArgument, match=rf"Write dpyauth\.plots\.{name}\(session\."):
        draw(name, pd.DataFrame({"a": [1]}))
    for wrong in (None, "statement", frames[name].iloc[:, 0]):
        with pytest.raises(InvalidArgument, match=rf"{name}\(\) takes a DataFrame.*`dpyauth\.Session\."):
            draw(name, wrong)
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", PLOTS)
def test_a_frame_with_two_columns_of_one_name_is_refused(name: str, frames: dict[str, pd.DataFrame]) -> None:
    frame = frames[name]
    with pytest.raises(InvalidArgument, match=r"Two columns of this frame are named .*duplicated"):
        draw(name, pd.concat([frame, frame], axis=1))


@pytest.mark.parametrize("kind", ["polar", "3d"])
def test_axes_with_other_projections_are_refused(kind: str, frames: dict[str, pd.DataFrame]) -> None:
    axes = pyplot.figure().add_subplot(projection=kind)
    with pytest.raises(InvalidArgument, match=f"ax is {kind}"):
        draw("balance", frames["balance"], ax=axes)


def test_an_unknown_profit_is_not_drawn_as_zero(frames: dict[str, pd.DataFrame]) -> None:
    frame = frames["profit"].assign(profit=float("nan"))
    assert "nothing to show" in plots.describe(draw("profit", frame))


def test_a_single_contract_is_neither_best_nor_worst(frames: dict[str, pd.DataFrame]) -> None:
    one = frames["profit"].head(1).assign(symbol="R_50", profit=-2.0)
    assert plots.describe(plots.profit(one)) == "Profit by market, USD: R_50 with -2.00."
    same = pd.concat([one, one.assign(symbol="R_100")])
    assert plots.describe(plots.profit(same)) == "Profit by market, USD: each of 2 with -2.00."
    assert plots.describe(plots.profit_over_time(one)).endswith("closed so far, USD: -2.00 after 1.")
    assert plots.describe(plots.balance(frames["balance"].head(1))) == "The balance over time: 10,000.00, USD."
    assert plots.describe(plots.prices(ticks(1))) == "Prices of R_100: 0."


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_zero_line_has_space_if_all_bars_are_on_one_side(sign: int, frames: dict[str, pd.DataFrame]) -> None:
    profits = frames["profit"].assign(profit=sign * frames["profit"]["profit"].abs())
    moved = frames["payments"]
    low, high = plots.profit(profits).get_xlim()
    assert low < 0 < high
    axes = plots.payments(moved[moved["category"] == ("deposit" if sign > 0 else "withdrawal")])
    low, high = axes.get_ylim()
    assert low < 0 < high
    assert plots.exposure(frames["exposure"].assign(buy_price=0.0, payout=0.0)).get_xlim()[0] == 0


def test_nothing_is_cut_off_at_the_side(frames: dict[str, pd.DataFrame]) -> None:
    status = frames["account_status"].assign(name="A client with a long name")
    for axes in (plots.account_status(status), plots.profit(frames["profit"].assign(profit=-1.2345678e10))):
        figure = axes.get_figure(root=True)
        assert isinstance(figure, Figure)
        figure.canvas.draw()
        for text in axes.findobj(visible):
            if isinstance(text, Text):
                assert 0 <= text.get_window_extent().x0 < text.get_window_extent().x1 <= figure.bbox.width, text


def test_the_number_of_named_accounts_is_limited(frames: dict[str, pd.DataFrame]) -> None:
    def legend(count: int) -> tuple[str, list[str]]:
        each = [frames["balance"].assign(loginid=f"CR{number}") for number in range(count)]
        axes = plots.balance(pd.concat(each))
        styles = {str(line._dash_pattern) for line in axes.lines if line.get_linestyle() != "None"}  # type: ignore[attr-defined]
        assert len(styles) == min(count, 8)
        return axes.get_title(loc="left"), [text.get_text() for text in axes.get_legend().texts]

    assert legend(8) == ("Balance over time, USD", [*(f"CR{number}" for number in range(8)), "not a trade"])
    assert legend(9) == ("Balance over time, USD (9 accounts)", ["not a trade"])


def test_a_missing_flag_name_is_not_shown_as_pandas_text(frames: dict[str, pd.DataFrame]) -> None:
    nothing = pd.Series(pd.NA, index=frames["status_flags"].index, dtype="string")
    axes = draw("status_flags", frames["status_flags"].assign(flag=nothing, meaning=nothing))
    assert "<NA>" not in " ".join([plots.describe(axes), *words(axes)])


def test_a_frame_of_another_kind_is_referred_to_its_own_plot(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(InvalidArgument, match=r"use plots\.exposure\(\)"):
        plots.balance(frames["exposure"])
    with pytest.raises(InvalidArgument, match=r"holds no numbers.*lost them"):
        plots.balance(frames["balance"].assign(balance_after="much"))
    with pytest.raises(InvalidArgument, match=r"no column 'colour'"):
        plots.profit(frames["profit"], by="colour")


@pytest.mark.parametrize("name", ["balance", "exposure", "payments", "profit", "profit_over_time"])
def test_different_currencies_are_never_drawn_together(name: str, frames: dict[str, pd.DataFrame]) -> None:
    mixed = pd.concat([frames[name], frames[name].assign(currency="EUR")], ignore_index=True)
    with pytest.raises(InvalidArgument, match=r'USD, EUR.*frame\[frame\["currency"\] == \'USD\'\]'):
        draw(name, mixed)


def test_values_that_are_not_axes_are_refused(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(InvalidArgument, match=r"such as one of plt\.subplots"):
        plots.balance(frames["balance"], ax=pyplot.subplots(2)[1])
    with pytest.raises(InvalidArgument, match="takes axes for 'ax'"):
        plots.describe(pyplot.figure())  # type: ignore[arg-type]
    assert plots.describe(pyplot.gca()) == ""


@pytest.mark.parametrize("name", PLOTS)
def test_text_from_outside_is_harmless(name: str, frames: dict[str, pd.DataFrame]) -> None:
    frame = frames[name].head(len(EVIL)).reset_index().head(len(EVIL)).copy()
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.StringDtype | pd.CategoricalDtype) and column not in ("currency", "kind"):
            frame[column] = (EVIL * 20)[: len(frame)]
    frame = frame.head(1) if name in ("prices", "payments") else frame
    axes = draw(name, frame)
    axes.get_figure(root=True).canvas.draw()  # type: ignore[union-attr]
    for text in axes.findobj(Text):
        assert isinstance(text, Text)
        assert not text.get_parse_math()
        assert text.get_text().isprintable()


@pytest.mark.parametrize(
    ("name", "column"), [("balance", "balance_after"), ("profit", "profit"), ("exposure", "buy_price")]
)
def test_exact_amounts_are_drawn_like_others(name: str, column: str, frames: dict[str, pd.DataFrame]) -> None:
    exact = frames[name].assign(**{column: [Decimal(str(amount)) for amount in frames[name][column]]})
    assert exact[column].dtype == object
    assert plots.describe(draw(name, exact)) == plots.describe(draw(name, frames[name]))


def ticks(count: int) -> pd.DataFrame:
    times = pd.date_range("2026-10-01", periods=count, freq="s", tz="UTC")
    return pd.DataFrame({"epoch": times, "symbol": "R_100", "quote": np.arange(count) % 7.0, "gap": False})


def test_fetched_ticks_are_rings_and_gaps_interrupt_the_line() -> None:
    frame = ticks(10).assign(backfilled=[False] * 3 + [True] * 2 + [False] * 5)
    frame.loc[7, "gap"] = True
    axes = plots.prices(frame)
    line, live, fetched = axes.lines
    assert np.isnan(line.get_ydata()).tolist() == [False] * 7 + [True] + [False] * 3
    assert (len(live.get_xdata()), live.get_marker()) == (8, ".")
    assert (len(fetched.get_xdata()), fetched.get_marker(), fetched.get_markerfacecolor()) == (2, "o", "none")
    assert [patch.get_hatch() for patch in axes.patches] == ["xx"]
    assert [text.get_text() for text in axes.get_legend().texts] == [
        "live",
        "fetched after a break",
        "no data",
    ]
    assert plots.describe(axes).endswith("2 fetched after a break; 1 gap without data.")


def candles(count: int) -> pd.DataFrame:
    times = pd.date_range("2026-10-01", periods=count, freq="min", tz="UTC", name="time")
    closing = np.where(np.arange(count) % 2, 1.0, 3.0)
    return pd.DataFrame({"open": 2.0, "high": 4.0, "low": 0.5, "close": closing}, index=times)


def test_falling_candles_are_filled_and_rising_ones_are_hollow() -> None:
    axes = plots.prices(candles(4))
    rose, fell = [each for each in axes.containers if isinstance(each, BarContainer)]
    assert [to_rgba(bar.get_facecolor())[3] for bar in rose] == [0, 0]
    assert [to_rgba(bar.get_facecolor())[3] for bar in fell] == [1, 1]
    assert plots.describe(axes) == "Prices: 4 candles from 2 to 1, lowest 0.5, highest 4."


def test_a_history_of_prices_names_its_market(frames: dict[str, pd.DataFrame]) -> None:
    for name in ("prices", "candles"):
        assert plots.prices(frames[name]).get_title(loc="left") == "Prices of R_100"


def test_the_last_candle_of_a_stream_is_drawn_once() -> None:
    frame = candles(3).rename_axis("open_time").reset_index()
    axes = plots.prices(pd.concat([frame, frame.tail(1).assign(high=9.0)], ignore_index=True))
    assert plots.describe(axes) == "Prices: 3 candles from 2 to 3, lowest 0.5, highest 9."


def test_too_many_candles_are_combined_and_the_title_says_so() -> None:
    axes = plots.prices(candles(100_000))
    assert sum(len(each) for each in axes.containers) == 200
    assert axes.get_title(loc="left") == "Prices (each candle combines 500)"


def test_several_markets_are_refused() -> None:
    two = pd.concat([ticks(2), ticks(2).assign(symbol="R_50")])
    with pytest.raises(InvalidArgument, match=r'R_100, R_50.*frame\["symbol"\] == '):
        plots.prices(two)


def test_plots_of_long_frames_have_few_parts() -> None:
    many = pd.DataFrame(
        {
            "loginid": [f"CR{number}" for number in range(100_000)],
            "kind": "real",
            "status": "active",
            "currency": "USD",
            "balance": 1.0,
            "symbol": [f"S{number}" for number in range(100_000)],
            "profit": 1.0,
        }
    )
    axes = plots.account_status(many)
    assert len(axes.patches) == 40
    assert axes.get_title(loc="left") == "Account status, and 99,960 more"
    axes = plots.profit(many)
    assert len(axes.patches) == 12
    assert axes.get_title(loc="left") == "Profit by market, USD (the 12 largest of 100,000)"
    axes = plots.prices(ticks(100_000).assign(backfilled=True))
    assert len(axes.get_children()) < 30


def test_a_plot_in_a_notebook_has_a_description() -> None:
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.pylabtools import print_figure

    axes = plots.prices(ticks(3))
    formatter: Any = DisplayFormatter()
    formatter.formatters["image/png"].for_type(Figure, lambda figure: print_figure(figure, "png", base64=True))
    data, more = formatter.format(axes.get_figure(root=True))
    assert data["image/png"]
    assert more["image/png"] == {"alt": plots.describe(axes)}
    assert isinstance(pickle.loads(pickle.dumps(axes.get_figure(root=True))), Figure)


def test_completion_offers_what_is_public() -> None:
    assert dir(plots) == sorted(plots.__all__)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [module for module in sys.modules if module.startswith("matplotlib.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InvalidSetting, match="pip install matplotlib"):
        plots.prices(ticks(3))


def test_a_single_moment_is_shown_with_a_day_around_it() -> None:
    first = pd.date_range("2026-10-01", periods=1, tz="UTC", name="time")
    left, right = plots.prices(pd.DataFrame({"quote": [2.0]}, index=first)).get_xlim()
    assert right - left == 1


def test_the_legend_of_candles_names_only_existing_kinds() -> None:
    axes = plots.prices(candles(4).assign(open=1.0, close=2.0))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["up"]
