// A browser and a service that a test holds in its hand: the clock stands still until it is advanced,
// chance is what the test says, and every call is seen.

/** Lets everything run that waits for nothing but its turn. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
}

/** The clock of all tabs of a test, in milliseconds. */
export class Clock {
  now = Date.UTC(2026, 10, 25);
  #timers = new Map();
  #count = 0;

  set(act, span, every) {
    this.#count += 1;
    this.#timers.set(this.#count, { at: this.now + span, act, every });
    return this.#count;
  }

  clear(id) {
    this.#timers.delete(id);
  }

  /** Lets time pass, each timer at its time. */
  async advance(span) {
    await settle();
    for (const end = this.now + span; ;) {
      const [id, next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (!next || next.at > end) {
        this.now = end;
        return;
      }
      this.now = next.at;
      if (next.every) next.at += next.every;
      else this.#timers.delete(id);
      next.act();
      await settle();
    }
  }

  /** The machine sleeps: no timer ran meanwhile, and what is due comes late. */
  async sleep(span) {
    this.now += span;
    for (const timer of this.#timers.values()) timer.at = Math.max(timer.at, this.now);
    await this.advance(0);
  }
}

/** What the tabs of one browser share: channels, locks, storage. */
export class Browser {
  clock = new Clock();
  channels = new Set();
  held = new Map();
  waiting = new Map();
  storage = new Map();
  tabs = [];

  /** A tab's world. Without `locks`, `channels`, or `storage` it is a browser that lacks them. */
  tab(service, { locks = true, channels = true, storage = true, chance = 0.5 } = {}) {
    const { clock } = this;
    const world = new EventTarget();
    /** What does not run in a frozen or crashed tab. */
    world.frozen = false;
    const alive = (act) => (...given) => { if (!world.frozen) act(...given); };
    world.Date = class extends Date {
      constructor(...given) { super(...(given.length ? given : [clock.now])); }
      static now() { return clock.now; }
    };
    world.chance = chance;
    world.Math = { random: () => world.chance };
    world.setTimeout = (act, span = 0) => clock.set(alive(act), span);
    world.setInterval = (act, span) => clock.set(alive(act), span, span);
    world.clearTimeout = world.clearInterval = (id) => clock.clear(id);
    world.queueMicrotask = queueMicrotask;
    world.location = { origin: "https://app.example" };
    world.logged = [];
    world.console = { debug: (...said) => world.logged.push(said) };
    world.document = new EventTarget();
    world.document.visibilityState = "visible";
    world.navigator = { onLine: true, ...(locks && { locks: this.#locks(world) }) };
    world.fetch = (url, init) => service.answer(url, init, world);
    if (channels) world.BroadcastChannel = this.#channel(alive);
    Object.defineProperty(world, "localStorage", {
      get: () => {
        if (!storage) throw new DOMException("blocked", "SecurityError");
        return this.#store(world);
      },
    });
    this.tabs.push(world);
    return world;
  }

  #channel(alive) {
    const { channels } = this;
    return class {
      constructor(name) {
        this.name = name;
        channels.add(this);
      }
      postMessage(message) {
        const copy = structuredClone(message);
        for (const other of channels) {
          if (other !== this && other.name === this.name) setImmediate(alive(() => other.hear(copy)));
        }
      }
      // What is frozen hears nothing, and what is closed neither.
      hear(message) { alive(() => { if (channels.has(this)) this.onmessage?.({ data: message }); })(); }
      close() { channels.delete(this); }
    };
  }

  #store(world) {
    const tell = (key, newValue) => {
      for (const other of this.tabs) {
        if (other !== world && !other.frozen) setImmediate(() => other.dispatchEvent(Object.assign(new Event("storage"), { key, newValue })));
      }
    };
    return {
      setItem: (key, value) => { this.storage.set(key, value); tell(key, value); },
      removeItem: (key) => { if (this.storage.delete(key)) tell(key, null); },
    };
  }

  /** Web Locks as the specification has them, of what is used. */
  #locks(world) {
    const grant = (name, request) => {
      this.held.set(name, request);
      Promise.resolve(request.act({ name })).then(() => {
        request.resolve();
        if (this.held.get(name) === request) this.#next(name, grant);
      });
    };
    return {
      request: (name, options, act) => new Promise((resolve, reject) => {
        const request = { world, act, resolve, reject };
        const fail = () => reject(new DOMException("aborted", "AbortError"));
        setImmediate(() => {
          if (options.signal?.aborted) return fail();
          if (options.steal) {
            this.held.get(name)?.reject(new DOMException("stolen", "AbortError"));
            return grant(name, request);
          }
          if (!this.held.has(name)) return grant(name, request);
          const queue = this.waiting.get(name) ?? [];
          this.waiting.set(name, [...queue, request]);
          options.signal?.addEventListener("abort", () => {
            this.waiting.set(name, this.waiting.get(name).filter((one) => one !== request));
            fail();
          });
        });
      }),
    };
  }

  #next(name, grant) {
    this.held.delete(name);
    const [first, ...rest] = this.waiting.get(name) ?? [];
    this.waiting.set(name, rest);
    if (first) grant(name, first);
  }

  /** The tab is gone without a word, as one that crashed: the browser frees what it held. */
  crash(world) {
    world.frozen = true;
    for (const [name, { world: holder }] of this.held) {
      if (holder === world) {
        this.held.delete(name);
        const waiting = (this.waiting.get(name) ?? []).filter((one) => one.world !== world);
        this.waiting.set(name, waiting.slice(1));
        if (waiting[0]) {
          this.held.set(name, waiting[0]);
          waiting[0].act({ name });
        }
      }
    }
  }

  async show(world, visible) {
    world.document.visibilityState = visible ? "visible" : "hidden";
    world.document.dispatchEvent(new Event("visibilitychange"));
    await settle();
  }
}

/** A service with one user logged in, whose answers a test may replace by `instead[route]`. */
export class Service {
  calls = [];
  streams = [];
  polls = [];
  changes = [];
  /** By route (`me`, `stream`, `poll`, `refresh`): a function that gives the answer, or none for the usual one. */
  instead = {};

  constructor(clock) {
    this.clock = clock;
    this.log({ id: "u1", email: "ana@example.com" });
  }

  log(user, epoch = "aaaaaaaa") {
    [this.id, this.epoch, this.version, this.changes] = [user?.id, epoch, 1, []];
    this.user = user && { email_verified: false, ...user, cursor: this.cursor };
  }

  get cursor() {
    return `${this.epoch}.${this.version}`;
  }

  /** The calls of a route, as `[path, headers]`. */
  to(route) {
    return this.calls.filter(({ path }) => path.startsWith(route)).map(({ path }) => path);
  }

  get open() {
    return this.streams.filter((stream) => stream.open);
  }

  async answer(url, init, world) {
    const path = url.replace(/^https:\/\/[^/]+/, "");
    const call = { url, path, headers: new Headers(init.headers), method: init.method ?? "GET", init, world, at: this.clock.now };
    this.calls.push(call);
    const route = /^\/v1\/(sessions\/)?([a-z]+)/.exec(path)[2];
    const aborted = new Promise((_, reject) => {
      const fail = () => reject(init.signal.reason);
      if (init.signal?.aborted) fail();
      init.signal?.addEventListener("abort", fail);
    });
    const answer = Promise.resolve().then(() => this.instead[route]?.(call) ?? this[`_${route}`](call, init.signal));
    return Promise.race([answer, aborted]);
  }

  _me() {
    return this.user ? Response.json(this.user) : problem(401, "unauthenticated");
  }

  _refresh() {
    return problem(401, "unauthenticated");
  }

  _stream({ path }, signal) {
    if (!this.user) return problem(401, "unauthenticated");
    const stream = new Stream(signal);
    this.streams.push(stream);
    const after = /last_event_id=(.*)$/.exec(path)?.[1];
    const missed = this.#after(after);
    if (!missed) stream.send("snapshot", { cursor: this.cursor, reason: "connected", user: this.user }, 2000);
    else if (missed.length) missed.forEach((change) => stream.send(change.type, change));
    else stream.send("heartbeat", { cursor: this.cursor }, 2000);
    return stream.response();
  }

  _poll({ path }, signal) {
    if (!this.user) return problem(401, "unauthenticated");
    const [after, wait] = [/after=([^&]*)/.exec(path)?.[1], Number(/wait=(\d+)/.exec(path)[1])];
    const news = () => Response.json({ cursor: this.cursor, user: this.user, changes: this.#after(after) });
    if (after !== this.cursor) return news();
    if (!wait) return new Response(null, { status: 204 });
    return new Promise((resolve) => {
      const parked = { wake: () => resolve(news()), refuse: () => resolve(problem(401, "unauthenticated")) };
      this.polls.push(parked);
      const leave = () => { this.polls = this.polls.filter((one) => one !== parked); };
      signal.addEventListener("abort", leave);
      this.clock.set(() => { leave(); resolve(new Response(null, { status: 204 })); }, wait * 1000);
    });
  }

  #after(cursor) {
    const [epoch, version] = (cursor ?? "").split(".");
    return epoch === this.epoch ? this.changes.filter((change) => Number(change.cursor.split(".")[1]) > version) : null;
  }

  /** A change, told to all unless `quiet`. */
  async publish(type, data = {}, { quiet = false, ...more } = {}) {
    this.version += 1;
    this.user = { ...this.user, ...more, cursor: this.cursor };
    const change = { cursor: this.cursor, type, data, user: this.user };
    this.changes.push(change);
    if (!quiet) {
      for (const stream of this.open) stream.send(type, change);
      for (const parked of this.polls.splice(0)) parked.wake();
    }
    await settle();
    return change;
  }

  async beat() {
    for (const stream of this.open) stream.send("heartbeat", { cursor: this.cursor });
    await settle();
  }

  async goodbye(code, reconnect, retry_ms = 1500) {
    for (const stream of this.open) {
      stream.send("goodbye", { code, reconnect, retry_ms }, reconnect ? retry_ms : 600_000);
      stream.end();
    }
    await settle();
  }
}

/** An event stream under way. */
export class Stream {
  open = true;
  #out;
  #body = new ReadableStream({ start: (out) => { this.#out = out; }, cancel: () => { this.open = false; } });

  constructor(signal) {
    signal?.addEventListener("abort", () => this.break(signal.reason));
  }

  response() {
    return new Response(this.#body, { headers: { "Content-Type": "text/event-stream", "X-Request-Id": "r1" } });
  }

  send(name, data, retry) {
    const lines = [`event: ${name}`, `data: ${JSON.stringify(data)}`, ...(retry ? [`retry: ${retry}`] : [])];
    this.raw(`${lines.join("\n")}\n\n`);
  }

  raw(text) {
    if (this.open) this.#out.enqueue(new TextEncoder().encode(text));
  }

  end() {
    if (this.open) this.#out.close();
    this.open = false;
  }

  break(reason = new TypeError("network error")) {
    if (this.open) this.#out.error(reason);
    this.open = false;
  }
}

export const problem = (status, code, headers = {}) =>
  new Response(JSON.stringify({ status, code, detail: `Because ${code}.` }), { status, headers: { "Content-Type": "application/problem+json", ...headers } });

export const html = (status = 200, headers = {}) =>
  new Response("<p>Welcome to the airport.</p>", { status, headers: { "Content-Type": "text/html", ...headers } });
