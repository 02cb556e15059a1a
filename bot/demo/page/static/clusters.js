// The clusters beside the workspace: Flux's objects as they are, what may be done to them, and what may go wrong.

import { arrange, byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { brief } from "./times.js";

const ACTS = {
  push: ["Push a commit", "It lies in the repository until Flux looks"],
  "push-broken": ["Push a broken commit", "Its manifests do not build"],
  release: ["Release a chart", "The next version lies in the repository until Flux looks"],
  break: ["Break", "The credentials of this source are refused from now on"],
  heal: ["Heal", "The credentials of this source are good again"],
  suspend: ["Suspend", "Flux leaves it alone"],
  resume: ["Resume", "Flux takes care of it again"],
};
const FAULTS = {
  "slack-429": ["Slack answers 429", "Posts, edits and deletions are refused for now"],
  "slack-down": ["Slack down", "No call is answered, and the bot's connection breaks"],
  "api-down": ["API server down", "Nobody reaches it, Flux included"],
  watch: ["Drop the watch", "The bot's watches break off, and it gets no new ones"],
};
export const faultName = (fault) => {
  const [name] = FAULTS[fault.id.split("/")[0]] ?? [fault.id];
  return fault.where === "Slack" ? name : `${name}, ${fault.where}`;
};
const STATES = { all: "All", failing: "Failing", suspended: "Suspended" };

export class Clusters {
  constructor(app) {
    this.app = app;
    this.filter = "";
    this.state = "all";
    this.opened = null;
    this.build();
  }

  build() {
    const back = h("button", { type: "button", class: "tool back", "aria-label": "Back to the messages", data: { go: "talk" } }, icon("back"));
    this.filterField = h("input", { type: "search", class: "filter", placeholder: "Filter", "aria-label": "Filter objects", oninput: () => { this.filter = this.filterField.value.trim().toLowerCase(); this.draw(); } });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "Show" }, Object.keys(STATES).map((name) =>
      h("button", { type: "button", class: "chip", "aria-pressed": "false", data: { state: name }, onclick: () => { this.state = name; this.draw(); } }),
    ));
    this.faults = h("div", { class: "faults__groups" });
    this.table = h("table", { class: "objects" },
      h("thead", null, h("tr", null, ["Object", "State", "Revision", "Age"].map((each) => h("th", { scope: "col" }, each)))),
    );
    this.trouble = h("p", { class: "trouble", role: "status" });
    byId("clusters").append(
      h("header", { class: "pane__head" }, back, h("h2", { class: "pane__title" }, "Clusters"), h("p", { class: "pane__about", id: "clusters-about" })),
      h("div", { class: "clusters__tools" }, h("span", { class: "filter-holder" }, icon("search"), this.filterField), this.chips),
      this.trouble,
      h("div", { class: "clusters__scroll", tabindex: "0", role: "region", "aria-label": "Flux objects" }, this.table),
      h("details", { class: "faults", open: matchMedia("(min-width: 720px) and (min-height: 700px)").matches }, h("summary", null, "Make something go wrong"), this.faults),
    );
  }

  draw() {
    const objects = this.app.store.all("object");
    const clusters = this.app.store.all("cluster");
    this.drawChips(objects);
    this.drawRows(objects, clusters);
    this.drawFaults(clusters);
    const troubles = clusters.filter((each) => each.trouble).map((each) => `${each.name}: ${each.trouble}`);
    set(this.trouble, troubles.join(" "));
    set(byId("clusters-about"), clusters.map((each) => each.name).join(" · "));
  }

  drawChips(objects) {
    for (const chip of this.chips.children) {
      const name = chip.dataset.state;
      chip.setAttribute("aria-pressed", String(name === this.state));
      set(chip, `${STATES[name]} ${objects.filter((each) => inState(each, name)).length}`);
    }
  }

  drawRows(objects, clusters) {
    const shown = objects.filter((each) => inState(each, this.state) && this.fits(each)).sort(byOrder);
    const bodies = clusters.map((cluster) => {
      const rows = shown.filter((each) => each.cluster === cluster.name);
      return { key: cluster.name, stamp: "body", make: () => h("tbody"), rows, cluster };
    });
    let place = this.table.querySelector("thead");
    for (const each of bodies) {
      let body = this.table.querySelector(`tbody[data-cluster="${CSS.escape(each.key)}"]`);
      if (!body) place.after((body = h("tbody", { data: { cluster: each.key } })));
      place = body;
      const rows = each.rows.flatMap((row) => this.rowItems(row));
      arrange(body, rows.length || !this.filter ? [this.groupItem(each), ...rows] : []);
    }
  }

  fits(each) {
    const said = `${each.cluster} ${each.kind} ${each.short} ${each.namespace}/${each.name} ${each.reason ?? ""} ${each.suspended ? "suspended" : ""}`.toLowerCase();
    return this.filter.split(/\s+/).every((word) => said.includes(word));
  }

  groupItem({ cluster, rows }) {
    const words = rows.length === 1 ? "1 object" : `${rows.length} objects`;
    return {
      key: "group", stamp: `${cluster.name}/${rows.length}`,
      make: () => h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: 4 }, h("span", { class: "group__name" }, cluster.name), h("span", { class: "muted" }, rows.length ? words : "nothing to show"))),
    };
  }

  rowItems(each) {
    const key = keyOf(each);
    const open = this.opened === key;
    const stamp = `${this.app.store.stamp(key)}/${open}`;
    const row = { key, stamp, make: () => this.row(each, key, open) };
    return open ? [row, { key: `${key}/more`, stamp, make: () => this.more(each, key) }] : [row];
  }

  row(each, key, open) {
    const name = h("button",
      { type: "button", class: "object", "aria-expanded": String(open), data: { focus: key }, onclick: () => { this.opened = open ? null : key; this.draw(); } },
      h("span", { class: "object__name" }, each.name),
      h("span", { class: "object__kind" }, `${each.namespace} · ${each.kind}`),
    );
    const [tone, sign, word] = stateOf(each);
    const since = Date.parse(each.since ?? each.created);
    const waits = each.newest && each.revision && !same(each.newest, each.revision);
    return h("tr", { class: `row${open ? " row--open" : ""}` },
      h("th", { scope: "row" }, name),
      h("td", null, h("span", { class: `state state--${tone}`, title: each.message }, h("span", { class: "state__sign", "aria-hidden": "true" }, sign), h("span", { class: "state__word" }, humps(word))), each.broken ? h("span", { class: "state state--bad" }, "source broken") : null),
      h("td", { class: "revision" }, short(each.revision) ?? "–", waits ? h("span", { class: "waits", title: "Newer outside; Flux has not looked yet" }, `${short(each.newest)} waits`) : null),
      h("td", { class: "age" }, Number.isNaN(since) ? "–" : h("span", { data: { since: String(since) }, title: `Since ${each.since ?? each.created}` }, brief(since))),
    );
  }

  more(each, key) {
    const buttons = each.acts.map((what) => h("button",
      { type: "button", class: "button button--small", title: ACTS[what][1], data: { focus: `${key}/${what}` }, onclick: () => this.change(each, what) },
      ACTS[what][0],
    ));
    return h("tr", { class: "more" }, h("td", { colspan: 4 },
      h("p", { class: "more__message" }, each.message || "Nothing was said about it."),
      h("p", { class: "muted" }, [each.revision, each.newest && !same(each.newest, each.revision ?? "") ? `outside: ${each.newest}` : null].filter(Boolean).join(" · ")),
      buttons.length ? h("div", { class: "actions" }, buttons) : null,
    ));
  }

  change(each, what) {
    return this.app.act({ do: "change", cluster: each.cluster, kind: each.kind, namespace: each.namespace, name: each.name, what });
  }

  drawFaults(clusters) {
    const faults = this.app.store.all("fault").sort((one, other) => one.order - other.order);
    const places = [...new Set(faults.map((each) => each.where))];
    arrange(this.faults, places.map((where) => {
      const own = faults.filter((each) => each.where === where);
      const cluster = clusters.find((each) => each.name === where);
      const stamp = [...own.map((each) => this.app.store.stamp(`fault/${each.id}`)), this.app.store.stamp(`cluster/${where}`)].join("/");
      return { key: where, stamp, make: () => this.faultGroup(where, own, cluster?.controllers ?? []) };
    }));
  }

  faultGroup(where, faults, controllers) {
    const switches = faults.map((each) => {
      const [name, about] = FAULTS[each.id.split("/")[0]] ?? [each.id, ""];
      const hits = each.on ? h("span", { class: "chip__count" }, `${each.hits} hit`) : null;
      return this.toggle(name, about, each.on, `fault/${each.id}`, () => this.app.act({ do: "fault", id: each.id, on: !each.on }), hits);
    });
    const slow = controllers.map((each) => this.toggle([each.name.replace("-controller", ""), h("span", { class: "hidden" }, " slow")], `Every step of ${each.name} takes thirty times as long`, each.slow, `slow/${where}/${each.name}`,
      () => this.app.act({ do: "slow", cluster: where, controller: each.name, on: !each.slow })));
    return h("div", { class: "faults__group", role: "group", "aria-label": `Faults of ${where}` },
      h("h3", { class: "faults__where" }, where),
      h("div", { class: "chips" }, switches),
      slow.length ? h("div", { class: "chips" }, h("span", { class: "chips__label" }, "Slow controller"), slow) : null,
    );
  }

  toggle(name, about, on, focus, change, more = null) {
    return h("button", { type: "button", class: "chip chip--fault", "aria-pressed": String(on), title: about, data: { focus }, onclick: change }, name, more);
  }
}

const keyOf = (each) => `object/${each.cluster}/${each.kind}/${each.namespace}/${each.name}`;

const byOrder = (one, other) => one.order - other.order || one.namespace.localeCompare(other.namespace) || one.name.localeCompare(other.name);

const failing = (each) => each.ready === "False" && !each.busy;

function inState(each, name) {
  if (name === "failing") return failing(each) && !each.suspended;
  return name === "all" || each.suspended;
}

function stateOf(each) {
  if (each.suspended) return ["quiet", "‖", "Suspended"];
  if (each.busy) return ["busy", "◔", "Reconciling"];
  if (each.ready === "True") return ["good", "●", "Ready"];
  if (each.ready === "False") return ["bad", "✕", each.reason ?? "Not ready"];
  return ["quiet", "○", each.ready === "Unknown" ? (each.reason ?? "Unknown") : "No status"];
}

// `HealthCheckFailed` may be broken between its words.
const humps = (word) => word.split(/(?=[A-Z])/).flatMap((part, place) => (place ? [h("wbr"), part] : [part]));

// `main@sha1:9d8e7f6…` as people read it: `main@9d8e7f6`.
export function short(revision) {
  if (!revision) return null;
  return revision.replace(/(^|@)(sha1|sha256):([0-9a-f]{7})[0-9a-f]*$/, "$1$3");
}

const same = (one, other) => one === other || (!one.includes(":") && other.split("@")[0] === one) || one.split("+")[0] === other.split("+")[0];

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
