// Messages of a channel and of a thread, and the marks around them.

import { drawBlocks } from "./blocks.js";
import { arrange, h } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./marks.js";
import { clockOf, dayOf, fullOf, isoOf } from "./times.js";

const TOGETHER = 5 * 60;
const NEAR = 96;

const byTs = (one, other) => (one.ts < other.ts ? -1 : one.ts > other.ts ? 1 : 0);

export function inChannel(store, channel) {
  return store.all("message").filter((each) => each.channel === channel).sort(byTs);
}

export const roots = (messages) => messages.filter((each) => each.thread === null);

// What hangs below each root, by the root's ts.
export function threads(messages) {
  const found = new Map();
  for (const each of messages) if (each.thread !== null) found.set(each.thread, [...(found.get(each.thread) ?? []), each]);
  return found;
}

// Keeps the end in sight of whoever has it in sight, however log and messages grow, and leaves others where they read.
export class End {
  constructor(log) {
    this.log = log;
    this.here = true;
    log.addEventListener("scroll", () => (this.here = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR));
    new ResizeObserver(() => this.keep()).observe(log);
  }

  go() {
    this.here = true;
    this.keep();
  }

  // From the beginning: whoever opens a thread wants to know what it is about.
  start() {
    this.log.scrollTop = 0;
    this.here = this.log.scrollHeight - this.log.clientHeight < NEAR;
  }

  keep() {
    if (this.here) this.log.scrollTop = this.log.scrollHeight;
  }
}

export function drawChannel(log, app, channel, unreadFrom) {
  const messages = inChannel(app.store, channel.id);
  const replies = threads(messages);
  const items = [];
  let before = null;
  for (const each of roots(messages)) {
    const day = dayOf(each.ts);
    if (!before || dayOf(before.ts) !== day) items.push(dayItem(day));
    const fresh = unreadFrom !== null && each.ts > unreadFrom && (!before || before.ts <= unreadFrom);
    if (fresh && before) items.push({ key: "new", stamp: each.ts, make: () => h("div", { class: "fresh", role: "separator", "aria-label": "New messages" }, h("span", null, "New")) });
    items.push(rootItem(app, each, replies.get(each.ts) ?? [], !fresh && follows(before, each)));
    before = each;
  }
  if (!items.length) items.push({ key: "empty", stamp: channel.id, make: () => nothing(channel, app) });
  arrange(log, items);
}

function nothing(channel, app) {
  const command = app.store.get("words")?.command;
  return h("div", { class: "empty" },
    h("p", { class: "empty__head" }, "Nothing has been said here yet."),
    channel.hindrance ? null : h("p", null, "Type ", h("code", { class: "code" }, "/"), " below: ", h("code", { class: "code" }, `${command} help`), " lists what you may do."),
  );
}

export function drawThread(log, app, channel, ts) {
  const messages = inChannel(app.store, channel);
  const root = messages.find((each) => each.ts === ts);
  const replies = threads(messages).get(ts) ?? [];
  const items = root ? [item(app, root, { compact: false, place: "thread" })] : [];
  const count = replies.length;
  if (count) items.push({ key: "count", stamp: count, make: () => h("div", { class: "replies" }, h("span", null, plural(count))) });
  let before = null;
  for (const each of replies) {
    items.push(item(app, each, { compact: follows(before, each), place: "thread" }));
    before = each;
  }
  arrange(log, items);
  return root;
}

const plural = (count) => `${count} ${count === 1 ? "reply" : "replies"}`;

const follows = (before, each) =>
  before !== null && before.author === each.author && before.private === each.private &&
  dayOf(before.ts) === dayOf(each.ts) && Number(each.ts) - Number(before.ts) < TOGETHER && !each.app;

const dayItem = (day) => ({
  key: `day/${day}`, stamp: day, make: () => h("div", { class: "day", role: "separator", "aria-label": day }, h("span", null, day)),
});

function rootItem(app, message, replies, compact) {
  const last = replies.at(-1);
  const open = app.route.thread === message.ts;
  return item(app, message, { compact, place: "channel", count: replies.length, last: last?.ts, open });
}

// `about`: compact, place, count of replies, ts of the last one, whether its thread is open.
function item(app, message, about) {
  const stamp = [app.store.stamp(`message/${message.channel}/${message.ts}`), about.compact, about.count, about.last, about.open].join("/");
  return { key: message.ts, stamp, make: () => drawn(app, message, about) };
}

function drawn(app, message, about) {
  const author = app.names.person(message.author);
  const name = author?.realName ?? (message.author === "USLACKBOT" ? "Slackbot" : message.author);
  const where = {
    names: app.names,
    scope: `${about.place}-${message.ts}`,
    press: (each, block) => app.act({ do: "press", person: app.person, channel: message.channel, ts: message.ts, action: each.action_id, block: block.block_id }),
    fill: (each, block, state) => app.act({ do: "fill", person: app.person, channel: message.channel, ts: message.ts, action: each.action_id, block: block.block_id, state }),
  };
  const classes = ["message", about.compact && "message--compact", message.private && "message--private", about.open && "message--open"];
  const node = h("article", { class: classes.filter(Boolean).join(" "), "aria-label": `${name}, ${clockOf(message.ts)}`, data: { ts: message.ts } },
    avatar(message, name),
    h("div", { class: "message__inside" },
      message.private ? h("p", { class: "private" }, icon("eye"), "Only visible to you") : null,
      about.compact ? null : head(message, name),
      content(message, where),
      reactions(app, message),
      about.count ? threadLink(app, message, about) : null,
    ),
    about.place === "channel" && !message.private ? replyTool(app, message) : null,
  );
  return node;
}

function head(message, name) {
  return h("div", { class: "message__head" },
    h("span", { class: "message__author" }, name),
    message.app ? h("span", { class: "badge" }, "APP") : null,
    h("time", { class: "message__time", datetime: isoOf(message.ts), title: fullOf(message.ts) }, clockOf(message.ts)),
  );
}

export function avatar(message, name) {
  if (message.app) return h("img", { class: "avatar", src: "icon.svg", alt: "", width: 36, height: 36 });
  const initials = name.split(/\s+/).map((each) => each[0]).slice(0, 2).join("").toUpperCase();
  const tone = [...message.author].reduce((sum, each) => sum + each.codePointAt(0), 0) % 6;
  return h("span", { class: `avatar avatar--${tone}`, "aria-hidden": "true" }, initials);
}

function content(message, where) {
  const edited = message.edited ? h("span", { class: "edited" }, " (edited)") : null;
  if (message.blocks.length || message.attachments.length) {
    const text = message.blocks.length ? null : h("div", { class: "text" }, mrkdwn(message.text, where.names), edited);
    return h("div", { class: "message__content" }, text, drawBlocks(message.blocks, where), message.attachments.map((each) => attachment(each, where)), message.blocks.length ? edited : null);
  }
  return h("div", { class: "message__content text" }, mrkdwn(message.text, where.names), edited);
}

const COLOURS = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

function attachment(each, where) {
  const node = h("div", { class: "attachment" },
    each.pretext ? h("div", { class: "text" }, mrkdwn(each.pretext, where.names)) : null,
    each.title ? h("p", { class: "heading" }, mrkdwn(each.title, where.names)) : null,
    each.text ? h("div", { class: "text" }, mrkdwn(each.text, where.names)) : null,
    each.blocks ? drawBlocks(each.blocks, where) : null,
    !each.text && !each.blocks && each.fallback ? h("div", { class: "text" }, each.fallback) : null,
    each.footer ? h("p", { class: "context" }, each.footer) : null,
  );
  const colour = COLOURS[each.color] ?? (/^#?[0-9a-f]{6}$/i.test(each.color ?? "") ? `#${each.color.replace("#", "")}` : null);
  if (colour) node.style.borderLeftColor = colour;
  return node;
}

function reactions(app, message) {
  if (!message.reactions.length) return null;
  const counts = new Map();
  for (const each of message.reactions) counts.set(each.name, (counts.get(each.name) ?? 0) + 1);
  return h("div", { class: "reactions" }, [...counts].map(([name, count]) => h("span", { class: "reaction" }, `${emoji(name) ?? `:${name}:`} ${count}`)));
}

function threadLink(app, message, about) {
  return h("a", { class: "thread-link", href: `#/${message.channel}/${message.ts}`, data: { focus: `thread/${message.ts}` } },
    h("span", { class: "thread-link__count" }, plural(about.count)),
    h("span", { class: "thread-link__last" }, `Last reply ${clockOf(about.last)}`),
  );
}

function replyTool(app, message) {
  return h("a", { class: "reply-tool", href: `#/${message.channel}/${message.ts}`, "aria-label": "Reply in thread", title: "Reply in thread", data: { focus: `reply/${message.ts}` } }, icon("reply"));
}
