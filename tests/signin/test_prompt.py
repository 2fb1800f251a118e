"""Test the questions at a terminal, and where the answers go."""

from __future__ import annotations

import dataclasses

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.errors import InvalidCredential, InvalidSetting, NoCredential
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.signin.prompt import NO_CELL, NO_INPUT, NO_STREAM, NOT_ASKED, NOT_HIDDEN, no_credential
from dpyauth.texts import texts

OLD = "sandbox-rich-btc"
OLD_BY_LOOKS = "Kx9Lm2Qw8Rt5Yz1"
APP, TOKEN = "App ID: ", "Personal access token (hidden): "


class Terminal:
    """A user who types these answers."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.app_ids: list[str | type[BaseException]] = []
        self.token: str | type[BaseException] = box.options_token("rich").token
        self.asked: list[str] = []

    def show(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self._said(self.app_ids.pop(0))

    def hide(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self._said(self.token)

    def calls(self) -> set[str]:
        """Return the calls that Deriv received, on either API."""
        return {each.call for each in self.box.received if each.call}

    def _said(self, answer: str | type[BaseException]) -> str:
        if isinstance(answer, str):
            return answer
        raise answer


@pytest.fixture
def terminal(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Simulate a terminal, with Deriv's own addresses leading to the sandbox."""
    made = Terminal(box)
    here = {name: dataclasses.replace(facts, server=box.side(name).server) for name, facts in APIS.items()}
    monkeypatch.setattr("dpyauth.settings.APIS", here)
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    monkeypatch.setattr("builtins.input", made.show)
    monkeypatch.setattr("getpass.getpass", made.hide)
    return made


def test_two_questions(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """The questions are those of the panel, and say where to find the answers."""
    terminal.app_ids = [f" {terminal.box.options_app_id} "]
    session = dpyauth.login()
    assert (session.api, session.loginid) == ("options", "DOT900003")
    assert terminal.asked == [APP, TOKEN]
    said = capsys.readouterr()
    pages = APIS["options"].pages
    assert [page in said.err for page in (pages.apps, pages.tokens)] == [True, True]
    assert "type PAT" in said.err
    assert "scope Trade" in said.err
    assert "v3" not in said.err
    assert str(terminal.token) not in said.err + said.out


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_known_app_id_is_not_asked_for(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    app_id = terminal.box.options_app_id
    if how == "environment":
        monkeypatch.setenv("DERIV_APP_ID", app_id)
    assert dpyauth.login(app_id=app_id if how == "argument" else None).loginid == "DOT900003"
    assert terminal.asked == [TOKEN]


def test_an_invalid_app_id_is_asked_for_again_before_the_token(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.app_ids = ["My app", "no.dots", terminal.box.options_app_id]
    assert dpyauth.login().loginid == "DOT900003"
    assert terminal.asked == [APP, APP, APP, TOKEN]
    assert capsys.readouterr().err.count("letters and digits") == 2


def test_the_number_of_questions_is_limited(terminal: Terminal) -> None:
    terminal.app_ids = ["My app"] * 9
    with pytest.raises(InvalidSetting, match="letters and digits"):
        dpyauth.login()
    assert terminal.asked == [APP] * 3


@pytest.mark.parametrize(("app_id", "says"), [("", "needs your app ID"), ("16303", "belongs to Deriv's older API")])
def test_a_personal_access_token_never_goes_to_v3(
    terminal: Terminal, app_id: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both answers show which API is meant; then only the app ID is asked for again."""
    terminal.app_ids = [app_id, "", terminal.box.options_app_id]
    assert dpyauth.login().loginid == "DOT900003"
    assert terminal.asked == [APP, TOKEN, APP, APP]
    assert says in capsys.readouterr().err
    assert "authorize" not in terminal.calls()


@pytest.mark.parametrize("app_id", ["", "1089"])
def test_an_old_token_goes_to_v3(terminal: Terminal, app_id: str) -> None:
    terminal.app_ids, terminal.token = [app_id], OLD_BY_LOOKS
    terminal.box.world.issued[OLD_BY_LOOKS] = terminal.box.world.issued[OLD]
    session = dpyauth.login()
    assert (session.api, session.loginid, session.core.target.app_id) == ("v3", "CR900002", "1089")
    assert terminal.asked == [APP, TOKEN]
    assert "get_accounts" not in terminal.calls()


def test_only_the_chosen_api_is_asked_for(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.token = OLD
    assert dpyauth.login(api="v3").loginid == "CR900002"
    assert terminal.asked == ["API token (hidden): "]
    assert APIS["v3"].pages.tokens in capsys.readouterr().err
    terminal.app_ids, terminal.asked = ["", "1089", ""], []
    with pytest.raises(InvalidSetting, match="needs your app ID"):
        dpyauth.login(api="options", ask=True)
    assert terminal.asked == [APP] * 3


def test_the_server_decides_the_api(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, because it is not Deriv's own."""
    box = terminal.box
    terminal.app_ids = ["16303", box.options_app_id]
    assert dpyauth.login(server=box.rest).loginid == "DOT900003"
    assert terminal.asked == [APP, APP, f"Personal access token (hidden, for 127.0.0.1:{box.port}): "]
    assert APIS["options"].pages.tokens not in capsys.readouterr().err


def test_the_sandbox_needs_no_app_id(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.sandbox.shared", lambda: terminal.box)
    assert dpyauth.login(sandbox=True, ask=True).loginid == "DOT900003"
    terminal.token = OLD
    assert dpyauth.login(sandbox=True, ask=True).loginid == "CR900002"
    assert len(terminal.asked) == 2


@pytest.mark.parametrize("token", ["", "two words"])
def test_an_invalid_token(terminal: Terminal, token: str) -> None:
    terminal.app_ids, terminal.token = [""], token
    with pytest.raises(InvalidCredential):
        dpyauth.login()
    assert terminal.asked == [APP, TOKEN]
    assert terminal.calls() == set()


@pytest.mark.parametrize("leaves", [EOFError, KeyboardInterrupt])
@pytest.mark.parametrize("at", ["app ID", "token"])
def test_the_user_may_leave(terminal: Terminal, at: str, leaves: type[BaseException]) -> None:
    terminal.app_ids = [leaves if at == "app ID" else "33abcDEF"]
    terminal.token = leaves
    with pytest.raises(NoCredential, match="No token was entered") as refused:
        dpyauth.login()
    assert refused.value.__cause__ is None
    assert terminal.calls() == set()


def test_the_token_is_in_no_error(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.app_ids, terminal.token = ["", *[str(terminal.token)] * 3], str(terminal.token)
    with pytest.raises(InvalidSetting) as refused:
        dpyauth.login()
    assert terminal.token not in str(refused.value) + capsys.readouterr().err


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (NOT_ASKED, "this run cannot ask you for one"),
        (NO_INPUT, "this front end has no prompt: dpyauth.login() without ask= shows a panel"),
        (
            NO_CELL,
            "this thread cannot ask you for one: run dpyauth.login() in a cell, and pass the session to the thread",
        ),
        (NOT_HIDDEN, "this prompt cannot hide what you type"),
        (NO_STREAM, "the input of this program does not work"),
    ],
)
def test_an_error_gives_one_reason(why: str, reason: str) -> None:
    error = NoCredential(no_credential("options", why))
    assert str(error).startswith(f"No token was found, and {reason}. Set the environment variable DERIV_APP_ID to the ")
    assert error.code == why


# In the user's language


@pytest.mark.parametrize(
    ("language", "asked", "told"),
    [
        (
            "es",
            ["ID de la app: ", "Token de acceso personal (oculto): "],
            ["Registra una app", "Crea un token", ", con un"],
        ),
        (
            "fr",
            ["ID d'application\xa0: ", "Token d'accès personnel (masqué)\xa0: "],
            ["Enregistrez", "Créez", ", avec un"],
        ),
        (
            "pt-BR",
            ["ID do app: ", "Token de acesso pessoal (oculto): "],
            ["Registre um app", "Crie um token", ", com um"],
        ),
    ],
)
@pytest.mark.parametrize("how", ["argument", "environment"])
def test_the_prompt_speaks_the_language_of_the_user(
    terminal: Terminal,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    asked: list[str],
    told: list[str],
    how: str,
) -> None:
    if how == "environment":
        monkeypatch.setenv("LANG", f"{language.replace('-', '_')}.UTF-8")
    terminal.app_ids = ["with spaces", terminal.box.options_app_id]
    session = dpyauth.login(language=language if how == "argument" else None)
    assert session.language == language
    assert terminal.asked == [asked[0], *asked]
    said = capsys.readouterr().err
    assert [each in said for each in told] == [True] * 3
    english = texts("prompt", language="en")
    assert [text for text in english.values() if len(text) > 20 and text.split("{")[0] in said and text[0] != "{"] == []


def test_errors_keep_their_english_in_any_language(terminal: Terminal) -> None:
    terminal.app_ids = [EOFError]
    with pytest.raises(NoCredential, match=r"^No token was entered\. Run dpyauth\.login") as ended:
        dpyauth.login(language="es")
    assert ended.value.code == "no_token_entered"
    assert ended.value.in_language("es").startswith("No se introdujo ningún token.")
