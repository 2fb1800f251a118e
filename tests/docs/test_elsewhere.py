"""Test the guide's page "Take the data elsewhere": each way on it returns every frame unchanged, value by value."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tables import objects, same_values

from dpyauth import login
from dpyauth.catalog.calls import load
from dpyauth.errors import DpyauthError
from dpyauth.files.storable import kind_of, missing
from dpyauth.frames import updates
from dpyauth.registry import APIS
from dpyauth.session import Session

PAGE = Path(__file__).parents[2] / "notebooks" / "guide" / "elsewhere.md"
WORDS = ["Excel", "xlsx", "CSV", "Polars", "DuckDB", "SQLite", "PostgreSQL", "Arrow", "Parquet", "Power Query"]
OTHERS = "close|logout|use|panel|explorer|view|card"
"""Lines of README that do not ask for data."""

QUICK = {"Parquet", "Arrow", "Polars"}
"""Ways that are tested with every table; the others are slow, and are tested with every sixth."""

ROWS = 25
"""Number of rows of a frame that are tested: the last ones."""


def ways() -> dict[str, list[str]]:
    """Return the code below each heading of the page."""
    first, *rest = re.split(r"^## (.*)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {"": first, **dict(zip(rest[::2], rest[1::2], strict=True))}
    code = {
        name: re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE) for name, text in sections.items()
    }
    return {name: blocks for name, blocks in code.items() if blocks}


WAYS = ways()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a PostgreSQL server; yield its address, and remove the server afterwards."""
    found = sorted(glob("/usr/lib/postgresql/*/bin/initdb")) or list(filter(None, [shutil.which("initdb")]))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    as_root = hasattr(os, "getuid") and os.getuid() == 0  # PostgreSQL refuses to run as root
    place = Path(tempfile.mkdtemp(prefix="pg-"))  # a short path: that of a socket has at most 107 characters
    try:
        if as_root:
            shutil.chown(place, "nobody")
        folder, bin = place / "data", Path(found[-1]).parent
        run: dict[str, Any] = {"check": True, "cwd": place, "capture_output": True, "timeout": 120}
        run |= {"user": "nobody"} if as_root else {}
        make = [bin / "initdb", "-N", "-U", "tester", "-A", "trust", "-E", "UTF8", "-D", folder]
        subprocess.run(make, **run)
        settings = f"-c listen_addresses='' -c fsync=off -c timezone=Asia/Tokyo -k {place}"
        start = [bin / "pg_ctl", "-w", "-t", "100", "-D", folder, "-l", place / "log", "-o", settings, "start"]
        subprocess.run(start, **run)
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={place}"
        finally:
            subprocess.run([bin / "pg_ctl", "-D", folder, "-m", "immediate", "stop"], **run)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Return frames of both APIs, of README's lines and of all calls that read; also with exact numbers, and empty."""
    found: dict[str, pd.DataFrame] = {}
    lines = runpy.run_path(str(Path(__file__).with_name("test_readme.py")))["lines"]
    for api in APIS:
        session = login(sandbox=True, api=api)
        try:
            for line in lines(api):
                if re.match(r"session\.\w+\(", line) and not re.search(
                    "close|logout|use|panel|explorer|view|card", line
                ):
                    ask(found, f"{api} {line}", session, line)
                    ask(found, f"{api} {line} exactly", session, line[:-1] + ", decimal=True)")
            for name, call in load(api).items():
                if not call.changes:
                    ask(found, f"{api} frame {name}", session, f"session.frame({name!r})")
        finally:
            session.close()
    found["updates"] = updates("ticks", [])
    assert len(found) > 80
    chosen = {name: found[name].tail(ROWS) for name in alike(found)}
    return chosen | {f"{name} without rows": found[name].iloc[:0] for name in list(chosen)[::6]}


def alike(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the names of one table for each set of types, and for each with a name that databases may not keep."""
    kinds: dict[Any, str] = {}
    for name, table in tables.items():
        held = {kind_of(value for value in table[column] if not missing(value)) for column in objects(table)}
        long = name in long_names(tables)
        kinds.setdefault((frozenset(map(str, table.dtypes)), frozenset(held), bool(table.index.name), long), name)
    return list(kinds.values())


def long_names(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the names of the tables with a column whose name is too long for PostgreSQL."""
    return [name for name, table in tables.items() if max(map(len, map(str, table)), default=0) > 63]


def ask(found: dict[str, pd.DataFrame], name: str, session: Session, line: str) -> None:
    try:
        table = eval(line.replace("(, ", "("), {"session": session})
    except (DpyauthError, TypeError):  # it has no argument `decimal`, or needs other arguments
        return
    if isinstance(table, pd.DataFrame):
        found[name] = table


@pytest.mark.parametrize("way", [name for name, blocks in WAYS.items() if "back = " in "".join(blocks)])
def test_every_frame_comes_back_equal(
    way: str,
    tables: dict[str, pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    if way == "PostgreSQL":
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("server"))
    import dpyauth

    where: dict[str, Any] = {"os": os, "pandas": pd, "dpyauth": dpyauth}
    exec("import sqlalchemy, pyarrow", where)  # an earlier example on the page imports these
    blocks = [block for block in WAYS[way] if "session" not in block]
    code = compile("\n".join(blocks), way, "exec")
    names = list(tables) if way in QUICK else list(tables)[::6] + long_names(tables)
    for name in names:
        table = tables[name]
        where["table"] = table if table.index.name else table.reset_index(drop=True)
        exec(code, where)
        same_values(where["table"], where.pop("back"), f"{way}: {name}")


def test_the_page_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    where: dict[str, Any] = {}
    try:
        for way, blocks in WAYS.items():
            if way == "PostgreSQL":
                continue  # tested separately above
            for block in blocks:
                exec(block, where)
            if way:
                same_values(where["table"], where["back"], way)
    finally:
        where["session"].close()
    assert {"statement.xlsx", "account.xlsx", "statement.csv", "statement.parquet"} <= set(os.listdir(tmp_path))


def test_the_page_contains_the_words_people_search_for() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [word for word in WORDS if word not in text] == []
