// Saves a file that Python sends, in the browser of who asked for it: of several views of a panel, in one.

function downloads({ panel }) {
  const { id, t, send } = panel;
  const told = element("span", { class: "dpyauth-soft", role: "status", dir: "auto" }); // stays, to be read out
  let patience = 0; // until when a file is waited for, before another is asked for

  const buttons = (kinds, looks = "") =>
    element("div", { class: "dpyauth-row" }, kinds.map((kind) =>
      button(t(`download_${kind}`), () => {
        if (Date.now() < patience || !send({ do: "download", format: kind, asked: id })) return;
        patience = Date.now() + 30_000;
        told.textContent = t("preparing");
      }, { id: `${id}-download-${kind}`, class: `dpyauth-button ${looks}` })));

  // Takes what Python tells; returns whether it was a file.
  function heard({ file }, buffers) {
    if (!file) return false;
    if (file.asked !== id) return true;
    patience = 0;
    told.textContent = file.trouble ?? t("downloaded", file);
    if (file.trouble) return true;
    const address = URL.createObjectURL(new Blob(buffers, { type: file.type }));
    const link = element("a", { href: address, download: file.name, hidden: true });
    panel.root.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser may still be writing it
    return true;
  }

  return { buttons, told, heard, clear: () => { told.textContent = ""; } };
}
