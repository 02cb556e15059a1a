// rich_text: what it says is never parsed, so every run says itself what it is.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import * as marks from "./marks.js";

export function richText(block, names) {
  return h("div", { class: "rich" }, nested(block.elements, names));
}

// Lists with an indent belong into the list above them, as Slack draws them.
function nested(parts, names) {
  const nodes = [];
  const open = [];
  for (const part of parts) {
    if (part.type !== "rich_text_list") {
      open.length = 0;
      nodes.push(drawn(part, names));
      continue;
    }
    const depth = part.indent ?? 0;
    while (open.length && open.at(-1).depth >= depth) open.pop();
    const list = listed(part, names);
    const parent = open.at(-1)?.list.lastElementChild;
    if (parent) parent.append(list);
    else nodes.push(list);
    open.push({ depth, list });
  }
  return nodes;
}

function listed(part, names) {
  const start = part.style === "ordered" ? { start: (part.offset ?? 0) + 1 } : {};
  const items = part.elements.map((each) => h("li", null, runs(each.elements, names)));
  return h(part.style === "ordered" ? "ol" : "ul", { ...start, class: "list" }, items);
}

function drawn(part, names) {
  switch (part.type) {
    case "rich_text_section":
      return h("div", { class: "rich__section" }, runs(part.elements, names));
    case "rich_text_quote":
      return h("blockquote", { class: "quote" }, runs(part.elements, names));
    case "rich_text_preformatted":
      return h("pre", { class: "pre", tabindex: "0" }, runs(part.elements, names, true));
    default:
      return h("p", { class: "unknown" }, `Unknown part of rich text: ${part.type}`);
  }
}

function runs(elements, names, raw = false) {
  return elements.map((each) => run(each, names, raw));
}

function run(each, names, raw) {
  switch (each.type) {
    case "text":
      return styled(raw ? [each.text] : marks.plain(each.text, false), each.style);
    case "link":
      return styled([marks.link(each.url, each.text, names)], each.style);
    case "user":
      return marks.person(each.user_id, null, names);
    case "usergroup":
      return marks.group(each.usergroup_id, null, names);
    case "channel":
      return marks.channel(each.channel_id, null, names);
    case "team":
      return h("span", { class: "mention" }, each.team_id);
    case "broadcast":
      return marks.broadcast(each.range);
    case "emoji":
      return emoji(each.name) ?? fromCode(each.unicode) ?? `:${each.name}:`;
    case "date":
      return styled([marks.date(each.timestamp, each.format, each.url, each.fallback, names)], each.style);
    case "color":
      return coloured(each.value);
    default:
      return h("span", { class: "unknown" }, `Unknown run: ${each.type}`);
  }
}

function fromCode(code) {
  if (!/^[0-9a-f]{1,6}(-[0-9a-f]{1,6})*$/i.test(code ?? "")) return null;
  const points = code.split("-").map((each) => Number.parseInt(each, 16));
  return points.every((each) => each <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}

function coloured(value) {
  const swatch = h("span", { class: "swatch" });
  swatch.style.backgroundColor = value;
  return h("span", null, swatch, value);
}

const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"], ["highlight", "mark"]];

function styled(nodes, style) {
  return STYLES.reduce(
    (inside, [name, tag]) => (style?.[name] ? [h(tag, tag === "code" ? { class: "code" } : null, inside)] : inside),
    nodes,
  );
}
