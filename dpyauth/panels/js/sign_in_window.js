import { callbackPage } from "./callback.js";

const AGAIN = 1000; // ms until the window is told once more to close

/**
 * Sign in with Deriv in a window of the browser.
 *
 * The window comes back to the Jupyter server's callback page, which hands over what came back, and only to the panel
 * that opened it: that knows it by the window, its origin, and a nonce. Or it comes back to the listener in the kernel,
 * which does not answer at once: closed before that, the window leaves nothing in the history.
 *
 * Return `begin(entries)`, which opens it; `heard(message)`, which takes Python's answer; `shut()`; `link()`, where to go
 * by hand when the browser has blocked the window; `alone()`, whether the window can come back by itself; and `end()`.
 *
 * @param {object} options
 * @param {(message: MessageToPython) => void} options.send
 * @param {() => void} options.draw
 */
export function signInWindow({ send, draw }) {
  /** @type {Window | null} */
  let popup = null;
  /** @type {string | null} */
  let nonce = null;
  /** @type {string | null} */
  let link = null;
  let automatic = false;

  // Twice: Chromium does not hear it while the window is just going to another page.
  function shut() {
    const gone = popup;
    popup = nonce = link = null;
    gone?.close();
    setTimeout(() => gone?.close(), AGAIN);
  }

  // At once, or the browser would block a window that no click has opened; where it goes is known only later.
  function begin(/** @type {SignInEntries & { create_demo?: boolean }} */ entries) {
    popup = window.open("about:blank", "", "popup,width=600,height=780");
    link = null;
    callbackPage.then((callback) => send({ ...entries, do: "browser", callback, window: popup !== null }));
  }

  function heard(/** @type {MessageFromPython} */ { browser }) {
    if (browser === undefined) return;
    if (browser === null) {
      shut();
      return;
    }
    nonce = browser.nonce;
    automatic = browser.automatic && popup !== null;
    if (popup && !popup.closed) {
      popup.location.href = browser.url;
    } else {
      popup = null;
      link = browser.url;
    }
    draw();
  }

  function received(/** @type {MessageEvent} */ { source, origin, data }) {
    if (!popup || source !== popup || origin !== window.location.origin || !nonce) return;
    if (data?.dpyauth === "callback-ready") {
      popup.postMessage({ dpyauth: "nonce", nonce }, window.location.origin);
    } else if (data?.dpyauth === "result" && data.nonce === nonce) {
      const returned = nonce;
      nonce = null; // good once
      send({ do: "returned", nonce: returned, query: String(data.query) });
    }
  }

  window.addEventListener("message", received);
  const end = () => window.removeEventListener("message", received);
  return { begin, heard, shut, end, link: () => link, alone: () => automatic };
}
