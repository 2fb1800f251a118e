const PAUSE = 300; // ms without a key before what is typed is looked at
const DELIBERATE = 800; // ms before a change can be confirmed: longer than a double click

function render({ model, el }) {
  const panel = mount({ model, el, label: "title", body, heard, seen, live: false });
  const { id, t, root, send, find, draw } = panel;
  root.classList.add("dpyauth-wide", "dpyauth-explorer");
  let query = "";
  let active = ""; // the call that the arrow keys are at
  let preview = null; // of what is typed, by Python
  let insist = false; // whether required fields without a value are pointed out
  let pending = null;
  let ask = null; // the change that waits for a second click
  let ready = false; // whether that click counts yet
  let edited = false; // whether anything was edited since Send was pressed
  let faults = {}; // what Deriv has against a field, until that is edited
  let shown = ""; // the call on show
  let drafts = {}; // what was typed, by call and field; never what is secret

  const call = () => model.get("view").call;
  const editor = requestEditor({ panel, call, edited: unask, take, look });
  const reply = replyView({ panel, python: (kind) => (preview?.call === call().name ? preview : call().preview).python[kind] ?? "" });
  const matching = (view) => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const within = ({ name, summary }) => `${name} ${name.replaceAll("_", " ")} ${summary}`.toLowerCase();
    const hits = view.calls.filter((each) => words.every((word) => within(each).includes(word)));
    const place = (each) => (words.length && each.name.startsWith(words[0]) ? 0 : 1); // a name's beginning is meant most
    return hits.sort((one, other) => place(one) - place(other));
  };

  // The calls

  function search(view) {
    const field = element("input", {
      id: `${id}-search`, class: "dpyauth-input", type: "search", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list",
      "aria-controls": `${id}-calls`, "aria-describedby": `${id}-hits`, placeholder: t("search_placeholder"), autocomplete: "off", spellcheck: "false",
      oninput: () => { query = field.value; active = ""; list(); },
      onkeydown: (event) => keys(event),
    });
    field.value = query;
    return element("div", { class: "dpyauth-find" },
      element("label", { class: "dpyauth-label", for: field.id }, t("search")),
      field,
      element("p", { class: "dpyauth-soft", id: `${id}-hits`, "aria-live": "polite" }),
      element("ul", { class: "dpyauth-calls", id: `${id}-calls`, role: "listbox", "aria-label": t("calls", { api: view.api }), "data-scroll": true }),
      element("p", { class: "dpyauth-soft" }, t("not_offered")));
  }

  function list(within = root) {
    const view = model.get("view");
    const hits = matching(view);
    within.querySelector(`#${id}-hits`).textContent = hits.length ? t("hits", { count: hits.length, all: view.calls.length, api: view.api }) : t("no_hits");
    within.querySelector(`#${id}-calls`).replaceChildren(...hits.map((each) => row(each, view)));
    point(within, false);
  }

  function row(each, view) {
    return element("li", {
      id: `${id}-call-${each.name}`, role: "option", class: "dpyauth-call", "data-name": each.name,
      "aria-selected": String(each.name === view.call?.name), onclick: () => choose(each.name),
    },
      element("span", { class: "dpyauth-call-name" }, each.name, " ", ...marks(each)),
      element("span", { class: "dpyauth-soft" }, each.summary));
  }

  const marks = (each) => [
    each.changes === "never" ? null : badge("changes", t(each.changes === "always" ? "mark_changes" : "mark_may_change")),
    each.streams ? badge("plain", t("mark_streams")) : null,
    each.locked ? badge("locked", t(`mark_${each.locked}`)) : null,
  ];

  function keys(event) {
    const options = [...root.querySelectorAll(".dpyauth-call")];
    const at = options.findIndex((each) => each.dataset.name === active);
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (event.key === "Enter") {
      event.preventDefault();
      const chosen = options[Math.max(at, 0)];
      if (chosen) choose(chosen.dataset.name);
    } else if (step !== undefined && options.length && (event.key.startsWith("Arrow") || at >= 0)) {
      event.preventDefault();
      active = options[Math.min(Math.max(step, 0), options.length - 1)].dataset.name;
      point(root, true);
    }
  }

  // Show where the arrow keys are.
  function point(within, scroll) {
    for (const each of within.querySelectorAll(".dpyauth-call")) each.classList.toggle("dpyauth-active", each.dataset.name === active);
    const at = active ? within.querySelector(`#${CSS.escape(`${id}-call-${active}`)}`) : null;
    const field = within.querySelector(`#${id}-search`);
    if (at) field.setAttribute("aria-activedescendant", at.id);
    else field.removeAttribute("aria-activedescendant");
    if (scroll) at?.scrollIntoView({ block: "nearest" });
  }

  function choose(name) {
    active = name;
    drop();
    send({ do: "choose", call: name });
  }

  // The form

  const named = (name) => `${id}-f-${call().name}-${name}`;
  const inputs = () => [...root.querySelectorAll("[data-field]")];

  function entry(field) {
    const key = named(field.name);
    const properties = {
      id: key, class: "dpyauth-input", "data-field": field.name, "aria-describedby": `${key}-help`, "aria-required": field.required ? "true" : null,
      oninput: typed, autocomplete: "off", spellcheck: "false",
    };
    const hint = field.default ? t("default", { value: field.default }) : null;
    let control;
    if (field.kind === "choice") {
      const none = field.default ? t("not_set_default", { value: field.default }) : t("not_set");
      control = element("select", properties, element("option", { value: "" }, none), ...field.choices.map(([value, text]) => element("option", { value }, text)));
    } else if (field.kind === "json" && !field.sensitive) {
      control = element("textarea", { ...properties, class: "dpyauth-input dpyauth-mono", rows: 2, placeholder: hint ?? "{ }", dir: "ltr" });
    } else {
      control = element("input", {
        ...properties, type: field.sensitive ? "password" : "text", inputmode: field.kind === "number" ? "decimal" : null, placeholder: hint, dir: "auto",
        "data-1p-ignore": true, "data-lpignore": "true",
      });
    }
    if (field.sensitive) control.dataset.secret = "";
    else control.value = drafts[call().name]?.[field.name] ?? "";
    const needed = !field.required ? null : field.group && !field.front ? t("required_within") : t("required");
    return element("div", { class: "dpyauth-entry" },
      element("label", { class: "dpyauth-label", for: key, title: field.name }, field.group && !field.front ? field.name.slice(field.name.indexOf(".") + 1) : field.group ? field.name : field.label, needed ? element("span", { class: "dpyauth-needed" }, needed) : null),
      control,
      element("p", { class: "dpyauth-about", id: `${key}-help` },
        field.about, " ", element("span", { class: "dpyauth-soft" }, [field.sensitive ? t("hidden") : "", field.help].filter(Boolean).join(" "))),
      element("p", { class: "dpyauth-fault", id: `${key}-fault`, role: "status", dir: "auto", hidden: true }));
  }

  function form(chosen) {
    if (!chosen.fields.length) return element("p", { class: "dpyauth-soft" }, t("no_fields"));
    const front = chosen.fields.filter((field) => field.front);
    const single = chosen.fields.filter((field) => !field.front && !field.group);
    const many = single.length > 8;
    return [
      front.length ? element("div", { class: "dpyauth-entries" }, front.map(entry)) : null,
      grouped(chosen).map(([group, fields]) => folded(group, t("group", { group, count: fields.length }), fields, fields.length <= 4)),
      single.length ? (many || (single.length > 2 && front.length) ? folded("", summary(single), single, !many) : element("div", { class: "dpyauth-entries" }, single.map(entry))) : null,
      chosen.fields.some((field) => field.sensitive && field.kind !== "choice") ? unveil() : null,
    ].flat(2).filter(Boolean);
  }

  function grouped(chosen) {
    const groups = {};
    for (const field of chosen.fields) if (!field.front && field.group) (groups[field.group.split(".")[0]] ??= []).push(field);
    return Object.entries(groups);
  }

  const summary = (fields) => t("optional", { count: fields.length, names: fields.slice(0, 3).map((field) => field.label).join(", ") });

  const folded = (name, text, fields, open) =>
    element("details", { class: "dpyauth-details", id: `${id}-d-${call().name}-${name}`, open },
      element("summary", {}, text),
      call().groups[name] ? element("p", { class: "dpyauth-about" }, call().groups[name]) : null,
      element("div", { class: "dpyauth-entries" }, fields.map(entry)));

  function unveil() {
    const box = element("input", { id: `${id}-unveil`, type: "checkbox", "data-set": true });
    box.addEventListener("change", () => {
      for (const each of root.querySelectorAll("input[data-secret]")) each.type = box.checked ? "text" : "password";
    });
    return element("p", { class: "dpyauth-tick" }, box, element("label", { for: box.id }, t("show_hidden")));
  }

  // What is typed: all of it only where it is sent.
  function entered(whole = false) {
    const fields = {};
    const hidden = [];
    for (const each of inputs()) {
      if (!each.value) continue;
      if (each.dataset.secret !== undefined && !whole) hidden.push(each.dataset.field);
      else fields[each.dataset.field] = each.value;
    }
    return { fields, hidden };
  }

  function typed(event) {
    const { field, secret } = event.target.dataset;
    delete faults[field];
    if (secret === undefined) (drafts[call().name] ??= {})[field] = event.target.value;
    unask();
    clearTimeout(pending);
    pending = setTimeout(look, PAUSE);
  }

  // What was asked about, or is going to be, is not what stands there now.
  function unask() {
    edited = true;
    if (!ask) return;
    drop();
    find(`${id}-ask`)?.remove();
    enable();
  }

  // Puts what was read of the JSON into the form.
  function take(texts) {
    for (const each of inputs()) {
      const { field, secret } = each.dataset;
      if (texts[field] === null) continue; // masked: it stays as it is
      each.value = texts[field] ?? "";
      if (secret === undefined) (drafts[call().name] ??= {})[field] = each.value;
    }
    faults = {};
    unask();
    look();
  }

  function look() {
    if (call()) send({ do: "preview", call: call().name, ...entered() });
  }

  // The request, as Python makes it of what is typed; put in place without drawing anew, so as not to disturb typing.
  function show(within = root) {
    const chosen = call();
    const now = preview?.call === chosen.name ? preview : chosen.preview;
    if (chosen.http) within.querySelector(`#${id}-json`).textContent = now.json;
    editor.show(within, now);
    const lines = Object.entries(now.python);
    within.querySelector(`#${id}-python`).replaceChildren(...lines.map(([kind, text]) => line(t(`python_${kind}`), text)));
    for (const each of within.querySelectorAll("[data-field]")) {
      const { field } = each.dataset;
      const bad = now.wrong[field] ?? faults[field] ?? (insist && now.missing.includes(field) ? t("fill_in") : undefined);
      const fault = within.querySelector(`#${CSS.escape(`${each.id}-fault`)}`);
      fault.textContent = bad ?? now.doubtful[field] ?? "";
      fault.hidden = !fault.textContent;
      fault.classList.toggle("dpyauth-text-bad", Boolean(bad));
      if (bad) each.setAttribute("aria-invalid", "true");
      else each.removeAttribute("aria-invalid");
      each.setAttribute("aria-describedby", `${each.id}-help${fault.hidden ? "" : ` ${fault.id}`}`);
    }
  }

  function line(label, text) {
    const code = element("pre", { class: "dpyauth-code", tabindex: "0", role: "region", "aria-label": label, dir: "ltr" }, text);
    return element("div", { class: "dpyauth-line" }, element("span", { class: "dpyauth-soft" }, label), copyButton(panel, label, () => code), code);
  }

  // Sending

  function submit(event) {
    event.preventDefault();
    if (!editor.sound()) return; // what is to be sent stands there, and not in the form
    clearTimeout(pending);
    drop();
    look(); // what is asked about, and what stands above it, must be the same
    const { fields } = entered(true);
    for (const each of root.querySelectorAll("[data-secret]")) each.value = "";
    reply.clear();
    faults = {};
    edited = false;
    send({ do: "send", call: call().name, fields });
  }

  function drop() {
    if (ask) send({ do: "cancel" }, false);
    ask = null;
  }

  function confirm() {
    const message = { do: "confirm", nonce: ask.nonce, typed: find(`${id}-typed`)?.value ?? "" };
    ask = null;
    send(message);
    draw();
  }

  function enable() {
    const yes = find(`${id}-yes`);
    if (yes) yes.disabled = !ready || (ask.typed && find(`${id}-typed`).value !== ask.typed);
    const again = find(`${id}-send`);
    if (again) again.disabled = !sendable(model.get("view"));
  }

  const sendable = (view) => view.call.sends && view.state !== "closed" && !view.busy && !view.call.locked && !ask;

  function who(view) {
    if (!view.account) return element("span", { class: "dpyauth-soft" }, t("nobody"));
    return element("span", { class: "dpyauth-to" },
      element("span", { class: "dpyauth-soft" }, t("to")),
      element("bdi", { class: "dpyauth-strong", title: t("account_in_use") }, view.account.loginid),
      badge(view.account.kind, t(view.account.kind)));
  }

  function question(view) {
    const real = Boolean(ask.typed);
    const title = ask.money ? "ask_money" : real ? "ask_real" : "ask";
    const field = element("input", { id: `${id}-typed`, class: "dpyauth-input", type: "text", autocomplete: "off", spellcheck: "false", oninput: enable });
    return element("div", { class: "dpyauth-notice dpyauth-ask", id: `${id}-ask`, role: "group", "aria-labelledby": `${id}-ask-title`, tabindex: "-1" },
      element("strong", { id: `${id}-ask-title` }, t(view.sandbox ? `${title}_sandbox` : title)),
      ask.money ? null : element("p", {}, who(view)),
      element("pre", { class: "dpyauth-code", tabindex: "0", role: "region", "aria-label": t("preview"), dir: "ltr" }, ask.json),
      real ? element("label", { class: "dpyauth-label", for: field.id }, t("ask_type", { loginid: ask.typed })) : null,
      real ? field : null,
      element("div", { class: "dpyauth-row dpyauth-answers" },
        button(t("ask_no"), () => { drop(); draw(); find(`${id}-send`)?.focus(); }),
        button(t("ask_yes"), confirm, { id: `${id}-yes`, class: "dpyauth-button dpyauth-danger", disabled: true })));
  }

  // All together

  function legend(view) {
    const marks = [["changes", "changes"], ["may_change", "changes"], ["streams", "plain"], [view.account ? "scope" : "sign_in", "locked"]];
    return element("dl", { class: "dpyauth-pairs dpyauth-legend", "aria-label": t("legend") },
      marks.flatMap(([key, kind]) => [
        element("dt", {}, badge(kind, t(`mark_${key}`))),
        element("dd", { class: "dpyauth-soft" }, t(`legend_${key}`)),
      ]));
  }

  function details(view) {
    const chosen = view.call;
    if (!chosen) return element("div", { class: "dpyauth-chosen" }, element("p", {}, t("pick")), legend(view));
    return element("div", { class: "dpyauth-chosen" },
      element("h3", { class: "dpyauth-heading dpyauth-name" }, chosen.name, " ", ...marks(chosen)),
      element("p", { class: "dpyauth-summary" }, chosen.summary),
      element("dl", { class: "dpyauth-pairs" },
        element("dt", {}, t("access")),
        element("dd", {}, chosen.access.needs, " ", element("span", { class: `dpyauth-text-${chosen.access.tone}`, dir: "auto" }, chosen.access.has)),
        element("dt", {}, t("effect")),
        element("dd", { class: chosen.changes === "never" ? null : "dpyauth-text-warn" }, chosen.effect),
        element("dt", {}, t("answers")),
        element("dd", {}, chosen.kind)),
      element("form", { onsubmit: submit, autocomplete: "off", novalidate: true },
        element("div", { class: "dpyauth-halves" },
          element("div", {}, form(chosen)),
          element("div", { class: "dpyauth-request" },
            element("h4", { class: "dpyauth-heading" }, t("preview")),
            editor.node(),
            chosen.http ? element("div", { class: "dpyauth-line" },
              element("span", { class: "dpyauth-soft" }, t("as_http")),
              element("pre", { class: "dpyauth-code", id: `${id}-json`, tabindex: "0", role: "region", "aria-label": t("as_http"), dir: "ltr" })) : null,
            element("div", { id: `${id}-python`, role: "group", "aria-label": t("as_python") }),
            chosen.sends ? element("div", { class: "dpyauth-row dpyauth-send" },
              button(t("send"), null, { id: `${id}-send`, type: "submit", class: "dpyauth-button dpyauth-primary", disabled: !sendable(view) }),
              who(view),
              view.busy ? element("span", { class: "dpyauth-soft", role: "status" }, t("sending")) : null) : null))),
      ask?.call === chosen.name ? question(view) : null);
  }

  function seen(view) {
    if (ask && ask.loginid !== (view.account?.loginid ?? null)) drop(); // it was about another account
  }

  function body(view) {
    if (view.call && view.call.name !== shown) {
      shown = view.call.name;
      preview = null;
      insist = false;
      faults = {};
    }
    const made = element("div", { class: "dpyauth-panes" }, search(view), details(view), view.call ? reply.node(view) : null);
    list(made);
    if (view.call) show(made);
    return [
      panel.header(t("title"), view),
      panel.notice(view),
      view.ended ? panel.closed(view) : null,
      element("p", { class: "dpyauth-standing", id: `${id}-standing`, role: "status", dir: "auto" }, view.standing),
      made,
    ];
  }

  function reveal(name) {
    const field = find(named(name));
    const fold = field?.closest("details");
    if (fold) fold.open = true;
    field?.focus();
  }

  function heard(message, buffers) {
    if (reply.took(message, buffers)) return;
    if (message.preview) {
      if (message.preview.call !== call()?.name) return;
      preview = message.preview;
      insist = Boolean(message.insist) || insist;
      show();
      if (message.insist) reveal([...Object.keys(preview.wrong), ...preview.missing][0]);
      if (find(`${id}-send`)) enable();
    } else if (message.ask) {
      ask = message.ask;
      if (edited) {
        drop(); // what is edited now needs a Send of its own
        return;
      }
      ready = false;
      setTimeout(() => { ready = true; enable(); }, DELIBERATE);
      draw();
      (find(`${id}-typed`) ?? find(`${id}-ask`))?.focus();
      find(`${id}-ask`)?.scrollIntoView({ block: "nearest" });
    } else if (message.reply) {
      reply.set(message.reply);
      faults = message.reply.trouble?.fields ?? {};
      ask = null;
      draw();
    }
  }

  return () => {
    clearTimeout(pending);
    editor.end();
    panel.end();
  };
}

export default { render };
