// Windows over the page: the question that a button asks first, and the bot's modals.

import { drawBlocks } from "./blocks.js";
import { byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { plain, written } from "./marks.js";

const NOBODY = { me: () => null, person: () => null, group: () => null, channel: () => null, inside: () => null };

// True if it was confirmed. Escape and the backdrop are a no.
export function ask(confirm) {
  return new Promise((answer) => {
    const style = confirm.style === "danger" ? " button--danger" : " button--primary";
    const done = (said) => {
      dialog.close();
      dialog.remove();
      answer(said);
    };
    const title = h("h2", { class: "dialog__title", id: "confirm-title" }, plain(confirm.title.text));
    const dialog = h("dialog", { class: "dialog dialog--small", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      h("div", { class: "dialog__head" }, title),
      h("div", { class: "dialog__body", id: "confirm-text" }, written(confirm.text, NOBODY)),
      h("div", { class: "dialog__foot" },
        h("button", { type: "button", class: "button", onclick: () => done(false) }, plain(confirm.deny.text)),
        h("button", { type: "button", class: `button${style}`, onclick: () => done(true) }, plain(confirm.confirm.text)),
      ),
    );
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      done(false);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// The topmost modal before this person, if there is one. `app` acts and knows names.
export class Modals {
  constructor(app) {
    this.app = app;
    this.dialog = null;
    this.shown = "";
    this.values = {};
    this.back = null;
  }

  draw() {
    const views = this.app.store.all("view").sort((one, other) => one.depth - other.depth);
    const view = views.at(-1);
    const stamp = view ? `${view.id}/${this.app.store.stamp(`view/${view.id}`)}` : "";
    if (stamp === this.shown) return;
    const same = view && this.shown.startsWith(`${view.id}/`);
    this.shown = stamp;
    if (!view) return this.close();
    this.open(view, same);
  }

  close() {
    this.dialog?.close();
    this.dialog?.remove();
    this.dialog = null;
    this.values = {};
    if (this.back?.isConnected) this.back.focus();
    this.back = null;
  }

  open(view, same) {
    const typed = same ? this.values : {};
    if (!this.dialog) {
      this.back = document.activeElement;
      this.dialog = h("dialog", { class: "dialog", "aria-labelledby": "modal-title" });
      this.dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        this.dismiss();
      });
      document.body.append(this.dialog);
      this.dialog.showModal();
    }
    this.values = {};
    this.view = view;
    this.dialog.replaceChildren(...this.parts(view));
    restore(this.dialog, typed);
    const first = this.dialog.querySelector("[aria-invalid], [data-autofocus], .dialog__body input, .dialog__body select, .dialog__body textarea, .dialog__body button");
    (first ?? this.dialog.querySelector(".dialog__foot button, .dialog__head button"))?.focus();
  }

  parts(view) {
    const where = {
      names: this.app.names,
      scope: view.id,
      errors: view.errors,
      keep: (each, block, state) => {
        (this.values[block.block_id] ??= {})[each.action_id] = { type: each.type, ...state };
      },
      press: (each) => this.act({ do: "press-in-view", action: each.action_id, values: this.values }),
      fill: (each, block, state) => this.act({ do: "fill-in-view", action: each.action_id, state, values: this.values }),
    };
    const close = plain(view.close?.text ?? "Close");
    const body = h("form", { class: "dialog__body", id: "modal-form", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      drawBlocks(view.blocks, where),
    );
    return [
      h("div", { class: "dialog__head" },
        h("h2", { class: "dialog__title", id: "modal-title" }, plain(view.title.text)),
        h("button", { type: "button", class: "tool", "aria-label": "Close this window", onclick: () => this.dismiss() }, icon("close")),
      ),
      body,
      h("div", { class: "dialog__foot" },
        h("button", { type: "button", class: "button", onclick: () => this.dismiss() }, close),
        view.submit ? h("button", { type: "submit", form: "modal-form", class: "button button--primary" }, plain(view.submit.text)) : null,
      ),
    ];
  }

  act(what) {
    return this.app.act({ person: this.app.person, view: this.view.id, ...what });
  }

  async submit() {
    const button = this.dialog.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    await this.act({ do: "submit", values: this.values });
    button.removeAttribute("aria-busy");
  }

  dismiss() {
    return this.act({ do: "close" });
  }
}

// What was typed stays, as far as the changed modal still has the input.
function restore(dialog, typed) {
  for (const [block, actions] of Object.entries(typed)) {
    for (const [action, state] of Object.entries(actions)) {
      const node = dialog.querySelector(`[data-focus="${CSS.escape(`${block}/${action}`)}"]`);
      if (node && typeof state.value === "string") {
        node.value = state.value;
        node.dispatchEvent(new Event("input"));
      }
    }
  }
}

export function toast(words) {
  const node = byId("toast");
  node.replaceChildren(h("p", null, words));
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => node.replaceChildren(), 8000);
}
