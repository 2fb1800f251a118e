// What came of a call in the explorer: its reply as JSON and as a frame, to be copied or saved; or an error.

// `python(kind)` is the line of Python that gets the same: "call" or "frame".
function replyView({ panel, python }) {
  const { id, t, draw, find } = panel;
  const files = downloads({ panel });
  const tabs = ["json", "frame"];
  let reply = null;
  let tab = "json";

  function node(view) {
    if (!reply || (reply.call && reply.call !== view.call.name)) return null;
    if (reply.trouble) return trouble(reply.trouble);
    const turn = (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      tab = tabs[1 - tabs.indexOf(tab)];
      draw();
      find(`${id}-tab-${tab}`)?.focus();
    };
    const [rows, columns] = reply.frame.shape;
    return element("section", { class: "dpyauth-outcome", "aria-label": t("reply") },
      element("h3", { class: "dpyauth-heading" }, t("reply")),
      reply.note ? element("p", { class: "dpyauth-strong" }, reply.note) : null,
      element("p", { class: "dpyauth-soft" }, t("took", { ms: Math.round(reply.took * 1000) }), " ", t("shape", { rows, columns }), " ",
        reply.json.text.includes(MASK) ? t("masked") : ""),
      element("div", { class: "dpyauth-row dpyauth-tools" },
        element("div", { class: "dpyauth-tabs", role: "tablist", "aria-label": t("reply"), onkeydown: turn },
          tabs.map((each) =>
            button(t(`reply_${each}`), () => { tab = each; draw(); }, {
              id: `${id}-tab-${each}`, class: "dpyauth-tab", role: "tab", "aria-selected": String(each === tab), tabindex: each === tab ? "0" : "-1", "aria-controls": `${id}-shown`,
            }))),
        tab === "json" ? copyButton(panel, t("reply"), () => find(`${id}-shown`).querySelector("pre")) : [files.buttons(columns ? reply.files : [], "dpyauth-small"), files.told]),
      element("div", { id: `${id}-shown`, role: "tabpanel", "aria-labelledby": `${id}-tab-${tab}` }, tab === "json" ? text(reply.json) : table(reply.frame)));
  }

  const text = (json) => [
    json.cut ? element("p", { class: "dpyauth-soft" }, t("json_cut", { shown: json.text.length, length: json.length, python: python("call") })) : null,
    element("pre", { class: "dpyauth-code dpyauth-reply", tabindex: "0", role: "region", "aria-label": t("reply_json"), dir: "ltr" }, json.text),
  ].filter(Boolean);

  function table(frame) {
    const kind = (at) => (frame.numbers[at] ? "dpyauth-number" : null);
    if (!frame.columns.length) return element("p", { class: "dpyauth-soft" }, t("no_columns"));
    return [
      frame.rows.length < frame.shape[0] ? element("p", { class: "dpyauth-soft" }, t("rows_cut", { shown: frame.rows.length, rows: frame.shape[0], python: python("frame") })) : null,
      element("div", { class: "dpyauth-scroll", tabindex: "0", role: "region", "aria-label": t("reply_frame") },
        element("table", { class: "dpyauth-table" },
          element("thead", {}, element("tr", {}, frame.columns.map((name, at) =>
            element("th", { scope: "col", class: kind(at), dir: "auto" }, name, element("span", { class: "dpyauth-dtype" }, frame.dtypes[at]))))),
          element("tbody", {}, frame.rows.map((cells) =>
            element("tr", {}, cells.map((cell, at) => element("td", { class: kind(at), dir: "auto", title: cell }, cell ?? element("span", { class: "dpyauth-soft" }, "–")))))))),
    ].filter(Boolean);
  }

  const trouble = (said) =>
    element("section", { class: `dpyauth-outcome dpyauth-notice dpyauth-error ${said.unknown ? "dpyauth-unknown" : ""}`, role: "alert", "aria-label": t("reply") },
      element("strong", {}, said.title),
      element("p", { dir: "auto" }, said.text),
      said.code ? element("p", { class: "dpyauth-soft", dir: "auto" }, t("code", { code: said.code })) : null,
      said.details ? element("details", { class: "dpyauth-details", id: `${id}-details` },
        element("summary", {}, t("details")),
        element("pre", { class: "dpyauth-code", tabindex: "0", role: "region", "aria-label": t("details"), dir: "ltr" }, said.details)) : null);

  return {
    node,
    took: files.heard,
    set: (came) => { reply = came; files.clear(); },
    clear: () => { reply = null; },
  };
}
