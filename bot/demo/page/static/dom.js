// Elements from data, never from markup: what people and clusters say cannot become anything but text.

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") for (const [key, each] of Object.entries(value)) { if (each !== undefined) element.dataset[key] = each; }
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Makes the children of `parent` those of `items`: { key, stamp, make }. What has not changed stays as it is, so that
// nothing jumps, nothing loses the focus, and screen readers hear only of what is new.
const drawn = new WeakMap();

export function arrange(parent, items) {
  const before = drawn.get(parent) ?? new Map();
  const now = new Map();
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  let place = null;
  for (const item of items) {
    const known = before.get(item.key);
    const node = known && known.stamp === item.stamp ? known.node : made(item, known?.node);
    now.set(item.key, { stamp: item.stamp, node });
    const next = place === null ? parent.firstChild : place.nextSibling;
    if (node !== next) parent.insertBefore(node, next);
    place = node;
  }
  for (const [key, { node }] of before) if (now.get(key)?.node !== node) node.remove();
  drawn.set(parent, now);
  if (focused && !parent.contains(document.activeElement)) {
    parent.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
}

function made(item, old) {
  const node = item.make();
  if (old) {
    const opened = [...old.querySelectorAll("details")].map((each) => each.open);
    node.querySelectorAll("details").forEach((each, place) => (each.open = opened[place] ?? each.open));
  }
  return node;
}

export const byId = (id) => document.getElementById(id);
