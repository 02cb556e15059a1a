// The page: who one is, where one looks, and everything redrawn from what the server told.

import { Box } from "./box.js";
import { Clusters, faultName } from "./clusters.js";
import { Modals, toast } from "./dialogs.js";
import { arrange, byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { drawChannel, drawThread, End, inChannel } from "./messages.js";
import { drawSide, news, Reading } from "./side.js";
import { act, Store } from "./store.js";
import { tick } from "./times.js";

const FIRST = { person: "sre", channel: "platform" };
const WIDE = matchMedia("(min-width: 1180px)");
const NARROW = matchMedia("(max-width: 719px)");

const past = [];
let due = null;

const store = new Store(redrawSoon);
const app = {
  store,
  person: kept("person") ?? FIRST.person,
  route: { channel: null, thread: null, pane: "talk" },
  reading: new Reading(location.pathname),
  me: () => store.get("you")?.id ?? null,
  names: {
    me: () => app.me(),
    person: (id) => store.get(`person/${id}`),
    people: () => store.all("person").filter((each) => each.active),
    group: (id) => store.get(`group/${id}`),
    channel: (id) => store.get(`channel/${id}`),
    channels: () => app.channels(),
    inside: insideLink,
  },
  channels: () => store.all("channel"),
  titleOf: (channel) => (channel.direct ? store.get("bot").name : channel.name),
  act: async (what) => {
    const refused = await act(what);
    if (refused) toast(refused);
    return refused === null;
  },
};

const ends = { talk: new End(byId("log")), thread: new End(byId("thread-log")) };
const boxes = { talk: new Map(), thread: new Map() };
const modals = new Modals(app);
const clusters = new Clusters(app);
let unreadFrom = null;
let shownChannel = null;
let shownThread = null;

// --- Where one looks: #/CHANNEL, #/CHANNEL/THREAD, #/clusters, #/ for the channels on a narrow screen ------------

function readRoute() {
  const [, first = "", second = null] = decodeURIComponent(location.hash.slice(1)).split("/");
  const before = app.route;
  if (first === "clusters") app.route = { ...before, pane: "clusters" };
  else if (first === "") app.route = { ...before, thread: null, pane: location.hash ? "side" : "talk" };
  else app.route = { channel: first, thread: second, pane: second ? "thread" : "talk" };
  redraw();
}

// A permalink of the workspace, as a place on this page; null for any other address.
function insideLink(url) {
  const domain = store.get("team")?.domain;
  const found = /^https:\/\/([\w-]+)\.slack\.com\/archives\/(\w+)(?:\/p(\d{10})(\d{6}))?(?:\?(.*))?$/.exec(url);
  if (!found || found[1] !== domain) return null;
  const [, , channel, seconds, rest, query] = found;
  const thread = new URLSearchParams(query ?? "").get("thread_ts") ?? (seconds ? `${seconds}.${rest}` : null);
  if (!store.get(`channel/${channel}`)) return null;
  const known = thread && store.get(`message/${channel}/${thread}`);
  return known ? `#/${channel}/${thread}` : `#/${channel}`;
}

// --- Drawing ------------------------------------------------------------------------------------------------------

function redrawSoon() {
  due ??= setTimeout(() => {
    due = null;
    redraw();
  }, 16);
}

function redraw() {
  document.body.dataset.pane = app.route.pane;
  drawAlarms();
  if (!store.ready) return;
  settleChannel();
  drawWho();
  const channel = store.get(`channel/${app.route.channel}`);
  if (channel) drawTalk(channel);
  drawThreadPane();
  drawSide(byId("side"), app);
  clusters.draw();
  modals.draw();
  drawTitle();
  tick();
}

function settleChannel() {
  if (store.get(`channel/${app.route.channel}`)) return;
  const first = app.channels().find((each) => each.name === FIRST.channel) ?? app.channels()[0];
  app.route = { ...app.route, channel: first?.id ?? null, thread: null };
}

function drawTalk(channel) {
  const log = byId("log");
  const arrived = shownChannel !== `${app.person}/${channel.id}`;
  if (arrived) {
    shownChannel = `${app.person}/${channel.id}`;
    unreadFrom = news(app, channel).unread ? app.reading.since(app.me(), channel.id) : null;
  }
  const face = icon(channel.direct ? "person" : channel.private ? "lock" : "hash");
  arrange(byId("talk-title"), [{ key: channel.id, stamp: channel.name, make: () => h("span", { class: "title" }, face, app.titleOf(channel)) }]);
  byId("talk-about").textContent = about(channel);
  drawBox(byId("box"), boxes.talk, channel.id, channel, null, `Message ${channel.direct ? "" : "#"}${app.titleOf(channel)}`);
  drawChannel(log, app, channel, unreadFrom);
  if (arrived) ends.talk.go();
  else ends.talk.keep();
  const visible = !NARROW.matches || app.route.pane === "talk";
  const last = inChannel(store, channel.id).at(-1);
  if (last && visible && document.visibilityState === "visible") app.reading.read(app.me(), channel.id, last.ts);
}

function about(channel) {
  const kind = channel.shared ? "shared with another organisation" : channel.private ? "private" : null;
  return [`${channel.members} members`, kind].filter(Boolean).join(" · ");
}

function drawThreadPane() {
  const pane = byId("thread");
  const { channel, thread } = app.route;
  const known = thread && store.get(`channel/${channel}`);
  const log = byId("thread-log");
  const arrived = thread && shownThread !== `${channel}/${thread}`;
  pane.hidden = !known;
  document.body.toggleAttribute("data-thread", Boolean(known));
  if (!known) {
    shownThread = null;
    return;
  }
  byId("thread-about").textContent = `#${known.name}`;
  drawBox(byId("thread-box"), boxes.thread, `${channel}/${thread}`, known, thread, "Reply");
  drawThread(log, app, channel, thread);
  if (arrived) {
    shownThread = `${channel}/${thread}`;
    ends.thread.start();
    byId("thread-title").focus({ preventScroll: true });
  } else ends.thread.keep();
}

// Each channel and thread has a box of its own, so that nothing typed is lost on the way.
function drawBox(holder, known, key, channel, thread, label) {
  if (channel.hindrance) {
    arrange(holder, [{ key: "hindrance", stamp: channel.hindrance, make: () => h("p", { class: "hindrance" }, `Nothing can be typed here: ${channel.hindrance}.`) }]);
    return;
  }
  if (!known.has(key)) known.set(key, new Box({ label, past, known: knownWords, send: (text) => app.act({ do: "say", person: app.person, channel: channel.id, text, thread }) }));
  const box = known.get(key);
  box.name(label);
  arrange(holder, [{ key, stamp: key, make: () => box.node }]);
}

function knownWords() {
  const words = store.get("words");
  return words && {
    words, objects: store.all("object"), groups: store.all("group"), channels: app.channels(),
    people: app.names.people().filter((each) => !each.bot),
  };
}

function drawWho() {
  const people = app.names.people().filter((each) => !each.bot);
  const select = byId("who");
  const stamp = people.map((each) => each.name).join();
  if (select.dataset.stamp !== stamp) {
    select.dataset.stamp = stamp;
    select.replaceChildren(...people.map((each) => h("option", { value: each.name }, `${each.name}${kindOf(each)}`)));
  }
  select.value = store.get("you").name;
}

const kindOf = (person) => (person.guest ? " (guest)" : person.stranger ? " (another organisation)" : "");

function drawAlarms() {
  const faults = store.all("fault").filter((each) => each.on).sort((one, other) => one.order - other.order);
  const slow = store.all("cluster").flatMap((each) => each.controllers.filter((one) => one.slow).map((one) => ({ cluster: each.name, controller: one.name })));
  const items = [];
  if (store.connected === false) items.push(alarm("lost", "The demo does not answer"));
  else if (store.ready && !store.get("bot").connected) items.push(alarm("bot", "The bot is not connected"));
  for (const each of faults) items.push(alarm(each.id, faultName(each), () => app.act({ do: "fault", id: each.id, on: false })));
  for (const each of slow) {
    items.push(alarm(`slow/${each.cluster}/${each.controller}`, `${each.controller} slow, ${each.cluster}`, () => app.act({ do: "slow", ...each, on: false })));
  }
  arrange(byId("alarms"), items);
}

const alarm = (key, words, lift = null) => ({
  key, stamp: words, make: () => h("span", { class: `alarm${lift ? "" : " alarm--still"}` }, words,
    lift ? h("button", { type: "button", class: "alarm__lift", "aria-label": `Lift: ${words}`, onclick: lift, data: { focus: `lift/${key}` } }, "Lift") : null),
});

function drawTitle() {
  const sums = app.channels().map((each) => news(app, each));
  const calls = sums.reduce((sum, each) => sum + each.calls, 0);
  const unread = sums.some((each) => each.unread);
  document.title = `${calls ? `(${calls}) ` : unread ? "• " : ""}Flux demo`;
}

// --- What one does with the frame ---------------------------------------------------------------------------------

function kept(name) {
  try {
    return sessionStorage.getItem(`${location.pathname}${name}`);
  } catch {
    return null;
  }
}

function keep(name, value, storage = () => sessionStorage) {
  try {
    storage().setItem(name, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function become(person) {
  app.person = person;
  keep(`${location.pathname}person`, person);
  store.become(person);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const button = byId("theme");
  button.replaceChildren(icon(dark ? "sun" : "moon"));
  button.setAttribute("aria-label", dark ? "Light theme" : "Dark theme");
  button.title = button.getAttribute("aria-label");
  button.onclick = () => {
    const next = dark ? "light" : "dark";
    keep("flux-demo-theme", next, () => localStorage);
    setTheme(next);
  };
}

function showClusters(on) {
  document.body.toggleAttribute("data-clusters", on);
  const button = byId("show-clusters");
  button.setAttribute("aria-expanded", String(on));
}

function leaveThread() {
  const { channel, thread } = app.route;
  location.hash = `#/${channel}`;
  const opener = document.querySelector(`[data-focus="${CSS.escape(`thread/${thread}`)}"], [data-focus="${CSS.escape(`reply/${thread}`)}"]`);
  setTimeout(() => opener?.focus(), 30);
}

function go(pane) {
  const { channel } = app.route;
  if (pane === "side") location.hash = "#/";
  else location.hash = `#/${channel}`;
}

function prepare() {
  for (const each of document.querySelectorAll(".back")) each.replaceChildren(icon("back"));
  byId("thread-close").append(icon("close"));
  byId("show-clusters").append(icon("cluster"), h("span", { class: "tool__word" }, "Clusters"));
  byId("who").addEventListener("change", (event) => become(event.target.value));
  byId("thread-close").addEventListener("click", leaveThread);
  byId("show-clusters").addEventListener("click", () => {
    if (NARROW.matches) location.hash = app.route.pane === "clusters" ? `#/${app.route.channel}` : "#/clusters";
    else showClusters(!document.body.hasAttribute("data-clusters"));
  });
  document.addEventListener("click", (event) => {
    const pane = event.target.closest("[data-go]")?.dataset.go;
    if (pane) go(pane);
    const skip = event.target.closest("[data-skip]");
    if (skip) {
      event.preventDefault();
      skipTo(skip.dataset.skip);
    }
  });
  document.addEventListener("keydown", (event) => {
    const inside = document.querySelector("dialog[open], [popover]:popover-open");
    if (event.key === "Escape" && !event.defaultPrevented && !inside && app.route.thread) leaveThread();
  });
  document.addEventListener("visibilitychange", redrawSoon);
  WIDE.addEventListener("change", () => showClusters(WIDE.matches));
  NARROW.addEventListener("change", redrawSoon);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(document.documentElement.dataset.theme));
  window.addEventListener("hashchange", readRoute);
}

function skipTo(place) {
  if (place === "clusters") {
    if (NARROW.matches) location.hash = "#/clusters";
    else showClusters(true);
    byId("clusters").focus();
  } else if (place === "box") byId("box").querySelector("textarea")?.focus();
  else byId(place).focus();
}

function storedTheme() {
  try {
    return localStorage.getItem("flux-demo-theme") ?? "auto";
  } catch {
    return "auto";
  }
}

prepare();
setTheme(storedTheme());
showClusters(WIDE.matches);
setInterval(tick, 1000);
readRoute();
become(app.person);
