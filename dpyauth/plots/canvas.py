"""Make axes that are readable on light and dark pages, whatever the notebook's matplotlib settings are."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dpyauth.errors import InvalidArgument, InvalidSetting
from dpyauth.plots.wording import numeral

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dpyauth.texts import Words

GREY, PALE, LINE, GAIN, LOSS, OUT = "#747b85", "#7b818b", "#2f81d7", "#2da160", "#d9534a", "#c98500"
"""Middle tones, readable on white and on black. A shape, a hatch or a word always repeats what the colour says."""
HATCHED: dict[str, Any] = {"color": "none", "edgecolor": OUT, "hatch": "////"}

_WIDTH = 9.0
_FONT = "DejaVu Sans"  # comes with matplotlib
_STYLE: dict[str, Any] = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "font.family": _FONT,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "text.color": GREY,
    "text.parse_math": False,  # names come from outside
}
_TICKS = 16  # at least as many as matplotlib places by itself
_texts: WeakKeyDictionary[Axes, str] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that is ready to be drawn, and the same in words."""

    text: str
    height: float
    """Height of the whole picture, in inches."""
    draw: Callable[[Axes], None]
    empty: bool = False


def nothing(words: Words, title: str, why: str) -> Drawing:
    """Return the drawing for a frame with nothing to draw: it says so."""
    said = words("nothing_to_show", why=why)

    def draw(axes: Axes) -> None:
        bare(axes)
        axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", va="center")
        entitle(axes, title)

    return Drawing(words("nothing_described", title=title, why=why), 1.4, draw, empty=True)


def show(drawing: Drawing, ax: Axes | None) -> Axes:
    """Draw on the axes given, or on those of a new figure."""
    matplotlib = _matplotlib()
    if ax is not None and ax.name != "rectilinear":
        raise InvalidArgument(
            f"This picture needs ordinary rectangular axes, and ax is {ax.name}. Make ax without projection=, or leave "
            "ax out.",
            field="ax",
        )
    if ax is None:
        from matplotlib import pyplot

        # Not within _settings: Jupyter may change the user's settings here, and the end of the block would undo that.
        figure = pyplot.figure(**_shape(drawing))
        with _settings(matplotlib):
            ax = figure.add_subplot()
        _describe_image(ax, drawing.text)
    _draw(matplotlib, drawing, ax)
    return ax


def svg(drawing: Drawing) -> bytes:
    """Draw a picture as SVG, separate from the notebook's figures. Its letters are outlines, so it needs no font."""
    matplotlib = _matplotlib()
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with _settings(matplotlib), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about characters that the font lacks
        figure = Figure(**_shape(drawing))
        _draw(matplotlib, drawing, figure.add_subplot())
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def text_of(axes: Axes) -> str:
    """Return what the picture on these axes shows, in words; empty if dpyauth has not drawn on them."""
    return _texts.get(axes, "")


def bare(axes: Axes) -> None:
    """Remove ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def entitle(axes: Axes, title: str) -> None:
    """Write the title in dpyauth's style, also on axes that were made with the user's settings."""
    axes.set_title(title, loc="left", color=GREY, fontfamily=_FONT, usetex=False, parse_math=False)


def rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of rows, from the top down, to the left of axes without ticks.

    Tick labels cannot be used: Jupyter puts a background behind a transparent picture whose tick labels are all alike.
    """
    bare(axes)
    for row, name in enumerate(names):
        beside: dict[str, Any] = {"xytext": (-18, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
        axes.annotate(name, (0, row), xycoords=axes.get_yaxis_transform(), **beside)
    axes.set_ylim(len(names) - 0.4, -0.6)


def mark(axes: Axes, row: int, looks: Mapping[str, Any]) -> None:
    """Draw a mark between the name of a row and the axes."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure()
    assert figure is not None
    beside = axes.get_yaxis_transform() + ScaledTranslation(-9 / 72, 0, figure.dpi_scale_trans)
    axes.plot([0], [row], linestyle="none", markersize=8, transform=beside, clip_on=False, **looks)


def amounts(axes: Axes, words: Words) -> None:
    """Write the numbers of the vertical axis as the language does."""
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(partial(_amount, words["lang"])))


def _amount(language: str, value: float, place: int | None) -> str:
    from matplotlib.ticker import Formatter

    return Formatter.fix_minus(numeral(value, language, 12))


def times(axes: Axes, words: Words) -> None:
    """Turn the horizontal axis into a time axis, in UTC."""
    from matplotlib import dates

    from dpyauth.plots.time_axis import Times

    untyped: Any = dates
    locator = untyped.AutoDateLocator(tz=dates.UTC, minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(Times(locator, words))
    axes.set_xlabel("UTC", loc="left")
    first, last = axes.dataLim.intervalx
    if first == last:  # a single moment: matplotlib would show four years around it
        axes.set_xlim(first - 0.5, last + 0.5)


@contextmanager
def _settings(matplotlib: Any) -> Iterator[None]:
    """Use matplotlib's defaults and dpyauth's style inside the block; restore the user's settings afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def _draw(matplotlib: Any, drawing: Drawing, axes: Axes) -> None:
    with _settings(matplotlib):
        _dress(axes)
        drawing.draw(axes)
        _settle(axes)
    _texts[axes] = drawing.text


def _dress(axes: Axes) -> None:
    """Apply dpyauth's style to axes, also to those that were made with the user's settings."""
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.grid(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(GREY)
    # One counts as light and one as dark: Jupyter puts a background behind the picture if all labels are alike.
    for axis, colour in ((axes.xaxis, PALE), (axes.yaxis, GREY)):
        axis.set_tick_params(color=GREY, labelcolor=colour, labelsize=10, labelfontfamily=_FONT)
        axis.get_offset_text().set(color=GREY, fontfamily=_FONT)
        axis.label.set(color=GREY, fontfamily=_FONT)


def _settle(axes: Axes) -> None:
    """Create the ticks now: those created later would get the user's settings."""
    for axis in (axes.xaxis, axes.yaxis):
        for tick in axis.get_major_ticks(max(_TICKS, len(axis.get_majorticklocs()))):
            tick.label1.set_usetex(False)
            tick.label1.set_parse_math(False)
    legend = axes.get_legend()
    named = (text for axis in (axes.xaxis, axes.yaxis) for text in (axis.label, axis.get_offset_text()))
    for text in (*named, *(legend.texts if legend else ())):
        text.set_usetex(False)
        text.set_parse_math(False)


def _shape(drawing: Drawing) -> dict[str, Any]:
    return {"figsize": (_WIDTH, drawing.height), "layout": "constrained", "facecolor": "none"}


def _describe_image(axes: Axes, text: str) -> None:
    """Have notebooks store the description of a picture beside it, as alternative text.

    The documentation and nbconvert's template "classic" show it. nbconvert's template "lab" ignores alternative text.
    """
    figure: Any = axes.get_figure()
    figure._repr_mimebundle_ = partial(_words, text)


def _words(text: str, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
    return {}, {"image/png": {"alt": text}}


def _matplotlib() -> Any:
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError as error:
        raise InvalidSetting(
            f"Plots need matplotlib, which cannot be imported here ({error}). Run pip install matplotlib, restart the "
            "kernel, and try again."
        ) from None
    return matplotlib
