// Buttons, menus and inputs inside of blocks. `where` takes what comes of them:
//   names         who and what is behind ids
//   press(element, block)          answers once the bot has acknowledged
//   fill(element, block, state)    likewise; state as Slack's payloads have it
//   keep(element, block, state)    in a modal: what an input says now
//   input         set inside an input block: { id, hints, required, quiet }

import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { plain, written } from "./marks.js";
import { menu } from "./menu.js";

export function element(each, block, where) {
  const draw = DRAWN[each.type];
  return draw ? draw(each, block, where) : h("span", { class: "unknown" }, `Unknown element: ${each.type}`);
}

const DRAWN = {
  button,
  overflow,
  image: (each) => h("span", { class: "picture picture--small" }, h("span", { "aria-hidden": "true" }, "🖼"), each.alt_text),
  static_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
  external_select: outside,
  multi_static_select: select,
  multi_users_select: select,
  multi_channels_select: select,
  multi_conversations_select: select,
  multi_external_select: outside,
  radio_buttons: choices,
  checkboxes: choices,
  datepicker: (each, block, where) => picker(each, block, where, "date", "selected_date", each.initial_date),
  timepicker: (each, block, where) => picker(each, block, where, "time", "selected_time", each.initial_time),
  datetimepicker: moment,
  plain_text_input: text,
};

const focusKey = (each, block) => `${block.block_id}/${each.action_id}`;

async function busily(node, work) {
  node.setAttribute("aria-busy", "true");
  node.disabled = true;
  try {
    await work();
  } finally {
    node.removeAttribute("aria-busy");
    node.disabled = false;
  }
}

async function agreed(each) {
  return !each.confirm || (await ask(each.confirm));
}

function button(each, block, where) {
  if (each.visible_to_user_ids && !each.visible_to_user_ids.includes(where.names.me())) return null;
  const style = each.style ? ` button--${each.style}` : "";
  const node = h("button",
    { type: "button", class: `button${style}`, title: each.accessibility_label, data: { focus: focusKey(each, block) } },
    plain(each.text.text, each.text.emoji !== false),
  );
  node.addEventListener("click", async () => {
    if (!(await agreed(each))) return;
    if (each.url) window.open(each.url, "_blank", "noopener,noreferrer");
    await busily(node, () => where.press(each, block));
    if (document.activeElement === document.body) node.focus();
  });
  return node;
}

function overflow(each, block, where) {
  const items = each.options.map((option) => ({
    said: [h("span", null, written(option.text, where.names)), description(option, where)],
    chosen: async () => {
      if (!(await agreed(each))) return;
      if (option.url) window.open(option.url, "_blank", "noopener,noreferrer");
      await where.fill(each, block, { selected_option: option });
    },
  }));
  return menu({ label: "More", face: icon("dots"), focus: focusKey(each, block), items });
}

function description(option, where) {
  return option.description ? h("span", { class: "muted option__about" }, written(option.description, where.names)) : null;
}

const SAYS = { static: "option", users: "user", channels: "channel", conversations: "conversation" };

function select(each, block, where) {
  const [, multi, kind] = /^(multi_)?(\w+?)_select$/.exec(each.type);
  const said = SAYS[kind];
  const field = `selected_${said}${multi ? "s" : ""}`;
  const groups = grouped(each, kind, where.names);
  const values = groups.flatMap((group) => group.options);
  const initial = [each[`initial_${said}${multi ? "s" : ""}`] ?? []].flat().map((one) => (said === "option" ? one.value : one));
  const node = h("select", named(each, block, where, { class: "select", multiple: Boolean(multi) }),
    multi ? null : h("option", { value: "" }, each.placeholder?.text ?? "Choose one"),
    groups.map((group) => {
      const options = group.options.map((one) => optionNode(one, initial));
      return group.label ? h("optgroup", { label: group.label }, options) : options;
    }),
  );
  const state = () => {
    const chosen = [...node.selectedOptions].map((one) => values.find((value) => value.id === one.value)?.value).filter(Boolean);
    return { [field]: multi ? chosen : (chosen[0] ?? null) };
  };
  return telling(node, each, block, where, state);
}

function optionNode(one, initial) {
  return h("option", { value: one.id, selected: initial.includes(one.id) }, one.text, one.about ? ` · ${one.about}` : null);
}

function grouped(each, kind, names) {
  if (kind === "static") {
    const groups = each.option_groups ?? [{ options: each.options }];
    return groups.map((group) => ({ label: group.label?.text, options: group.options.map(staticOption) }));
  }
  const people = names.people().map((one) => ({ id: one.id, text: `@${one.name}`, value: one.id }));
  const channels = names.channels().map((one) => ({ id: one.id, text: `#${one.name}`, value: one.id }));
  return [{ options: kind === "users" ? people : channels }];
}

function staticOption(option) {
  return { id: option.value, text: option.text.text, about: option.description?.text, value: option };
}

function outside(each) {
  return h("span", { class: "unknown" }, `${each.placeholder?.text ?? "A menu"} (its options would come from outside)`);
}

function choices(each, block, where) {
  const many = each.type === "checkboxes";
  const initial = [many ? (each.initial_options ?? []) : (each.initial_option ?? [])].flat().map((one) => one.value);
  const group = `${where.scope}-${block.block_id}-${each.action_id}`;
  const inputs = each.options.map((option) => h("input",
    { type: many ? "checkbox" : "radio", name: group, value: option.value, checked: initial.includes(option.value), data: { focus: `${focusKey(each, block)}/${option.value}` } },
  ));
  const rows = each.options.map((option, place) =>
    h("label", { class: "choice" }, inputs[place], h("span", null, written(option.text, where.names), description(option, where))),
  );
  const label = where.input ? { "aria-labelledby": `${where.input.id}-label` } : { "aria-label": "Choices" };
  const node = h("div", { class: "choices", role: many ? "group" : "radiogroup", ...label }, rows);
  const state = () => {
    const chosen = each.options.filter((_, place) => inputs[place].checked);
    return many ? { selected_options: chosen } : { selected_option: chosen[0] ?? null };
  };
  return telling(node, each, block, where, state);
}

function picker(each, block, where, type, field, initial) {
  const node = h("input", named(each, block, where, { type, class: "field-input", value: initial }));
  return telling(node, each, block, where, () => ({ [field]: node.value || null }));
}

function moment(each, block, where) {
  const node = h("input", named(each, block, where, { type: "datetime-local", class: "field-input" }));
  if (each.initial_date_time) node.value = local(each.initial_date_time);
  return telling(node, each, block, where, () => ({ selected_date_time: node.value ? Math.floor(new Date(node.value) / 1000) : null }));
}

function local(timestamp) {
  const date = new Date(timestamp * 1000);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function text(each, block, where) {
  const attributes = named(each, block, where, {
    class: "field-input", placeholder: each.placeholder?.text, minlength: each.min_length, maxlength: each.max_length,
  });
  const node = each.multiline ? h("textarea", { ...attributes, rows: 4 }) : h("input", { ...attributes, type: "text", autocomplete: "off" });
  node.value = each.initial_value ?? "";
  return telling(node, each, block, where, () => ({ value: node.value || null }));
}

// Name, hints and the place of the focus of one input.
function named(each, block, where, attributes) {
  const label = each.placeholder?.text ?? each.type.replaceAll("_", " ");
  const own = where.input
    ? { id: where.input.id, "aria-describedby": where.input.hints || null, required: where.input.required }
    : { "aria-label": label };
  return { ...attributes, ...own, data: { focus: focusKey(each, block), autofocus: each.focus_on_load ? "" : undefined } };
}

// An input keeps what it says for the sending off; others, and inputs that dispatch, tell the bot at once.
function telling(node, each, block, where, state) {
  where.keep?.(each, block, state());
  node.addEventListener("input", () => where.keep?.(each, block, state()));
  node.addEventListener("change", async () => {
    where.keep?.(each, block, state());
    const now = state();
    if (where.input?.quiet || Object.values(now)[0] === null || !(await agreed(each))) return;
    await where.fill(each, block, now);
  });
  return node;
}
