// Slack's blocks as a person sees them. What this page cannot draw it shows raw and says so.

import { h } from "./dom.js";
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { link, plain, written } from "./marks.js";
import { richText } from "./richtext.js";

// `where` knows names, and takes what is pressed and filled in: see elements.js.
export function drawBlocks(blocks, where) {
  return blocks.map((block) => drawBlock(block, where));
}

function drawBlock(block, where) {
  const draw = DRAWN[block.type];
  return draw ? draw(block, where) : unknown(block);
}

const DRAWN = { section, header, divider, image, context, actions, rich_text, markdown: marked, table, input, video };

function section(block, where) {
  const said = h("div", { class: "section__said" },
    block.text ? h("div", { class: "text" }, written(block.text, where.names)) : null,
    block.fields ? h("div", { class: "fields" }, block.fields.map((each) => h("div", { class: "field" }, written(each, where.names)))) : null,
  );
  const beside = block.accessory ? h("div", { class: "section__beside" }, element(block.accessory, block, where)) : null;
  return h("div", { class: "block section" }, said, beside);
}

function header(block) {
  return h("p", { class: "block heading heading--1" }, plain(block.text.text, block.text.emoji !== false));
}

function divider() {
  return h("hr", { class: "block divider" });
}

function image(block, where) {
  const title = block.title ? h("figcaption", null, plain(block.title.text)) : null;
  return h("figure", { class: "block figure" }, title, picture(block, where));
}

// Pictures lie outside of this machine, which this page never leaves: their words stand for them.
function picture(each, where) {
  const words = [h("span", { class: "picture__mark", "aria-hidden": "true" }, "🖼"), each.alt_text];
  return h("span", { class: "picture" }, words, each.image_url ? link(each.image_url, "open", where.names) : null);
}

function context(block, where) {
  return h("div", { class: "block context" }, block.elements.map((each) =>
    each.type === "image" ? picture(each, where) : h("span", { class: "context__part" }, written(each, where.names)),
  ));
}

function actions(block, where) {
  return h("div", { class: "block actions" }, block.elements.map((each) => element(each, block, where)));
}

function rich_text(block, where) {
  return h("div", { class: "block" }, richText(block, where.names));
}

function marked(block, where) {
  return h("div", { class: "block" }, markdown(block.text, where.names));
}

function table(block, where) {
  const settings = block.column_settings ?? [];
  const rows = block.rows.map((row, place) =>
    h("tr", null, row.map((cell, column) => {
      const align = settings[column]?.align ?? "left";
      const wrapped = settings[column]?.is_wrapped ? " cell--wrapped" : "";
      const said = cell.type === "rich_text" ? richText(cell, where.names) : cell.text;
      return h(place === 0 ? "th" : "td", { class: `cell cell--${align}${wrapped}`, scope: place === 0 ? "col" : null }, said);
    })),
  );
  const drawn = h("table", { class: "block-table" }, h("tbody", null, rows));
  return h("div", { class: "block table-wrap", tabindex: "0", role: "group", "aria-label": "Table" }, drawn);
}

function input(block, where) {
  const id = `input-${block.block_id}`;
  const error = where.errors?.[block.block_id];
  const hints = [block.hint ? `${id}-hint` : null, error ? `${id}-error` : null].filter(Boolean).join(" ");
  const inside = element(block.element, block, { ...where, input: { id, hints, required: !block.optional, quiet: !block.dispatch_action } });
  const optional = block.optional ? h("span", { class: "muted" }, " (optional)") : null;
  return h("div", { class: "block input" },
    h("label", { class: "input__label", for: id, id: `${id}-label` }, plain(block.label.text, block.label.emoji !== false), optional),
    inside,
    block.hint ? h("p", { class: "input__hint", id: `${id}-hint` }, plain(block.hint.text)) : null,
    error ? h("p", { class: "input__error", id: `${id}-error` }, error) : null,
  );
}

function video(block, where) {
  const title = plain(block.title.text);
  return h("div", { class: "block figure" },
    h("p", { class: "text" }, block.title_url ? link(block.title_url, block.title.text, where.names) : title),
    block.author_name || block.provider_name ? h("p", { class: "muted" }, [block.author_name, block.provider_name].filter(Boolean).join(" · ")) : null,
    block.description ? h("p", { class: "muted" }, plain(block.description.text)) : null,
    picture({ alt_text: block.alt_text, image_url: block.video_url }, where),
  );
}

function unknown(block) {
  return h("details", { class: "block unknown" },
    h("summary", null, `Unknown block: ${block.type}`),
    h("pre", { class: "pre", tabindex: "0" }, JSON.stringify(block, null, 2)),
  );
}
