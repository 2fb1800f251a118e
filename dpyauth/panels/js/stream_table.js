import { element } from "./elements.js";

const WRAPPED = 40; // characters of a cell that is wrapped

/**
 * Make the table of a stream, the latest row first.
 *
 * Return `node`, and `list(fresh, anew, columns, most)`, which puts rows above those that are there.
 *
 * @param {string} id
 */
export function streamTable(id) {
  const head = element("thead");
  const rows = element("tbody");
  const node = element(
    "div",
    { id, class: "dpyauth-scroll", role: "region", tabindex: 0, "data-scroll": true },
    element("table", { class: "dpyauth-table" }, head, rows),
  );

  const heading = (/** @type {TableColumn} */ { label, number }) =>
    element("th", { scope: "col", dir: "auto", class: number ? "dpyauth-number" : null }, label);

  /** @type {(fresh: TableRow[], anew: boolean, columns: TableColumn[], most: number) => void} */
  function list(fresh, anew, columns, most) {
    if (anew) {
      rows.replaceChildren();
      head.replaceChildren(element("tr", {}, columns.map(heading)));
    }
    const cell = (/** @type {string} */ text, /** @type {number} */ i) =>
      element(
        "td",
        { dir: "auto", class: columns[i]?.number ? "dpyauth-number" : text.length > WRAPPED ? "dpyauth-long" : null },
        text,
      );
    const made = fresh.flatMap(({ cells, gap }) => [
      ...(gap
        ? [element("tr", { class: "dpyauth-gap" }, element("td", { colspan: columns.length, dir: "auto" }, gap))]
        : []),
      element("tr", {}, cells.map(cell)),
    ]);
    rows.prepend(...made.reverse());
    while (rows.childElementCount > most) rows.lastElementChild?.remove();
  }

  return { node, list };
}
