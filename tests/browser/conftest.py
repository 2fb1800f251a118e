"""JupyterLab on a copy of the lessons, and a Chromium that looks at it."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect, sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = Path(__file__).parent / "shots"
START = 60.0
PATIENCE = 20_000  # ms
numbers = itertools.count(1)
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"

# No pop-ups, no surprises; and widget state is saved, as some readers have it, so that a token in it would be found.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}
FLAGS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--disable-sync", "--disable-quic"]


@dataclass
class Lab:
    """A running JupyterLab."""

    url: str
    folder: Path
    log: Path

    def stop_kernels(self) -> None:
        with urllib.request.urlopen(f"{self.url}/api/sessions", timeout=10) as reply:
            sessions = json.load(reply)
        for session in sessions:
            address = f"{self.url}/api/sessions/{session['id']}"
            urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=20).close()


@dataclass
class Notebook:
    """A notebook open in a page."""

    page: Page
    path: Path
    sent: list[str] = field(default_factory=list)
    """Every WebSocket frame that left the page, as text."""
    got: list[str] = field(default_factory=list)
    """Every WebSocket frame that reached the page, as text."""
    faults: list[str] = field(default_factory=list)
    """JavaScript errors in the page."""

    @property
    def code(self) -> Locator:
        return self.page.locator(f"{SHOWN} .jp-CodeCell")

    @property
    def outputs(self) -> Locator:
        return self.page.locator(f"{SHOWN} .jp-Cell-outputArea")

    @property
    def panel(self) -> Locator:
        return self.page.locator(f"{SHOWN} .dpyauth-panel")

    @property
    def token(self) -> Locator:
        return self.panel.get_by_label("API token")

    @property
    def app_id(self) -> Locator:
        return self.panel.get_by_label("App ID")

    @property
    def notice(self) -> Locator:
        return self.panel.get_by_role("alert")

    @property
    def cells(self) -> Locator:
        return self.page.locator(f"{SHOWN} .jp-Cell")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name)

    def cell(self, index: int) -> Locator:
        return self.code.nth(index)

    def wait_for_kernel(self) -> None:
        expect(self.page.locator(".jp-StatusBar-Left")).to_contain_text("Python 3 (ipykernel) | Idle", timeout=60_000)

    def run(self, index: int) -> Locator:
        """Run one code cell as a reader does, and wait for its end; returns its output area."""
        cell = self.cell(index)
        prompt = cell.locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        ended = re.compile(rf"^(?!{re.escape(before)}$)\[\d+\]:$")
        expect(prompt).to_have_text(ended, timeout=PATIENCE)
        return cell.locator(".jp-Cell-outputArea")

    def command(self, name: str, *, wait: bool = True, **arguments: Any) -> None:
        """Run a command of JupyterLab, as one of its menus does, and wait for its end (or not: it may ask back)."""
        self.page.evaluate(
            """async ([name, wait, arguments]) => {
              const ended = window.jupyterapp.commands.execute(name, arguments);
              if (wait) await ended;
            }""",
            [name, wait, arguments],
        )

    def restart(self, command: str) -> None:
        self.command(command, wait=False)
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        light = "true" if name == "Light" else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def save(self) -> str:
        """Ctrl+S; returns what is on disk then."""
        before = self.path.stat().st_mtime_ns
        with self.page.expect_response(lambda reply: reply.request.method == "PUT" and "/api/contents/" in reply.url):
            self.page.keyboard.press("Control+s")
        assert self.path.stat().st_mtime_ns > before
        return self.path.read_text()

    def shot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


def missing(what: str) -> None:
    """Without a browser these tests mean nothing: skip at home, fail where everything must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def eventually(condition: Callable[[], object], timeout: float) -> None:
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, f"not within {timeout:g} s"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    names = (os.environ.get("DPYAUTH_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        missing("no Chromium found; install it, or name it in DPYAUTH_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    base = tmp_path_factory.mktemp("lab")
    folder = base / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DERIV_", "JUPYTER", "IPYTHON"))}
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        env[name] = str(base / name.lower())
    for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        env[name] = str(base / name.lower())
    env["PYTHONPATH"] = str(ROOT)
    config = Path(env["JUPYTER_CONFIG_DIR"], "labconfig")
    config.mkdir(parents=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(OVERRIDES))
    log = base / "server.log"
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--expose-app-in-browser"]
    options += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}"]
    with log.open("w") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=env, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        about = Path(env["JUPYTER_RUNTIME_DIR"], f"jpserver-{server.pid}.json")
        eventually(lambda: server.poll() is not None or (about.exists() and about.read_text()), START)
        assert server.poll() is None, log.read_text()
        yield Lab(f"http://127.0.0.1:{json.loads(about.read_text())['port']}", folder, log)
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=10)


@pytest.fixture(scope="session")
def page(chromium: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab; one for all tests, since it takes seconds to load."""
    one = chromium.new_page()
    one.set_default_timeout(PATIENCE)
    one.goto(f"{lab.url}/lab?reset")
    one.wait_for_selector(".jp-Launcher", timeout=60_000)
    yield one
    one.close()


@pytest.fixture
def show(lab: Lab, page: Page) -> Iterator[Callable[[str], Notebook]]:
    """Open a notebook of the folder; it is closed afterwards."""
    opened: list[Notebook] = []

    def fault(error: object) -> None:
        opened[-1].faults.append(str(error))

    def socket(one: WebSocket) -> None:
        one.on("framesent", lambda frame: opened[-1].sent.append(_text(frame)))
        one.on("framereceived", lambda frame: opened[-1].got.append(_text(frame)))

    def show_one(name: str) -> Notebook:
        notebook = Notebook(page, lab.folder / name)
        opened.append(notebook)
        if page.locator(SHOWN).count():  # a test that failed may have left anything behind
            page.goto(f"{lab.url}/lab?reset")
            page.wait_for_selector(".jp-Launcher", timeout=60_000)
        page.set_viewport_size({"width": 1250, "height": 1100})
        notebook.command("docmanager:open", path=name)
        page.wait_for_selector(f"{SHOWN} .jp-Cell")
        notebook.wait_for_kernel()
        notebook.theme("Light")
        return notebook

    page.on("websocket", socket)
    page.on("pageerror", fault)
    yield show_one
    for notebook in opened:
        notebook.command("docmanager:save")
        notebook.command("application:close")
    lab.stop_kernels()
    page.remove_listener("websocket", socket)
    page.remove_listener("pageerror", fault)
    for notebook in opened:
        assert notebook.faults == []


@pytest.fixture
def make(lab: Lab, show: Callable[[str], Notebook]) -> Callable[..., Notebook]:
    """Open a new notebook with these cells."""

    def make_one(*cells: str) -> Notebook:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = lab.folder / f"test-{next(numbers)}.ipynb"
        nbformat.write(made, path)
        return show(path.name)

    return make_one


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
