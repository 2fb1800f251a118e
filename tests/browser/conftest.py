"""JupyterLab and Notebook 7 on a copy of the lessons, and a Chromium that looks at them."""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import installed
import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers import chromium_path, jupyter, missing
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, WebSocket, expect, sync_playwright
from side_by_side import models, page

__all__ = ["models", "page"]  # fixtures

ROOT = Path(__file__).parents[2]
SHOTS = Path(__file__).parent / "shots"
PATIENCE = 20_000  # ms
expect.set_options(timeout=15_000)
numbers = itertools.count(1)
VIEWPORT: Any = {"width": 1250, "height": 1100}
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

# The contrast of every text that can be seen.
CONTRASTS = """
(panel) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colour, [r, g, b]) => {
    canvas.fillStyle = `rgb(${r}, ${g}, ${b})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const back = (node) =>
    node ? over(getComputedStyle(node).backgroundColor, back(node.parentElement)) : [255, 255, 255];
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const texts = [...panel.querySelectorAll("*")].filter(
    (node) => node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()),
  );
  return texts.map((node) => {
    const behind = back(node);
    const [low, high] = [light(over(getComputedStyle(node).color, behind)), light(behind)].sort((a, b) => a - b);
    return [node.textContent, Math.round(((high + 0.05) / (low + 0.05)) * 100) / 100];
  });
}
"""


@dataclass
class Lab:
    """A running JupyterLab, or Notebook 7."""

    url: str
    folder: Path
    log: Path
    home: Path
    """Where kernels keep what they are asked to remember."""

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
    listening: list[tuple[Any, Any]] = field(default_factory=list)
    place: int = 0
    """Which it is, of the notebooks side by side."""

    @property
    def sheet(self) -> Locator:
        return self.page.locator(SHOWN).nth(self.place)

    @property
    def code(self) -> Locator:
        return self.sheet.locator(".jp-CodeCell")

    @property
    def outputs(self) -> Locator:
        return self.sheet.locator(".jp-Cell-outputArea")

    @property
    def panel(self) -> Locator:
        return self.sheet.locator(".dpyauth-panel")

    @property
    def phase(self) -> str | None:
        return self.panel.get_attribute("data-phase")

    @property
    def token(self) -> Locator:
        """Of the first of both APIs."""
        return self.panel.get_by_label(re.compile("^(Personal access|API) token$")).first

    @property
    def app_id(self) -> Locator:
        return self.panel.get_by_label("App ID").first

    @property
    def notice(self) -> Locator:
        return self.panel.locator(".dpyauth-notice")

    @property
    def cells(self) -> Locator:
        return self.sheet.locator(".jp-Cell")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def cell(self, index: int) -> Locator:
        return self.code.nth(index)

    def wait_for_kernel(self) -> None:
        self.page.wait_for_function(
            """() => {
              const kernel = window.jupyterapp?.shell.currentWidget?.context?.sessionContext.session?.kernel;
              return kernel?.status === "idle" && kernel.connectionStatus === "connected";
            }""",
            timeout=60_000,
        )

    def reopen(self, lab: Lab) -> None:
        """Open it in JupyterLab as a user who has not run it."""
        self.page.goto("about:blank")
        lab.stop_kernels()
        self.page.goto(f"{lab.url}/lab/tree/{self.path.name}?reset")
        self.wait_for_kernel()

    def fill(self, index: int, code: str) -> None:
        self.cell(index).locator(".cm-content").fill(code)

    def run(self, index: int) -> Locator:
        """Run one code cell as a reader does, and wait for its end; returns its output area."""
        cell = self.cell(index)
        prompt = cell.locator(".jp-InputPrompt").first
        cell.locator(".cm-content").click()
        self.command("notebook:clear-cell-output")  # and its number, to which a new kernel may count again
        self.page.keyboard.press("Control+Enter")
        expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=PATIENCE)
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
        light = "true" if name == "Light" else "false"
        if self.page.locator(f"body[data-jp-theme-light='{light}']").count():
            return
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def save(self) -> str:
        """Ctrl+S; returns what is on disk then."""
        before = self.path.stat().st_mtime_ns
        with self.page.expect_response(lambda reply: reply.request.method == "PUT" and "/api/contents/" in reply.url):
            self.page.keyboard.press("Control+s")
        assert self.path.stat().st_mtime_ns > before
        return self.path.read_text()

    def shot(self, name: str, page: Page | None = None) -> None:
        SHOTS.mkdir(exist_ok=True)
        (page or self.page).screenshot(path=SHOTS / f"{name}.png")

    def expect_readable(self, name: str = "", narrow: Sequence[int] = ()) -> None:
        """WCAG AA: in both themes a contrast of at least 4.5 to 1, and nothing serious that axe-core finds.

        Only colours depend on the theme, and those are measured in both. Takes pictures where there is a name for them;
        ``narrow`` are further widths of the cell, in which nothing may stick out: half of a window's is what it has at
        200 %.
        """
        self.theme("Light")
        weak = [found for width in narrow for found in self._narrow(width, name)]
        weak.extend(self._serious())
        for theme in ("Light", "Dark"):
            self.theme(theme)
            found = self.panel.evaluate(CONTRASTS)
            assert len(found) > 3
            weak.extend([theme, *each] for each in found if each[1] < 4.5)
            if name:
                self.shot(f"{name}-{theme.lower()}")
        self.theme("Light")
        assert weak == []

    def _serious(self) -> list[list[object]]:
        """Return what axe-core finds in the panel."""
        return [
            [each["id"], *(node["html"] for node in each["nodes"])]
            for each in Axe().run(self.page, ".dpyauth-panel").response["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    def _narrow(self, width: int, name: str) -> Iterator[list[object]]:
        """Yield what is wrong with the panel in a cell of this width."""
        self.panel.evaluate("(panel, width) => { panel.parentElement.style.width = `${width}px`; }", width)
        if name:
            self.shot(f"{name}-light-{width}")
        yield from ([width, *found] for found in self._serious())
        if over := self.panel.evaluate("(panel) => panel.scrollWidth - panel.clientWidth"):
            yield [width, "sticks out", over]
        self.panel.evaluate("(panel) => { panel.parentElement.style.width = ''; }")

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait for something that is not in the page, such as a frame in ``got``."""
        end = time.monotonic() + PATIENCE / 1000
        while not condition():
            assert time.monotonic() < end, "the condition never came true"
            self.page.wait_for_timeout(20)

    def listen(self) -> None:
        """From now on, note down what goes in and out of the page."""

        def socket(one: WebSocket) -> None:
            one.on("framesent", lambda frame: self.sent.append(_text(frame)))
            one.on("framereceived", lambda frame: self.got.append(_text(frame)))

        def fault(error: Error) -> None:
            # JupyterLab rejects promises without a reason, or with an error without a message, when a newer request has
            # replaced an older one, such as on a busy machine. The errors of panels have a message.
            if str(error) not in ("undefined", "Error"):
                self.faults.append(error.stack or str(error))

        self.page.on("websocket", socket)
        self.page.on("pageerror", fault)
        self.listening.extend([("websocket", socket), ("pageerror", fault)])

    def leave(self) -> None:
        """Make the page as good as new: JupyterLab with nothing open in it."""
        for event, listener in self.listening:
            self.page.remove_listener(event, listener)
        self.theme("Light")
        self.page.evaluate(
            """() => {
              for (const one of [...jupyterapp.shell.widgets("main")]) one.dispose();
              localStorage.clear();
              sessionStorage.clear();
            }"""
        )
        context = self.page.context
        for other in context.pages:
            if other != self.page:
                other.close()
        self.page.unroute_all()
        context.clear_permissions()
        context.clear_cookies()
        self.page.set_viewport_size(VIEWPORT)
        self.page.mouse.move(0, 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright leaves its event loop running in the main thread, where others want to run theirs: it comes last."""
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def with_profile(chromium: Browser) -> Callable[[Path], BrowserContext]:
    """Opens a browser that keeps its profile in a folder, as that of a person does."""
    options: dict[str, Any] = {"executable_path": chromium_path(), "args": FLAGS}
    options["viewport"] = VIEWPORT
    return lambda folder: chromium.browser_type.launch_persistent_context(folder, **options)


@contextmanager
def serving(module: str, base: Path, python: Path | None = None, without: Sequence[str] = ()) -> Iterator[Lab]:
    """A Jupyter server that knows nothing of the user's own settings, and logs all it can.

    It is that of this environment, with the project as it lies here; or of another one, with what is installed there.
    Its front end goes without some of its extensions.
    """
    folder = base / "notebooks"
    others = shutil.ignore_patterns(".ipynb_checkpoints", "guide", "reference", "*.md")  # of the site
    shutil.copytree(ROOT / "notebooks", folder, ignore=others)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DERIV_", "JUPYTER", "IPYTHON"))}
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "MPLCONFIGDIR"):
        env[name] = str(base / name.lower())
    for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        env[name] = str(base / name.lower())
    env.pop("PYTHONPATH", None)
    home = base.with_name(f"{base.name}-home")
    env["XDG_CONFIG_HOME"], env["PYTHON_KEYRING_BACKEND"] = str(home), "keyring.backends.fail.Keyring"
    config = Path(env["JUPYTER_CONFIG_DIR"])
    (config / "labconfig").mkdir(parents=True)
    (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(OVERRIDES))
    # Whatever other extensions lie in this environment, no dialog asks for a new build of JupyterLab.
    page = {"disabledExtensions": dict.fromkeys(without, True), "buildCheck": False, "buildAvailable": False}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(page))
    if python is None:
        env["PYTHONPATH"] = str(ROOT)
        (config / "jupyter_server_config.d").mkdir()
        shutil.copy(ROOT / "dpyauth/jupyter/server-config.json", config / "jupyter_server_config.d/dpyauth.json")
    log = base / "server.log"
    options = ["--debug", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--expose-app-in-browser"]
    options += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}"]
    with jupyter([str(python or sys.executable), "-m", module, *options], env, log) as port:
        yield Lab(f"http://127.0.0.1:{port}", folder, log, home)


@pytest.fixture(scope="session")
def serving_from() -> Callable[..., AbstractContextManager[Lab]]:
    """Starts Jupyter servers: ``with serving_from("jupyterlab", folder, python) as lab``."""
    return serving


@pytest.fixture(scope="session")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with serving("jupyterlab", tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def classic(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Notebook 7."""
    with serving("notebook", tmp_path_factory.mktemp("classic")) as running:
        yield running


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that README tells a user to make: see tests/deployed."""
    try:
        return installed.provide(installed.shared_folder(tmp_path_factory))
    except installed.NotInstalled as error:
        missing(f"the wheel cannot be installed here: {error}")


@pytest.fixture(scope="session")
def released_lab(chromium: Browser, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab there."""
    with serving("jupyterlab", tmp_path_factory.mktemp("release"), released / "bin" / "python") as running:
        yield running


@contextmanager
def opened(
    chromium: Browser,
    lab: Lab,
    app: str,
    what: str | Sequence[str],
    context: BrowserContext | None = None,
    kept: dict[str, Page] | None = None,
    **more: Any,
) -> Iterator[Notebook]:
    """A notebook in a browser of its own: one of the folder, or a new one with these cells.

    ``app`` is "lab" or "notebook"; ``context`` is another browser to open it in, which is closed with it; ``more`` is
    how the browser is set up, as for a proxy. Loading JupyterLab takes longer than most tests: a page that one of them
    has left in order is ``kept`` for the next, which opens its notebook there.
    """
    path = lab.folder / what if isinstance(what, str) else _write(lab.folder, what)
    keep = kept if app == "lab" and context is None and not more else None
    page = keep.pop(lab.url, None) if keep is not None else None
    if page is None:
        context = context or chromium.new_context(viewport=VIEWPORT, **more)
        context.set_default_timeout(PATIENCE)
        notebook = Notebook(context.new_page(), path)
        notebook.listen()
        notebook.page.goto(f"{lab.url}/{'lab/tree' if app == 'lab' else 'notebooks'}/{path.name}?reset")
    else:
        notebook = Notebook(page, path)
        notebook.listen()
        notebook.command("docmanager:open", path=path.name)
    notebook.page.wait_for_selector(f"{SHOWN} .jp-Cell", timeout=60_000)
    notebook.wait_for_kernel()
    yield notebook
    if app == "lab":  # Notebook 7 has some of its own
        assert notebook.faults == []
    notebook.command("docmanager:save")
    if keep is None:
        notebook.page.context.close()
    else:
        notebook.leave()
        keep[lab.url] = notebook.page
    lab.stop_kernels()


@pytest.fixture(scope="session")
def opening(chromium: Browser) -> Callable[..., AbstractContextManager[Notebook]]:
    """Opens notebooks: ``with opening(lab, "lab", cells) as notebook``."""
    return functools.partial(opened, chromium, kept={})


def _write(folder: Path, cells: Sequence[str]) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / f"test-{next(numbers)}.ipynb"
    nbformat.write(made, path)
    return path


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
