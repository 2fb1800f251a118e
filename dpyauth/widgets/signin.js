// The sign-in panel. The token is read from its field once, the field is emptied, and only then is it sent: it is never
// kept here.

const AGAIN = 1000; // ms until the sign-in window is told once more to close

// Of the APIs, and of none: words.
const CHOICES = { "": "choice_any", v3: "choice_v3", options: "choice_options" };
const TOKENS = { "": "token", v3: "token_v3", options: "token_options" };
const TOKEN_HELP = { "": "token_help", v3: "token_help_v3", options: "token_help_options" };

function render({ model, el }) {
  const panel = mount({ model, el, label: "title", body, heard, seen, live: false });
  const { id, t, draw } = panel;
  const typed = {}; // what the reader has changed, by field
  let asking = false; // "use another token" was pressed while signed in
  let latest = model.get("view").phase;
  let question = ""; // the account that is asked about
  window.addEventListener("message", received);

  function send(message) {
    if (!panel.send(message)) shut();
  }

  // The browser sign-in. A window of our own comes back to the Jupyter server's callback page, which hands over what
  // came back: only to the panel that opened it, which knows it by the window and by a nonce. Or it comes back to the
  // listener in the kernel, which does not answer at once: closed before that, the window leaves nothing in the history.

  let popup = null;
  let nonce = null;
  let automatic = false; // whether that window can come back by itself
  let link = null; // where to go by hand, when the window was blocked

  // Twice: Chromium does not hear it while the window is just going to another page.
  function shut() {
    const gone = popup;
    popup = nonce = link = null;
    gone?.close();
    setTimeout(() => gone?.close(), AGAIN);
  }

  function begin(message) {
    popup = window.open("about:blank", "", "popup,width=600,height=780");
    link = null;
    callbackPage.then((callback) => send({ ...message, do: "browser", callback, window: popup !== null }));
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

  function seen(view) {
    const before = latest;
    latest = view.phase;
    // A sign-in that was refused leaves the form open; one that succeeded closes it.
    if (latest === "form" || (latest === "in" && before === "busy" && view.notice?.kind !== "error")) asking = false;
    if (latest !== "browser" && before === "browser") shut();
  }

  function body(view) {
    panel.root.dataset.phase = view.phase;
    const shown = {
      form: () => form(view),
      busy: () => busy(view),
      browser: () => (view.held.length ? vouch(view) : browser(view)),
      in: () => (asking ? form(view) : account(view)),
      closed: () => element("p", { class: "dpyauth-closed", tabindex: "-1" }, t("closed")),
    }[view.phase];
    const title = view.phase === "in" && !asking ? t("title_in") : t("title");
    return [panel.header(title, view, element("span", { class: "dpyauth-host", dir: "auto" }, view.host)), shown()];
  }

  // What a notice has a button for, to go on with.
  function notice(view) {
    const what = view.notice?.offer;
    if (what === undefined) return panel.notice(view);
    const move = () => {
      typed.api = "options";
      ask(view.phase === "in");
    };
    const make = what === "demo" ? () => send({ do: "create-demo" }) : () => begin({ ...entered(), create_demo: true });
    const offer = what === "options" ? [t("offer_options"), button(t("sign_in_options"), move)] : [button(t("create_demo"), make)];
    return panel.notice(view, element("p", { class: "dpyauth-offer" }, offer));
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

  const label = (name, text) => element("label", { class: "dpyauth-label", for: `${id}-${name}` }, text);
  const help = (name, text) => element("p", { class: "dpyauth-help", id: `${id}-${name}-help` }, text);

  function field(name, properties) {
    return element("input", {
      id: `${id}-${name}`, class: "dpyauth-input", type: "text", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-${name}-help`, ...properties,
    });
  }

  const secret = (name, properties = {}) =>
    field(name, { type: "password", "data-1p-ignore": true, "data-lpignore": "true", ...properties });

  function plain(name, value) {
    const made = field(name, { "data-set": true });
    made.value = typed[name] ?? value;
    made.addEventListener("input", () => (typed[name] = made.value));
    return made;
  }

  // A form with a secret in it, which is sent once.
  function asked(what, name, input, ...children) {
    const submit = (event) => {
      event.preventDefault();
      const message = { ...what(), [name]: input.value };
      input.value = "";
      send(message);
    };
    return element("form", { class: "dpyauth-form", onsubmit: submit, autocomplete: "off", novalidate: true }, ...children);
  }

  const submit = (text) => element("button", { class: "dpyauth-button dpyauth-primary", type: "submit" }, text);
  const cancel = () => button(t("cancel"), () => send({ do: "cancel" }));

  function form(view) {
    const speaks = api(view);
    const appId = plain("app_id", appIdOf(view));
    appId.addEventListener("input", () => api(view) !== speaks && draw());
    const token = secret("token", { "data-focus": true });
    const remember = element("input", { id: `${id}-remember`, type: "checkbox", "data-set": true });
    remember.checked = typed.remember ?? view.remember;
    remember.addEventListener("change", () => (typed.remember = remember.checked));
    return asked(() => ({ do: "sign-in", ...entered() }), "token", token,
      notice(view),
      label("token", t(TOKENS[speaks])),
      token,
      help("token", view.sandbox ? t("token_help_sandbox") : t(TOKEN_HELP[speaks])),
      label("app_id", t("app_id")),
      appId,
      help("app_id", speaks === "options" ? t("app_id_help_options") : t("app_id_help")),
      view.apis.length > 1 ? choices(view) : null,
      element("p", { class: "dpyauth-tick" }, remember, element("label", { for: `${id}-remember` }, t("remember"))),
      element("div", { class: "dpyauth-row" },
        submit(t("sign_in")),
        asking ? button(t("keep_present"), () => ask(false)) : null),
      without(view, speaks),
      view.sandbox ? samples(view) : null);
  }

  function choices(view) {
    const choice = element("select", { id: `${id}-api`, class: "dpyauth-input", "aria-describedby": `${id}-api-help`, "data-set": true },
      ["", ...view.apis].map((name) => element("option", { value: name }, t(CHOICES[name]))));
    choice.value = typed.api ?? view.api;
    choice.addEventListener("change", () => {
      typed.api = choice.value;
      draw();
    });
    const details = element("details", { class: "dpyauth-more", id: `${id}-details`, open: typed.more ?? choice.value !== "", "data-set": true },
      element("summary", { id: `${id}-more` }, t("more", { api: choice.value || t(CHOICES[""]) })),
      label("api", t("choice")),
      choice,
      help("api", t("choice_help")));
    details.addEventListener("toggle", () => (typed.more = details.open));
    return details;
  }

  function without(view, speaks) {
    const withDeriv = (signup) => () => begin({ ...entered(), signup });
    return element("div", { class: "dpyauth-other" },
      element("span", { class: "dpyauth-label" }, t("without")),
      element("p", { class: "dpyauth-help" }, view.sandbox ? t("without_help_sandbox") : t("without_help")),
      speaks === "options" && !view.sandbox ? redirect(view) : null,
      element("div", { class: "dpyauth-row" },
        button(t("with_deriv"), withDeriv(false)),
        button(t("sign_up"), withDeriv(true))));
  }

  function redirect(view) {
    const about = help("redirect_url", t("redirect_help"));
    callbackPage.then((here) => here?.startsWith("https:") && about.append(" ", t("redirect_here", { address: here })));
    return [label("redirect_url", t("redirect")), plain("redirect_url", view.redirect_url), about];
  }

  function samples(view) {
    const choice = element("select", { id: `${id}-sample`, class: "dpyauth-input" },
      Object.entries(view.samples).map(([name, labels]) =>
        element("optgroup", { label: t("api", { api: name }) },
          labels.map((text) => element("option", { value: `${name}:${text}` }, text)))));
    const use = () => {
      const [name, text] = choice.value.split(/:(.*)/s);
      send({ do: "sample", api: name, name: text });
    };
    return element("div", { class: "dpyauth-samples" },
      label("sample", t("samples")),
      element("div", { class: "dpyauth-row" }, choice, button(t("use_sample"), use)));
  }

  function vouch(view) {
    return element("div", { class: "dpyauth-form" },
      element("p", { class: "dpyauth-wait", role: "status", tabindex: "-1" }, t("vouch", { loginids: view.held.join(", ") })),
      element("div", { class: "dpyauth-row" },
        button(t("vouch_yes"), () => send({ do: "confirm" }), { class: "dpyauth-button dpyauth-primary" }),
        button(t("vouch_no"), () => send({ do: "cancel" }))));
  }

  function browser(view) {
    const alone = automatic || view.listening;
    const address = secret("address");
    return asked(() => ({ do: "pasted" }), "address", address,
      notice(view),
      element("p", { class: "dpyauth-wait", role: "status", tabindex: "-1" },
        link ? t("blocked") : alone ? t("window_alone") : t("window")),
      link
        ? element("p", { class: "dpyauth-link" }, element("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, t("open_page")))
        : null,
      label("address", alone ? t("address_alone") : t("address")),
      address,
      help("address", t("address_help")),
      element("div", { class: "dpyauth-row" }, submit(t("use_address")), cancel()));
  }

  function busy(view) {
    return element("div", { class: "dpyauth-busy", role: "status", tabindex: "-1" },
      element("span", { class: "dpyauth-spinner", "aria-hidden": "true" }),
      element("span", {}, view.sandbox ? t("under_way_sandbox") : t("under_way", { host: view.host })),
      cancel());
  }

  function account(view) {
    const { loginid, currency, kind, scopes, source, api: speaks } = view.account;
    const connected = view.state === "signed in";
    return element("div", { class: "dpyauth-account" },
      notice(view),
      element("div", { class: "dpyauth-who", tabindex: "-1" },
        element("span", { class: "dpyauth-loginid" }, loginid),
        element("span", { class: "dpyauth-currency" }, currency || t("no_currency")),
        badge(kind, kind === "demo" ? t("demo") : t("real")),
        badge("api", t("api", { api: speaks }), { title: t("api_help") }),
        element("span", { class: `dpyauth-connection ${connected ? "dpyauth-on" : "dpyauth-off"}` }, connected ? t("connected") : t("reconnecting"))),
      element("div", { class: "dpyauth-scopes" },
        element("span", { class: "dpyauth-label" }, t("scopes")),
        (scopes.length ? scopes : [t("scopes_unknown")]).map((scope) => badge("scope", scope))),
      source ? element("p", { class: "dpyauth-help", dir: "auto" }, t("source", { source })) : null,
      view.accounts.length ? accounts(panel, view) : null,
      element("div", { class: "dpyauth-row" },
        button(t("another"), () => ask(true)),
        button(t("sign_out"), () => send({ do: "sign-out" }))));
  }

  function ask(yes) {
    asking = yes;
    if (model.get("view").notice) send({ do: "dismiss" }); // what was said is about an earlier try
    draw();
    panel.find(`${id}-token`)?.focus();
  }

  const changed = () => (question = answering(panel, model.get("view"), question));
  model.on("change:view", changed);
  return () => {
    model.off("change:view", changed);
    window.removeEventListener("message", received);
    panel.end();
  };
}

export default { render };
