"""All margins in the panels' styles are on one scale, so that no two are nearly alike."""

from __future__ import annotations

import re
from pathlib import Path

import dpyauth

SCALE = {"0.125", "0.25", "0.5", "0.75", "1", "1.5"}
ROOM = re.compile(r"^\s*((?:margin|padding|gap|row-gap|column-gap)[\w-]*: [^;]*rem[^;]*);", re.MULTILINE)


def test_margins_are_on_one_scale() -> None:
    styles = Path(dpyauth.__file__).parent / "panels" / "css"
    said = [(path.name, rule) for path in styles.glob("*.css") for rule in ROOM.findall(path.read_text("utf-8"))]
    assert len(said) > 100
    assert [each for each in said if set(re.findall(r"([\d.]+)rem", each[1])) - SCALE] == []
