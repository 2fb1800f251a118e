"""Sign in with Deriv on a JupyterHub, where only the callback page leads from the browser back to the kernel.

    python tests/hub/run.py

Not part of the test suite: the first time, it installs JupyterHub (into a virtual environment of its own) and its
proxy (with npm), which needs the internet, node and npm. Then it starts a hub on this machine, signs in to it as a
user whose name is an e-mail address, opens a notebook in JupyterLab, and signs in with Deriv (the sandbox) using only
the sign-in window: nothing is pasted. It ends with an error if that fails, or if anything has logged a token.

Both stay in the folder ``dpyauth-hub`` of the system's temporary folder for the next run; ``--fresh`` reinstalls them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dpyauth.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PREFIX = "/deep/down/"
USER = "jane@example.org"
QUOTED = "jane%40example.org"
RICH = ["CR900001", "CR900002", "VRTC900003"]
PATIENCE = 120.0

CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.JupyterHub.bind_url = "http://127.0.0.1:{public}{prefix}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{proxy!r}, "--log-level=debug"]
c.ConfigurableHTTPProxy.pid_file = "proxy.pid"
c.JupyterHub.log_level = 10
c.Spawner.cmd = [{singleuser!r}]
c.Spawner.args = ["--allow-root", "--debug"]
c.Spawner.default_url = "/lab/tree/sign-in.ipynb"
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
"""

LOGIN = "import dpyauth\nsession = dpyauth.login(ask=True, app_id={app_id}, server={server!r}, oauth_host={pages!r})"

began = time.monotonic()


def say(text: str) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def install(base: Path) -> None:
    """Install JupyterHub and its proxy if they are missing, and the current dpyauth as a user would."""
    base.mkdir(exist_ok=True)
    python = base / "venv" / "bin" / "python"
    if not (base / "venv" / "bin" / "jupyterhub-singleuser").exists():
        say("installing JupyterHub and JupyterLab")
        run(sys.executable, "-m", "venv", "--clear", base / "venv")
        run(python, "-m", "pip", "install", "--quiet", "jupyterhub>=5", "jupyterlab>=4.4", "jupyter-server>=2.13")
    if not proxy(base).exists():
        say("installing its proxy")
        run("npm", "install", "--no-audit", "--no-fund", "--prefix", base, "configurable-http-proxy")
    say("installing dpyauth")
    run(python, "-m", "pip", "install", "--quiet", ROOT)  # including what it needs
    run(python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", ROOT)


def proxy(base: Path) -> Path:
    return base / "node_modules" / ".bin" / "configurable-http-proxy"


def free_ports(count: int) -> list[int]:
    trials = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [trial.getsockname()[1] for trial in trials]
    for trial in trials:
        trial.close()
    return ports


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


@contextmanager
def hub(base: Path, folder: Path) -> Iterator[str]:
    """Start a hub; yield its address."""
    public, inner, api = free_ports(3)
    binaries = base / "venv" / "bin"
    config = CONFIG.format(
        home=str(folder / "home-{username}"),
        public=public,
        prefix=PREFIX,
        hub=inner,
        api=api,
        proxy=str(proxy(base)),
        singleuser=str(binaries / "jupyterhub-singleuser"),
    )
    (folder / "config.py").write_text(config)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DERIV_", "JUPYTER", "PYTHON"))}
    env["PATH"] = f"{binaries}{os.pathsep}{env['PATH']}"
    address = f"http://127.0.0.1:{public}{PREFIX}"
    with (folder / "hub.log").open("w") as log:
        server = subprocess.Popen(
            [str(binaries / "jupyterhub"), "-f", "config.py"], cwd=folder, env=env, stdout=log, stderr=log
        )
        try:
            until = time.monotonic() + PATIENCE
            while not answers(f"{address}hub/health"):
                if server.poll() is not None or time.monotonic() > until:
                    sys.exit(f"the hub did not start:\n{(folder / 'hub.log').read_text()[-5000:]}")
                time.sleep(0.1)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(timeout=10)


@contextmanager
def chromium() -> Iterator[Browser]:
    names = (os.environ.get("DPYAUTH_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        sys.exit("no Chromium found; install it, or name it in DPYAUTH_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def execute(page: Page, index: int) -> None:
    cell = page.locator(".jp-CodeCell").nth(index)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-InputPrompt").first).not_to_have_text("[ ]:")


def sign_in(page: Page, address: str, box: Sandbox) -> None:
    page.goto(f"{address}hub/login")
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", "any")
    page.click("input[type=submit]")
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
    say(f"JupyterLab is open at {page.url}")
    expect(page.locator(".jp-StatusBar-Left")).to_contain_text("| Idle")
    execute(page, 0)
    panel = page.locator(".dpyauth-panel")
    with page.expect_popup() as opened:
        panel.get_by_role("button", name="Sign in with Deriv").click()
    popup = opened.value
    popup.wait_for_url(f"{box.oauth_host}/**")
    expect(panel).to_contain_text("This panel continues by itself")
    popup.get_by_role("button", name="Sandbox Rich").click()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    expect(panel.locator(".dpyauth-siblings .dpyauth-strong")).to_have_text(RICH)
    say("signed in with Deriv by the callback page; the panel shows " + ", ".join(RICH))
    execute(page, 1)
    output = page.locator(".jp-CodeCell").nth(1).locator(".jp-Cell-outputArea")
    expect(output).to_contain_text("True ['CR900001', 'CR900002', 'VRTC900003']")
    say("a cell has read the status of all three accounts")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--fresh", action="store_true", help="install JupyterHub and its proxy anew")
    base = Path(tempfile.gettempdir(), "dpyauth-hub")
    if options.parse_args().fresh:
        shutil.rmtree(base, ignore_errors=True)
    expect.set_options(timeout=60_000)
    install(base)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
    with Sandbox(limits=None) as box, hub(base, folder) as address, chromium() as browser:
        say(f"a hub runs at {address}")
        known = set(box.world.issued)
        app_id = box.register_app("On the hub", f"{address}user/{QUOTED}/dpyauth/callback", ("read",))
        cells = [LOGIN.format(app_id=app_id, server=box.url, pages=box.oauth_host)]
        cells += [
            "from dpyauth import environment\n"
            "print(environment.on_hosted_server(), session.account_status('all')['loginid'].tolist())"
        ]
        home = folder / f"home-{USER}"
        home.mkdir()
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, home / "sign-in.ipynb")
        page = browser.new_page(viewport={"width": 1250, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        try:
            sign_in(page, address, box)
        except BaseException:
            page.screenshot(path=folder / "failed.png")
            print(f"failed; see {folder}", file=sys.stderr)
            raise
        tokens = set(box.world.issued) - known
    log = (folder / "hub.log").read_text()
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = [path for path in files if any(token.encode() in path.read_bytes() for token in tokens)]
    if found or len(tokens) != len(RICH) or "/dpyauth/callback" not in log:
        sys.exit(f"tokens were found in: {found}" if found else f"the log does not say enough: {folder}")
    say(f"no token in any of {len(files)} files, the logs of hub, proxy and server among them")
    shutil.rmtree(folder)
    say("done")


if __name__ == "__main__":
    main()
