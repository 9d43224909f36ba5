/**
 * What the elements have in common: a client, words, and a shadow drawn once.
 */

import { Afterclick } from "./afterclick.js";
import { onTexts, say } from "./elements-words.js";

/** @typedef {import("./elements-words.js").Texts} Texts */

/** The attributes that make a client. */
const MAKING = ["url", "transport", "debug"];

/**
 * The clients made from attributes, by those, each with the elements that share it.
 *
 * @type {Map<string, {client: Afterclick, users: Set<RealtimeElement>}>}
 */
const shared = new Map();

/** An element that follows a user's state, and says so in its own words. */
export class RealtimeElement extends HTMLElement {
  static observedAttributes = [...MAKING, "texts", "lang"];

  /** @type {Afterclick | null} */ #given = null;
  /** @type {Afterclick | null} */ #client = null;
  /** @type {AbortController | null} */ #following = null;
  /** @type {Texts} */ #texts = {};
  /** @type {Texts} */ #written = {};

  /** @param {CSSStyleSheet} sheet */
  constructor(sheet) {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  /**
   * The client to follow. Until one is given, and after `null`, the element shares one that is made
   * from attributes.
   *
   * @returns {Afterclick | null}
   */
  get client() {
    return this.#given ?? this.#client;
  }

  set client(client) {
    this.#given = client ?? null;
    if (this.isConnected) this.#follow();
  }

  /** Texts of this element that replace those of `elements-words.js`. */
  get texts() {
    return this.#texts;
  }

  set texts(texts) {
    this.#texts = texts ?? {};
    this.update();
  }

  connectedCallback() {
    for (const name of ["client", "texts"]) this.upgrade(name);
    this.#follow();
  }

  disconnectedCallback() {
    this.#leave();
    // An element that is only moved comes back at once, and should find its connection as it was.
    queueMicrotask(() => { if (!this.isConnected) release(this); });
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "texts") this.#written = read(now);
    if (!this.isConnected) return;
    if (MAKING.includes(name)) for (const element of sharing()) element.#follow();
    this.update();
  }

  /** Draws the present state. Called whenever it may have changed; safe to call at any time. */
  update() {}

  /** Forgets what belonged to another client. */
  reset() {}

  /**
   * A text in the element's words and language.
   *
   * @type {import("./call.js").Say}
   */
  say = (key, places) => {
    return say({ ...this.#written, ...this.#texts }, this.language, key, isolate(places, this.matches(":dir(rtl)")));
  };

  /** The language of the nearest `lang`, empty where none is said. */
  get language() {
    return this.closest("[lang]")?.getAttribute("lang") || document.documentElement.lang;
  }

  #follow() {
    const client = this.#given ?? borrow(this);
    if (this.#given) release(this);
    if (client !== this.#client) this.reset();
    this.#leave();
    this.#client = client;
    const { signal } = (this.#following = new AbortController());
    for (const name of ["user", "status"]) client.addEventListener(name, () => this.update(), { signal });
    signal.addEventListener("abort", onTexts(() => this.update()));
    this.update();
  }

  #leave() {
    this.#following?.abort();
    this.#following = null;
  }

  /**
   * A property that was set before the element was defined lies on the object, before the accessor.
   *
   * @param {string} name
   */
  upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const self = /** @type {any} */ (this);
    const value = self[name];
    delete self[name];
    self[name] = value;
  }
}

/** The client made of an element's attributes, which it shares with all that come to the same. */
function borrow(/** @type {RealtimeElement} */ element) {
  const options = { url: written(element, "url") ?? "", transport: written(element, "transport") ?? "auto", debug: written(element, "debug") !== null };
  const key = JSON.stringify(options);
  if (shared.get(key)?.users.has(element)) return /** @type {Afterclick} */ (shared.get(key)?.client);
  release(element);
  const held = shared.get(key) ?? { client: new Afterclick(/** @type {any} */ (options)), users: new Set() };
  shared.set(key, held);
  held.users.add(element);
  return held.client;
}

/** Gives back what was borrowed; the last one closes the client. */
function release(/** @type {RealtimeElement} */ element) {
  for (const [key, { client, users }] of shared) {
    if (!users.delete(element) || users.size > 0) continue;
    shared.delete(key);
    client.close();
  }
}

/** The elements that live on a shared client. */
function sharing() {
  return [...shared.values()].flatMap(({ users }) => [...users]);
}

/** An attribute that any of the page's elements may carry for all. */
function written(/** @type {RealtimeElement} */ element, /** @type {string} */ name) {
  const carriers = ["status", "verification", "toasts"].map((kind) => `afterclick-${kind}[${name}]`).join();
  return element.getAttribute(name) ?? document.querySelector(carriers)?.getAttribute(name) ?? null;
}

/**
 * Places as they may stand in a sentence from right to left: an address would turn its signs about.
 *
 * @param {{[place: string]: unknown} | undefined} places @param {boolean} needed
 */
function isolate(places, needed) {
  if (!places || !needed) return places;
  return Object.fromEntries(Object.entries(places).map(([name, value]) => [name, typeof value === "string" ? `\u2068${value}\u2069` : value]));
}

/** Texts from an attribute, as JSON. */
function read(/** @type {string | null} */ json) {
  try {
    return JSON.parse(json ?? "{}") ?? {};
  } catch {
    console.warn("afterclick: the attribute texts holds no JSON");
    return {};
  }
}
