"""Test the live view of a stream in JupyterLab and Notebook 7."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser

START = """
import gc, json, time, dpyauth
from IPython.utils.capture import capture_output
from dpyauth.panels import stream_view
from dpyauth.sandbox import shared
box = shared().start()
with capture_output():
    session = dpyauth.login(sandbox=True)
"""
TICKS = """
stream = session.stream("ticks", ticks="1HZ100V", keep=500)
stream.view()
"""
CANDLES = """
fields = dict(end="latest", count=60, style="candles", granularity=60)
stream = session.stream("ticks_history", ticks_history="1HZ100V", **fields)
stream.view()
"""
EVIL = "<img src=x onerror='window.evil = true'>"
TRANSACTIONS = f"""
stream = session.stream("transaction")
box.pay(session.loginid, 12.5)
box.pay(session.loginid, -5, "withdrawal")
while len(stream.frame()) < 2:  # what follows comes from elsewhere, and must not overtake them
    time.sleep(0.01)
for text in ({EVIL!r}, "x" * 100_000, "\\u202e\\u05d0\\u05d1\\u05d2"):
    stream.feed.push({{"msg_type": "transaction", "transaction": {{"action": text, "symbol": text}}}})
stream.view()
"""
FRAME = "print(json.dumps([[row.epoch.timestamp(), f'{row.quote:.2f}'] for row in stream.frame().itertuples()]))"
# One message for nearly every update, and several hundred per second.
FLOOD = """
stream_view.PACE = 0.001
last = stream.feed.beyond(0)[1][-1][1]["tick"]["epoch"]
def flood(count):
    for last in range(flood.last + 1, flood.last + 1 + count):
        tick = {"symbol": "1HZ100V", "epoch": last, "quote": 780 + last % 7 / 10}
        stream.feed.push({"msg_type": "tick", "tick": tick})
        time.sleep(0.003)
    flood.last = last
    gc.collect()
    print(len(gc.get_objects()))
flood.last = last
box.stop()
flood(500)
"""


@pytest.fixture
def notebook(opening: Callable[..., Any], lab: Lab) -> Iterator[Notebook]:
    with opening(lab, "lab", (START, TICKS, FRAME)) as one:
        one.run(0)
        yield one


def show(notebook: Notebook, code: str) -> None:
    notebook.fill(1, code)
    notebook.run(1)
    expect(notebook.panel.locator(".dpyauth-light")).to_have_text("live")
    expect(counted(notebook)).to_have_text(re.compile(r"^[1-9][\d,]* updates?"))  # "0 updates" comes first


def counted(notebook: Notebook) -> Locator:
    return notebook.panel.locator(".dpyauth-count")


def printed(notebook: Notebook, code: str) -> Any:
    notebook.fill(2, code)
    return ast.literal_eval(notebook.run(2).inner_text().strip().splitlines()[-1])


def prices(notebook: Notebook, count: int) -> list[list[Any]]:
    """Return the chart's values of its latest points, read with the arrow keys."""
    found = []
    notebook.panel.locator("canvas").focus()
    reading = notebook.panel.locator(".dpyauth-reading")
    for key in ["End", *["ArrowLeft"] * (count - 1)]:
        notebook.page.keyboard.press(key)
        clock, _, price = reading.inner_text().partition(" UTC: ")
        found.append([clock, price])
    return found[::-1]


def figures(notebook: Notebook) -> tuple[int, int]:
    """Return the DOM nodes and the bytes of JavaScript in use after garbage collection."""
    devtools = notebook.page.context.new_cdp_session(notebook.page)
    devtools.send("Performance.enable")
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    found = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    devtools.detach()
    return int(found["Nodes"]), int(found["JSHeapUsedSize"])


def without_stills(saved: str) -> str:
    """Return a saved notebook without the chart of its still, which has at most 300 points."""
    return re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", saved)


def test_ticks(notebook: Notebook) -> None:
    show(notebook, TICKS)
    panel = notebook.panel
    expect(panel.locator(".dpyauth-title")).to_have_text("1HZ100V, ticks")
    expect(panel.locator("canvas")).to_have_attribute("aria-label", re.compile(r"^Chart of 1HZ100V, ticks: \d+\.\d\d"))
    expect(counted(notebook)).to_have_text(re.compile(r"^[4-9] updates"))

    # When paused, the chart stays, and new updates are counted.
    notebook.button("Pause").click()
    shown = prices(notebook, 3)
    expect(counted(notebook)).to_contain_text("2 more updates have arrived")
    assert prices(notebook, 3) == shown
    expect(panel.locator(".dpyauth-badge", has_text="paused")).to_be_visible()
    known = {
        (f"{epoch % 86400 // 3600:02.0f}:{epoch % 3600 // 60:02.0f}:{epoch % 60:02.0f}", price)
        for epoch, price in printed(notebook, FRAME)
    }
    assert {tuple(each) for each in shown} <= known  # as the sandbox sent them
    assert len({clock for clock, _ in shown}) == 3
    notebook.button("Resume").click()
    expect(notebook.button("Pause")).to_be_focused()
    assert prices(notebook, 1)[0][0] > shown[-1][0]

    notebook.button("Keep as frame").click()
    expect(panel.locator("code")).to_have_text("frame = stream.kept")
    rows = int(re.search(r"(\d+) rows", panel.inner_text())[1])  # type: ignore[index]
    assert printed(notebook, "print(len(stream.kept))") == rows

    notebook.fill(2, "box.faults.drop()")
    notebook.run(2)
    expect(panel.locator(".dpyauth-legend")).to_contain_text("The connection was lost from")
    notebook.page.mouse.move(0, 0)
    notebook.expect_readable("stream-ticks", narrow=(480,))
    with notebook.page.expect_download() as saving:
        notebook.button("Save as CSV").click()
    saved = pd.read_csv(saving.value.path())
    assert len(saved) >= rows
    times, quotes = saved["epoch (UTC)"].str[11:19], saved["quote"].map("{:.2f}".format)
    assert known <= set(zip(times, quotes, strict=True))
    notebook.fill(2, f"stream.feed.push({{'error': {{'code': 'Odd', 'message': {EVIL!r}}}}}); stream.feed.end(None)")
    notebook.run(2)
    expect(panel.locator(".dpyauth-ended")).to_contain_text(EVIL)
    expect(notebook.button("Pause")).to_be_disabled()
    notebook.expect_readable("stream-ended")
    assert not notebook.page.evaluate("() => 'evil' in window")


def test_a_thousand_updates_leave_nothing_behind(notebook: Notebook) -> None:
    show(notebook, f"stream_view.PAUSES = (3600.0,)  # a still that is renewed has nodes of its own\n{TICKS}")
    objects = printed(notebook, FLOOD)
    # Anything that the page shows only once, such as a save or a lost connection, happens before counting.
    saved = len(without_stills(notebook.save()))
    expect(notebook.panel.locator(".dpyauth-light")).not_to_have_text("live")
    printed(notebook, "flood(300)")
    nodes, heap = figures(notebook)
    objects_after = printed(notebook, "flood(1000)")
    expect(counted(notebook)).to_have_text(re.compile(r"^1,8\d\d updates"))
    messages = sum('"updates"' in frame for frame in notebook.got)
    assert messages > 1000  # they were not all combined
    nodes_after, heap_after = figures(notebook)
    print(f"nodes {nodes} -> {nodes_after}, heap {heap} -> {heap_after}, objects {objects} -> {objects_after}")
    assert nodes_after - nodes < 50
    assert heap_after - heap < 1_000_000
    assert objects_after - objects < 1000
    assert abs(len(without_stills(notebook.save())) - saved) < 1000
    notebook.fill(2, "stream_view.PACE = 0.05; box.start()")
    notebook.run(2)


def test_candles(notebook: Notebook) -> None:
    show(notebook, CANDLES)
    expect(notebook.panel.locator(".dpyauth-title")).to_have_text("1HZ100V, 1 min candles")
    notebook.panel.locator("canvas").focus()
    notebook.page.keyboard.press("Home")
    reading = notebook.panel.locator(".dpyauth-reading").inner_text()
    first = printed(
        notebook,
        "print([f'{p:.2f}' for p in stream.frame().iloc[0][['open', 'high', 'low', 'close']]])",
    )
    assert re.findall(r"\d+\.\d\d", reading) == first
    notebook.expect_readable("stream-candles")


def test_table_and_hostile_texts(notebook: Notebook) -> None:
    show(notebook, TRANSACTIONS)
    rows = notebook.panel.locator("tbody tr")
    expect(rows).to_have_count(5)
    assert rows.nth(4).inner_text().split("\t")[1:3] == ["deposit", "12.50"]  # the latest first
    assert rows.nth(3).inner_text().split("\t")[1:3] == ["withdrawal", "-5.00"]
    expect(rows.nth(2)).to_contain_text(EVIL)
    assert not notebook.page.evaluate("() => 'evil' in window")
    assert notebook.panel.locator("img").count() == 0
    assert len(rows.nth(1).inner_text()) < 1000
    notebook.expect_readable("stream-table")
    notebook.button("Pause").click()
    notebook.fill(2, "box.pay(session.loginid, 1)")
    notebook.run(2)
    expect(counted(notebook)).to_contain_text("1 more")
    expect(rows).to_have_count(5)
    notebook.button("Resume").click()
    expect(rows).to_have_count(6)


def test_restarted_kernel(notebook: Notebook) -> None:
    show(notebook, TICKS)
    notebook.restart("kernelmenu:restart")
    notebook.wait_for_kernel()
    expect(notebook.panel.get_by_role("status").last).to_contain_text("The kernel was restarted")
    expect(notebook.button("Pause")).to_be_disabled()
    notebook.shot("stream-restarted")


def test_notebook_7(opening: Callable[..., Any], classic: Lab) -> None:
    with opening(classic, "notebook", (START, TICKS, FRAME)) as notebook:
        notebook.run(0)
        show(notebook, TICKS)
        expect(counted(notebook)).to_have_text(re.compile(r"^[3-9] updates"))
        assert len(prices(notebook, 2)) == 2
        notebook.theme("Dark")
        notebook.shot("stream-notebook-7-dark")
        saved = json.loads(notebook.save())
        states = saved["metadata"].get("widgets", {})
        assert '"points"' not in json.dumps(states)
