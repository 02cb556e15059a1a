// Times as the reader's own clock and calendar have them, and times that count by themselves.

const pad = (number) => String(number).padStart(2, "0");
const seconds = (ts) => Number.parseFloat(ts);
const clock = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}`;
const format = (date, options) => new Intl.DateTimeFormat("en", options).format(date);

export const clockOf = (ts) => clock(new Date(seconds(ts) * 1000));
export const isoOf = (ts) => new Date(seconds(ts) * 1000).toISOString();
export const fullOf = (ts) => {
  const date = new Date(seconds(ts) * 1000);
  return `${format(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" })}, ${clock(date)}:${pad(date.getSeconds())}`;
};

export function dayOf(ts) {
  const date = new Date(seconds(ts) * 1000);
  return dayName(date) ?? format(date, { weekday: "long", day: "numeric", month: "long" });
}

function dayName(date) {
  const day = (each) => Math.round(new Date(each.getFullYear(), each.getMonth(), each.getDate(), 12) / 86_400_000);
  return { 0: "Today", 1: "Yesterday", "-1": "Tomorrow" }[day(new Date()) - day(date)] ?? null;
}

// "12 s", "4 m", "3 h", "2 d"
export function brief(past) {
  const passed = Math.max(0, Math.floor((Date.now() - past) / 1000));
  if (passed < 60) return `${passed} s`;
  if (passed < 3600) return `${Math.floor(passed / 60)} m`;
  if (passed < 86_400) return `${Math.floor(passed / 3600)} h`;
  return `${Math.floor(passed / 86_400)} d`;
}

function ago(date) {
  const passed = Math.round((Date.now() - date) / 1000);
  const size = Math.abs(passed);
  const [number, unit] =
    size < 60 ? [size, "second"] : size < 3600 ? [Math.floor(size / 60), "minute"]
    : size < 86_400 ? [Math.floor(size / 3600), "hour"] : [Math.floor(size / 86_400), "day"];
  const words = `${number} ${unit}${number === 1 ? "" : "s"}`;
  return passed >= 0 ? `${words} ago` : `in ${words}`;
}

// Slack's date formats: `{date_short_pretty} at {time}`, `{ago}` …
const TOKENS = {
  date: (date) => format(date, { day: "numeric", month: "long", year: "numeric" }),
  date_num: (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
  date_slash: (date) => `${pad(date.getMonth() + 1)}/${pad(date.getDate())}/${date.getFullYear()}`,
  date_short: (date) => format(date, { day: "numeric", month: "short", year: "numeric" }),
  date_long: (date) => format(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  date_pretty: (date) => dayName(date)?.toLowerCase() ?? TOKENS.date(date),
  date_short_pretty: (date) => dayName(date)?.toLowerCase() ?? TOKENS.date_short(date),
  date_long_pretty: (date) => dayName(date)?.toLowerCase() ?? TOKENS.date_long(date),
  day_divider_pretty: (date) => dayName(date) ?? TOKENS.date_long(date),
  time: clock,
  time_secs: (date) => `${clock(date)}:${pad(date.getSeconds())}`,
  ago,
};

// Null if the format has a word that Slack does not know: then the fallback is shown.
export function dated(timestamp, wanted) {
  const date = new Date(timestamp * 1000);
  let known = !Number.isNaN(date.getTime()) && wanted !== "";
  const text = wanted.replace(/\{(\w+)\}/g, (whole, name) => {
    known &&= Object.hasOwn(TOKENS, name);
    return known ? TOKENS[name](date) : whole;
  });
  return known ? text : null;
}

// What counts by itself: [data-ago] has Slack's format, [data-since] milliseconds since 1970.
export function tick() {
  for (const each of document.querySelectorAll("[data-ago]")) {
    set(each, dated(Number(each.dataset.timestamp), each.dataset.ago));
  }
  for (const each of document.querySelectorAll("[data-since]")) set(each, brief(Number(each.dataset.since)));
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
