// The sign-in panel. The token is read from its field once, the field is emptied, and only then is it sent: it is never
// kept here.

const AGAIN = 1000; // ms until the sign-in window is told once more to close

function render({ model, el }) {
  const panel = mount({ model, el, label: "title", body, heard, seen, live: false });
  const { id, t, draw } = panel;
  const typed = {}; // what the user has changed, by field
  let asking = false; // "use another token" was pressed while signed in
  let latest = model.get("view").phase;
  let question = ""; // the account that is asked about
  let marked = ""; // the field that the latest notice was about, and what it said
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
    // A sign-in that was refused leaves the form open; one that succeeded closes it, and what was typed has served.
    const succeeded = latest === "in" && before === "busy" && view.notice?.kind !== "error";
    if (latest === "form" || succeeded) asking = false;
    if (succeeded) for (const { api } of view.forms) delete typed[`app_id-${api}`];
    if (latest !== "browser" && before === "browser") shut();
  }

  function body(view) {
    panel.root.dataset.phase = view.phase;
    const shown = {
      form: () => form(view),
      busy: () => busy(view),
      browser: () => (view.held.length ? vouch(view) : browser(view)),
      in: () => (asking ? form(view) : account(view)),
      closed: () => panel.closed(view),
    }[view.phase];
    if (exported && !view.account) return [panel.header(t("title"), view), element("p", {}, t("still_out"))];
    const asks = view.phase === "form" || (view.phase === "in" && asking);
    const title = view.phase === "in" && !asking ? t("title_in") : t("title");
    const host = asks && !view.elsewhere ? null : element("span", { class: "dpyauth-host", dir: "auto" }, view.host);
    panel.root.classList.toggle("dpyauth-roomy", asks);
    return [panel.header(title, view, host), shown()];
  }

  // What a notice has a button for, to go on with.
  function notice(view) {
    const offers = {
      "go on": goOn,
      move: () => [t("offer_current"), button(t("sign_in_current"), () => ask(view.phase === "in"))],
      demo: () => [button(t("create_demo"), () => send({ do: "create-demo" }))],
      "demo with Deriv": () => [button(t("create_demo"), () => begin({ ...entered(view.forms[0]), create_demo: true }))],
    };
    const offer = offers[view.notice?.offer];
    const made = offer ? panel.notice(view, element("p", { class: "dpyauth-offer" }, offer(view))) : panel.notice(view);
    made?.querySelector("p").replaceChildren(...linked(view, view.notice.text));
    return made;
  }

  // A text in which the addresses of Deriv's pages are links; no others, which could be a server's own words.
  function linked(view, text) {
    const known = view.forms.flatMap(({ apps, tokens, account }) => [apps, tokens, account]);
    let parts = [text];
    for (const address of known.sort((one, other) => other.length - one.length)) {
      const cut = (part) => part.split(address).flatMap((piece, nth) => (nth ? [away(address, address), piece] : [piece]));
      parts = parts.flatMap((part) => (typeof part === "string" ? cut(part) : [part]));
    }
    return parts;
  }

  // The token is of another API than the field: it is kept for that one.
  function goOn(view) {
    const right = view.forms.find(({ api }) => api === view.kept);
    const here = view.forms.find(({ api }) => api === view.notice.api);
    return [
      right ? button(t("go_on", { title: right.title }), () => send({ do: "sign-in", token: "", ...entered(right) })) : null,
      away(here.tokens, t(`make_${here.api}`, { scope: here.scope })),
    ];
  }

  const wrong = (view, name) => view.notice?.field === name.split("-")[0] && view.notice.api === name.split("-")[1];
  const appIdOf = (form) => typed[`app_id-${form.api}`] ?? form.app_id;

  function entered(form) {
    const view = model.get("view");
    return {
      api: form.api,
      app_id: appIdOf(form),
      redirect_url: form.names_redirect ? (typed[`redirect_url-${form.api}`] ?? view.redirect_url) : "",
      remember: typed.remember ?? view.remember,
    };
  }

  const away = (address, text, properties = {}) =>
    element("a", { href: address, target: "_blank", rel: "noopener", ...properties }, text);
  const label = (name, text) => element("label", { class: "dpyauth-label", for: `${id}-${name}` }, text);
  const help = (name, ...text) => element("p", { class: "dpyauth-help", id: `${id}-${name}-help` }, text);

  function field(name, properties) {
    return element("input", {
      id: `${id}-${name}`, class: "dpyauth-input", type: "text", dir: "ltr", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-${name}-help`, ...properties,
    });
  }

  const secret = (name, properties = {}) =>
    field(name, { type: "password", "data-1p-ignore": true, "data-lpignore": "true", ...properties });

  function plain(name, value, properties = {}) {
    const made = field(name, { "data-set": true, ...properties });
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

  const submit = (text, properties = {}) =>
    element("button", { class: "dpyauth-button dpyauth-primary", type: "submit", ...properties }, text);
  const cancel = () => button(t("cancel"), () => send({ do: "cancel" }));

  function form(view) {
    const [first, ...others] = view.forms;
    const remember = element("input", { id: `${id}-remember`, type: "checkbox", "data-set": true });
    remember.checked = typed.remember ?? view.remember;
    remember.addEventListener("change", () => (typed.remember = remember.checked));
    const placed = view.forms.some(({ api }) => api === view.notice?.api);
    const said = JSON.stringify(placed ? view.notice : "");
    const fresh = placed && said !== marked;
    marked = said;
    return element("div", { class: "dpyauth-form" },
      placed ? null : notice(view),
      ways(view, first, fresh),
      view.may_remember
        ? element("p", { class: "dpyauth-tick" }, remember, element("label", { for: `${id}-remember` }, t("remember")))
        : null,
      asking ? element("div", { class: "dpyauth-row" }, button(t("keep_present"), () => ask(false))) : null,
      view.sandbox ? samples(view, first) : element("p", { class: "dpyauth-new" }, t("no_account_yet"), " ", away(first.account, t("open_account"))),
      others.map((form) => folded(view, form, fresh)));
  }

  // Where to begin: at the first empty field.
  const firstOf = ({ forms: [first] }) => `${appIdOf(first) ? "token" : "app_id"}-${first.api}`;

  // Where to go on: at the field that is wrong, or at the button that tries again.
  function focusOf(view) {
    const { notice: said, kept } = view;
    if (said?.field) return `${said.field}-${said.api}`;
    return kept && said?.offer !== "move" ? `again-${kept}` : firstOf(view);
  }

  // Both ways to sign in on one API: with a token, and with the browser.
  function ways(view, form, fresh) {
    const focus = focusOf(view);
    const marks = (name) => ({
      "aria-invalid": wrong(view, name) ? "true" : null,
      "aria-describedby": wrong(view, name) ? `${id}-${name}-wrong ${id}-${name}-help` : `${id}-${name}-help`,
      "data-focus": focus === name,
      "data-grab": fresh && focus === name,
    });
    const below = (name, ...text) => element("div", { class: "dpyauth-below-field" },
      wrong(view, name) ? element("div", { id: `${id}-${name}-wrong` }, notice(view)) : null,
      help(name, ...text));
    const [appName, tokenName, backName] = ["app_id", "token", "redirect_url"].map((name) => `${name}-${form.api}`);
    const kept = view.kept === form.api;
    const appId = plain(appName, form.app_id, marks(appName));
    const token = secret(tokenName, { ...marks(tokenName), placeholder: kept ? t("kept") : null });
    const make = view.sandbox ? [] : [
      away(form.apps, t(`register_${form.api}`), { class: "dpyauth-to-apps" }),
      away(form.tokens, t(`make_${form.api}`, { scope: form.scope }), { class: "dpyauth-to-tokens" }),
    ];
    const byToken = asked(() => ({ do: "sign-in", ...entered(form) }), "token", token,
      label(appName, t("app_id")),
      appId,
      below(appName, t(`app_id_help_${form.api}`)),
      label(tokenName, t(`token_${form.api}`)),
      token,
      below(tokenName, t(kept ? "token_help_kept" : view.sandbox ? "token_help_sandbox" : "token_help")),
      element("div", { class: "dpyauth-row" }, submit(t(kept ? "try_again" : "sign_in"), { "data-focus": focus === `again-${form.api}` })),
      make);
    byToken.classList.add("dpyauth-by-token");

    const go = button(t("with_deriv"), () => begin(entered(form)), { "aria-describedby": `${id}-${form.api}-needs` });
    const needs = element("p", { class: "dpyauth-help dpyauth-needs", id: `${id}-${form.api}-needs` });
    const check = () => {
      go.disabled = !form.registers && ["", form.shared].includes(appId.value.trim());
      needs.textContent = go.disabled ? t("needs_app_id") : "";
    };
    appId.addEventListener("input", check);
    check();
    const about = t(view.sandbox ? "browser_help_sandbox" : `browser_help_${form.api}`);
    const back = form.names_redirect
      ? [label(backName, t("redirect")), plain(backName, view.redirect_url, { ...marks(backName), placeholder: t("redirect_example") }), below(backName, about, here())]
      : [element("p", { class: "dpyauth-help" }, about)];
    const byBrowser = element("div", { class: "dpyauth-by-browser" },
      element("p", { class: "dpyauth-heading" }, t("in_browser")), back, element("div", { class: "dpyauth-row" }, go), needs);
    return element("div", { class: "dpyauth-ways" }, byToken, byBrowser);
  }

  // The callback page of the Jupyter server, where Deriv would take its address.
  function here() {
    const said = element("span", {});
    callbackPage.then((address) => address?.startsWith("https:") && said.append(" ", t("redirect_here", { address })));
    return said;
  }

  function folded(view, form, fresh) {
    const needed = view.notice?.api === form.api || (view.kept === form.api && view.notice?.offer !== "go on");
    const details = element("details", { class: "dpyauth-more", id: `${id}-more-${form.api}`, open: needed || (typed.more ?? form.open), "data-set": true },
      element("summary", {}, t("older")),
      element("p", { class: "dpyauth-help" }, t("older_help")),
      ways(view, form, fresh),
      view.sandbox ? samples(view, form) : null);
    details.addEventListener("toggle", () => (typed.more = details.open));
    return details;
  }

  function samples(view, { api }) {
    const choice = element("select", { id: `${id}-sample-${api}`, class: "dpyauth-input" },
      view.samples[api].map((text) => element("option", { value: text }, text)));
    return element("div", { class: "dpyauth-samples" },
      label(`sample-${api}`, t("samples")),
      element("div", { class: "dpyauth-row" }, choice, button(t("use_sample"), () => send({ do: "sample", api, name: choice.value }))));
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
      element("span", {}, view.sandbox ? t("under_way_sandbox") : t("under_way")),
      cancel());
  }

  function account(view) {
    const { loginid, currency, kind, source, api: speaks } = view.account;
    const connected = view.state === "signed in";
    return element("div", { class: "dpyauth-account" },
      notice(view),
      element("div", { class: "dpyauth-who", tabindex: "-1" },
        element("span", { class: "dpyauth-loginid", dir: "ltr" }, loginid),
        element("span", { class: "dpyauth-currency" }, currency || t("no_currency")),
        badge(kind, t(kind)),
        badge("api", t("api", { api: speaks }), { title: t("api_help") }),
        element("span", { class: `dpyauth-connection ${connected ? "dpyauth-on" : "dpyauth-off"}` }, connected ? t("connected") : t("reconnecting"))),
      element("div", { class: "dpyauth-scopes" },
        element("span", { class: "dpyauth-label" }, t("scopes")),
        view.scopes.map(({ text }) => badge("scope", text))),
      source ? element("p", { class: "dpyauth-help", dir: "auto" }, t("source", { source })) : null,
      view.accounts.length ? accounts(panel, view) : null,
      exported ? null : element("div", { class: "dpyauth-row" },
        button(t("another"), () => ask(true)),
        button(t("sign_out"), () => send({ do: "sign-out" }))));
  }

  function ask(yes) {
    asking = yes;
    if (model.get("view").notice) send({ do: "dismiss" }); // what was said is about an earlier try
    draw();
    panel.find(`${id}-${firstOf(model.get("view"))}`)?.focus();
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
