// The channels of whoever one is, with what is new in them.

import { arrange, h } from "./dom.js";
import { icon } from "./icons.js";
import { roots } from "./messages.js";

// How far each person has read each channel. What was there before the page was opened counts as read.
export class Reading {
  constructor(key) {
    this.key = `read${key}`;
    this.opened = `${(Date.now() / 1000).toFixed(6)}`;
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key));
      this.opened = kept.opened;
      this.until = kept.until;
    } catch {
      this.until = {};
    }
  }

  since(person, channel) {
    return this.until[`${person}/${channel}`] ?? this.opened;
  }

  read(person, channel, ts) {
    if (ts <= this.since(person, channel)) return;
    this.until[`${person}/${channel}`] = ts;
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ opened: this.opened, until: this.until }));
    } catch {
      // Without storage a reload forgets what was read, and nothing else.
    }
  }
}

// { unread, calls } of one channel: messages since, and those of them that call this person by name.
export function news(app, channel) {
  const since = app.reading.since(app.me(), channel.id);
  const fresh = app.store.all("message").filter((each) => each.channel === channel.id && each.ts > since && each.author !== app.me());
  const calls = fresh.filter((each) => calling(each, app.me())).length;
  return { unread: roots(fresh).length, calls };
}

function calling(message, me) {
  return message.private || `${message.text}${JSON.stringify(message.blocks)}`.includes(me);
}

export function drawSide(side, app) {
  const channels = app.channels();
  const groups = [
    ["Channels", channels.filter((each) => !each.direct)],
    ["Direct messages", channels.filter((each) => each.direct)],
  ].filter(([, members]) => members.length);
  arrange(side, groups.flatMap(([title, members]) => [
    { key: title, stamp: title, make: () => h("h2", { class: "side__title" }, title) },
    { key: `${title}/list`, stamp: members.map((each) => stamp(app, each)).join(), make: () => h("ul", { class: "side__list" }, members.map((each) => entry(app, each))) },
  ]));
}

function stamp(app, channel) {
  const { unread, calls } = news(app, channel);
  return [channel.id, app.store.stamp(`channel/${channel.id}`), unread, calls, app.route.channel === channel.id].join("/");
}

function entry(app, channel) {
  const { unread, calls } = news(app, channel);
  const here = app.route.channel === channel.id;
  const face = channel.direct ? "person" : channel.private ? "lock" : "hash";
  const name = app.titleOf(channel);
  const words = [calls ? `${calls} for you` : null, unread ? `${unread} unread` : null].filter(Boolean).join(", ");
  return h("li", null, h("a",
    { class: `side__channel${unread || calls ? " side__channel--new" : ""}`, href: `#/${channel.id}`, "aria-current": here ? "page" : null, data: { focus: `channel/${channel.id}` } },
    icon(face),
    h("span", { class: "side__name" }, name),
    words ? h("span", { class: "hidden" }, `, ${words}`) : null,
    calls ? h("span", { class: "side__calls", "aria-hidden": "true" }, String(calls)) : unread ? h("span", { class: "side__dot", "aria-hidden": "true" }) : null,
  ));
}
