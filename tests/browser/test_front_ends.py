"""In each front end other than JupyterLab, a user signs in with an app ID and a token, and sees the account card."""

from __future__ import annotations

import mimetypes
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import marimo
import nbformat
import pytest
from helpers import answering, jupyter
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from dpyauth.sandbox import Sandbox

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
STATIC = Path(marimo.__file__).parent / "_static"
SHOTS = Path(__file__).parent / "shots"
LOGIN = "import dpyauth\nsession = dpyauth.login(server={server!r})"
WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")

MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    import dpyauth
    import marimo as mo
    session = dpyauth.login(server={server!r})
    return dpyauth, mo, session


@app.cell
def _(session):
    session
    return


@app.cell
def _(mo, session):
    mo.stop(session.loginid is None, "Sign in above.")
    session.balance()
    return
"""
"""The last one as in the guide."""

# As in the guide.
VOILA = """
import ipywidgets

button, output = ipywidgets.Button(description="My balance"), ipywidgets.Output()

@output.capture(clear_output=True)
def show(_):
    display(session.balance())

button.on_click(show)
ipywidgets.VBox([button, output])
"""


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """Return environment variables for a server without the user's own settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DERIV_", "JUPYTER", "IPYTHON"))}
    for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        env[name] = str(tmp_path / "home")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        env[name] = str(tmp_path / "home")
    settings = tmp_path / "home" / "marimo" / "marimo.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[runtime]\nauto_instantiate = true\n")
    return env | {"PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[[int], Page]]:
    """Open a page of a server on this machine, as a separate visitor."""
    contexts = []

    def visit(port: int) -> Page:
        contexts.append(chromium.new_context(viewport={"width": 1250, "height": 1100}))
        page = contexts[-1].new_page()
        page.goto(f"http://127.0.0.1:{port}/", timeout=60_000)
        return page

    yield visit
    for context in contexts:
        context.close()


def sign_in(panel: Locator, box: Sandbox, label: str = "rich") -> str:
    """Sign in as a user does; return the token."""
    token = box.options_token(label).token
    panel.get_by_label("App ID").first.fill(box.options_app_id, timeout=60_000)
    panel.get_by_label("Personal access token").fill(token)
    panel.get_by_role("button", name="Sign in", exact=True).click()
    expect(panel).to_contain_text("Signed in to Deriv")
    return token


def expect_card(card: Locator) -> None:
    expect(card).to_contain_text(re.compile(r"DOT900003.*9,969\.39.*In 2 open contracts", re.DOTALL))


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def found(token: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


def expect_picture(page: Page, like: Request, folder: Path) -> None:
    """Save a page of marimo's editor as HTML, as its menu does: the page is static, and must show no form."""
    headers = {name: value for name, value in like.headers.items() if name.startswith("marimo-")}
    wanted = {"download": False, "files": [], "includeCode": True}
    saved = page.request.post(f"{page.url.partition('?')[0]}api/export/html", headers=headers, data=wanted)
    (folder / "saved.html").write_text(saved.text())

    def from_package(route: Route) -> None:  # files that the saved page loads from the internet
        path = STATIC / re.sub(r".*?/dist/|\?.*", "", route.request.url)
        kind = mimetypes.guess_type(path)[0] or "text/plain"
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": kind}
        route.fulfill(headers=headers, body=path.read_bytes()) if path.is_file() else route.abort()

    with page.context.expect_page() as opening:
        page.evaluate("window.open('about:blank')")
    picture = opening.value
    picture.route(re.compile("^https:"), from_package)
    picture.goto((folder / "saved.html").as_uri())
    panel = picture.locator(".dpyauth-panel").nth(0)
    expect(panel).to_contain_text(re.compile("Not signed in.*This is a picture"))
    expect(panel.locator("input, button:enabled")).to_have_count(0)
    shot(picture, "marimo-saved")
    picture.close()


def test_marimo(visit: Callable[[int], Page], surroundings: dict[str, str], box: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text(MARIMO.format(server=box.rest))
    command = [sys.executable, "-m", "marimo", "edit", str(path), "--headless", "--no-token", "--skip-update-check"]
    with answering(command, surroundings, tmp_path / "log.txt") as port:
        page = visit(port)
        panels = page.locator(".dpyauth-panel")
        expect(panels.nth(1)).to_contain_text("Run the cell with login() again", timeout=60_000)
        with page.expect_request("**/api/**") as asked:
            token = sign_in(panels.nth(0), box)
        # All cells that use the session run by themselves.
        expect(page.locator("marimo-table")).to_contain_text("DOT900003")
        expect_card(panels.nth(1))
        expect(panels.nth(0)).to_contain_text("Signed in to Deriv")
        shot(page, "marimo")
        assert token not in page.content()
        panels.nth(0).get_by_role("button", name="Sign out").click()
        expect(panels.nth(0).get_by_label("Personal access token")).to_be_visible()
        expect_picture(page, asked.value, tmp_path)
        sign_in(panels.nth(0), box, "trouble")  # and again after every other sign-in
        expect(page.locator("marimo-table")).not_to_contain_text("DOT900003")
    assert found(token, tmp_path) == []


def test_a_marimo_app_keeps_its_visitors_apart(
    visit: Callable[[int], Page], surroundings: dict[str, str], box: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "page.py"
    path.write_text(MARIMO.format(server=box.rest))
    command = [sys.executable, "-m", "marimo", "run", str(path), "--headless"]
    with answering(command, surroundings, tmp_path / "log.txt") as port:
        first = visit(port).locator(".dpyauth-panel")
        token = sign_in(first.nth(0), box)
        expect_card(first.nth(1))
        expect(first.page.locator("marimo-table")).to_contain_text("DOT900003")
        second = visit(port).locator(".dpyauth-panel")
        expect(second.nth(0)).to_contain_text("Sign in to Deriv", timeout=60_000)
        expect(second.nth(1)).to_contain_text("Use the sign-in panel on this page")
        expect(second.nth(0)).not_to_contain_text("Remember me")  # the machine does not belong to the visitor
        expect_card(first.nth(1))
        shot(first.page, "marimo-app")
    assert found(token, tmp_path) == []


def test_voila(visit: Callable[[int], Page], surroundings: dict[str, str], box: Sandbox, tmp_path: Path) -> None:
    cells = [LOGIN.format(server=box.rest), "session", VOILA]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, tmp_path / "page.ipynb")
    command = [sys.executable, "-m", "voila", str(tmp_path / "page.ipynb"), "--no-browser", "--Voila.ip=127.0.0.1"]
    with jupyter(command, surroundings, tmp_path / "log.txt") as port:
        page = visit(port)
        panels = page.locator(".dpyauth-panel")
        expect(panels.nth(1)).to_contain_text("Use the sign-in panel on this page", timeout=60_000)
        expect(panels.nth(0)).not_to_contain_text("Remember me")
        token = sign_in(panels.nth(0), box)
        expect_card(panels.nth(1))
        page.get_by_role("button", name="My balance").click()
        expect(page.locator(".jp-OutputArea table, .output table, table")).to_contain_text("DOT900003")
        shot(page, "voila")
        assert token not in page.content()
    assert found(token, tmp_path) == []


def test_notebook_7(opening: Callable[..., Any], classic: Lab, box: Sandbox) -> None:
    with opening(classic, "notebook", [LOGIN.format(server=box.rest), "session"]) as notebook:
        notebook.run(0)
        token = sign_in(notebook.cell(0).locator(".dpyauth-panel"), box)
        notebook.run(1)
        expect_card(notebook.cell(1).locator(".dpyauth-panel"))
        assert token not in notebook.save()


@pytest.fixture
def bare_lab(serving_from: Callable[..., Any], tmp_path: Path) -> Iterator[Lab]:
    """Start JupyterLab without the front-end extensions of the widget packages."""
    with serving_from("jupyterlab", tmp_path / "lab", without=WIDGETS) as lab:
        yield lab


def test_a_lab_without_the_widget_packages(opening: Callable[..., Any], bare_lab: Lab, box: Sandbox) -> None:
    with opening(bare_lab, "lab", [LOGIN.format(server=box.rest), "", "session"]) as notebook:
        said = notebook.run(0)
        expect(said).to_contain_text("If you see no panel here")
        (line,) = re.findall(r"session = dpyauth\.login\(.*\)", said.inner_text())
        notebook.fill(1, line)
        notebook.page.keyboard.press("Control+Enter")
        typed = notebook.cell(1).locator(".jp-Stdin-input")
        typed.fill(box.options_app_id)
        typed.press("Enter")
        hidden = notebook.cell(1).locator(".jp-Stdin-input[type=password]")
        token = box.options_token("rich").token
        hidden.fill(token)
        hidden.press("Enter")
        expect(notebook.cell(1).locator(".jp-InputPrompt")).to_have_text("[2]:")
        expect_card(notebook.run(2))
        notebook.shot("lab-without-widgets")
        assert token not in notebook.save()
