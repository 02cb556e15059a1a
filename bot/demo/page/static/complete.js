// What could come next in the box: pure, from what the server told of words and objects.

const VALUED = { "--resource": "kinds", "--name": "names", "--namespace": "namespaces", "-n": "namespaces", "--cluster": "clusters", "-c": "clusters", "--timeout": "times", "--for": "times" };
const TIMES = ["1m", "5m", "15m", "1h"];
const MOST = 40;

// `known`: { words, objects, people, groups, channels }. Answers { from, to, options: [{ text, hint }] }; the options
// stand for the text between `from` and `to`.
export function suggest(text, caret, known) {
  const from = text.lastIndexOf(" ", caret - 1) + 1;
  const word = text.slice(from, caret);
  const before = text.slice(0, from).split(/\s+/).filter(Boolean);
  const options = before.length ? following(word, before, known) : beginning(word, known);
  return { from, to: caret, options: options.slice(0, MOST) };
}

function beginning(word, { words, people, groups, channels }) {
  if (word.startsWith("/")) return fitting(word, [{ text: words.command, hint: "asks the bot" }]);
  if (word.startsWith("@")) return fitting(word, [{ text: words.mention, hint: "calls the bot" }, ...handles(people, groups)]);
  if (word.startsWith("#")) return fitting(word, channels.map((each) => ({ text: `#${each.name}` })));
  return [];
}

const handles = (people, groups) => [
  ...people.map((each) => ({ text: `@${each.name}`, hint: each.realName })),
  ...groups.map((each) => ({ text: `@${each.handle}`, hint: "group" })),
];

function following(word, before, known) {
  const { words, people, groups, channels } = known;
  if (before[0] !== words.command && before[0] !== words.mention) {
    return word.startsWith("@") || word.startsWith("#") ? beginning(word, { words, people, groups, channels }) : [];
  }
  const said = before.slice(1);
  const wanted = VALUED[said.at(-1)];
  if (wanted) return fitting(word, values(wanted, said, known));
  if (word.startsWith("-")) return fitting(word, options(said, words));
  const bare = positional(said);
  const clusters = names(known.objects.map((each) => each.cluster));
  const cluster = clusters.includes(bare[0]) ? bare.shift() : null;
  if (!bare.length) {
    const kinds = words.kinds.map((each) => ({ text: each.short, hint: each.kind }));
    const first = cluster ? [] : [...words.verbs.map((text) => ({ text })), ...clusters.map((text) => ({ text, hint: "cluster" }))];
    return fitting(word, [...usual(kinds, known.objects), ...first]);
  }
  const kind = kindOf(bare.at(-1), words) ?? (bare.length === 2 && words.verbs.includes(bare[0]) ? kindOf(bare[1], words) : null);
  if (kind) return fitting(word, objects(known.objects, kind, cluster));
  if (bare.length === 1 && words.verbs.includes(bare[0]) && bare[0] !== "help") {
    return fitting(word, usual(words.kinds.map((each) => ({ text: each.short, hint: each.kind })), known.objects));
  }
  return word ? [] : options(said, words);
}

// Kinds of which there are objects come first.
function usual(kinds, objects) {
  const there = new Set(objects.map((each) => each.kind));
  return [...kinds.filter((each) => there.has(each.hint)), ...kinds.filter((each) => !there.has(each.hint))];
}

function values(wanted, said, known) {
  const { words } = known;
  const kind = kindOf(said[said.indexOf("--resource") + 1] ?? "", words);
  switch (wanted) {
    case "kinds":
      return [...usual(words.kinds.map((each) => ({ text: each.kind.toLowerCase(), hint: each.kind })), known.objects), { text: "all", hint: "everything" }];
    case "names":
      return names(known.objects.filter((each) => !kind || each.kind === kind).map((each) => each.name)).map((text) => ({ text }));
    case "namespaces":
      return names(known.objects.map((each) => each.namespace)).map((text) => ({ text }));
    case "clusters":
      return names(known.objects.map((each) => each.cluster)).map((text) => ({ text }));
    default:
      return TIMES.map((text) => ({ text }));
  }
}

function objects(all, kind, cluster) {
  const found = all.filter((each) => each.kind === kind && (!cluster || each.cluster === cluster));
  const states = new Map(found.map((each) => [`${each.namespace}/${each.name}`, each.suspended ? "suspended" : each.ready === "False" ? each.reason : ""]));
  return [...states].sort().map(([text, hint]) => ({ text, hint }));
}

const options = (said, words) => words.options.filter((each) => !said.includes(each)).map((text) => ({ text }));

const positional = (said) => said.filter((each, place) => !each.startsWith("-") && !VALUED[said[place - 1]]);

const kindOf = (word, words) => words.kinds.find((each) => each.short === word.toLowerCase() || each.words.includes(word.toLowerCase()))?.kind ?? null;

const names = (all) => [...new Set(all)].sort();

// Those that begin with the word, then those with it inside; what is typed whole already is no suggestion.
function fitting(word, all) {
  const wanted = word.toLowerCase();
  const starts = all.filter((each) => each.text.toLowerCase().startsWith(wanted));
  const inside = wanted ? all.filter((each) => !starts.includes(each) && each.text.toLowerCase().includes(wanted)) : [];
  return [...starts, ...inside].filter((each) => each.text !== word);
}
