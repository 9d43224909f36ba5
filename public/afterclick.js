import { connect, failing, isVisible, makeCaller, makePace, Trouble } from "./connection.js";
import { judge, parseCursor } from "./cursor.js";
import { joinTabs, openChannel } from "./tabs.js";

/** @import { Afterclick as Declared, ConnectionStatus, Options, User } from "./afterclick.d.ts" */

// In milliseconds: between two looks at the clock, and how late one is after a sleep.
const LOOK = 5_000;
const SLEPT = 15_000;
const SLEPT_HIDDEN = 90_000; // Timers of hidden tabs come once a minute.

/**
 * Follows the state of whoever is logged in; `afterclick.d.ts` says how to use it, and how it works.
 *
 * @implements {Declared}
 */
export class Afterclick extends EventTarget {
  #world;
  #service;
  #caller;
  #transport;
  #logs;
  #tabId;
  #hint; // The tabs of this service, whoever they belong to.
  #life = new AbortController(); // Ends with all that was asked for the present user.
  #end = new AbortController();
  #running = new Map();
  #pace;
  #tabs;
  #connection;
  /** @type {User | null} */
  #user = null;
  // The last change told: the user's own cursor may be ahead, after a refresh().
  #told;
  /** @type {ConnectionStatus} */
  #status = "connecting";
  #report; // Of the leader.
  #attempts = 0;
  #lastHeartbeat;
  #lastError;
  #lookedAt = 0;

  /**
   * @param {Options} [options]
   * @param {typeof globalThis} [world]  for tests, instead of the browser
   */
  constructor({ url = "", token = undefined, transport = "auto", debug = false } = {}, world = globalThis) {
    super();
    const base = url.replace(/\/+$/, "");
    this.#world = world;
    this.#service = `afterclick ${base || world.location?.origin}`;
    this.#caller = makeCaller(world, base, token);
    this.#transport = transport;
    this.#logs = debug;
    this.#tabId = world.Math.random().toString(36).slice(2, 10).padEnd(8, "0");
    this.#hint = openChannel(world, this.#service, ({ id }) => {
      if (this.#user?.id === id) return;
      if (this.#tabs) this.#check();
      else if (!this.#pace) this.#enter();
    });
    this.#listen();
    this.#enter();
  }

  get user() {
    return this.#user;
  }

  get connectionStatus() {
    return this.#status;
  }

  get isConnected() {
    return ["live", "polling", "shared"].includes(this.#status);
  }

  get debug() {
    const leader = this.#tabs?.leading ?? false;
    const { transport = null, streamId = null } = (leader ? this.#connection : this.#report) ?? {};
    return {
      transport: this.isConnected ? transport : null,
      streamId,
      tabId: this.#tabId,
      leader,
      cursor: this.#user?.cursor ?? null,
      reconnects: Math.max(0, this.#attempts + (this.#connection?.attempts ?? 0) - 1),
      lastHeartbeat: this.#lastHeartbeat ?? null,
      lastError: this.#lastError ?? null,
    };
  }

  /** @returns {Promise<User | null>} */
  async refresh() {
    const { signal } = this.#life;
    const settled = await this.#ask(signal).catch((error) => {
      if (signal.aborted && this.#status !== "closed") return false;
      this.#trouble(error);
      throw error;
    });
    if (!settled) return this.refresh(); // Somebody else came, or the page went.
    this.#connection?.revive();
    this.#tabs?.post({ kind: "revive" });
    return this.#user;
  }

  /** @param {string} path @param {RequestInit} [init] */
  fetch(path, init) {
    return this.#caller.ask(path, { signal: this.#end.signal, ...init });
  }

  close() {
    this.#leave();
    this.#life.abort();
    this.#end.abort();
    this.#hint.close();
    this.#say("closed");
  }

  async #enter() {
    this.#leave();
    const { signal } = this.#life;
    const pace = this.#pace = makePace(this.#world);
    if (this.#status !== "signed-out") this.#say("connecting");
    while (!signal.aborted && !this.#tabs) {
      try {
        await this.#ask(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#trouble(error);
        pace.tries += 1;
        this.#say(failing(this.#world, pace.tries));
        await pace.rest(error.floor, signal);
      }
    }
  }

  /** Leaves the tabs, and drops what is under way. */
  #leave() {
    this.#life.abort();
    this.#life = new AbortController();
    this.#running = new Map();
    this.#yield();
    this.#tabs?.leave();
    this.#pace = this.#tabs = this.#report = undefined;
  }

  #once(act) {
    const running = this.#running;
    if (!running.has(act)) running.set(act, act.call(this, this.#life.signal).finally(() => running.delete(act)));
    return running.get(act);
  }

  /** Whether somebody is logged in, as far as can be told. */
  #check() {
    return this.#once(this.#tryAsk);
  }

  async #tryAsk(signal) {
    try {
      await this.#ask(signal);
    } catch (error) {
      if (!signal.aborted) this.#trouble(error);
    }
    return this.#status !== "signed-out";
  }

  async #ask(signal) {
    const before = this.#told;
    const user = await this.#caller.get("/v1/me", signal).catch((error) => {
      if (error.refused) return null;
      throw error;
    });
    if (user !== null && !parseCursor(user?.cursor)) throw new Trouble("bad_answer");
    if (this.#isLate(signal, before)) return false;
    this.#settle(user);
    return true;
  }

  /** An answer for the user or the epoch before. */
  #isLate(signal, before) {
    return signal.aborted || judge(before, this.#told) === "snapshot";
  }

  #settle(user) {
    if (!user) return this.#signOut();
    this.#take(user);
    if (this.#tabs) return;
    this.#pace = undefined;
    this.#told ??= user.cursor;
    this.#hint.post({ id: user.id });
    this.#tabs = joinTabs(this.#world, `${this.#service} ${user.id}`, this.#tabId, {
      lead: () => this.#lead(),
      yield: () => this.#yield(),
      report: () => ({
        status: this.#status, cursor: this.#told,
        transport: this.#connection.transport, streamId: this.#connection.streamId,
      }),
      follow: (report) => this.#follow(report),
      hear: (message) => this.#hear(message),
    });
  }

  #signOut() {
    this.#tabs?.post({ kind: "check" });
    this.#leave();
    this.#caller.expire();
    this.#told = undefined;
    if (this.#user) {
      this.#user = null;
      this.#emit("user", null);
    }
    this.#say("signed-out");
  }

  #lead() {
    this.#report = undefined;
    this.#connection = connect(this.#world, this.#caller, this.#transport, {
      after: () => this.#told,
      snapshot: (user) => this.#snapshot(user),
      news: (news) => this.#news(news),
      change: (change) => this.#change(change),
      heartbeat: (cursor) => this.#heartbeat(cursor),
      status: (status) => this.#say(status),
      trouble: (trouble) => this.#trouble(trouble),
      log: (name, data) => this.#log(name, data),
      refused: () => this.#check(),
    });
    this.#say("connecting");
  }

  #yield() {
    this.#attempts += this.#connection?.attempts ?? 0;
    this.#connection?.stop();
    this.#connection = undefined;
  }

  #follow(report) {
    this.#report = report;
    this.#say(report.status === "live" || report.status === "polling" ? "shared" : report.status);
    if (report.cursor) this.#heartbeat(report.cursor);
  }

  #hear(message) {
    if (message.kind === "change") this.#change(message.change);
    else if (message.kind === "snapshot") this.#snapshot(message.user);
    else if (message.kind === "check") this.#check();
    else if (message.kind === "revive") this.#connection?.revive();
  }

  #snapshot(user) {
    if (user.id !== this.#user?.id) return this.#settle(user);
    this.#take(user);
    if (judge(this.#told, user.cursor) === "drop") return;
    this.#told = user.cursor;
    this.#share({ kind: "snapshot", user });
  }

  #change(change) {
    if (change.user?.id !== this.#user?.id) return void this.#check();
    const verdict = judge(this.#told, change.cursor);
    if (verdict === "snapshot") this.#once(this.#fetchMissed);
    if (verdict !== "apply") return;
    this.#take(change.user);
    this.#told = change.cursor;
    this.#share({ kind: "change", change });
    this.#emit("change", change);
  }

  #news({ user, changes }) {
    for (const change of changes ?? []) this.#change(change);
    this.#snapshot(user);
  }

  #heartbeat(cursor) {
    this.#lastHeartbeat = new this.#world.Date().toISOString();
    if (judge(this.#told, cursor) !== "drop") this.#once(this.#fetchMissed);
  }

  #take(user) {
    if (this.#user && this.#user.id !== user.id) {
      this.#leave();
      this.#told = undefined;
    } else if (judge(this.#user?.cursor, user.cursor) === "drop") return;
    this.#user = user;
    this.#emit("user", user);
  }

  async #fetchMissed(signal) {
    const before = this.#told;
    try {
      const news = await this.#caller.get(`/v1/poll?wait=0&after=${before}`, signal);
      if (news && !this.#isLate(signal, before)) this.#news(news);
    } catch (error) {
      if (signal.aborted) return;
      if (error.refused) return void this.#check();
      this.#trouble(error);
      this.#connection?.wake(true);
    }
  }

  #listen() {
    const { signal } = this.#end;
    const world = this.#world;
    const on = (target, type, act) => target?.addEventListener?.(type, act, { signal });
    on(world.document, "visibilitychange", () => {
      if (isVisible(world)) this.#wake();
      this.#tabs?.look();
    });
    on(world, "online", () => this.#wake());
    on(world, "offline", () => this.#wake()); // Which may be wrong: ask.
    // What is put away must not hold the lead.
    on(world, "pagehide", () => this.#leave());
    on(world, "pageshow", ({ persisted }) => { if (persisted) this.#enter(); });
    on(world.document, "freeze", () => this.#leave());
    on(world.document, "resume", () => this.#enter());
    this.#lookedAt = world.Date.now();
    const timer = world.setInterval(() => {
      const slept = world.Date.now() - this.#lookedAt - LOOK;
      this.#lookedAt += slept + LOOK;
      if (slept > (isVisible(world) ? SLEPT : SLEPT_HIDDEN)) this.#wake(true);
    }, LOOK);
    signal.addEventListener("abort", () => world.clearInterval(timer));
  }

  /** Somebody looks again, or the network or the machine is back. */
  #wake(slept = false) {
    if (this.#pace) this.#pace.wake();
    else if (!this.#tabs) this.#enter();
    else {
      this.#connection?.wake(slept);
      this.#once(this.#fetchMissed);
    }
  }

  #share(message) {
    if (this.#connection) this.#tabs?.post(message);
  }

  #trouble({ code, message }) {
    this.#lastError = { code, message };
    this.#emit("error", this.#lastError);
  }

  #say(status) {
    if (this.#status === status || this.#status === "closed") return;
    this.#status = status;
    if (this.#tabs?.leading) this.#tabs.look();
    this.#emit("status", status);
  }

  #emit(name, detail) {
    if (this.#end.signal.aborted && name !== "status") return;
    this.#log(name, detail);
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #log(name, data) {
    if (this.#logs) this.#world.console.debug("afterclick", name, data);
  }
}
