// A button that opens a short list of things to do; arrows walk through it, Escape closes it.

import { h } from "./dom.js";

let count = 0;

export function menu({ label, face, focus, items }) {
  const id = `menu-${++count}`;
  const opener = h("button",
    { type: "button", class: "button button--icon", "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false", data: { focus } },
    face,
  );
  const entries = items.map((item) => h("button",
    { type: "button", class: "menu__item", role: "menuitem", tabindex: "-1", onclick: () => { close(); item.chosen(); } },
    item.said,
  ));
  const list = h("div", { class: "menu", id, role: "menu", "aria-label": label, popover: "auto" }, entries);

  const close = () => list.hidePopover();
  opener.addEventListener("click", () => {
    list.showPopover();
    place(list, opener);
    entries[0]?.focus();
  });
  list.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed" && list.contains(document.activeElement)) opener.focus();
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = entries.indexOf(document.activeElement);
    entries[(at + step + entries.length) % entries.length].focus();
  });
  return h("span", { class: "menu-holder" }, opener, list);
}

// Below its button, or above it where there is no room.
function place(list, opener) {
  const around = opener.getBoundingClientRect();
  const own = list.getBoundingClientRect();
  const below = around.bottom + 4 + own.height <= window.innerHeight;
  list.style.left = `${Math.max(8, Math.min(around.left, window.innerWidth - own.width - 8))}px`;
  list.style.top = `${below ? around.bottom + 4 : Math.max(8, around.top - own.height - 4)}px`;
}
