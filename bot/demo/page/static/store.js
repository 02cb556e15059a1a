// What the server told: values by key, and a stamp for each that changes with it.

export class Store {
  constructor(changed) {
    this.connected = null;
    this.ready = false;
    this.changed = changed;
    this.values = new Map();
    this.kinds = new Map();
    this.stamps = new Map();
    this.count = 0;
    this.source = null;
  }

  // Sees the workspace as this person from now on.
  become(person) {
    this.source?.close();
    this.ready = false;
    const source = new EventSource(`stream?as=${encodeURIComponent(person)}`);
    let whole = true;
    source.onopen = () => {
      // The first news of every connection is everything there is.
      whole = true;
      this.connected = true;
      this.changed();
    };
    source.onmessage = (event) => {
      const { put, gone } = JSON.parse(event.data);
      if (whole) for (const key of [...this.values.keys()]) if (!(key in put)) this.drop(key);
      whole = false;
      for (const key of gone) this.drop(key);
      for (const [key, value] of Object.entries(put)) this.put(key, value);
      this.ready = true;
      this.changed();
    };
    source.onerror = () => {
      this.connected = false;
      this.changed();
    };
    this.source = source;
  }

  put(key, value) {
    const kind = kindOf(key);
    if (!this.kinds.has(kind)) this.kinds.set(kind, new Map());
    this.kinds.get(kind).set(key, value);
    this.values.set(key, value);
    this.stamps.set(key, ++this.count);
  }

  drop(key) {
    this.kinds.get(kindOf(key))?.delete(key);
    this.values.delete(key);
    this.stamps.delete(key);
  }

  get(key) {
    return this.values.get(key);
  }

  stamp(key) {
    return this.stamps.get(key) ?? 0;
  }

  // Every value of a kind, in no order: `all("channel")`.
  all(kind) {
    return [...(this.kinds.get(kind)?.values() ?? [])];
  }
}

const kindOf = (key) => key.split("/", 1)[0];

// Asks the server to do something: null if it was done, else why not.
export async function act(what) {
  try {
    const answer = await fetch("act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(what),
    });
    return (await answer.json()).refused;
  } catch {
    return "The demo does not answer. It may have ended.";
  }
}
