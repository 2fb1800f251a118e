"""Test that plots and their descriptions are in a language."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import dpyauth
from dpyauth import plots
from dpyauth.errors import InvalidSetting
from dpyauth.texts import texts
from dpyauth.texts.languages import available

OTHERS = sorted(available().keys() - {"en"})


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def statement(*days: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "transaction_time": pd.to_datetime(list(days), utc=True),
            "balance_after": [10_000.0 + 1234.5 * number for number, _ in enumerate(days)],
            "action_type": ["deposit", *["buy"] * (len(days) - 1)],
            "currency": "USD",
        }
    )


def checks(*rows: dict[str, Any]) -> pd.DataFrame:
    empty = {"check": None, "status": None, "needed": False, "expires": None, "attempts_left": None}
    return pd.DataFrame([{**empty, **row} for row in rows])


def words(axes: Axes) -> list[str]:
    """Return all texts that are visible on the axes."""
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    found = (text for text in axes.findobj(Text) if isinstance(text, Text) and text.get_visible())
    return [text.get_text() for text in found if text.get_text()]


def test_a_plot_in_spanish() -> None:
    axes = plots.balance(statement("2026-09-28", "2026-11-20", "2026-12-24"), language="es")
    assert axes.get_title(loc="left") == "Evolución del saldo, USD"
    assert plots.describe(axes) == "Evolución del saldo: de 10.000,00 a 12.469,00, USD."
    shown = words(axes)
    assert {"trading", "no es una operación", "10.000", "12.500", "nov"} <= {*shown}
    assert not {"Nov", "Dec", "10,000"} & {*shown}


def test_the_date_beside_an_axis_is_in_the_language() -> None:
    frame = statement("2026-12-24 01:00", "2026-12-24 09:00")
    assert "2026-Dec-24" in words(plots.balance(frame))
    assert "24 dic 2026" in words(plots.balance(frame, language="es"))
    assert "24 déc. 2026" in words(plots.balance(frame, language="fr-CA"))


def test_the_default_is_the_language_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    axes = plots.exposure(pd.DataFrame({"symbol": ["R_50"], "buy_price": [2.5], "payout": [5.0]}))
    assert plots.describe(axes) == (
        "Em risco em 1 contrato aberto: 2,50, pode pagar 5,00; o maior valor em R_50 com 2,50."
    )


def test_codes_have_names_and_unknown_ones_stay() -> None:
    frame = checks(
        {"check": "document", "status": "verified", "attempts_left": 1},
        {"check": "novelty", "status": "puzzling", "attempts_left": 3},
    )
    assert plots.describe(plots.verification(frame, language="es")) == (
        "Verificación: domicilio: en regla, queda 1 intento; novelty: puzzling, quedan 3 intentos."
    )


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_word_is_left(language: str, open_session: Callable[..., dpyauth.Session]) -> None:
    def vocabulary(tag: str) -> set[str]:
        return words_of(re.sub(r"{\w+}", " ", " ".join(texts("plots", language=tag).values())))

    def words_of(told: str) -> set[str]:
        return set(re.findall(r"[^\W\d_]{2,}", told.lower()))

    session = open_session()
    session.language = language
    closed, booked = session.profit_table("2026-10-20"), session.statement("2026-10-20")
    frames = {
        "account_status": session.account_status(account="all", detail=True),
        "verification": session.verification(),
        "status_flags": session.status_flags(),
        "balance": booked,
        "profit": closed,
        "profit_over_time": closed,
        "exposure": session.portfolio(),
        "payments": booked.assign(action_type="deposit"),
        "prices": session.candles("R_100").tail(10),
        "scopes": session.calls().assign(scope="…"),
    }
    assert sorted(frames) == [name for name in sorted(plots.__all__) if name != "describe"]
    english = vocabulary("en") - vocabulary(language) - {"out"}  # October in Portuguese
    for name, frame in frames.items():
        for part in (frame, frame.head(0)):
            axes = getattr(plots, name)(part, language=session.language)
            assert words_of(" ".join([plots.describe(axes), *words(axes)])) & english == set(), name


def test_a_code_that_is_no_language_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="language"):
        plots.balance(statement("2026-10-01"), language="Spanish")


def test_a_plot_in_a_language_can_be_pickled() -> None:
    figure = plots.balance(statement("2026-10-01", "2026-10-03"), language="fr").get_figure(root=True)
    assert isinstance(pickle.loads(pickle.dumps(figure)), Figure)
