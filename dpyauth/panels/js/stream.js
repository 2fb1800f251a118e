// The live view of a stream. Python sends what is new, a few times a second at most; the latest of it is kept here, and
// nowhere in the notebook. Pausing happens here alone: it works at once, whatever the kernel is doing.

import { chart } from "./chart.js";
import { downloads } from "./downloads.js";
import { button, element } from "./elements.js";
import { clock, moment, price } from "./format.js";
import { mount } from "./panel.js";
import { streamTable } from "./stream_table.js";
import { addUpdates, summary } from "./stream_updates.js";

const BEAT = 900; // ms between two changes of what is said in words, at least
const GAPS = 3; // so many are listed, the latest ones
const ARROWS = { up: "▲", down: "▼", same: "=" };
const SIGNS = { up: "+", down: "−", same: "±" };

function render(/** @type {RenderProps<StreamView>} */ { model, el }) {
  const panel = mount({ model, el, label: "label", body, heard, reworded: replay });
  const { id, t, root } = panel;
  root.classList.add("dpyauth-wide", "dpyauth-stream");
  const files = downloads(panel);
  const view = () => model.get("view");
  const { kind } = view();

  let count = 0; // updates that there were, ever
  let digits = 2;
  /** @type {ChartPoint[]} */
  let points = []; // of a chart, the latest last
  /** @type {TableRow[]} */
  let rows = []; // of a table, the latest last
  /** @type {{ points: ChartPoint[], rows: TableRow[], count: number } | null} */
  let held = null; // what is shown while paused
  /** @type {TableColumn[]} */
  let columns = [];
  let beaten = -BEAT; // when something was last said in words
  /** @type {number | null} */
  let due = null; // the next time
  /** @type {ChartPoint | null} */
  let pointed = null; // what the user reads

  const say = {
    last: element("p", { class: "dpyauth-now", "aria-live": "off" }),
    count: element("span", { class: "dpyauth-count dpyauth-soft", "aria-live": "off" }),
    reading: element("p", { class: "dpyauth-reading dpyauth-soft", "aria-live": "polite" }),
    legend: element("ul", { class: "dpyauth-legend", "aria-live": "off" }),
  };
  const figure = kind === "table" ? null : chart({ id: `${id}-chart`, t, read });
  const table = streamTable(`${id}-table`);

  /** @type {(view: StreamView) => Children} */
  function body(view) {
    const pausing = {
      id: `${id}-pause`,
      "aria-pressed": String(held !== null),
      disabled: view.live === "ended" && !held,
    };
    table.node.setAttribute("aria-label", t("table_label", { title: view.title }));
    tell();
    read(pointed);
    return [
      panel.header(view.title, view),
      panel.notice(view),
      element("div", { class: "dpyauth-row dpyauth-top" }, say.last, standing(view)),
      figure ? [figure.node, say.reading, say.legend] : table.node,
      element(
        "div",
        { class: "dpyauth-row" },
        button(t(held ? "resume" : "pause"), pause, pausing),
        button(t("keep"), () => panel.send({ do: "keep" }), { id: `${id}-keep`, disabled: view.busy }),
        files.buttons(view.files),
        say.count,
        files.told(),
      ),
      kept(view),
      ended(view),
    ];
  }

  function standing(/** @type {StreamView} */ { live, why }) {
    if (held) return element("span", { class: "dpyauth-badge dpyauth-warn" }, t("held"));
    const look = {
      open: "dpyauth-light dpyauth-ok",
      reconnecting: "dpyauth-light dpyauth-warn",
      ended: "dpyauth-badge dpyauth-plain",
    }[live];
    return element("span", { class: look, role: "status", title: why || null }, t(live));
  }

  function kept(/** @type {StreamView} */ { kept }) {
    if (!kept) return null;
    return element(
      "p",
      { class: "dpyauth-below", role: "status" },
      t("kept", kept),
      " ",
      element("code", { class: "dpyauth-code" }, t("kept_code")),
    );
  }

  function ended(/** @type {StreamView} */ { live, why }) {
    if (live !== "ended") return null;
    return element(
      "div",
      { class: `dpyauth-notice dpyauth-${why ? "error" : "info"} dpyauth-ended`, role: "status" },
      element("strong", {}, t("ended_title")),
      why ? element("p", { dir: "auto" }, why) : null,
      element("p", {}, t("ended_text")),
    );
  }

  // What Python sends

  function heard(/** @type {MessageFromPython} */ message, /** @type {DataView[]} */ buffers) {
    const { updates } = message;
    if (files.heard(message, buffers) || !updates) return;
    const { most } = view();
    columns = updates.columns ?? columns;
    digits = updates.digits ?? digits;
    count = updates.count;
    points = addUpdates(points, updates.points ?? [], updates.anew, most);
    rows = addUpdates(rows, updates.rows ?? [], updates.anew, most);
    due ??= setTimeout(beat, Math.max(0, beaten + BEAT - performance.now()));
    if (!held) show(updates.rows ?? [], updates.anew);
  }

  function show(/** @type {TableRow[]} */ fresh, /** @type {boolean} */ anew) {
    if (figure) figure.show(held?.points ?? points, digits);
    else table.list(fresh, anew, columns, view().most);
  }

  // Everything once more, in the language of the moment: Python writes words into it. That ends a pause.
  function replay() {
    held = null;
    panel.send({ do: "replay" });
  }

  function pause() {
    held = held ? null : { points: points.slice(), rows: rows.slice(), count };
    if (figure || !held) show(rows, true);
    panel.draw();
  }

  // What is said in words, about once a second: faster, it could not be read

  function beat() {
    clearTimeout(due ?? 0);
    due = null;
    beaten = performance.now();
    tell();
  }

  function tell() {
    const more = held ? count - held.count : 0;
    say.count.textContent = more ? t("held_back", { count: more }) : t("count", { count });
    if (figure) sayPrices(held?.points ?? points, figure.canvas);
    else say.last.textContent = t((held?.rows ?? rows).length ? "latest_first" : "nothing");
  }

  function sayPrices(/** @type {ChartPoint[]} */ points, /** @type {HTMLCanvasElement} */ canvas) {
    const { title } = view();
    if (!points.length) {
      say.last.textContent = t("nothing");
      canvas.setAttribute("aria-label", t("chart_empty", { title }));
      return;
    }
    const { since, until, end, percent, way, low, high } = summary(points);
    const priced = (/** @type {number} */ number) => price(number, digits, t("lang"));
    const facts = {
      title,
      last: priced(end),
      time: clock(until),
      arrow: ARROWS[way],
      sign: SIGNS[way],
      percent: price(percent, 2, t("lang")),
      since: clock(since),
      low: priced(low),
      high: priced(high),
    };
    say.last.replaceChildren(
      element("strong", { class: "dpyauth-price" }, facts.last),
      " ",
      element("span", { class: `dpyauth-text-${way}` }, t("change", facts)),
      " ",
      element("span", { class: "dpyauth-soft" }, t("range_at", facts)),
    );
    canvas.setAttribute("aria-label", t("chart_label", facts));
    explain(points);
  }

  function explain(/** @type {ChartPoint[]} */ points) {
    const item = (/** @type {string} */ kind, /** @type {string} */ text) =>
      element("li", { class: `dpyauth-${kind}`, dir: "auto" }, text);
    const gaps = points.flatMap(({ gap }) => gap ?? []).slice(-GAPS);
    say.legend.replaceChildren(
      ...(points.some(({ late }) => late) ? [item("late", t("late"))] : []),
      ...gaps.map(({ filled, text }) => item(filled ? "filled" : "missing", text)),
    );
  }

  function read(/** @type {ChartPoint | null} */ point) {
    pointed = point;
    say.reading.textContent = point ? readingOf(point) : t("hint");
  }

  function readingOf(/** @type {ChartPoint} */ { t: seconds, p, late }) {
    const [open, high, low, close] = p.map((number) => price(number, digits, t("lang")));
    const ending = late ? "_late" : "";
    return p.length > 1
      ? t(`reading_candle${ending}`, { time: moment(seconds, t("lang")), open, high, low, close })
      : t(`reading${ending}`, { time: clock(seconds), price: open });
  }

  replay();

  return () => {
    clearTimeout(due ?? 0);
    figure?.end();
    panel.end();
  };
}

export default { render };
