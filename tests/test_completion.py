"""Test what Tab completion offers; tests/kernel tests that IPython asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.completion import complete
from dpyauth.session import Session
from dpyauth.settings import settings

SESSION = Session(settings(None, api="v3"))
OPTIONS = Session(settings(None, "http://127.0.0.1:1", api="options"))
SPACE = {"session": SESSION, "new": OPTIONS, "other": object()}


def offered(code: str) -> list[str]:
    return complete(code, SPACE)[1]


@pytest.mark.parametrize("method", ["call", "frame", "help", "can", "needs", "aio.call"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_names_of_calls(method: str, quote: str) -> None:
    written, names, kind = complete(f"x = session.{method}({quote}get_l", SPACE)
    assert (written, names, kind) == ("get_l", ["get_limits"], "text")
    assert offered(f"session.{method}({quote}nothing_like_it") == []


def test_each_method_offers_what_it_takes() -> None:
    assert offered('session.stream("t') == ["ticks", "ticks_batch", "ticks_history", "transaction"]
    assert offered('session.stream("get_') == []
    assert "transaction" not in offered('session.call("')
    assert not {"authorize", "logout"} & set(offered('session.frame("'))
    assert "authorize" in offered('session.help("')
    assert offered('session.stream("bu') == []  # buy changes something


def test_names_are_those_of_the_api() -> None:
    assert "get_accounts" in offered('new.call("')
    assert "get_accounts" not in offered('session.call("')


def test_names_of_fields() -> None:
    names = offered('session.call("statement", ')
    assert {"limit=", "date_from=", "timeout="} <= set(names)
    assert not {"statement=", "subscribe=", "name=", "self="} & set(names)
    assert names.index("limit=") < names.index("timeout=")
    assert offered('session.call("statement", li') == ["limit="]
    assert offered('session.call("exchange_rates", ')[0] == "base_currency="  # required fields come first
    assert offered('session.stream("ticks", ')[0] == "ticks="
    assert "keep=" in offered('session.stream("ticks", ')
    assert offered('session.frame("balance", acc') == ["account="]
    assert "decimal=" in offered('session.frame("balance", ')


def test_fields_that_are_given_are_not_offered_again() -> None:
    code = 'session.call(\n    "statement",\n    limit=f(1, [2, "a)"]), date_from="2026-01-01",\n    da'
    assert complete(code, SPACE) == ("da", ["date_to="], "param")
    assert "limit=" not in offered('session.call("statement", limit=5, ')


@pytest.mark.parametrize(
    "code",
    [
        "",
        "session.call(",
        "session.call(na",
        'session.call("statement"',
        'session.call("statement", limit=',
        'session.call("statement", limit=li',
        'session.call("statement", action_type="bu',
        'session.call("statement", limit=f(li',
        'session.call("statement", limit=5); pri',
        'session.call("statement")\nlist(x, li',
        'session.help("statement", ',
        'session.call("no_such_call", li',
        'other.call("state',
        'nobody.call("state',
        'session.other("state',
        'mysession.call("state',
        'my.session.call("state',
    ],
)
def test_nothing_is_offered_elsewhere(code: str) -> None:
    assert offered(code) == []


def test_completion_looks_at_the_call_at_the_cursor() -> None:
    assert offered('session.call("balance")\nsession.frame("get_li') == ["get_limits"]
    assert offered('session.call("statement", limit=session.call("get_li') == ["get_limits"]


@given(st.text(alphabet="session.call(\"'ticks,)]}[{= \n\\é", max_size=60))
def test_no_code_makes_completion_fail(code: str) -> None:
    for before in ("", 'session.call("ticks", ', "session.frame('"):
        written, names, _ = complete(before + code, SPACE)
        assert (before + code).endswith(written)
        assert all(name.startswith(written) for name in names)


def run(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not ran.stderr
    return ran.stdout.strip()


def test_without_ipython_nothing_is_loaded() -> None:
    code = "import sys; from dpyauth.completion import install; install(); print('IPython' in sys.modules)"
    assert run(code) == "False"


def test_installing_twice_changes_nothing() -> None:
    code = (
        "from dpyauth.completion import install; from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance(); install(); install(); print(len(shell.Completer.custom_matchers))"
    )
    assert run(code) == "1"


def test_an_ipython_without_matchers_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import IPython.core.completer as completer; del completer.context_matcher;"
        "from dpyauth.completion import install; from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance(); install(); print(len(shell.Completer.custom_matchers))"
    )
    assert run(code) == "0"
