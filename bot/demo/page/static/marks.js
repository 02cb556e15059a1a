// Slack's markup (mrkdwn) and plain text as nodes. Only what Slack itself makes active becomes active here.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { dated, fullOf } from "./times.js";

const SIGNS = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const BEFORE = /[\s([{"'·—–*_~-]/;
const AFTER = /[\s)\]}"'·—–.,:;!?*_~-]/;
const STYLES = { "*": "strong", _: "em", "~": "s" };
const ADDRESS = /^https?:\/\/[^\s<>|"'`]+/;

const unescaped = (text) => text.replace(/&(?:amp|lt|gt);/g, (sign) => SIGNS[sign]);

// A text object: mrkdwn or plain_text.
export function written(text, names) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text, names, text.verbatim === true);
  return plain(text.text, text.emoji !== false);
}

export function plain(text, emoji = true) {
  return lines(emoji ? withEmoji(text) : text);
}

function lines(text) {
  const nodes = [];
  text.split("\n").forEach((line, place) => {
    if (place) nodes.push(h("br"));
    if (line) nodes.push(line);
  });
  return nodes;
}

export function mrkdwn(text, names, verbatim = false) {
  const nodes = [];
  text.split(/```([\s\S]+?)```/).forEach((part, place) => {
    if (place % 2) nodes.push(h("pre", { class: "pre", tabindex: "0" }, active(part.replace(/^\n|\n$/g, ""), names)));
    else nodes.push(...quoted(part, names, verbatim));
  });
  return nodes;
}

// Lines that begin with > belong to a quote.
function quoted(text, names, verbatim) {
  const nodes = [];
  let quote = null;
  let first = true;
  for (const line of text.split("\n")) {
    const found = /^&gt;\s?(.*)$/.exec(line);
    if (found) {
      if (quote) quote.append(h("br"));
      else nodes.push((quote = h("blockquote", { class: "quote" })));
      quote.append(...inline(found[1], names, verbatim));
    } else {
      if (!first && !quote) nodes.push(h("br"));
      quote = null;
      nodes.push(...inline(line, names, verbatim));
    }
    first = false;
  }
  return nodes;
}

function inline(text, names, verbatim) {
  const nodes = [];
  let run = "";
  const flush = () => {
    if (run) nodes.push(withEmoji(unescaped(run)));
    run = "";
  };
  const add = (node, length) => {
    flush();
    nodes.push(node);
    return length;
  };
  let at = 0;
  while (at < text.length) at += taken(text, at) || literal();
  flush();
  return nodes;

  function literal() {
    run += text[at];
    return 1;
  }

  function taken(whole, place) {
    const char = whole[place];
    const rest = whole.slice(place);
    if (char === "`") {
      const found = /^`([^`\n]+)`/.exec(rest);
      return found && add(h("code", { class: "code" }, active(found[1], names)), found[0].length);
    }
    if (char === "<") {
      const found = /^<([^<>\n]+)>/.exec(rest);
      const node = found && reference(found[1], names);
      return node && add(node, found[0].length);
    }
    if (char in STYLES) {
      const length = styled(whole, place);
      return length && add(h(STYLES[char], null, inline(whole.slice(place + 1, place + length - 1), names, verbatim)), length);
    }
    if (!verbatim && char === "h" && ADDRESS.test(rest) && !/\w/.test(whole[place - 1] ?? " ")) {
      const found = ADDRESS.exec(rest)[0].replace(/[.,:;!?)]+$/, "");
      return add(link(unescaped(found), null, names), found.length);
    }
    return null;
  }
}

// The length of *bold*, _italic_ or ~struck~ text that begins here, signs included; 0 if none does.
function styled(text, start) {
  const sign = text[start];
  if (start > 0 && !BEFORE.test(text[start - 1])) return 0;
  if (/\s/.test(text[start + 1] ?? " ") || text[start + 1] === sign) return 0;
  for (let end = start + 2; end < text.length; end++) {
    if (text[end] === "`") {
      const closing = text.indexOf("`", end + 1);
      if (closing > 0) end = closing;
      continue;
    }
    const closes = text[end] === sign && !/\s/.test(text[end - 1]);
    if (closes && (end + 1 === text.length || AFTER.test(text[end + 1]))) return end - start + 1;
  }
  return 0;
}

// Text in which only references are active: the inside of code.
function active(text, names) {
  const nodes = [];
  text.split(/(<[^<>\n]+>)/).forEach((part) => {
    const node = part.startsWith("<") && part.endsWith(">") ? reference(part.slice(1, -1), names) : null;
    if (node) nodes.push(node);
    else if (part) nodes.push(unescaped(part));
  });
  return nodes;
}

function reference(inner, names) {
  const [target, ...labels] = inner.split("|");
  const label = labels.length ? unescaped(labels.join("|")) : null;
  let found;
  if ((found = /^@(\w+)$/.exec(target))) return person(found[1], label, names);
  if ((found = /^#(\w+)$/.exec(target))) return channel(found[1], label, names);
  if ((found = /^!subteam\^(\w+)$/.exec(target))) return group(found[1], label, names);
  if ((found = /^!(here|channel|everyone)$/.exec(target))) return broadcast(found[1]);
  if ((found = /^!date\^(\d+)\^([^^]*)(?:\^(.*))?$/.exec(target))) return date(found[1], found[2], found[3], label, names);
  if (/^(?:https?:\/\/|mailto:)/.test(target)) return link(unescaped(target), label, names);
  return null;
}

export function person(id, label, names) {
  const known = names.person(id);
  const mine = names.me() === id ? " mention--me" : "";
  return h("span", { class: `mention${mine}` }, `@${known?.name ?? label ?? id}`);
}

export function group(id, label, names) {
  return h("span", { class: "mention" }, `@${names.group(id)?.handle ?? (label ?? id).replace(/^@/, "")}`);
}

export function broadcast(range) {
  return h("span", { class: "mention mention--me" }, `@${range}`);
}

export function channel(id, label, names) {
  const known = names.channel(id);
  if (!known) return h("span", { class: "mention" }, `#${label || "private-channel"}`);
  return h("a", { class: "mention", href: `#/${id}` }, `#${known.name}`);
}

// A link out of the workspace opens beside it; one to a message of the workspace leads there.
export function link(url, label, names) {
  const inside = names.inside(url);
  const shown = label || url.replace(/^mailto:/, "");
  if (inside) return h("a", { href: inside }, withEmoji(shown));
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, withEmoji(shown));
}

export function date(timestamp, format, url, fallback, names) {
  const text = dated(Number(timestamp), format) ?? fallback ?? format;
  const counts = /\{(ago|\w*pretty)\}/.test(format);
  const attributes = { datetime: isoOrNull(timestamp), title: titleOrNull(timestamp) };
  const node = h("time", { ...attributes, data: counts ? { ago: format, timestamp } : {} }, text);
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, node) : node;

  function isoOrNull(each) {
    const found = new Date(Number(each) * 1000);
    return Number.isNaN(found.getTime()) ? null : found.toISOString();
  }

  function titleOrNull(each) {
    return isoOrNull(each) && fullOf(each);
  }
}
