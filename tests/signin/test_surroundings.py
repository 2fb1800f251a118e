"""Test signing in anywhere a program runs: without streams, without panels, without a user."""

from __future__ import annotations

import getpass
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.__main__ import main
from dpyauth.errors import DpyauthError, InvalidCredential, InvalidSetting, NoCredential, NotSignedIn
from dpyauth.panels.card import CardModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

ALL = "sandbox-rich-all"
Login = Callable[..., Session]


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "closed": closed,
    "object": object,
    "binary": io.BytesIO,
    "cp1252": lambda: io.TextIOWrapper(io.BytesIO(), encoding="cp1252"),
    "ascii": lambda: io.TextIOWrapper(io.BytesIO(), encoding="ascii"),
}


@pytest.fixture(params=STREAMS)
def replaced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Replace the streams: a windowed program or a service has none, and a program may have closed or changed them."""

    def replace() -> str:  # in the test itself, because pytest sets its own before it
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, STREAMS[request.param]())
        return str(getattr(sys.stdout, "encoding", None) or "utf-8")

    return replace


@pytest.fixture
def login(box: Sandbox) -> Iterator[Login]:
    with ExitStack() as ends:

        def login(*args: Any, api: str = "v3", **kwargs: Any) -> Session:
            side = box.side(api)
            session = dpyauth.login(*args, **{"server": side.server, "app_id": side.app_id, "timeout": 5, **kwargs})
            ends.callback(session.close)
            return session

        yield login


# Streams


def test_signing_in_works_with_any_streams(replaced: Callable[[], str], login: Login, box: Sandbox) -> None:
    encoding = replaced()
    session = login(box.options_token("rich").token, api="options")
    assert session.loginid == "DOT900003"
    for shown in (session.card(), session.switcher(), session):
        str(shown).encode(encoding)
    session.logout()  # prints that the token stays valid


def test_without_stdin_the_error_says_what_to_set(replaced: Callable[[], str], login: Login) -> None:
    replaced()
    for ask in (None, True, "prompt"):
        with pytest.raises(NoCredential, match="DERIV_TOKEN"):
            login(ask=ask)


@pytest.mark.parametrize("server", ["", "ws://127.0.0.1:1 and more"])
def test_the_check_up_ends_with_a_status(replaced: Callable[[], str], server: str, box: Sandbox) -> None:
    replaced()
    arguments = ["doctor", "--timeout", "2", "--server", server or box.url]
    assert main(arguments) in {0, 1, 2}
    assert isinstance(main([*arguments, "--json"]), int)


# Prompts


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Simulate what a user types at a terminal, hidden."""
    answers: list[str] = []
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: answers.pop(0))
    return answers


@pytest.mark.parametrize(
    "around", ["{}", "\x16{}", "\x1b[200~{}\x1b[201~", "\ufeff{}\r", '"{}"', "\xa0{}\u200b", "Bearer {}"]
)
@pytest.mark.parametrize("api", ["options", "v3"])
def test_pasted_text_around_a_token(typed: list[str], login: Login, box: Sandbox, around: str, api: str) -> None:
    token = box.options_token("rich").token if api == "options" else ALL
    typed.append(around.format(token))
    assert login(api=api).state == "signed in"


@pytest.mark.parametrize("nothing", ["\x16", "\x16\x16", " \x16\r", "\x1b[200~\x1b[201~"])
def test_ctrl_v_that_pastes_nothing_is_asked_again(
    typed: list[str], login: Login, capsys: pytest.CaptureFixture[str], nothing: str
) -> None:
    typed += [nothing, ALL]
    assert login().state == "signed in"
    assert "Paste with a right-click" in (said := capsys.readouterr().err)
    assert ALL not in said


def test_the_number_of_questions_is_limited(typed: list[str], login: Login) -> None:
    typed += ["\x16"] * 9
    with pytest.raises(InvalidCredential, match="empty"):
        login()
    assert len(typed) == 6


@pytest.mark.parametrize("entered", ["C4nary\x16-token", "C4nary\x7f-token", "\x1b[AC4nary-token", "C4nary\x00-token"])
@pytest.mark.parametrize("api", ["options", "v3"])
def test_other_keys_are_named(typed: list[str], login: Login, box: Sandbox, entered: str, api: str) -> None:
    typed.append(entered)
    with pytest.raises(InvalidCredential, match="control characters") as refused:
        login(api=api)
    assert "C4nary" not in str(refused.value)
    assert box.connections_opened == 0


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_control_characters_in_a_token_from_any_source(login: Login, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    pasted = f'\ufeff"{ALL}"\r\n'
    monkeypatch.setenv("DERIV_TOKEN", pasted)
    monkeypatch.setenv("DERIV_APP_ID", ' "1089"\r')
    assert login(pasted if how == "argument" else None, app_id=None).state == "signed in"


def test_nothing_is_asked_if_the_input_would_be_visible(
    typed: list[str], login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shows(prompt: str) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return ALL

    monkeypatch.setattr("getpass.getpass", shows)
    with pytest.raises(NoCredential, match=r"cannot hide what you type.*DERIV_TOKEN"):
        login()


@pytest.mark.parametrize(
    "answers", [["\x16", "APP"], ["\x16", "\ufeff", "APP"], ['"APP"\r'], ["\x16\x1b[200~APP\x1b[201~"]]
)
def test_the_app_id_is_treated_in_the_same_way(
    typed: list[str],
    login: Login,
    box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: list[str],
) -> None:
    typed.append(box.options_token("rich").token)
    answers = [each.replace("APP", box.options_app_id) for each in answers]
    more = len(answers) - 1
    monkeypatch.setattr("builtins.input", lambda prompt: answers.pop(0))
    assert login(api="options", app_id=None).loginid == "DOT900003"
    assert answers == []
    assert capsys.readouterr().err.count("Nothing was pasted") == more


@pytest.mark.parametrize(
    "error", [OSError, RuntimeError("lost sys.stdin"), ValueError, NotImplementedError, EOFError, TypeError]
)
def test_a_prompt_that_fails(typed: list[str], login: Login, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    def fails(prompt: str) -> str:
        raise error

    monkeypatch.setattr("getpass.getpass", fails)
    with pytest.raises(NoCredential):
        login()


# Notebooks without panels


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Simulate a kernel, whose front end allows input or not."""
    kernel = SimpleNamespace(_allow_stdin=True)
    monkeypatch.setattr(_environment, "kernel_shell", lambda: SimpleNamespace(kernel=kernel, user_ns={}))
    return kernel


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what a notebook's cells have displayed, as it is stored."""
    shown: list[Any] = []

    def display(thing: Any, *, raw: bool, display_id: str = "", metadata: Any = None) -> Any:
        shown.append(thing)
        return SimpleNamespace(update=lambda *args, **how: None)

    monkeypatch.setattr("dpyauth.panels.widgets.display", display)
    return shown


VIEW = "application/vnd.jupyter.widget-view+json"


def test_the_text_beside_the_panel_says_how_to_sign_in(
    kernel: SimpleNamespace, displayed: list[Any], login: Login
) -> None:
    session = login()
    still, live = displayed
    assert VIEW in live
    assert still["text/plain"].startswith("dpyauth sign-in panel: <dpyauth session: signed out>")
    assert 'ask="prompt"' in still["text/plain"]
    with pytest.raises(NotSignedIn, match=r'login\(ask="prompt"\)') as refused:
        session.balance()
    assert "login(token)" not in str(refused.value)


@pytest.mark.parametrize("api", ["options", "v3"])
def test_a_hidden_prompt_in_a_notebook(
    kernel: SimpleNamespace,
    displayed: list[Any],
    login: Login,
    box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
) -> None:
    token = box.options_token("rich").token if api == "options" else ALL
    monkeypatch.setenv("DERIV_TOKEN", "another")
    monkeypatch.setattr("getpass.getpass", lambda prompt: token)
    session = login(ask="prompt", api=api)
    assert session.state == "signed in"
    still, _ = displayed
    assert "ask=" not in still["text/plain"]
    assert token not in repr(displayed)


def test_without_the_widget_packages_there_is_a_prompt(
    kernel: SimpleNamespace, login: Login, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_environment, "has_widgets", lambda: False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: ALL)
    session = login()
    assert session.state == "signed in"
    assert "signed in" in capsys.readouterr().err
    with pytest.raises(NotImplementedError):  # then IPython shows the text
        session._ipython_display_()


@pytest.mark.parametrize("ask", [None, False, "prompt"])
def test_no_user_to_ask(kernel: SimpleNamespace, displayed: list[Any], login: Login, ask: Any) -> None:
    kernel._allow_stdin = False
    with pytest.raises(NoCredential, match="DERIV_TOKEN"):
        login(ask=ask)
    assert displayed == []


def test_without_a_user_no_panel_is_created(
    kernel: SimpleNamespace, displayed: list[Any], login: Login, box: Sandbox
) -> None:
    kernel._allow_stdin = False
    session = login(box.options_token("rich").token, api="options")
    session._ipython_display_()
    session.switcher()._ipython_display_()
    stream = session.stream("ticks", ticks="R_100")
    panels = [dpyauth.explorer(session), dpyauth.tokens(session), dpyauth.apps(session), stream.view()]
    displayed += [panel._repr_mimebundle_()[0] for panel in panels]
    assert len(displayed) == 7
    assert all(VIEW not in shown and shown["text/plain"] for shown in displayed)
    assert [panel.comm for panel in panels] == [None] * 4
    stream.close()


@pytest.mark.parametrize("page", [False, True])
def test_voila_shows_panels_and_has_no_prompt(
    kernel: SimpleNamespace, displayed: list[Any], login: Login, monkeypatch: pytest.MonkeyPatch, page: bool
) -> None:
    kernel._allow_stdin = False
    if page:
        monkeypatch.setenv("VOILA_REQUEST_URL", "http://localhost/render/page.ipynb")
    session = login(ask=None if page else True)  # or the user says so
    still, live = displayed
    assert VIEW in live
    assert "DERIV_TOKEN in the environment" in still["text/plain"]
    assert not _environment.unattended()
    with pytest.raises(NoCredential, match="has no prompt"):
        login(ask="prompt")
    with pytest.raises(NotSignedIn, match=r"in the panel that dpyauth\.login") as refused:
        session.balance()
    assert ("behind a button" in str(refused.value)) == page
    assert "prompt" not in str(refused.value) + still["text/plain"]
    card = CardModel(session)
    assert ("Run" in card.words["signed_out_text"] + card.view()["back"]) != page  # a visitor runs no cell


class Runtime:
    """Streamlit's runtime, while its server runs."""

    exists = staticmethod(lambda: True)


@pytest.mark.parametrize(
    ("place", "says"), [("streamlit", r"token, app_id=\.\.\., ask=False"), ("kaggle", "in Kaggle")]
)
def test_without_a_way_to_ask_the_error_says_what_helps(
    open_options: Callable[..., Session], monkeypatch: pytest.MonkeyPatch, place: str, says: str
) -> None:
    if place == "streamlit":  # started from a terminal, where its visitors cannot type
        monkeypatch.setitem(sys.modules, "streamlit.runtime", cast("ModuleType", Runtime))
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    else:
        monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    session = open_options()
    session.logout()
    with pytest.raises(NotSignedIn, match=says) as refused:
        session.balance()
    assert "prompt" not in str(refused.value)
    with pytest.raises(NoCredential, match="cannot ask you"):
        dpyauth.login(server="http://127.0.0.1:1")


@pytest.mark.parametrize("wrong", ["panel", "", 1, 0, [], {}, object(), b"prompt"])
def test_values_of_ask(login: Login, wrong: Any) -> None:
    with pytest.raises(DpyauthError, match="ask"):
        login(ask=wrong)


def test_every_panel_says_what_to_use_instead(
    kernel: SimpleNamespace, box: Sandbox, open_options: Callable[..., Session]
) -> None:
    session = open_options()
    stream = session.stream("ticks", ticks="R_100")
    texts = {
        panel: panel._repr_mimebundle_()[0]["text/plain"]
        for panel in (dpyauth.explorer(session), dpyauth.tokens(session), dpyauth.apps(session), stream.view())
    }
    assert [text.splitlines()[0] for text in texts.values()] == [repr(panel) for panel in texts]
    assert all("If you see no panel here" in text for text in texts.values())
    assert 'session.use("ROT900001")' in str(session.switcher())
    stream.close()


def test_a_broken_widget_package_is_reported(
    kernel: SimpleNamespace, login: Login, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)  # importing it raises ImportError
    monkeypatch.setattr("getpass.getpass", lambda prompt: ALL)
    session = login()
    assert session.state == "signed in"
    stream = session.stream("balance")
    for panel in (dpyauth.explorer, dpyauth.tokens, dpyauth.apps, stream.view):
        with pytest.raises(InvalidSetting, match="ipywidgets and anywidget"):
            panel()
    stream.close()
