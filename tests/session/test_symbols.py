"""The error about an unknown symbol names the nearest one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.errors import ApiError
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

ASKED: list[Callable[[Any, str], Any]] = [
    lambda face, symbol: face.ticks(symbol),
    lambda face, symbol: face.candles(symbol, "1h"),
    lambda face, symbol: face.call("ticks", ticks=symbol),
    lambda face, symbol: face.call({"ticks_history": symbol, "end": "latest"}),
    lambda face, symbol: face.frame("contracts_for", contracts_for=symbol),
    lambda face, symbol: face.stream("ticks", ticks=symbol),
]


@pytest.fixture(params=["options", "v3"])
def either(request: pytest.FixtureRequest) -> Session:
    made: Session = (
        request.getfixturevalue("open_options")() if request.param == "options" else request.getfixturevalue("session")
    )
    return made


def refused(ask: Callable[[], Any]) -> ApiError:
    with pytest.raises(ApiError) as error:
        ask()
    return error.value


def test_every_way_to_ask_names_the_nearest(either: Session, box: Sandbox) -> None:
    for ask in ASKED:
        error = refused(lambda ask=ask: ask(either, "R_1000"))  # type: ignore[misc]
        assert str(error).endswith("Did you mean 'R_100'?")
        assert error.symbols == ("R_1000",)

        async def awaited(ask: Callable[[Any, str], Any] = ask) -> Any:
            return await ask(either.aio, "R_1000")

        assert str(refused(lambda awaited=awaited: asyncio.run(awaited()))) == str(error)  # type: ignore[misc]
    assert [received.call for received in box.received].count("active_symbols") == 1


@pytest.mark.parametrize(
    ("symbol", "meant"),
    [("r_100", "R_100"), ("R100", "R_100"), ("EURUSD", "frxEURUSD")],
)
def test_the_nearest_symbol(session: Session, symbol: str, meant: str) -> None:
    error = refused(lambda: session.ticks(symbol))
    assert f"Did you mean '{meant}'?" in str(error)
    assert error.in_language("es").endswith(f"¿Querías decir '{meant}'?")


def test_no_symbol_is_named_without_a_near_one_or_without_the_list(session: Session, box: Sandbox) -> None:
    box.faults.error("Odd", call="active_symbols")
    assert "Did you mean" not in str(refused(lambda: session.ticks("R_1000")))
    box.faults.clear()
    assert "Did you mean" not in str(refused(lambda: session.ticks("zzzz")))
