// The explorer: find a call, fill in its form, see the request, send it, and see what came of it.

import { callForm } from "./call_form.js";
import { callSearch, legend, marks } from "./call_search.js";
import { changeQuestion } from "./change_question.js";
import { copyButton } from "./copy_button.js";
import { badge, button, element } from "./elements.js";
import { mount } from "./panel.js";
import { replyView } from "./reply.js";
import { requestEditor } from "./request_editor.js";

const PAUSE = 300; // ms without a key before what is typed is looked at

function render(/** @type {RenderProps<ExplorerView>} */ { model, el }) {
  const panel = mount({ model, el, label: "title", body, heard, seen, reworded, live: false });
  const { id, t, root, send, find, draw } = panel;
  root.classList.add("dpyauth-wide", "dpyauth-explorer");
  /** @type {RequestPreview | null} */
  let preview = null; // of what is typed, by Python
  let insist = false; // whether required fields without a value are pointed out
  /** @type {number | undefined} */
  let pending;
  let edited = false; // whether anything was edited since Send was pressed
  let shown = ""; // the call on show

  const view = () => model.get("view");
  const call = () => /** @type {ChosenCall} */ (view().call); // only asked for where there is one
  const latest = () => (preview?.call === call().name ? preview : call().preview);
  const search = callSearch({ panel, view, choose });
  const form = callForm({ panel, call, typed });
  const editor = requestEditor({ panel, call, edited: unask, take, look });
  const question = changeQuestion({ panel, dropped: () => find(`${id}-send`)?.focus() });
  const reply = replyView({ panel, python: (kind) => latest().python[kind] ?? "" });

  function choose(/** @type {string} */ name) {
    search.activate(name);
    question.drop();
    send({ do: "choose", call: name });
  }

  // What is typed

  function typed() {
    unask();
    clearTimeout(pending);
    pending = setTimeout(look, PAUSE);
  }

  // What was asked about, or is going to be, is not what stands there now.
  function unask() {
    edited = true;
    if (!question.asked()) return;
    question.drop();
    find(`${id}-ask`)?.remove();
    enable();
  }

  // Puts what was read of the JSON into the form.
  function take(/** @type {RequestRead["texts"]} */ texts) {
    form.take(texts);
    unask();
    look();
  }

  function look() {
    if (view().call) send({ do: "preview", call: call().name, ...form.entered() });
  }

  // Shows the request as Python makes it of what is typed; in place, since redrawing would disturb typing.
  function show(within = root) {
    const now = latest();
    const json = within.querySelector(`#${id}-json`);
    if (json) json.textContent = now.json;
    editor.show(within, now);
    const lines = Object.entries(now.python).map(([kind, text]) => line(t(`python_${kind}`), text));
    within.querySelector(`#${id}-python`)?.replaceChildren(...lines);
    form.mark(within, now, insist);
  }

  function line(/** @type {string} */ label, /** @type {string} */ text) {
    const code = element(
      "pre",
      { class: "dpyauth-code", tabindex: "0", role: "region", "aria-label": label, dir: "ltr" },
      text,
    );
    return element(
      "div",
      { class: "dpyauth-line" },
      element("span", { class: "dpyauth-soft" }, label),
      copyButton(panel, label, () => code),
      code,
    );
  }

  // Sending

  function submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    if (!editor.sound()) return; // what is to be sent stands there, and not in the form
    clearTimeout(pending);
    question.drop();
    look(); // what is asked about, and what stands above it, must be the same
    const { fields } = form.entered(true);
    form.empty();
    form.blame({});
    reply.clear();
    edited = false;
    send({ do: "send", call: call().name, fields });
  }

  function enable() {
    question.enable();
    const again = /** @type {HTMLButtonElement | null} */ (find(`${id}-send`));
    if (again) again.disabled = !sendable();
  }

  function sendable() {
    const { call, state, busy } = view();
    return call?.sends && state !== "closed" && !busy && !call.locked && !question.asked();
  }

  function recipient(/** @type {AccountInUse | null} */ account) {
    if (!account) return element("span", { class: "dpyauth-soft" }, t("nobody"));
    return element(
      "span",
      { class: "dpyauth-to" },
      element("span", { class: "dpyauth-soft" }, t("to")),
      element("bdi", { class: "dpyauth-strong", title: t("account_in_use") }, account.loginid),
      badge(account.kind, t(account.kind)),
    );
  }

  // All together

  function details(/** @type {ExplorerView} */ view) {
    const chosen = view.call;
    if (!chosen)
      return element(
        "div",
        { class: "dpyauth-chosen" },
        element("p", {}, t("pick")),
        legend(panel, Boolean(view.account)),
      );
    return element(
      "div",
      { class: "dpyauth-chosen" },
      element("h3", { class: "dpyauth-heading dpyauth-name" }, chosen.name, " ", marks(panel, chosen)),
      element("p", { class: "dpyauth-summary" }, chosen.summary),
      facts(chosen),
      element(
        "form",
        { onsubmit: submit, autocomplete: "off", novalidate: true },
        element("div", { class: "dpyauth-halves" }, element("div", {}, form.node()), request(view, chosen)),
      ),
      question.asked()?.call === chosen.name ? question.node(view, recipient(view.account)) : null,
    );
  }

  function facts(/** @type {ChosenCall} */ { access, changes, effect, kind }) {
    return element(
      "dl",
      { class: "dpyauth-pairs" },
      element("dt", {}, t("access")),
      element(
        "dd",
        {},
        access.needs,
        " ",
        element("span", { class: `dpyauth-text-${access.tone}`, dir: "auto" }, access.has),
      ),
      element("dt", {}, t("effect")),
      element("dd", { class: changes === "never" ? null : "dpyauth-text-warn" }, effect),
      element("dt", {}, t("answers")),
      element("dd", {}, kind),
    );
  }

  function request(/** @type {ExplorerView} */ view, /** @type {ChosenCall} */ { http, sends }) {
    return element(
      "div",
      { class: "dpyauth-request" },
      element("h4", { class: "dpyauth-heading" }, t("preview")),
      editor.node(),
      http
        ? element(
            "div",
            { class: "dpyauth-line" },
            element("span", { class: "dpyauth-soft" }, t("as_http")),
            element("pre", {
              class: "dpyauth-code",
              id: `${id}-json`,
              tabindex: "0",
              role: "region",
              "aria-label": t("as_http"),
              dir: "ltr",
            }),
          )
        : null,
      element("div", { id: `${id}-python`, role: "group", "aria-label": t("as_python") }),
      sends
        ? element(
            "div",
            { class: "dpyauth-row dpyauth-send" },
            button(t("send"), null, {
              id: `${id}-send`,
              type: "submit",
              class: "dpyauth-button dpyauth-primary",
              disabled: !sendable(),
            }),
            recipient(view.account),
            view.busy ? element("span", { class: "dpyauth-soft", role: "status" }, t("sending")) : null,
          )
        : null,
    );
  }

  function seen(/** @type {ExplorerView} */ view) {
    const asked = question.asked();
    if (asked && asked.loginid !== (view.account?.loginid ?? null)) question.drop(); // it was about another account
  }

  /** @type {(view: ExplorerView) => Children} */
  function body(view) {
    if (view.call && view.call.name !== shown) {
      shown = view.call.name;
      preview = null;
      insist = false;
      form.blame({});
    }
    const made = element(
      "div",
      { class: "dpyauth-panes" },
      search.node(view.api),
      details(view),
      view.call ? reply.node(view.call) : null,
    );
    search.list(made);
    if (view.call) show(made);
    return [
      panel.header(t("title"), view),
      panel.notice(view),
      view.ended ? panel.closed(view) : null,
      element("p", { class: "dpyauth-standing", id: `${id}-standing`, role: "status", dir: "auto" }, view.standing),
      made,
    ];
  }

  function heard(/** @type {MessageFromPython} */ message, /** @type {DataView[]} */ buffers) {
    if (reply.took(message, buffers)) return;
    if (message.preview) hearPreview(message.preview, Boolean(message.insist));
    else if (message.ask) hearQuestion(message.ask);
    else if (message.reply && message.again) {
      reply.reword(message.reply);
      draw();
    } else if (message.reply) {
      reply.set(message.reply);
      form.blame(message.reply.trouble?.fields ?? {});
      question.close();
      draw();
    }
  }

  function hearPreview(/** @type {RequestPreview} */ made, /** @type {boolean} */ insisting) {
    if (made.call !== view().call?.name) return;
    preview = made;
    insist ||= insisting;
    show();
    if (insisting) form.reveal([...Object.keys(made.wrong), ...made.missing][0]);
    enable();
  }

  function reworded() {
    look();
    send({ do: "reword" }, false);
  }

  function hearQuestion(/** @type {ChangeQuestion} */ asked) {
    if (edited)
      send({ do: "cancel" }, false); // what is edited now needs a Send of its own
    else question.ask(asked);
  }

  return () => {
    clearTimeout(pending);
    editor.end();
    panel.end();
  };
}

export default { render };
