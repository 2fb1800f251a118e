"""Measure the time from running the first cell of a new kernel to the visible panel, in JupyterLab and Chromium.

    python tests/bench/first_cell.py [--rounds 5] [--against FOLDER]

The kernel is idle when the cell is run, and the browser is new. All ways run in turns; FOLDER is another checkout to
compare with. A button of ipywidgets and an anywidget that says hello are measured too: no panel can be faster.
Prints medians in milliseconds since the key press: when the widget reached the browser (until then the kernel works),
and when it was visible; and the kernel's processor time. Then what the kernel imports meanwhile, by package.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jupyter_client import KernelManager
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "deployed"))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from conftest import FLAGS, ROOT, opened, serving
from helpers import chromium_path

if TYPE_CHECKING:
    from conftest import Lab

PANEL = ".dpyauth-panel"
HELLO = """import anywidget
from IPython.display import display
class Hello(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.innerHTML = '<p class=hello>Hello</p>'; } }"
display(Hello())"""
BUTTON = "import ipywidgets\nfrom IPython.display import display\ndisplay(ipywidgets.Button(description='Hello'))"
CALLS = ("login()", "login(sandbox=True)", "login(sandbox=True, ask=True)")
TIMED = "import time, sys\nbegun = time.process_time()\n{}\nprint('CPU', time.process_time() - begun)"

# When the cell was run, when the latest widget reached the page, and when the panel was visible.
WATCH = """
(() => {
  const times = (window.benchTimes = {});
  window.WebSocket = class extends WebSocket {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        if (!times.seen && text.includes('"comm_open"')) times.opened = performance.now();
      });
    }
  };
  const pressed = (event) => { if (event.key === "Enter" && event.ctrlKey) times.pressed = performance.now(); };
  document.addEventListener("keydown", pressed, true);
  const look = () => {
    const found = times.pressed && document.querySelector(times.what);
    if (found && found.getBoundingClientRect().height > 0) times.seen = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""


class Times(NamedTuple):
    """Milliseconds since the key press, and of the processor."""

    opened: float
    seen: float
    cpu: float


def ways(others: Path | None) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each way, its cell, and the visible part of its output."""
    yield "a button", BUTTON, ".widget-button"
    yield "a bare anywidget", HELLO, ".hello"
    for call in CALLS:
        yield call, using(ROOT, call), PANEL
        if others is not None:
            yield f"{call}, {others.name}", using(others, call), PANEL


def using(folder: Path, call: str) -> str:
    """Return the cell that signs in with the checkout in a folder."""
    return f"sys.path.insert(0, {str(folder)!r})\nimport dpyauth\nsession = dpyauth.{call}"


def run(browser: Browser, lab: Lab, code: str, what: str) -> Times:
    """Run a cell in a new browser and a new kernel."""
    context = browser.new_context(viewport={"width": 1250, "height": 1100})
    context.add_init_script(WATCH)
    with opened(browser, lab, "lab", [TIMED.format(code)], context=context) as notebook:
        page = notebook.page
        page.wait_for_timeout(2000)  # until JupyterLab has finished its work after starting
        page.evaluate("what => { benchTimes.what = what; }", what)
        output = notebook.run(0)
        page.wait_for_function("benchTimes.seen")
        said = re.search(r"CPU ([\d.]+)", output.inner_text())
        assert said is not None, output.inner_text()
        times = page.evaluate("benchTimes")
    return Times(times["opened"] - times["pressed"], times["seen"] - times["pressed"], 1000 * float(said[1]))


def imports(code: str, folder: Path) -> Counter[str]:
    """Return the milliseconds that a new kernel spends on importing each package while it runs this."""
    log = folder / "imports"
    with log.open("w") as written:
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}, stdout=written, stderr=written)
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        before = log.stat().st_size
        client.execute_interactive(code, allow_stdin=True, output_hook=lambda said: None, timeout=60)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    spent: Counter[str] = Counter()
    for took, name in re.findall(r"^import time: +(\d+) \| +\d+ \| *(\w+)", log.read_text()[before:], re.MULTILINE):
        spent[name] += int(took)
    return Counter({name: took // 1000 for name, took in spent.items()})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # pip installs compiled packages
    for name in [name for name in os.environ if name.startswith("DERIV_")]:
        del os.environ[name]
    found: dict[str, list[Times]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        with serving("jupyterlab", Path(folder) / "lab") as lab:
            for turn in range(options.rounds + 1):
                for name, code, what in ways(options.against and options.against.resolve()):
                    times = run(browser, lab, code, what)
                    if turn:  # the first one may have compiled modules
                        found.setdefault(name, []).append(times)
        browser.close()
        spent = imports(f"import sys\n{using(ROOT, 'login()')}", Path(folder))
    floor = statistics.median(times.seen for times in found["a bare anywidget"])
    print("| first cell | widget in the browser | in sight | at best | CPU | to a bare anywidget |")
    print("|---|---|---|---|---|---|")
    for name, all_times in found.items():
        opened_at, seen, cpu = (statistics.median(column) for column in zip(*all_times, strict=True))
        best = min(times.seen for times in all_times)
        print(f"| {name} | {opened_at:.0f} | {seen:.0f} | {best:.0f} | {cpu:.0f} | {seen / floor:.2f}x |")
    print("imports of login(), ms:", ", ".join(f"{name} {took}" for name, took in spent.most_common(8)))


if __name__ == "__main__":
    main()
