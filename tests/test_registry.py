"""What is known of Deriv's APIs is said in one place, and no module decides by an API's name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dpyauth.registry import APIS, DEFAULT, by_app_id, by_server, by_token

PACKAGE = Path(__file__).parents[1] / "dpyauth"


def test_the_current_api_is_the_one_that_is_meant() -> None:
    assert DEFAULT == "options"
    assert not APIS[DEFAULT].retiring


@pytest.mark.parametrize(
    ("token", "certain", "likely"),
    [
        ("pat_" + "0" * 64, "options", "options"),
        (" ory_at_x.y\n", "options", "options"),
        ("eyJhbGciOi.eyJzdWIiOi.c2ln", "options", "options"),
        ("a1-x", "v3", "v3"),
        ("Kx9Lm2Qw8Rt5Yz1", None, "v3"),
        ("Kx9Lm2Qw8Rt5Yz12", None, None),
        ("", None, None),
    ],
)
def test_the_looks_of_a_token(token: str, certain: str | None, likely: str | None) -> None:
    assert by_token(token) == certain
    assert by_token(token, likely=True) == likely


@pytest.mark.parametrize(
    ("app_id", "api"),
    [
        ("33XxAb9Qw2LmN4pR7sT1u", "options"),
        (1089, "v3"),
        (" 16303 ", "v3"),
        ("1" * 21, "options"),
        (None, None),
        ("", None),
        (True, None),
        ("two words", None),
        pytest.param(10**5000, None, id="huge"),
    ],
)
def test_the_looks_of_an_app_id(app_id: object, api: str | None) -> None:
    assert by_app_id(app_id) == api


@pytest.mark.parametrize(
    ("server", "api"),
    [("https://x", "options"), (" HTTP://x", "options"), ("wss://x", "v3"), ("ws://x", "v3"), ("x", None), ("", None)],
)
def test_the_address_of_a_server(server: str, api: str | None) -> None:
    assert by_server(server) == api


def test_derivs_pages_are_derivs() -> None:
    for facts in APIS.values():
        for page in facts.pages.all:
            assert page.startswith("https://")
            assert page.split("/")[2].endswith(".deriv.com")
        assert facts.smallest_scope in facts.scopes
        assert "{ticks}" in facts.advice


def test_no_module_decides_by_the_name_of_an_api() -> None:
    """A comparison with a name would be a place to look at when there is another API."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                values = [one.value for one in [node.left, *node.comparators] if isinstance(one, ast.Constant)]
                if set(APIS) & {value for value in values if isinstance(value, str)}:
                    found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert found == []
