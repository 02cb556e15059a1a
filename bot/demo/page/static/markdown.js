// The `markdown` block: the usual Markdown, not Slack's.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import * as marks from "./marks.js";

const FENCE = /^\s*```/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)(?:([-*+])|(\d{1,9})[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;
const QUOTE = /^\s*>\s?(.*)$/;
const ROW = /^\s*\|(.*)\|\s*$/;

export function markdown(text, names) {
  return h("div", { class: "markdown" }, blocks(text.split("\n"), names));
}

function blocks(lines, names) {
  const nodes = [];
  let at = 0;
  const take = (pattern) => {
    const found = [];
    while (at < lines.length && pattern.test(lines[at])) found.push(lines[at++]);
    return found;
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = HEADING.exec(line);
    if (!line.trim()) at++;
    else if (FENCE.test(line)) nodes.push(fenced());
    else if (heading) nodes.push(h("p", { class: `heading heading--${heading[1].length}` }, inline(heading[2], names))), at++;
    else if (RULE.test(line)) nodes.push(h("hr")), at++;
    else if (QUOTE.test(line)) {
      nodes.push(h("blockquote", { class: "quote" }, blocks(take(QUOTE).map((each) => QUOTE.exec(each)[1]), names)));
    } else if (ITEM.test(line)) nodes.push(list(take(ITEM), names));
    else if (ROW.test(line)) nodes.push(table(take(ROW), names));
    else nodes.push(paragraph());
  }
  return nodes;

  function fenced() {
    const start = ++at;
    while (at < lines.length && !FENCE.test(lines[at])) at++;
    return h("pre", { class: "pre", tabindex: "0" }, lines.slice(start, at++).join("\n"));
  }

  function paragraph() {
    const found = [];
    while (at < lines.length && lines[at].trim() && ![FENCE, HEADING, RULE, QUOTE, ITEM, ROW].some((each) => each.test(lines[at]))) {
      found.push(lines[at++]);
    }
    return h("p", null, found.flatMap((each, place) => [place ? h("br") : null, inline(each, names)]));
  }
}

function list(lines, names) {
  const found = lines.map((line) => ITEM.exec(line));
  const ordered = found[0][3] !== undefined;
  const items = found.map(([, , , , done, text]) => {
    const box = done === undefined ? null : done === " " ? "☐ " : "☑ ";
    return h("li", null, box, inline(text, names));
  });
  return h(ordered ? "ol" : "ul", { class: "list", start: ordered ? found[0][3] : null }, items);
}

function table(lines, names) {
  const rows = lines.map((line) => ROW.exec(line)[1].split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
  const ruled = rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell));
  const body = ruled ? rows.filter((_, place) => place !== 1) : rows;
  const drawn = body.map((row, place) =>
    h("tr", null, row.map((cell) => h(ruled && place === 0 ? "th" : "td", null, inline(cell, names)))),
  );
  return h("div", { class: "table-wrap", tabindex: "0" }, h("table", { class: "block-table" }, h("tbody", null, drawn)));
}

const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|(?<!\w)\*(\S(?:.*?\S)?)\*|(?<!\w)_(\S(?:.*?\S)?)_(?!\w)|\[([^\]]+)\]\((\S+?)\)/;

function inline(text, names) {
  const found = INLINE.exec(text);
  if (!found) return text ? [withEmoji(text)] : [];
  const [whole, code, bold, bold2, struck, italic, italic2, label, url] = found;
  const before = text.slice(0, found.index);
  return [
    before ? withEmoji(before) : null,
    node(),
    ...inline(text.slice(found.index + whole.length), names),
  ];

  function node() {
    if (code !== undefined) return h("code", { class: "code" }, code);
    if (bold ?? bold2) return h("strong", null, inline(bold ?? bold2, names));
    if (struck) return h("s", null, inline(struck, names));
    if (italic ?? italic2) return h("em", null, inline(italic ?? italic2, names));
    return /^(?:https?:\/\/|mailto:)/.test(url) ? marks.link(url, label, names) : whole;
  }
}
