// Which fields of a call the form shows where.

const FOLDED = 4; // a group of more fields than this is folded
const MANY = 8; // so are more optional fields than this

/**
 * Arrange the fields of a call: `front`, those of every request; `groups`, by the object that they are in; and `single`,
 * the other ones, which are `folded` where they are `inFold`. A fold with few fields is open from the start.
 *
 * @param {CallField[]} fields
 */
export function arrange(fields) {
  const front = fields.filter((field) => field.front);
  const single = fields.filter((field) => !field.front && !field.group);
  /** @type {Map<string, CallField[]>} */
  const grouped = new Map();
  for (const field of fields) {
    if (field.front || !field.group) continue;
    const [group] = field.group.split(".");
    grouped.set(group, [...(grouped.get(group) ?? []), field]);
  }
  const groups = [...grouped].map(([name, members]) => ({ name, members, open: members.length <= FOLDED }));
  const open = single.length <= MANY;
  return { front, groups, single, folded: !open || (single.length > 2 && front.length > 0), open };
}

/**
 * Return the label of a field: within its group the group goes without saying.
 *
 * @param {CallField} field
 */
export function labelOf({ name, label, group, front }) {
  if (!group) return label;
  return front ? name : name.slice(name.indexOf(".") + 1);
}

/**
 * Split what is entered into the texts of `fields` and the names of the `hidden` ones, whose values are not told.
 *
 * @param {{ name: string, value: string, secret: boolean }[]} entries
 * @param {boolean} whole - tell the values of hidden ones, too
 */
export function enteredTexts(entries, whole) {
  const filled = entries.filter(({ value }) => value);
  const told = filled.filter(({ secret }) => whole || !secret);
  const hidden = filled.filter(({ secret }) => secret && !whole).map(({ name }) => name);
  return { fields: Object.fromEntries(told.map(({ name, value }) => [name, value])), hidden };
}
