/**
 * Follows the state of whoever is logged in.
 */

import { judge } from "./cursor.js";
import { events } from "./events.js";

/** @typedef {import("./afterclick.d.ts").User} User */

export class Afterclick extends EventTarget {
  #url;
  #token;
  /** @type {User | null} */
  #user = null;
  #status = "connecting";
  #abort = new AbortController();
  #debug = {
    transport: null, streamId: null, tabId: Math.random().toString(36).slice(2, 10), leader: true,
    cursor: null, reconnects: 0, lastHeartbeat: null, lastError: null,
  };

  constructor({ url = "", token = undefined, transport = "auto", debug = false } = {}) {
    super();
    this.#url = url;
    this.#token = token;
    this.#run();
  }

  get user() { return this.#user; }
  get isConnected() { return ["live", "polling", "shared"].includes(this.#status); }
  get connectionStatus() { return this.#status; }
  get debug() { return { ...this.#debug, cursor: this.#user?.cursor ?? null }; }

  async refresh() {
    const response = await this.fetch("/v1/me");
    if (response.status === 401) this.#signOut();
    else if (response.ok) this.#take(await response.json());
    else throw new Error(`the service answered ${response.status}`);
    return this.#user;
  }

  close() {
    this.#abort.abort();
    this.#say("closed");
  }

  /** Calls the service as the user: with the cookie or a token. Elements and pages call by it too. */
  async fetch(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.#token) headers.set("Authorization", `Bearer ${await this.#token()}`);
    return fetch(this.#url + path, { cache: "no-store", credentials: "include", signal: this.#abort.signal, ...init, headers });
  }

  async #run() {
    while (!this.#abort.signal.aborted && this.#status !== "signed-out") {
      try {
        await this.refresh();
        if (!this.#user) break;
        const response = await this.fetch(`/v1/stream?last_event_id=${this.#user.cursor}`);
        for await (const { name, data } of events(response.body)) {
          const told = JSON.parse(data);
          this.#say("live");
          if (name === "heartbeat") continue;
          if (name === "goodbye") {
            if (["session_revoked", "user_deleted"].includes(told.code)) this.#signOut();
            break;
          }
          if (this.#take(told.user) && name !== "snapshot") this.#emit("change", told);
        }
      } catch (error) {
        if (!this.#abort.signal.aborted) this.#emit("error", { code: "network", message: String(error) });
      }
      if (this.#status === "live") this.#say("connecting");
      await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 2000));
    }
  }

  #signOut() {
    if (this.#user) {
      this.#user = null;
      this.#emit("user", null);
    }
    this.#say("signed-out");
  }

  #take(user) {
    if (this.#user?.id === user.id && judge(this.#user.cursor, user.cursor) === "drop") return false;
    this.#user = user;
    this.#emit("user", user);
    return true;
  }

  #say(status) {
    if (this.#status === status || this.#status === "closed") return;
    this.#status = status;
    this.#emit("status", status);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
