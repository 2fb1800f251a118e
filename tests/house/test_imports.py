"""A room of the package imports only rooms on lower floors, including imports for types and inside functions."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "dpyauth"

FLOORS = """
    __main__
    command
    __init__
    checkup fleets
    signin
    report
    plots
    panels
    completion
    session
    oauth
    apis
    targets
    frames
    sandbox
    storage files
    catalog
    progress
    net
    nested settings credentials
    arguments columns
    registry names notes
    _environment
    errors
    secret sensitive _imports jupyter
    texts
    _nearest _terminal _times _pasted _traceback _forks _threads _version
"""
"""Folders and modules of the package, from top to bottom. Rooms on the same floor do not import each other."""

FLOOR = {room: -number for number, line in enumerate(FLOORS.strip().splitlines()) for room in line.split()}

NAMED_ALIKE = {"accounts", "calls", "errors", "options", "tokens", "v3"}
"""Names that several modules share on purpose, because they are counterparts."""

OTHERS = {"_asdict", "_exit", "_fields", "_getframe", "_replace"}
"""Public names of the standard library that begin with an underscore."""


class Import(NamedTuple):
    """An import of one module of the package by another."""

    module: str
    target: str
    line: int
    imported: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}: imports {self.target}"


def modules() -> dict[str, ast.Module]:
    """Return the syntax trees of the package's modules by name, without the package's own name: ``net.protocol``."""
    return {name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def room(module: str) -> str:
    return module.partition(".")[0]


def own(target: str) -> str:
    """Return the name of a module without the package's name; the package itself is ``__init__``."""
    return target.removeprefix("dpyauth").removeprefix(".") or "__init__"


TREES = modules()


@cache
def imports() -> list[Import]:
    return [each for module, tree in TREES.items() for node in ast.walk(tree) for each in imported(module, node)]


def imported(module: str, node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "dpyauth":
        home = own(node.module)
        for alias in node.names:
            inner = own(f"{node.module}.{alias.name}")
            found = (inner, ()) if inner in TREES else (home, (alias.name,))
            yield Import(module, found[0], node.lineno, found[1])
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == "dpyauth":
                yield Import(module, own(alias.name), node.lineno, ())
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        named = re.match(r"""f?['"](dpyauth[\w.]*\w)""", ast.unparse(node.args[0]))
        if named and module != "__init__":
            yield Import(module, own(named[1]), node.lineno, ())


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in TREES} == set(FLOOR)


def test_a_room_imports_only_rooms_on_lower_floors() -> None:
    upward = [
        str(each)
        for each in imports()
        if room(each.module) != room(each.target) and FLOOR[room(each.target)] >= FLOOR[room(each.module)]
    ]
    assert not upward, "\n".join(upward)


@pytest.mark.parametrize("name", sorted({room(module) for module in TREES if "." in module}))
def test_the_modules_of_a_room_import_one_another_in_one_direction(name: str) -> None:
    within = [each for each in imports() if {room(each.module), room(each.target)} == {name}]
    graph: dict[str, set[str]] = {}
    for each in within:
        if each.module != each.target:
            graph.setdefault(each.module, set()).add(each.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = set(error.args[1])
        pytest.fail("\n".join(str(each) for each in within if {each.module, each.target} <= circle))


def test_private_names_stay_in_their_module() -> None:
    wrong = [
        f"{each}.{inner}"
        for each in imports()
        for inner in each.imported
        if inner.startswith("_") and not inner.startswith("__")
    ]
    for module, tree in TREES.items():
        known = defined(tree) | OTHERS
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and private(node) and node.attr not in known:
                wrong.append(f"{module}, line {node.lineno}: {ast.unparse(node)}")
    assert not wrong, "\n".join(wrong)


def private(node: ast.Attribute) -> bool:
    """Return whether this is an attribute with an underscore of something other than the object itself."""
    owner = ast.unparse(node.value)
    return (
        node.attr.startswith("_")
        and not node.attr.endswith("_")
        and owner not in ("self", "cls")
        and "super" not in owner
    )


def defined(tree: ast.Module) -> set[str]:
    """Return the names that a module gives to functions, classes and attributes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return names


def test_modules_have_unique_names() -> None:
    counts = Counter(module.rpartition(".")[2] for module in TREES if not PACKAGE.joinpath(*module.split(".")).is_dir())
    alike = {name for name, count in counts.items() if count > 1}
    assert alike <= NAMED_ALIKE | {"__main__"}
