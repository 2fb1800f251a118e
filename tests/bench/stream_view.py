"""Measure the live view of a stream: updates per second, the kernel's time at 20 updates per second, browser frames.

python tests/bench/stream_view.py            # the kernel's side
python tests/bench/stream_view.py --browser  # and a JupyterLab in Chromium
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from dpyauth.apis import v3
from dpyauth.panels.stream_view import StreamModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.session.feed import Feed
from dpyauth.session.stream import Stream
from dpyauth.settings import settings

RATE = 20  # updates per second
SECONDS = 10
MANY = 200_000


def tick(number: int) -> dict[str, Any]:
    return {"msg_type": "tick", "tick": {"symbol": "R_1", "epoch": number, "quote": 100 + number % 97, "pip_size": 2}}


def entry(number: int) -> dict[str, Any]:
    told = {"action": "buy", "amount": -5.5, "balance": 100.0 + number, "transaction_id": number}
    return {"msg_type": "transaction", "transaction": told}


class View:
    """A stream with a visible view; the browser's messages are written as JSON and counted."""

    def __init__(self, session: Session, call: str) -> None:
        self.stream = Stream(
            object.__new__(Session), Feed(call, 10_000, lambda reply: v3.error(reply, call), many=False)
        )
        self.model = StreamModel(session, self.stream)
        self.messages = self.bytes = self.count = 0
        self.model.send = self._tell
        self.model.seen()

    def _tell(self, message: dict[str, Any]) -> None:
        self.messages += 1
        self.bytes += len(json.dumps(message))
        self.count = message["updates"]["count"]

    def wait(self, count: int) -> None:
        pause = threading.Event()
        while self.count < count:
            pause.wait(0.005)


def kernel() -> None:
    with Sandbox(limits=None) as box, contextlib.closing(Session(settings(box.app_id, box.url))) as session:
        for call, make in (("ticks", tick), ("transaction", entry)):
            view = View(session, call)
            view.stream.feed.push(make(0))
            view.wait(1)  # pandas is imported by now
            begin, used = time.perf_counter(), time.process_time()
            for number in range(1, 1 + RATE * SECONDS):
                view.stream.feed.push(make(number))
                time.sleep(1 / RATE)
            view.wait(1 + RATE * SECONDS)
            share = (time.process_time() - used) / (time.perf_counter() - begin)
            print(
                f"{call}: {RATE} updates/s take {share:.2%} of one core, {view.bytes // view.messages} bytes a message"
            )
            begin = time.perf_counter()
            for number in range(1000, 1000 + MANY):
                view.stream.feed.push(make(number))
            view.wait(1 + RATE * SECONDS + MANY)
            took = time.perf_counter() - begin
            print(f"{call}: {MANY / took:,.0f} updates/s at full speed, in {view.messages} messages")
            view.model.close()


START = """
import contextlib, threading, time, dpyauth
from IPython.utils.capture import capture_output
with capture_output():
    session = dpyauth.login(sandbox=True)
stream = session.stream("ticks", ticks="1HZ100V")
first = stream.next()["tick"]["epoch"]
dpyauth.sandbox.shared().stop()
stream.view()
"""
PUSH = """
def push(count, rate):
    for number in range(count):
        push.last += 1
        tick = {"symbol": "1HZ100V", "epoch": push.last, "quote": 780 + push.last % 97 / 10, "pip_size": 2}
        stream._feed.push({"msg_type": "tick", "tick": tick})
        time.sleep(1 / rate)
push.last = first
pushing = threading.Thread(target=push, args=(COUNT, RATE))
begin, used = time.perf_counter(), time.process_time()
pushing.start()
"""
CELL = """
late = []
while pushing.is_alive():
    before = time.perf_counter()
    sum(range(10_000))
    late.append(time.perf_counter() - before)
    time.sleep(0.01)
late.sort()
p99 = late[int(len(late) * 0.99)] * 1000
share = (time.process_time() - used) / (time.perf_counter() - begin)
print(f"cpu {share:.4f} p99 {p99:.2f}")
"""
FRAMES = """
() => {
  window.frames_ = []; window.long_ = 0; window.drawn_ = 0;
  new PerformanceObserver((list) => (window.long_ += list.getEntries().length)).observe({ entryTypes: ["longtask"] });
  const pen = CanvasRenderingContext2D.prototype, clear = pen.clearRect;
  pen.clearRect = function (...where) { window.drawn_++; return clear.apply(this, where); };
  let last = performance.now();
  const next = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}
"""


def browser() -> None:
    tests = Path(__file__).parents[1]
    sys.path[:0] = [str(tests), str(tests / "browser")]
    import conftest
    from playwright.sync_api import sync_playwright

    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "lab"
        base.mkdir()
        play = stack.enter_context(sync_playwright())
        path = conftest.shutil.which("chromium")
        chromium = play.chromium.launch(executable_path=path, args=conftest.FLAGS)
        lab = stack.enter_context(conftest.serving("jupyterlab", base))
        push = PUSH.replace("COUNT", str(RATE * SECONDS)).replace("RATE", str(RATE))
        with conftest.opened(chromium, lab, "lab", (START, push, CELL)) as notebook:
            notebook.run(0)
            notebook.page.evaluate(FRAMES)
            notebook.run(1)
            said = notebook.run(2).inner_text()
            gaps, long, drawn = notebook.page.evaluate("() => [window.frames_, window.long_, window.drawn_]")
            gaps.sort()
            share, p99 = re.search(r"cpu (\S+) p99 (\S+)", said).groups()  # type: ignore[union-attr]
            print(f"lab: at {RATE} updates/s the kernel uses {float(share):.2%} of one core (with the cell's own loop)")
            print(f"lab: a short computation in a cell takes {p99} ms at the 99th percentile meanwhile")
            print(f"lab: chart drawn {drawn / SECONDS:.1f} times a second, {long} long tasks, frame p50 ", end="")
            print(f"{gaps[len(gaps) // 2]:.1f} ms, p99 {gaps[int(len(gaps) * 0.99)]:.1f} ms")
        chromium.close()


if __name__ == "__main__":
    kernel()
    if "--browser" in sys.argv[1:]:
        browser()
