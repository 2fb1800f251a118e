import { button, element } from "./elements.js";

const PATIENCE = 30_000; // ms that a file is waited for, before another can be asked for
const SAVING = 60_000; // ms that the browser may take to write the file

/**
 * Save files that Python sends. Of several views of one panel, only the one that asked saves the file.
 *
 * Return `buttons(kinds)`, which makes the buttons; `told()`, the element that says what became of it; `heard`, which
 * takes a message from Python and returns whether it was about a file; and `clear()`, which empties it.
 *
 * @param {Panel} panel
 */
export function downloads(panel) {
  const { id, t, send } = panel;
  const status = element("span", { class: "dpyauth-soft", role: "status", dir: "auto" }); // stays, to be read out
  let said = () => ""; // what became of the latest
  let until = 0; // when the patience ends

  function told() {
    status.textContent = said();
    return status;
  }

  function say(/** @type {() => string} */ text) {
    said = text;
    told();
  }

  const buttons = (/** @type {string[]} */ kinds, looks = "") =>
    element(
      "div",
      { class: "dpyauth-row" },
      kinds.map((kind) => {
        const ask = () => {
          if (Date.now() < until || !send({ do: "download", format: kind, asked: id })) return;
          until = Date.now() + PATIENCE;
          say(() => t("preparing"));
        };
        return button(t(`download_${kind}`), ask, { id: `${id}-download-${kind}`, class: `dpyauth-button ${looks}` });
      }),
    );

  function heard(/** @type {MessageFromPython} */ { file }, /** @type {DataView[]} */ buffers) {
    if (!file) return false;
    if (file.asked !== id) return true;
    until = 0;
    const lang = t("lang");
    say(() => (file.trouble === undefined ? t("downloaded", file) : t("lang") === lang ? file.trouble : ""));
    if (!file.trouble) save(file, buffers);
    return true;
  }

  function save(/** @type {SentFile} */ file, /** @type {DataView[]} */ buffers) {
    const bytes = /** @type {DataView<ArrayBuffer>[]} */ (buffers);
    const address = URL.createObjectURL(new Blob(bytes, { type: file.type }));
    const link = element("a", { href: address, download: file.name, hidden: true });
    panel.root.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), SAVING);
  }

  return { buttons, told, heard, clear: () => say(() => "") };
}
