"""Test reading times in all forms that Deriv sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest

from dpyauth import _times

MOMENT = datetime(2019, 5, 9, 13, 26, 43, tzinfo=UTC)
EPOCH = 1557408403


def read(value: Any, *, documented: bool = False) -> datetime | None:
    micros = _times.microseconds(value, documented=documented)
    return None if micros is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


@pytest.mark.parametrize("documented", [False, True])
def test_eight_digits_are_a_day_if_the_day_exists(documented: bool) -> None:
    assert read("20190509", documented=documented) == datetime(2019, 5, 9, tzinfo=UTC)
    assert read("20190231", documented=documented) is None
    assert read("20199999", documented=documented) == datetime(1970, 8, 22, 19, 6, 39, tzinfo=UTC)


@pytest.mark.parametrize("documented", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        *(EPOCH, float(EPOCH), Decimal(EPOCH), str(EPOCH), f" {EPOCH}.0 ", f"{EPOCH}.", f"+{EPOCH}"),
        *(EPOCH * 1000, float(EPOCH * 1000), str(EPOCH * 1000), Decimal(EPOCH * 1000)),
        *(EPOCH * 10**6, str(EPOCH * 10**6), EPOCH * 10**9, str(EPOCH * 10**9)),
        *("2019-05-09 13:26:43", "2019-05-09T13:26:43", " 2019-05-09T13:26:43Z", "2019-05-09t13:26:43z"),
        *("2019-05-09T13:26:43.000Z", "2019-05-09 13:26:43.000000000", "2019-05-09T13:26:43+00:00"),
        *("2019-05-09T18:56:43+05:30", "2019-05-09 18:56:43 +0530", "2019-05-09 13:26:43 UTC", "20190509T132643Z"),
        *("2019-05-09 13:26:43 GMT", "2019/05/09 13:26:43", "Thu, 09 May 2019 13:26:43 GMT"),
        *("Thu, 9 May 2019 13:26:43", "Thu, 09 May 2019 15:26:43 +0200", "9 May 2019 13:26:43 GMT"),
    ],
)
def test_one_moment_in_every_form(value: Any, documented: bool) -> None:
    assert read(value, documented=documented) == MOMENT


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2019-05-09", datetime(2019, 5, 9, tzinfo=UTC)),
        ("2019-05-09 13:26", datetime(2019, 5, 9, 13, 26, tzinfo=UTC)),
        ("2019-05-09T13:26:43.25Z", MOMENT + timedelta(milliseconds=250)),
        (EPOCH * 1000 + 250, MOMENT + timedelta(milliseconds=250)),
        (EPOCH + 0.25, MOMENT + timedelta(milliseconds=250)),
        (f"{EPOCH}.000001", MOMENT + timedelta(microseconds=1)),
        (EPOCH * 10**9 + 1999, MOMENT + timedelta(microseconds=1)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_parts_of_seconds_and_whole_days(value: Any, moment: datetime) -> None:
    with localcontext(prec=2):  # the user may change the decimal context
        assert read(value) == read(value, documented=True) == moment


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "now", "tomorrow", "2019-02-30", "12:30", "--", "1_000", "1,557,408,403", "May"),
        *("9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "Thu, 99 May 2019 13:26:43 GMT"),
        *(True, False, [], {}, [EPOCH], float("nan"), float("inf"), -float("inf"), 10**20, -(10**11) * 10**6),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e999999"), "1e999999", "-1e999999"),
    ],
)
@pytest.mark.parametrize("documented", [False, True])
def test_values_that_are_not_times(value: Any, documented: bool) -> None:
    assert read(value, documented=documented) is None


def test_the_documented_unit_decides() -> None:
    assert read(200_000_000_000) == datetime(1976, 5, 3, 19, 33, 20, tzinfo=UTC)
    assert read(200_000_000_000, documented=True) == datetime(8307, 10, 1, 19, 33, 20, tzinfo=UTC)
