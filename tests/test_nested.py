"""Test which patch for nested event loops is chosen where, and that it is refused where no patch is safe."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from dpyauth import nested
from dpyauth.errors import NestingRefused

OLD, NEW = "nest-asyncio", "nest-asyncio2"


@pytest.mark.parametrize(
    ("ipykernel", "nest_asyncio2", "python", "chosen"),
    [
        ((6, 31), (), (3, 11), OLD),
        ((7, 0, 1), (), (3, 13), OLD),
        ((), (), (3, 13), OLD),
        ((6, 31), (1, 7, 2), (3, 11), OLD),  # too old, but not needed either
        ((6, 31), (1, 7, 3), (3, 11), NEW),
        ((7, 1), (1, 7, 3), (3, 11), NEW),
        ((8,), (2,), (3, 15), NEW),
        ((7, 4), (1, 10), (3, 14), NEW),
    ],
)
def test_a_safe_package_is_chosen(
    ipykernel: tuple[int, ...], nest_asyncio2: tuple[int, ...], python: tuple[int, ...], chosen: str
) -> None:
    assert nested.safe_package(ipykernel, nest_asyncio2, python) == chosen


@pytest.mark.parametrize(
    ("ipykernel", "nest_asyncio2", "python", "said"),
    [
        ((7, 1), (), (3, 11), "loses the cells"),
        ((7, 4, 0), (1, 7, 2), (3, 11), "loses the cells"),
        ((6, 31), (), (3, 14), "time-outs"),
        ((), (1,), (3, 14), "time-outs"),
    ],
)
def test_an_unsafe_combination_is_refused_with_a_way_out(
    ipykernel: tuple[int, ...], nest_asyncio2: tuple[int, ...], python: tuple[int, ...], said: str
) -> None:
    with pytest.raises(NestingRefused, match=said) as refused:
        nested.safe_package(ipykernel, nest_asyncio2, python)
    assert "Nothing was patched" in str(refused.value)
    assert "pip install 'nest-asyncio2>=1.7.3'" in str(refused.value)
    assert "await" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "numbers"), [("7.4.0", (7, 4, 0)), ("7.1.0rc1", (7, 1)), ("6.31", (6, 31)), ("unknown", ())]
)
def test_versions(text: str, numbers: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested.metadata, "version", lambda package: text)
    assert nested.version_numbers("ipykernel") == numbers


def test_a_missing_package_has_no_version() -> None:
    assert nested.version_numbers("no-such-package-anywhere") == ()


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the patches instead of applying them, because a patch cannot be undone."""
    done: list[str] = []
    for package in (OLD, NEW):
        module: Any = ModuleType(package.replace("-", "_"))
        module.apply = lambda package=package: done.append(package)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return done


@pytest.mark.parametrize(
    ("versions", "chosen"), [({"ipykernel": (6, 31)}, OLD), ({"ipykernel": (7, 4), NEW: (1, 7, 3)}, NEW)]
)
def test_the_patch_is_applied_and_named(
    versions: dict[str, tuple[int, ...]], chosen: str, applied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nested, "version_numbers", lambda package: versions.get(package, ()))
    monkeypatch.setattr(nested.sys, "version_info", (3, 13, 0))
    assert nested.allow_nested_asyncio() == chosen
    assert applied == [chosen]


def test_a_refusal_applies_nothing(applied: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "version_numbers", lambda package: (7, 4) if package == "ipykernel" else ())
    with pytest.raises(NestingRefused):
        nested.allow_nested_asyncio()
    assert applied == []


def test_uvloop_is_refused(applied: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Loop:
        __module__ = "uvloop.loop"

    monkeypatch.setattr(nested.asyncio, "get_running_loop", Loop)
    with pytest.raises(NestingRefused, match="uvloop"):
        nested.allow_nested_asyncio()
    assert applied == []


SCRIPT = """
import asyncio, sys
import dpyauth
patched = [name for name in sys.modules if name.startswith("nest_asyncio")]
assert not patched, patched
session = dpyauth.login(sandbox=True)
assert not [name for name in sys.modules if name.startswith("nest_asyncio")]

async def cell():
    package = dpyauth.allow_nested_asyncio()
    inner = asyncio.run(session.aio.call("ping"))
    return package, inner["ping"], session.balance()["loginid"].item(), (await session.aio.call("ping"))["ping"]

print(*asyncio.run(cell()), session.health()["reconnects"])
session.close()
"""


def test_a_session_works_with_the_patch_and_does_not_apply_it_by_itself() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    package, *rest = ran.stdout.split()
    assert package in (OLD, NEW)
    assert rest == ["pong", "DOT900003", "pong", "0"]
