"""Take the pictures of README and the documentation again in a JupyterLab: `python tests/browser/pictures.py`.

Pass names to take only those. All data is from the sandbox, so the pictures show no real account.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT), *(str(ROOT / "tests" / part) for part in ("", "browser", "deployed", "faults"))]

from conftest import FLAGS, Lab, Notebook, opened, serving  # noqa: E402
from helpers import chromium_path  # noqa: E402
from playwright.sync_api import Browser, expect, sync_playwright  # noqa: E402

from dpyauth.texts.languages import ENGLISH, names  # noqa: E402

IMAGES = ROOT / "notebooks" / "images"
SIGN_IN = "import dpyauth\n\nsession = dpyauth.login(sandbox=True)"
WIDTH, HEIGHT = 1200, 2000
"""Size of the window in pixels, for cells that README shows without making letters much smaller."""


@dataclass(frozen=True)
class Picture:
    """Some cells in a notebook, one below the other."""

    name: str
    cells: Sequence[str]
    first: int = 0
    """The first visible cell; those before it only run."""
    panel: bool = False
    """Whether only the panel is visible."""


PICTURES = (
    Picture("sign-in-form", ("import dpyauth\n\nsession = dpyauth.login()",), panel=True),
    *(
        Picture(f"sign-in-form.{tag}", (f'import dpyauth\n\nsession = dpyauth.login(language="{tag}")',), panel=True)
        for tag in names()
        if tag != ENGLISH
    ),
    Picture("sign-in", (SIGN_IN, "session.account_status()", "session.wallets()")),
    Picture(
        "panels",
        (
            SIGN_IN,
            "session",
            'stream = session.stream("ticks_history", ticks_history="1HZ100V", count=90, end="latest")\nstream.view()',
        ),
        first=1,
    ),
)


def take(picture: Picture, notebook: Notebook) -> None:
    """Run the cells, and take a picture of them once nothing moves any more."""
    page = notebook.page
    for number in range(len(picture.cells)):
        notebook.run(number)
        expect(notebook.cell(number).locator(".jp-OutputArea-output:visible").first).to_be_visible()
    if picture.panel:
        notebook.panel.screenshot(path=IMAGES / f"{picture.name}.png")
        return
    expect(notebook.sheet.get_by_text("connected").filter(visible=True).first).to_be_visible()
    page.wait_for_timeout(6_000 if "stream" in picture.cells[-1] else 1_500)
    first, last = notebook.cell(picture.first).bounding_box(), notebook.cell(len(picture.cells) - 1).bounding_box()
    assert first is not None
    assert last is not None
    clip = {"x": first["x"], "y": first["y"], "width": first["width"], "height": 0.0}
    clip["height"] = last["y"] + last["height"] - first["y"]
    assert clip["y"] + clip["height"] < HEIGHT - 50, "the last cell is cut off"
    page.screenshot(path=IMAGES / f"{picture.name}.png", clip=clip)  # type: ignore[arg-type]
    for table in notebook.sheet.locator("table.dataframe").all():
        box = table.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= clip["x"] + clip["width"], "a table is cut off"


def main(names: Sequence[str], lab: Lab, chromium: Browser) -> None:
    """Take the pictures of these names, or all."""
    for picture in PICTURES:
        if not names or picture.name in names:
            context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
            with opened(chromium, lab, "lab", picture.cells, context) as notebook:
                # If another package has an extension that JupyterLab must build, JupyterLab asks for permission.
                asks = notebook.page.get_by_role("button", name="Cancel", exact=True)
                notebook.page.add_locator_handler(asks, lambda found: found.click())
                take(picture, notebook)
            print(f"took {picture.name}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        with serving("jupyterlab", Path(base) / "lab") as lab:
            main(sys.argv[1:], lab, browser)
        browser.close()
