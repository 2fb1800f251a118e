"""Model the live view of a stream, which shows what is new a few times a second."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dpyauth._threads import Thread
from dpyauth.net.state import State
from dpyauth.panels import downloads
from dpyauth.panels.model import PanelModel
from dpyauth.panels.stills import stream_picture as stills
from dpyauth.panels.stream_updates import Chart, Table, shortened
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    from dpyauth.session import Session
    from dpyauth.session.stream import Stream

PACE = 0.05
"""Shortest time between two messages to the browser, in seconds."""

PAUSES = (2.0, 10.0, 60.0)
"""Seconds between stills of a running stream: before the first, before the second, and before all later ones."""

SHOWN = {"ticks": 300, "candles": 120, "table": 100}
"""Number of the latest points or rows that the browser shows and keeps."""

log = logging.getLogger("dpyauth")


class StreamModel(PanelModel):
    """Model of the panel that shows one stream.

    While a browser shows the panel, a thread sends it new updates a few times a second; updates that arrive between two
    messages go together in the next one. The stream does no work for the panel, so a slow browser cannot hold it up.

    Parameters
    ----------
    session : Session
        The session that opened the stream.
    stream : Stream
        The stream to show.
    """

    name = "stream"
    goes_on = True

    def __init__(self, session: Session, stream: Stream) -> None:
        super().__init__(session)
        self.stream = stream
        self._kind, self._title = self._about()  # the title is made when it is shown, in the language of that moment
        self._spoken = self.words["lang"]  # language of what the browser shows
        self._kept: tuple[int, str] | None = None
        self._lock = threading.Lock()
        self._looking = False
        self._running = False
        self._anew = False  # whether the browser needs everything from the beginning
        self._seen = 0
        self._ink: Chart | Table = self._blank()
        self._stills = 0  # downloads that were asked for
        self._next_still = math.inf

    def without_panel(self) -> str:
        """Return what to do instead in a front end that shows no panels."""
        return self.text("no_panel")

    def content(self) -> dict[str, Any]:
        """Return the facts about the stream, without its updates, which would be saved with the notebook."""
        live, why = self._standing()
        return {
            "call": self.stream.call,
            "kind": self._kind,
            "most": SHOWN[self._kind],
            "title": self._title(),
            "live": live,
            "why": shortened(why),
            "kept": self._kept and {"count": self._kept[0], "at": self._kept[1]},
            "files": downloads.formats(),
        }

    def prepare_still(self) -> None:
        """Follow the stream for the still."""
        self.on_shown()

    def subject(self, view: dict[str, Any]) -> object:
        """Return the parts that a new still depends on: a count that rises now and then, and the end of the stream."""
        return self._stills, view["live"] == "ended", view["kept"]

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        count, updates = self.stream.feed.beyond(0)
        ink, most = self._blank(), SHOWN[self._kind]
        if isinstance(ink, Chart):
            return stills.chart(view, self.words, ink.add(updates)[-most:], ink.digits, count)
        rows = ink.add(updates[-most:])
        return stills.table(view, self.words, ink.columns(), rows, count)

    def handle(self, message: dict[str, Any]) -> None:
        """Send the browser all updates, or a file of them, or keep a frame for the user."""
        match message:
            case {"do": "replay"}:
                self.visibility.seen()
                self.on_shown()
            case {"do": "keep"}:
                self.later(self._keep)
            case {"do": "download"}:
                self.later(lambda: self._download(message))

    def on_shown(self) -> None:
        """Show everything from the beginning, and then new updates."""
        with self._lock:
            self._looking = self._anew = True
            self._stills, self._next_still = 0, time.monotonic() + PAUSES[0]
            begin, self._running = not self._running, True
        self.changed()
        if begin:
            Thread(self._run, "dpyauth-stream-view").start()
        self.stream.feed.nudge()

    def on_hidden(self) -> None:
        """Let the thread end, after a still of the last state."""
        if self._looking:
            self._looking = False
            self._renew_still()
        self.stream.feed.nudge()

    # Facts about the stream

    def _about(self) -> tuple[str, Callable[[], str]]:
        """Return the kind of picture, and a function for its title."""
        stream = self.stream
        _, updates = stream.feed.beyond(stream.feed.count - 100)
        newest = updates[-1][1] if updates else {}
        symbols = {symbol for _, reply in updates if (symbol := _symbol(reply))}
        if stream.call not in ("ticks", "ticks_history") or len(symbols) > 1:
            return "table", lambda: self.words.get(f"title_{stream.call}", stream.call)
        symbol = shortened(next(iter(symbols), stream.call))
        if newest.get("msg_type") not in ("candles", "ohlc"):
            return "ticks", self.saying("title_line", symbol=symbol)
        return "candles", self.saying("title_candles", symbol=symbol, span=_span(_asked(newest, "granularity") or 60))

    def _standing(self) -> tuple[str, str]:
        """Return whether updates are coming in, and why not."""
        stream, connection = self.stream, self.stream.feed.connection
        if stream.ended:
            error = stream.feed.error
            return "ended", self.said(error) if error is not None else ""
        if connection is not None and connection.state in (State.RECONNECTING, State.CONNECTING):
            return "reconnecting", in_language(connection.reason, self.words["lang"])
        return "open", ""

    def _gap(self, gap: Mapping[str, Any], filled: bool) -> str:
        since, until = (_clock(gap.get(name)) for name in ("since", "until"))
        reason = shortened(in_language(gap.get("reason") or "", self.words["lang"]))
        return self.text("gap_filled" if filled else "gap_open", since=since, until=until, reason=reason)

    # Showing it

    def _blank(self) -> Chart | Table:
        return Table(self.stream.call, self._gap, self.words) if self._kind == "table" else Chart(self._gap)

    def _run(self) -> None:
        told = self._standing()[0]
        try:
            while True:
                self._await_news()
                with self._lock:
                    anew, self._anew = self._anew, False
                    if not self._looking or (told == "ended" and not anew):
                        self._running = False
                        return
                standing = self._standing()[0]  # check before looking for updates, or the last ones could be missed
                self._show(anew=anew)
                if time.monotonic() >= self._next_still:
                    self._renew_still()
                if standing != told:
                    self.changed()
                told = standing
                time.sleep(PACE)
        except Exception as error:  # a bug in dpyauth must not go unnoticed
            log.error("the view of a stream failed: %s", type(error).__name__)
            self._running = False

    def _await_news(self) -> None:
        feed = self.stream.feed

        def news() -> bool:
            return feed.count > self._seen or feed.ended or self._anew or not self._looking

        while not news():
            feed.wait(news, 60.0)

    def _show(self, *, anew: bool) -> None:
        """Send the browser new updates, or everything from the beginning."""
        most, spoken = SHOWN[self._kind], self.words["lang"]
        if anew := anew or spoken != self._spoken:
            self._spoken = spoken
            self._ink, self._seen = self._blank(), 0
        before = self._seen
        self._seen, updates = self.stream.feed.beyond(before)
        message: dict[str, Any] = {"count": self._seen, "anew": anew}
        if isinstance(self._ink, Chart):
            message |= {"points": self._ink.add(updates)[-most:], "digits": self._ink.digits}
        else:
            columns = len(self._ink.names)
            rows = self._ink.add(updates[-most:] if self.stream.call != "balance" else updates)
            message["anew"] = anew = anew or len(self._ink.names) > columns
            if anew and before:
                rows = self._ink.add(self.stream.feed.beyond(self._seen - most)[1])
            message |= {"rows": rows[-most:], "columns": self._ink.columns() if anew else None}
        self.send({"updates": message})

    def _renew_still(self) -> None:
        self._stills += 1
        self._next_still = time.monotonic() + PAUSES[min(self._stills, len(PAUSES) - 1)]
        self.changed()

    def _keep(self) -> None:
        self.stream.kept = frame = self.stream.frame()
        self._kept = (len(frame), _clock(datetime.now(UTC)))

    def _download(self, message: dict[str, Any]) -> None:
        """Send all kept updates as a file."""
        _, updates = self.stream.feed.beyond(self.stream.feed.count - 1)
        symbol = _symbol(updates[-1][1]) if updates and self._kind != "table" else ""
        what = f"{self.stream.call}_{symbol}" if symbol else self.stream.call
        python = f'stream.frame().to_csv("{self.stream.call}.csv")'
        downloads.download(self, message, self.stream.frame(), what, python)


def _symbol(reply: Mapping[str, Any]) -> str:
    told = reply.get(str(reply.get("msg_type")))
    found = told.get("symbol") if isinstance(told, Mapping) else None
    found = found or _asked(reply, "ticks_history")
    return found if isinstance(found, str) else ""


def _asked(reply: Mapping[str, Any], name: str) -> Any:
    """Return the request that a reply echoes."""
    asked = reply.get("echo_req")
    return asked.get(name) if isinstance(asked, Mapping) else None


def _clock(moment: Any) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}" if isinstance(moment, datetime) else "?"


def _span(seconds: Any) -> str:
    """Return the granularity of candles as traders write it."""
    if type(seconds) is not int:
        return ""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
