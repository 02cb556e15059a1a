// The box to type in: completion, what was typed before, and one place where it is sent.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { suggest } from "./complete.js";

let count = 0;

// `send` takes the text and answers whether it went; `known` is what complete.js asks for; `past` are sent texts.
export class Box {
  constructor({ label, send, known, past }) {
    const id = `box-${++count}`;
    this.send = send;
    this.known = known;
    this.past = past;
    this.options = [];
    this.active = -1;
    this.back = 0;
    this.list = h("ul", { class: "suggestions", id: `${id}-list`, role: "listbox", "aria-label": "Suggestions", tabindex: "0", hidden: true });
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.said = h("span", { class: "hidden", role: "status" });
    this.field = h("textarea", {
      class: "box__field", id, rows: 1, "aria-label": label, placeholder: label, spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      "aria-autocomplete": "list", "aria-controls": `${id}-list`,
    });
    this.button = h("button", { type: "button", class: "box__send", "aria-label": "Send", onclick: () => this.submit() }, icon("send"));
    this.node = h("div", { class: "box" }, this.list, h("div", { class: "box__row" }, this.field, this.button), this.said);
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("click", () => this.complete());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    this.field.addEventListener("blur", () => this.hide());
  }

  name(label) {
    this.field.setAttribute("aria-label", label);
    this.field.placeholder = label;
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
    this.grow();
    this.hide();
  }

  focus() {
    this.field.focus();
  }

  changed() {
    this.back = 0;
    this.grow();
    this.complete();
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    this.node.classList.toggle("box--full", this.text.trim() !== "");
  }

  pressed(event) {
    if (event.isComposing) return;
    const keys = {
      Enter: () => !event.shiftKey && (this.active >= 0 ? this.take(this.active) : this.submit()),
      Tab: () => !event.shiftKey && this.options.length > 0 && this.take(Math.max(this.active, 0)),
      Escape: () => this.options.length > 0 && this.hide(),
      ArrowDown: () => (this.options.length ? this.move(1) : this.recall(-1)),
      ArrowUp: () => (this.options.length && this.back === 0 ? this.move(-1) : this.recall(1)),
    };
    if (keys[event.key]?.()) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  move(step) {
    const count = this.options.length;
    this.active = this.active < 0 && step < 0 ? count - 1 : (this.active + step + count) % count;
    this.mark();
    return true;
  }

  // The last text first; further back with every step.
  recall(step) {
    if (this.text !== "" && this.back === 0) return false;
    const back = Math.min(Math.max(this.back + step, 0), this.past.length);
    if (back === this.back) return false;
    const text = back ? this.past.at(-back) : "";
    this.text = text;
    this.back = back;
    this.field.setSelectionRange(text.length, text.length);
    return true;
  }

  async submit() {
    const text = this.text.trim();
    if (!text) return true;
    this.text = "";
    this.back = 0;
    if (this.past.at(-1) !== text) this.past.push(text);
    if (!(await this.send(text)) && !this.text) this.text = text;
    return true;
  }

  complete() {
    const known = this.known();
    const { from, to, options } = known ? suggest(this.text, this.field.selectionStart, known) : { options: [] };
    this.from = from;
    this.to = to;
    this.options = options;
    this.active = -1;
    this.list.replaceChildren(...options.map((each, place) => this.row(each, place)));
    this.list.hidden = options.length === 0;
    this.list.scrollTop = 0;
    this.said.textContent = options.length ? `${options.length} suggestions` : "";
    this.mark();
  }

  row(each, place) {
    const node = h("li", { class: "suggestion", id: `${this.list.id}-${place}`, role: "option", "aria-selected": "false" },
      h("span", { class: "suggestion__text" }, each.text),
      each.hint ? h("span", { class: "suggestion__hint" }, each.hint) : null,
    );
    // Not click: the field must not lose the focus in between.
    node.addEventListener("mousedown", (event) => {
      event.preventDefault();
      this.take(place);
    });
    return node;
  }

  mark() {
    [...this.list.children].forEach((each, place) => each.setAttribute("aria-selected", String(place === this.active)));
    const chosen = this.list.children[this.active];
    if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
    else this.field.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  take(place) {
    const { text } = this.options[place];
    const after = this.text.slice(this.to);
    const gap = after.startsWith(" ") ? "" : " ";
    this.field.value = `${this.text.slice(0, this.from)}${text}${gap}${after}`;
    const caret = this.from + text.length + 1;
    this.field.setSelectionRange(caret, caret);
    this.grow();
    this.complete();
    return true;
  }

  hide() {
    this.options = [];
    this.active = -1;
    this.list.hidden = true;
    this.list.replaceChildren();
    this.said.textContent = "";
    this.field.removeAttribute("aria-activedescendant");
    return true;
  }
}
