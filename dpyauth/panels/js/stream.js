// The live view of a stream. Python sends what is new, a few times a second at most; the latest of it is kept here, and
// nowhere in the notebook. Pausing happens here alone: it works at once, whatever the kernel is doing.

const BEAT = 900; // ms between two changes of what is said in words, at least

function render({ model, el }) {
  const panel = mount({ model, el, label: "label", body, heard });
  const { id, t, root } = panel;
  root.classList.add("dpyauth-wide", "dpyauth-stream");
  const files = downloads({ panel });
  const view = () => model.get("view");
  const drawn = view().kind !== "table";

  let count = 0; // updates that there were, ever
  let digits = 2;
  let latest = []; // points or rows, the latest last
  let held = null; // of these, what is shown while paused: {latest, count}
  let columns = [];
  let beaten = -BEAT; // when something was last said in words
  let due = null; // the next time

  const say = {
    last: element("p", { class: "dpyauth-now", "aria-live": "off" }),
    count: element("span", { class: "dpyauth-count dpyauth-soft", "aria-live": "off" }),
    reading: element("p", { class: "dpyauth-reading dpyauth-soft", "aria-live": "polite" }, t("hint")),
    legend: element("ul", { class: "dpyauth-legend", "aria-live": "off" }),
  };
  const figure = drawn ? chart({ id: `${id}-chart`, zone: t("axis"), read }) : null;
  const head = element("thead");
  const rows = element("tbody");
  const table = element("div", { id: `${id}-table`, class: "dpyauth-scroll", role: "region", tabindex: 0, "aria-label": t("table_label", { title: view().title }), "data-scroll": true },
    element("table", { class: "dpyauth-table" }, head, rows));

  function body(view) {
    return [
      panel.header(view.title, view),
      panel.notice(view),
      element("div", { class: "dpyauth-row dpyauth-top" }, say.last, standing(view)),
      figure ? [figure.node, say.reading, say.legend] : table,
      element("div", { class: "dpyauth-row" },
        button(t(held ? "resume" : "pause"), pause, { id: `${id}-pause`, "aria-pressed": String(held !== null), disabled: view.live === "ended" && !held }),
        button(t("keep"), () => panel.send({ do: "keep" }), { id: `${id}-keep`, disabled: view.busy }),
        files.buttons(view.files),
        say.count,
        files.told),
      kept(view.kept),
      ended(view),
    ].flat();
  }

  function standing({ live, why }) {
    if (held) return element("span", { class: "dpyauth-badge dpyauth-warn" }, t("held"));
    const kind = { open: "ok", reconnecting: "warn", ended: "plain" }[live];
    return element("span", { class: kind === "plain" ? "dpyauth-badge dpyauth-plain" : `dpyauth-light dpyauth-${kind}`, role: "status", title: why || null }, t(live));
  }

  function kept(it) {
    if (!it) return null;
    return element("p", { class: "dpyauth-below", role: "status" },
      t("kept", it), " ", element("code", { class: "dpyauth-code" }, t("kept_code")));
  }

  function ended({ live, why }) {
    if (live !== "ended") return null;
    return element("div", { class: `dpyauth-notice dpyauth-${why ? "error" : "info"} dpyauth-ended`, role: "status" },
      element("strong", {}, t("ended_title")),
      why ? element("p", { dir: "auto" }, why) : null,
      element("p", {}, t("ended_text")));
  }

  // What Python sends

  function heard(message, buffers) {
    const { updates } = message;
    if (files.heard(message, buffers) || !updates) return;
    const { anew, points, rows: more } = updates;
    if (anew) latest = [];
    if (updates.columns) columns = updates.columns;
    digits = updates.digits ?? digits;
    count = updates.count;
    const fresh = points ?? more;
    for (const each of fresh) {
      if (points && latest.length && latest.at(-1).t === each.t) latest[latest.length - 1] = { ...latest.at(-1), ...each };
      else latest.push(each);
    }
    latest.splice(0, latest.length - view().most);
    due ??= setTimeout(beat, Math.max(0, beaten + BEAT - performance.now()));
    if (held) return;
    if (figure) figure.show(latest, digits);
    else list(fresh, anew);
  }

  function pause() {
    held = held ? null : { latest: latest.slice(), count };
    if (figure) figure.show(held?.latest ?? latest, digits);
    else if (!held) list(latest, true);
    beat();
    panel.draw();
  }

  // The table

  function list(fresh, anew) {
    if (anew) {
      rows.replaceChildren();
      head.replaceChildren(element("tr", {}, columns.map(({ label, number }) =>
        element("th", { scope: "col", dir: "auto", class: number ? "dpyauth-number" : null }, label))));
    }
    const made = fresh.map(({ cells, gap }) => [
      gap ? element("tr", { class: "dpyauth-gap" }, element("td", { colspan: columns.length, dir: "auto" }, gap)) : null,
      element("tr", {}, cells.map((text, i) => element("td", { dir: "auto", class: columns[i]?.number ? "dpyauth-number" : text.length > 40 ? "dpyauth-long" : null }, text))),
    ]);
    rows.prepend(...made.flat().filter(Boolean).reverse());
    while (rows.childElementCount > view().most) rows.lastElementChild.remove();
  }

  // What is said in words, once a second

  function beat() {
    clearTimeout(due);
    due = null;
    beaten = performance.now();
    const more = held ? count - held.count : 0;
    say.count.textContent = more ? t("held_back", { count: more }) : t(count === 1 ? "count_one" : "count", { count });
    const points = held?.latest ?? latest;
    if (!figure) {
      say.last.textContent = t(points.length ? "latest_first" : "nothing");
      return;
    }
    if (!points.length) {
      say.last.textContent = t("nothing");
      figure.canvas.setAttribute("aria-label", t("chart_empty", { title: view().title }));
      return;
    }
    const [first, last] = [points[0], points.at(-1)];
    const price = (number) => number.toFixed(digits);
    const [begin, end] = [first.p[0], last.p.at(-1)];
    const percent = begin ? ((end - begin) / Math.abs(begin)) * 100 : 0;
    const way = Number(percent.toFixed(2)) === 0 ? "same" : percent > 0 ? "up" : "down";
    const change = t("change", {
      arrow: { up: "▲", down: "▼", same: "=" }[way],
      sign: { up: "+", down: "−", same: "±" }[way],
      percent: Math.abs(percent).toFixed(2),
      since: clock(first.t),
    });
    const range = t("range", {
      low: price(Math.min(...points.map(({ p }) => Math.min(...p)))),
      high: price(Math.max(...points.map(({ p }) => Math.max(...p)))),
    });
    say.last.replaceChildren(
      element("strong", { class: "dpyauth-price" }, price(end)), " ",
      element("span", { class: `dpyauth-text-${way}` }, change), " ",
      element("span", { class: "dpyauth-soft" }, `${range} · ${t("at", { time: clock(last.t) })}`));
    figure.canvas.setAttribute("aria-label", t("chart_label", { title: view().title, last: price(end), time: clock(last.t), change, range }));
    explain(points);
  }

  function explain(points) {
    const gaps = points.filter(({ gap }) => gap).slice(-3);
    const item = (kind, text) => element("li", { class: `dpyauth-${kind}`, dir: "auto" }, text);
    say.legend.replaceChildren(
      ...(points.some(({ late }) => late) ? [item("late", t("late"))] : []),
      ...gaps.map(({ gap }) => item(gap.filled ? "filled" : "missing", gap.text)));
  }

  function read(point) {
    if (!point) {
      say.reading.textContent = t("hint");
      return;
    }
    const [open, high, low, close] = point.p.map((number) => number.toFixed(digits));
    const candle = point.p.length > 1;
    const time = candle ? `${day(point.t)} ${clock(point.t).slice(0, 5)}` : clock(point.t);
    const reading = candle ? t("reading_candle", { time, open, high, low, close }) : t("reading", { time, price: open });
    say.reading.textContent = point.late ? t("reading_late", { reading }) : reading;
  }

  panel.send({ do: "replay" });

  return () => {
    clearTimeout(due);
    figure?.end();
    panel.end();
  };
}

export default { render };
