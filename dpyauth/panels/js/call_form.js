import { arrange, enteredTexts, labelOf } from "./call_fields.js";
import { element } from "./elements.js";

/**
 * Make the form of a call in the explorer.
 *
 * What is typed is kept by call and field, so it is there again when the user comes back to a call; what is secret is
 * kept nowhere but in its field.
 *
 * Return `node()`; `entered(whole)`, what is typed, with secrets only if it is to be sent; `take(texts)`, which puts in
 * what was read of the JSON; `mark(within, preview)`, which says below each field what is wrong with it; `reveal(name)`,
 * which goes to a field; `empty()`, which drops secrets; and `blame(faults)`, which takes what Deriv has against fields.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {() => ChosenCall} options.call - the one on show
 * @param {() => void} options.typed - called at every key
 */
export function callForm({ panel, call, typed }) {
  const { id, t, root, find } = panel;
  /** @type {Record<string, Record<string, string>>} */
  const drafts = {};
  /** @type {Texts} */
  let faults = {}; // what Deriv has against a field, until that is edited

  const named = (/** @type {string} */ name) => `${id}-f-${call().name}-${name}`;
  const inputs = (within = root) => [.../** @type {NodeListOf<Field>} */ (within.querySelectorAll("[data-field]"))];
  const nameOf = (/** @type {Field} */ control) => control.dataset.field ?? "";
  const isSecret = (/** @type {Field} */ control) => control.dataset.secret !== undefined;

  function node() {
    const chosen = call();
    if (!chosen.fields.length) return element("p", { class: "dpyauth-soft" }, t("no_fields"));
    const { front, groups, single, folded, open } = arrange(chosen.fields);
    const names = single.slice(0, 3).map((field) => field.label);
    return [
      front.length ? entries(front) : null,
      groups.map(({ name, members, open }) =>
        fold(name, t("group", { group: name, count: members.length }), members, open),
      ),
      !single.length
        ? null
        : folded
          ? fold("", t("optional", { count: single.length, names }), single, open)
          : entries(single),
      chosen.fields.some((field) => field.sensitive && field.kind !== "choice") ? unveil() : null,
    ];
  }

  const entries = (/** @type {CallField[]} */ fields) =>
    element("div", { class: "dpyauth-entries" }, fields.map(entry));

  /** @type {(name: string, text: string, fields: CallField[], open: boolean) => HTMLElement} */
  const fold = (name, text, fields, open) =>
    element(
      "details",
      { class: "dpyauth-details", id: `${id}-d-${call().name}-${name}`, open },
      element("summary", {}, text),
      call().groups[name] ? element("p", { class: "dpyauth-about" }, call().groups[name]) : null,
      entries(fields),
    );

  function entry(/** @type {CallField} */ field) {
    const key = named(field.name);
    const needed = field.group && !field.front ? t("required_within") : t("required");
    const help = [field.sensitive ? t("hidden") : "", field.help].filter(Boolean).join(" ");
    return element(
      "div",
      { class: "dpyauth-entry" },
      element(
        "label",
        { class: "dpyauth-label", for: key, title: field.name },
        labelOf(field),
        field.required ? element("span", { class: "dpyauth-needed" }, needed) : null,
      ),
      control(field, key),
      element(
        "p",
        { class: "dpyauth-about", id: `${key}-help` },
        field.about,
        " ",
        element("span", { class: "dpyauth-soft" }, help),
      ),
      element("p", { class: "dpyauth-fault", id: `${key}-fault`, role: "status", dir: "auto", hidden: true }),
    );
  }

  function control(/** @type {CallField} */ field, /** @type {string} */ key) {
    const made = emptyControl(field, {
      id: key,
      class: "dpyauth-input",
      "data-field": field.name,
      "aria-describedby": `${key}-help`,
      "aria-required": field.required ? "true" : null,
      oninput: edit,
      autocomplete: "off",
      spellcheck: "false",
    });
    if (field.sensitive) made.dataset.secret = "";
    else made.value = drafts[call().name]?.[field.name] ?? "";
    return made;
  }

  /** @type {(field: CallField, properties: ElementProperties) => Field} */
  function emptyControl(field, properties) {
    const hint = field.default ? t("default", { value: field.default }) : null;
    if (field.kind === "choice") {
      const none = field.default ? t("not_set_default", { value: field.default }) : t("not_set");
      const choices = field.choices.map(([value, text]) => element("option", { value }, text));
      return element("select", properties, element("option", { value: "" }, none), choices);
    }
    if (field.kind === "json" && !field.sensitive) {
      return element("textarea", {
        ...properties,
        class: "dpyauth-input dpyauth-mono",
        rows: 2,
        placeholder: hint ?? "{ }",
        dir: "ltr",
      });
    }
    return element("input", {
      ...properties,
      type: field.sensitive ? "password" : "text",
      inputmode: field.kind === "number" ? "decimal" : null,
      placeholder: hint,
      dir: "auto",
      "data-1p-ignore": true,
      "data-lpignore": "true",
    });
  }

  function unveil() {
    const box = element("input", { id: `${id}-unveil`, type: "checkbox", "data-set": true });
    box.addEventListener("change", () => {
      const secrets = /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("input[data-secret]"));
      for (const each of secrets) each.type = box.checked ? "text" : "password";
    });
    return element("p", { class: "dpyauth-tick" }, box, element("label", { for: box.id }, t("show_hidden")));
  }

  const entered = (whole = false) =>
    enteredTexts(
      inputs().map((each) => ({ name: nameOf(each), value: each.value, secret: isSecret(each) })),
      whole,
    );

  function keep(/** @type {Field} */ control) {
    if (isSecret(control)) return;
    drafts[call().name] ??= {};
    drafts[call().name][nameOf(control)] = control.value;
  }

  function edit(/** @type {Event} */ event) {
    const control = /** @type {Field} */ (event.target);
    delete faults[nameOf(control)];
    keep(control);
    typed();
  }

  function take(/** @type {RequestRead["texts"]} */ texts) {
    for (const each of inputs()) {
      const text = texts[nameOf(each)];
      if (text === null) continue; // masked: it stays as it is
      each.value = text ?? "";
      keep(each);
    }
    faults = {};
  }

  function mark(
    /** @type {HTMLElement} */ within,
    /** @type {RequestPreview} */ { wrong, doubtful, missing },
    /** @type {boolean} */ insist,
  ) {
    for (const each of inputs(within)) {
      const name = nameOf(each);
      const bad = wrong[name] ?? faults[name] ?? (insist && missing.includes(name) ? t("fill_in") : undefined);
      /** @type {HTMLElement | null} */
      const fault = within.querySelector(`#${CSS.escape(`${each.id}-fault`)}`);
      if (!fault) continue;
      fault.textContent = bad ?? doubtful[name] ?? "";
      fault.hidden = !fault.textContent;
      fault.classList.toggle("dpyauth-text-bad", Boolean(bad));
      if (bad) each.setAttribute("aria-invalid", "true");
      else each.removeAttribute("aria-invalid");
      each.setAttribute("aria-describedby", `${each.id}-help${fault.hidden ? "" : ` ${fault.id}`}`);
    }
  }

  function reveal(/** @type {string} */ name) {
    const field = find(named(name));
    const fold = field?.closest("details");
    if (fold) fold.open = true;
    field?.focus();
  }

  function empty() {
    for (const each of inputs()) if (isSecret(each)) each.value = "";
  }

  function blame(/** @type {Texts} */ found) {
    faults = { ...found };
  }

  return { node, entered, take, mark, reveal, empty, blame };
}
