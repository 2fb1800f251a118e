// The sign-in panel. Shows `view`, which Python keeps; sends what the reader does as messages.
// The token is read from its field once, the field is emptied, and only then is it sent: it is never kept here.

const WAIT = 4000; // after this many ms without an answer, say that the kernel is busy or gone

function element(tag, properties = {}, ...children) {
  const { class: classes, ...rest } = properties;
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function render({ model, el }) {
  const id = `dpyauth-${Math.random().toString(36).slice(2)}`;
  const root = element("section", { class: "dpyauth-panel", "aria-label": "Sign in to Deriv" });
  let asking = false; // "use another token" was pressed while signed in
  let waiting = null;
  let typedAppId = null;
  let drawn = null; // the phase on show
  el.append(root);
  // Keys typed here are for this panel, not for the notebook's shortcuts.
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, (event) => event.stopPropagation());

  function send(message) {
    clearTimeout(waiting);
    try {
      model.send(message);
    } catch {
      say("The kernel was restarted, and this panel belongs to the one before. Run the cell with login() again.");
      return;
    }
    waiting = setTimeout(
      say,
      WAIT,
      "No answer from the kernel yet. It is busy with another cell, or it was restarted: then run the cell with login() again.",
    );
  }

  function say(text) {
    status.textContent = text;
    status.hidden = false;
  }

  const status = element("p", { class: "dpyauth-status", role: "status", "aria-live": "polite", hidden: true });

  function header(view) {
    return element(
      "header",
      { class: "dpyauth-header" },
      element("strong", { class: "dpyauth-title" }, view.phase === "in" && !asking ? "Signed in to Deriv" : "Sign in to Deriv"),
      view.sandbox
        ? element("span", { class: "dpyauth-badge dpyauth-sandbox", title: "A Deriv inside this machine; no real money" }, "Sandbox: nothing here is real")
        : element("span", { class: "dpyauth-host" }, view.host),
    );
  }

  function notice(view) {
    if (!view.notice) return null;
    return element(
      "div",
      { class: "dpyauth-notice", role: "alert" },
      element("strong", {}, view.notice.title),
      element("p", {}, view.notice.text),
    );
  }

  function form(view) {
    const appId = element("input", {
      id: `${id}-app`, class: "dpyauth-input", type: "text", inputmode: "numeric", autocomplete: "off",
      spellcheck: "false", "aria-describedby": `${id}-app-help`,
    });
    appId.value = typedAppId ?? view.app_id;
    appId.addEventListener("input", () => (typedAppId = appId.value));
    const token = element("input", {
      id: `${id}-token`, class: "dpyauth-input", type: "password", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-token-help`, "data-1p-ignore": true, "data-lpignore": "true",
    });
    const submit = (event) => {
      event.preventDefault();
      const message = { do: "sign-in", app_id: appId.value, token: token.value };
      token.value = "";
      send(message);
    };
    return element(
      "form",
      { class: "dpyauth-form", onsubmit: submit, autocomplete: "off", novalidate: true },
      notice(view),
      element("label", { class: "dpyauth-label", for: `${id}-token` }, "API token"),
      token,
      element("p", { class: "dpyauth-help", id: `${id}-token-help` },
        view.sandbox
          ? "Paste a token, or choose a sample below."
          : "Made at Deriv under Account settings, API token. To look at your account, tick Read and nothing else. It is not stored in this notebook."),
      element("label", { class: "dpyauth-label", for: `${id}-app` }, "App ID"),
      appId,
      element("p", { class: "dpyauth-help", id: `${id}-app-help` }, "Yours, if you have registered an app at Deriv; otherwise leave what is there."),
      element(
        "div",
        { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button dpyauth-primary", type: "submit" }, "Sign in"),
        asking
          ? element("button", { class: "dpyauth-button", type: "button", onclick: () => ask(false) }, "Keep the present account")
          : null,
      ),
      view.samples.length ? samples(view) : null,
    );
  }

  function samples(view) {
    const choice = element(
      "select",
      { id: `${id}-sample`, class: "dpyauth-input" },
      ...view.samples.map((name) => element("option", { value: name }, name)),
    );
    return element(
      "div",
      { class: "dpyauth-samples" },
      element("label", { class: "dpyauth-label", for: `${id}-sample` }, "Sample tokens of the sandbox"),
      element(
        "div",
        { class: "dpyauth-row" },
        choice,
        element("button", { class: "dpyauth-button", type: "button", onclick: () => send({ do: "sample", name: choice.value }) }, "Use this sample"),
      ),
    );
  }

  function account(view) {
    const { loginid, currency, kind, scopes } = view.account;
    const connected = view.state === "signed in";
    return element(
      "div",
      { class: "dpyauth-account" },
      element(
        "div",
        { class: "dpyauth-who", tabindex: "-1" },
        element("span", { class: "dpyauth-loginid" }, loginid),
        element("span", { class: "dpyauth-currency" }, currency || "no currency yet"),
        element("span", { class: `dpyauth-badge dpyauth-${kind}` }, kind === "demo" ? "Demo account" : "Real account"),
        element("span", { class: `dpyauth-connection ${connected ? "dpyauth-on" : "dpyauth-off"}` }, connected ? "connected" : "reconnecting…"),
      ),
      element(
        "div",
        { class: "dpyauth-scopes" },
        element("span", { class: "dpyauth-label" }, "This token may:"),
        ...(scopes.length ? scopes : ["not stated"]).map((scope) => element("span", { class: "dpyauth-badge dpyauth-scope" }, scope)),
      ),
      element(
        "div",
        { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button", type: "button", onclick: () => ask(true) }, "Use another token"),
        element("button", { class: "dpyauth-button", type: "button", onclick: () => send({ do: "sign-out" }) }, "Sign out"),
      ),
    );
  }

  function busy(view) {
    return element(
      "div",
      { class: "dpyauth-busy", role: "status", tabindex: "-1" },
      element("span", { class: "dpyauth-spinner", "aria-hidden": "true" }),
      element("span", {}, `Signing in at ${view.sandbox ? "the sandbox" : view.host}…`),
      element("button", { class: "dpyauth-button", type: "button", onclick: () => send({ do: "cancel" }) }, "Cancel"),
    );
  }

  function ask(yes) {
    asking = yes;
    if (model.get("view").notice) send({ do: "dismiss" }); // what was said is about an earlier try
    draw();
    find(`${id}-token`)?.focus();
  }

  // News may come at any time: what is being typed, and the place where, are carried over.
  function draw() {
    const view = model.get("view");
    const body = {
      form: () => form(view),
      busy: () => busy(view),
      in: () => (asking ? form(view) : account(view)),
      closed: () => element("p", { class: "dpyauth-closed", tabindex: "-1" }, "This session is closed. Run the cell with login() for a new one."),
    }[view.phase];
    const focused = root.getRootNode().activeElement;
    const within = root.contains(focused);
    const typed = find(`${id}-token`)?.value ?? "";
    drawn = root.dataset.phase = view.phase;
    root.replaceChildren(header(view), body(), status);
    const token = find(`${id}-token`);
    if (token) token.value = typed;
    if (within) (find(focused.id) ?? token ?? root.querySelector("[tabindex='-1']"))?.focus();
  }

  function find(name) {
    return name ? root.querySelector(`#${name}`) : null;
  }

  function changed() {
    const view = model.get("view");
    clearTimeout(waiting);
    status.hidden = true;
    // A sign-in that was refused leaves the form open; one that succeeded closes it.
    if (view.phase === "form" || (view.phase === "in" && drawn === "busy" && !view.notice)) asking = false;
    draw();
  }

  model.on("change:view", changed);
  draw();
  return () => {
    clearTimeout(waiting);
    model.off("change:view", changed);
  };
}

export default { render };
