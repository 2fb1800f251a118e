import { button } from "./elements.js";

const SAID = 2000; // ms that the button says what came of it

/**
 * Make a button that copies the text of an element; `label` says what it is.
 *
 * Where the browser does not let it, the text is selected, to be copied by hand.
 *
 * @param {Panel} panel
 * @param {string} label
 * @param {() => HTMLElement | null} source
 */
export function copyButton({ t, say }, label, source) {
  const copy = button(t("copy"), onclick, {
    class: "dpyauth-button dpyauth-small",
    "aria-label": t("copy_named", { what: label }),
  });

  async function onclick() {
    const from = source();
    if (!from) return;
    let done = "copied";
    try {
      await navigator.clipboard.writeText(from instanceof HTMLTextAreaElement ? from.value : (from.textContent ?? ""));
    } catch {
      done = "select_it"; // not allowed here
      select(from);
    }
    copy.textContent = t(done, { keys: navigator.platform.startsWith("Mac") ? "Cmd+C" : "Ctrl+C" });
    say(copy.textContent);
    setTimeout(() => {
      copy.textContent = t("copy");
      say("");
    }, SAID);
  }

  return copy;
}

/** @param {HTMLElement} element */
function select(element) {
  if (element instanceof HTMLTextAreaElement) {
    element.focus();
    element.select();
  } else getSelection()?.selectAllChildren(element);
}
