// The sign-in panel. Shows `view`, which Python keeps; sends what the reader does as messages.
// The token is read from its field once, the field is emptied, and only then is it sent: it is never kept here.

const LAST = 1000; // ms for which the sign-in window shows that it is done
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

// The address of the callback page that the Jupyter server serves, or null where it does not.
const callbackPage = (async () => {
  try {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
    const address = new URL(`${config.baseUrl ?? document.body.dataset.baseUrl ?? "/"}dpyauth/callback`, window.location.origin);
    const answer = await fetch(address, { cache: "no-store", redirect: "error" });
    return answer.ok && (await answer.text()).includes("dpyauth") ? address.href : null;
  } catch {
    return null;
  }
})();

function render({ model, el }) {
  const id = `dpyauth-${Math.random().toString(36).slice(2)}`;
  const root = element("section", { class: "dpyauth-panel", "aria-label": "Sign in to Deriv" });
  let asking = false; // "use another token" was pressed while signed in
  let waiting = null;
  const typed = {}; // what the reader has changed, by field
  let drawn = null; // the phase on show
  el.append(root);
  // Keys typed here are for this panel, not for the notebook's shortcuts; only saving is left to the notebook.
  const ours = (event) => !((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") && event.stopPropagation();
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, ours);

  function send(message) {
    clearTimeout(waiting);
    try {
      model.send(message);
    } catch {
      shut();
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

  // The browser sign-in. A window of our own comes back to the Jupyter server's callback page, which hands over what
  // came back: only to the panel that opened it, which knows it by the window and by a nonce.

  let popup = null;
  let nonce = null;
  let automatic = false; // whether that window can come back by itself
  let link = null; // where to go by hand, when the window was blocked

  function shut(wait = 0) {
    const gone = popup;
    popup = nonce = link = null;
    if (gone) setTimeout(() => gone.close(), wait);
  }

  function begin(message) {
    popup = window.open("about:blank", "", "popup,width=600,height=780");
    link = null;
    callbackPage.then((callback) => send({ ...message, do: "browser", callback }));
  }

  function heard(message) {
    if (message?.browser === undefined) return;
    if (message.browser === null) {
      shut();
      return;
    }
    nonce = message.browser.nonce;
    automatic = message.browser.automatic && popup !== null;
    if (popup && !popup.closed) {
      popup.location.href = message.browser.url;
    } else {
      popup = null;
      link = message.browser.url;
    }
    draw();
  }

  function received(event) {
    if (!popup || event.source !== popup || event.origin !== window.location.origin) return;
    if (event.data?.dpyauth === "callback-ready" && nonce) {
      popup.postMessage({ dpyauth: "nonce", nonce }, window.location.origin);
    } else if (event.data?.dpyauth === "result" && nonce && event.data.nonce === nonce) {
      const message = { do: "returned", nonce, query: String(event.data.query) };
      nonce = null;
      send(message);
    }
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
      { class: `dpyauth-notice dpyauth-${view.notice.kind}`, role: view.notice.kind === "error" ? "alert" : "status" },
      element("strong", {}, view.notice.title),
      element("p", {}, view.notice.text),
      offer(view.notice.offer),
    );
  }

  // What a notice has a button for, to go on with.
  function offer(what) {
    if (what === "options") {
      const move = () => {
        typed.api = "options";
        ask(model.get("view").phase === "in");
      };
      return element("p", { class: "dpyauth-offer" },
        "Has Deriv moved you to its newer API?",
        element("button", { class: "dpyauth-button", type: "button", onclick: move }, "Sign in on options instead"));
    }
    if (what === undefined) return null;
    const make = what === "demo" ? () => send({ do: "create-demo" }) : () => begin({ ...entered(), create_demo: true });
    return element("p", { class: "dpyauth-offer" },
      element("button", { class: "dpyauth-button", type: "button", onclick: make }, "Create a demo account"));
  }

  // The API that is chosen; where none is, what an app ID of letters is for. Python guesses better, from the token too.
  function api(view) {
    const chosen = typed.api ?? view.api;
    return chosen || (view.apis.length === 1 ? view.apis[0] : /[a-z]/i.test(typed.app_id ?? (view.sandbox ? "" : view.app_id)) ? "options" : "");
  }

  // What stands in the field for the app ID: what was typed there, or what is usual with that API.
  function appIdOf(view) {
    const speaks = api(view);
    return typed.app_id ?? (speaks && speaks !== view.speaks ? view.app_ids[speaks] : view.app_id);
  }

  function entered() {
    const view = model.get("view");
    return {
      api: typed.api ?? view.api,
      app_id: appIdOf(view),
      redirect_url: api(view) === "options" ? (typed.redirect_url ?? view.redirect_url) : "",
      remember: typed.remember ?? view.remember,
    };
  }

  function input(name, value, help) {
    const field = element("input", {
      id: `${id}-${name}`, class: "dpyauth-input", type: "text", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-${name}-help`,
    });
    field.value = typed[name] ?? value;
    field.addEventListener("input", () => (typed[name] = field.value));
    return [field, element("p", { class: "dpyauth-help", id: `${id}-${name}-help` }, help)];
  }

  const APIS = { "": "automatic", v3: "v3 (API token)", options: "options (personal access token)" };

  function choices(view) {
    if (view.apis.length < 2) return null;
    const choice = element("select", { id: `${id}-api`, class: "dpyauth-input", "aria-describedby": `${id}-api-help` },
      ...["", ...view.apis].map((name) => element("option", { value: name }, APIS[name])));
    choice.value = typed.api ?? view.api;
    choice.addEventListener("change", () => {
      typed.api = choice.value;
      draw();
    });
    const details = element("details", { class: "dpyauth-more", open: typed.more ?? choice.value !== "" },
      element("summary", { id: `${id}-more` }, `More (Deriv API: ${choice.value || APIS[""]})`),
      element("label", { class: "dpyauth-label", for: `${id}-api` }, "Deriv API"),
      choice,
      element("p", { class: "dpyauth-help", id: `${id}-api-help` },
        "Deriv has an older API, v3, and a newer one, options. Automatic goes by the looks of token and app ID."));
    details.addEventListener("toggle", () => (typed.more = details.open));
    return details;
  }

  const TOKENS = {
    "": ["API token or personal access token", "Made at Deriv: under Account settings, API token (v3), or on developers.deriv.com (options)."],
    v3: ["API token", "Made at Deriv under Account settings, API token. To look at your account, tick Read and nothing else."],
    options: ["Personal access token", "Made on developers.deriv.com, under Dashboard, API tokens."],
  };

  function form(view) {
    const speaks = api(view);
    const [label, made] = TOKENS[speaks];
    const appId = input("app_id", appIdOf(view),
      speaks === "options"
        ? "The letters and digits that developers.deriv.com shows for your app."
        : "Yours, if you have registered an app at Deriv; otherwise leave what is there.");
    appId[0].addEventListener("input", () => api(view) !== speaks && draw());
    const token = element("input", {
      id: `${id}-token`, class: "dpyauth-input", type: "password", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-token-help`, "data-1p-ignore": true, "data-lpignore": "true",
    });
    const remember = element("input", { id: `${id}-remember`, type: "checkbox" });
    remember.checked = typed.remember ?? view.remember;
    remember.addEventListener("change", () => (typed.remember = remember.checked));
    const submit = (event) => {
      event.preventDefault();
      const message = { do: "sign-in", ...entered(), token: token.value };
      token.value = "";
      send(message);
    };
    const withDeriv = (signup) => () => begin({ ...entered(), signup });
    return element(
      "form",
      { class: "dpyauth-form", onsubmit: submit, autocomplete: "off", novalidate: true },
      notice(view),
      element("label", { class: "dpyauth-label", for: `${id}-token` }, label),
      token,
      element("p", { class: "dpyauth-help", id: `${id}-token-help` },
        view.sandbox ? "Paste a token, or choose a sample below." : `${made} It is not stored in this notebook.`),
      element("label", { class: "dpyauth-label", for: `${id}-app_id` }, "App ID"),
      ...appId,
      choices(view),
      element(
        "p",
        { class: "dpyauth-tick" },
        remember,
        element("label", { for: `${id}-remember` }, "Remember me on the computer that runs this notebook"),
      ),
      element(
        "div",
        { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button dpyauth-primary", type: "submit" }, "Sign in"),
        asking
          ? element("button", { class: "dpyauth-button", type: "button", onclick: () => ask(false) }, "Keep the present account")
          : null,
      ),
      element(
        "div",
        { class: "dpyauth-other" },
        element("span", { class: "dpyauth-label" }, "Without a token"),
        element("p", { class: "dpyauth-help" },
          view.sandbox
            ? "Sign in on a page, as at Deriv itself: for all accounts of a person at once."
            : "Sign in on Deriv's own page, for all your accounts at once. This needs an app ID of your own, with a redirect URL."),
        ...(speaks === "options" && !view.sandbox ? redirect(view) : []),
        element(
          "div",
          { class: "dpyauth-row" },
          element("button", { class: "dpyauth-button", type: "button", onclick: withDeriv(false) }, "Sign in with Deriv"),
          element("button", { class: "dpyauth-button", type: "button", onclick: withDeriv(true) }, "Sign up"),
        ),
      ),
      view.sandbox ? samples(view) : null,
    );
  }

  function redirect(view) {
    const [field, help] = input("redirect_url", view.redirect_url, "Exactly as it is registered for your app, letter by letter.");
    callbackPage.then((here) => here?.startsWith("https:") && help.append(` This notebook server's own: ${here}`));
    return [element("label", { class: "dpyauth-label", for: field.id }, "Redirect URL"), field, help];
  }

  function vouch(view) {
    return element(
      "div",
      { class: "dpyauth-form" },
      element("p", { class: "dpyauth-wait", role: "status", tabindex: "-1" },
        `The sign-in window came back with access to ${view.held.join(", ")}. Deriv did not say which sign-in that belongs to. Did you just sign in there yourself?`),
      element(
        "div",
        { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button dpyauth-primary", type: "button", onclick: () => send({ do: "confirm" }) }, "Yes, that was me"),
        element("button", { class: "dpyauth-button", type: "button", onclick: () => send({ do: "cancel" }) }, "No, cancel"),
      ),
    );
  }

  function browser(view) {
    if (view.held.length) return vouch(view);
    const address = element("input", {
      id: `${id}-address`, class: "dpyauth-input", type: "password", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-address-help`, "data-1p-ignore": true, "data-lpignore": "true",
    });
    const submit = (event) => {
      event.preventDefault();
      const message = { do: "pasted", address: address.value };
      address.value = "";
      send(message);
    };
    return element(
      "form",
      { class: "dpyauth-form", onsubmit: submit, autocomplete: "off", novalidate: true },
      notice(view),
      element(
        "p",
        { class: "dpyauth-wait", role: "status", tabindex: "-1" },
        link
          ? "Your browser blocked the window. Open the sign-in page yourself and sign in there."
          : automatic || view.listening
            ? "Sign in in the other window. This panel goes on by itself when you are done there."
            : "Sign in in the other window. When you are done there, paste the address that you ended at.",
      ),
      link ? element("p", { class: "dpyauth-link" }, element("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, "Open the sign-in page")) : null,
      element("label", { class: "dpyauth-label", for: `${id}-address` }, automatic || view.listening ? "If nothing happens here: the address you ended at" : "The address you ended at"),
      address,
      element("p", { class: "dpyauth-help", id: `${id}-address-help` },
        "Copy the whole text of that window's address bar, even if the page says that it cannot be reached, and paste it here. It stays hidden and is not stored."),
      element(
        "div",
        { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button dpyauth-primary", type: "submit" }, "Use this address"),
        element("button", { class: "dpyauth-button", type: "button", onclick: () => send({ do: "cancel" }) }, "Cancel"),
      ),
    );
  }

  function samples(view) {
    const choice = element(
      "select",
      { id: `${id}-sample`, class: "dpyauth-input" },
      ...Object.entries(view.samples).map(([name, labels]) =>
        element("optgroup", { label: `${name} API` }, ...labels.map((label) => element("option", { value: `${name}:${label}` }, label)))),
    );
    const use = () => {
      const [name, label] = choice.value.split(/:(.*)/s);
      send({ do: "sample", api: name, name: label });
    };
    return element(
      "div",
      { class: "dpyauth-samples" },
      element("label", { class: "dpyauth-label", for: `${id}-sample` }, "Sample tokens of the sandbox"),
      element(
        "div",
        { class: "dpyauth-row" },
        choice,
        element("button", { class: "dpyauth-button", type: "button", onclick: use }, "Use this sample"),
      ),
    );
  }

  function account(view) {
    const { loginid, currency, kind, scopes, source, api: speaks } = view.account;
    const connected = view.state === "signed in";
    return element(
      "div",
      { class: "dpyauth-account" },
      notice(view),
      element(
        "div",
        { class: "dpyauth-who", tabindex: "-1" },
        element("span", { class: "dpyauth-loginid" }, loginid),
        element("span", { class: "dpyauth-currency" }, currency || "no currency yet"),
        element("span", { class: `dpyauth-badge dpyauth-${kind}` }, kind === "demo" ? "Demo account" : "Real account"),
        element("span", { class: "dpyauth-badge dpyauth-api", title: "Which of Deriv's APIs this is" }, `${speaks} API`),
        element("span", { class: `dpyauth-connection ${connected ? "dpyauth-on" : "dpyauth-off"}` }, connected ? "connected" : "reconnecting…"),
      ),
      element(
        "div",
        { class: "dpyauth-scopes" },
        element("span", { class: "dpyauth-label" }, "This token may:"),
        ...(scopes.length ? scopes : ["not stated"]).map((scope) => element("span", { class: "dpyauth-badge dpyauth-scope" }, scope)),
      ),
      source ? element("p", { class: "dpyauth-help" }, `The token came from ${source}.`) : null,
      view.accounts.length ? siblings(view) : null,
      element(
        "div",
        { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button", type: "button", onclick: () => ask(true) }, "Use another token"),
        element("button", { class: "dpyauth-button", type: "button", onclick: () => send({ do: "sign-out" }) }, "Sign out"),
      ),
    );
  }

  function siblings(view) {
    const choose = (account) => () => send({ do: "choose", loginid: account.loginid });
    return element(
      "ul",
      { class: "dpyauth-siblings", "aria-label": "Your accounts" },
      ...view.accounts.map((account) =>
        element(
          "li",
          {},
          element("button", { class: "dpyauth-sibling", type: "button", id: `${id}-use-${account.loginid}`, "aria-pressed": String(account.current), disabled: account.current, onclick: choose(account) },
            element("span", { class: "dpyauth-strong" }, account.loginid),
            element("span", { class: `dpyauth-badge dpyauth-${account.kind}` }, account.kind === "demo" ? "Demo" : "Real"),
            element("span", { class: "dpyauth-money" }, [account.balance, account.currency].filter(Boolean).join(" ")),
            element("span", { class: "dpyauth-help" }, account.current ? "in use" : "use this"),
          ),
        ),
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
      browser: () => browser(view),
      in: () => (asking ? form(view) : account(view)),
      closed: () => element("p", { class: "dpyauth-closed", tabindex: "-1" }, "This session is closed. Run the cell with login() for a new one."),
    }[view.phase];
    const focused = root.getRootNode().activeElement;
    const within = root.contains(focused);
    const field = find(`${id}-token`) ?? find(`${id}-address`);
    drawn = root.dataset.phase = view.phase;
    root.replaceChildren(header(view), body(), status);
    const again = find(field?.id);
    if (again) again.value = field.value;
    if (within) (find(focused.id) ?? find(`${id}-token`) ?? root.querySelector("[tabindex='-1']"))?.focus();
  }

  function find(name) {
    return name ? root.querySelector(`#${name}`) : null;
  }

  function changed() {
    const view = model.get("view");
    clearTimeout(waiting);
    status.hidden = true;
    // A sign-in that was refused leaves the form open; one that succeeded closes it.
    if (view.phase === "form" || (view.phase === "in" && drawn === "busy" && view.notice?.kind !== "error")) asking = false;
    // When it has come back, that window is just going to its last page: Chromium then does not hear that it should close.
    if (view.phase !== "browser" && drawn === "browser") shut(view.phase === "form" ? 0 : LAST);
    draw();
  }

  model.on("change:view", changed);
  model.on("msg:custom", heard);
  window.addEventListener("message", received);
  draw();
  return () => {
    clearTimeout(waiting);
    model.off("change:view", changed);
    model.off("msg:custom", heard);
    window.removeEventListener("message", received);
  };
}

export default { render };
