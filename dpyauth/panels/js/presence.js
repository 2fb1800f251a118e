const ALIVE = 10000; // ms between two messages that the panel is shown

/**
 * Call `here` while a panel is shown: at once when it appears, and then again and again.
 *
 * Python keeps a panel up to date only as long as it hears of it. A panel in a tab behind another one is not shown.
 * Return a function that ends it.
 *
 * @param {HTMLElement} root
 * @param {() => void} here
 * @returns {() => void}
 */
export function tellPresence(root, here) {
  const tell = () => {
    if (document.visibilityState === "visible" && (root.checkVisibility?.() ?? true)) here();
  };
  const timer = setInterval(tell, ALIVE);
  const appearing = new IntersectionObserver(([now]) => {
    if (now.isIntersecting) tell();
  });
  appearing.observe(root);
  document.addEventListener("visibilitychange", tell, true);
  return () => {
    clearInterval(timer);
    appearing.disconnect();
    document.removeEventListener("visibilitychange", tell, true);
  };
}
