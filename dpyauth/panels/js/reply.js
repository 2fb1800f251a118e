import { copyButton } from "./copy_button.js";
import { downloads } from "./downloads.js";
import { button, element } from "./elements.js";
import { MASK } from "./request_editor.js";

const TABS = ["json", "frame"];

/**
 * Show what came of a call in the explorer: its reply as JSON and as a frame, to be copied or saved; or an error.
 *
 * Return `node(view)`; `took`, which takes a message from Python and returns whether it was a file; `set(reply)`;
 * `reword(reply)`, which takes the same in another language; and `clear()`.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {(kind: "call" | "frame") => string} options.python - the line of Python that gets the same
 */
export function replyView({ panel, python }) {
  const { id, t, draw, find } = panel;
  const files = downloads(panel);
  /** @type {CallReply | null} */
  let reply = null;
  let tab = "json";

  function node(/** @type {ChosenCall} */ call) {
    if (!reply || (reply.call && reply.call !== call.name)) return null;
    if (reply.trouble) return trouble(reply.trouble);
    const [rows, columns] = reply.frame.shape;
    const { note, took, json, frame } = reply;
    const source = () => /** @type {HTMLElement | null} */ (find(`${id}-shown`)?.querySelector("pre") ?? null);
    return element(
      "section",
      { class: "dpyauth-outcome", "aria-label": t("reply") },
      element("h3", { class: "dpyauth-heading" }, t("reply")),
      note ? element("p", { class: "dpyauth-strong" }, note) : null,
      element(
        "p",
        { class: "dpyauth-soft" },
        t("took", { ms: Math.round(took * 1000) }),
        " ",
        t("shape", { rows, columns }),
        " ",
        json.text.includes(MASK) ? t("masked") : "",
      ),
      element(
        "div",
        { class: "dpyauth-row dpyauth-tools" },
        element(
          "div",
          { class: "dpyauth-tabs", role: "tablist", "aria-label": t("reply"), onkeydown: turn },
          TABS.map(tabButton),
        ),
        tab === "json"
          ? copyButton(panel, t("reply"), source)
          : [files.buttons(columns ? reply.files : [], "dpyauth-small"), files.told()],
      ),
      element(
        "div",
        { id: `${id}-shown`, role: "tabpanel", "aria-labelledby": `${id}-tab-${tab}` },
        tab === "json" ? text(json) : table(frame),
      ),
    );
  }

  function tabButton(/** @type {string} */ name) {
    const choose = () => {
      tab = name;
      draw();
    };
    return button(t(`reply_${name}`), choose, {
      id: `${id}-tab-${name}`,
      class: "dpyauth-tab",
      role: "tab",
      "aria-selected": String(name === tab),
      tabindex: name === tab ? "0" : "-1",
      "aria-controls": `${id}-shown`,
    });
  }

  function turn(/** @type {KeyboardEvent} */ event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    tab = TABS[1 - TABS.indexOf(tab)];
    draw();
    find(`${id}-tab-${tab}`)?.focus();
  }

  const text = (/** @type {ReplyJson} */ json) => [
    json.cut
      ? element(
          "p",
          { class: "dpyauth-soft" },
          t("json_cut", { shown: json.text.length, length: json.length, python: python("call") }),
        )
      : null,
    element(
      "pre",
      { class: "dpyauth-code dpyauth-reply", tabindex: "0", role: "region", "aria-label": t("reply_json"), dir: "ltr" },
      json.text,
    ),
  ];

  function table(/** @type {ReplyFrame} */ { shape, columns, dtypes, numbers, rows }) {
    if (!columns.length) return element("p", { class: "dpyauth-soft" }, t("no_columns"));
    const kind = (/** @type {number} */ at) => (numbers[at] ? "dpyauth-number" : null);
    const heading = (/** @type {string} */ name, /** @type {number} */ at) =>
      element(
        "th",
        { scope: "col", class: kind(at), dir: "auto" },
        name,
        element("span", { class: "dpyauth-dtype" }, dtypes[at]),
      );
    const cell = (/** @type {string | null} */ value, /** @type {number} */ at) =>
      element(
        "td",
        { class: kind(at), dir: "auto", title: value },
        value ?? element("span", { class: "dpyauth-soft" }, "–"),
      );
    return [
      rows.length < shape[0]
        ? element(
            "p",
            { class: "dpyauth-soft" },
            t("rows_cut", { shown: rows.length, rows: shape[0], python: python("frame") }),
          )
        : null,
      element(
        "div",
        { class: "dpyauth-scroll", tabindex: "0", role: "region", "aria-label": t("reply_frame") },
        element(
          "table",
          { class: "dpyauth-table" },
          element("thead", {}, element("tr", {}, columns.map(heading))),
          element(
            "tbody",
            {},
            rows.map((cells) => element("tr", {}, cells.map(cell))),
          ),
        ),
      ),
    ];
  }

  const trouble = (/** @type {CallTrouble} */ { title, text, unknown, code, details }) =>
    element(
      "section",
      {
        class: `dpyauth-outcome dpyauth-notice dpyauth-error ${unknown ? "dpyauth-unknown" : ""}`,
        role: "alert",
        "aria-label": t("reply"),
      },
      element("strong", {}, title),
      element("p", { dir: "auto" }, text),
      code ? element("p", { class: "dpyauth-soft", dir: "auto" }, t("error_code", { code })) : null,
      details
        ? element(
            "details",
            { class: "dpyauth-details", id: `${id}-details` },
            element("summary", {}, t("details")),
            element(
              "pre",
              { class: "dpyauth-code", tabindex: "0", role: "region", "aria-label": t("details"), dir: "ltr" },
              details,
            ),
          )
        : null,
    );

  return {
    node,
    took: files.heard,
    set(/** @type {CallReply} */ came) {
      reply = came;
      files.clear();
    },
    reword(/** @type {CallReply} */ same) {
      if (reply) reply = same;
    },
    clear() {
      reply = null;
    },
  };
}
