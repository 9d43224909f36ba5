import { RealtimeElement } from "./elements-base.js";
import { node, sheet } from "./elements-draw.js";

/** @typedef {import("./afterclick.js").User} User */
/** @typedef {{kind?: "good" | "note", text: string, stays?: number}} Toast */

const SHEET = sheet(`
:host {
  position: fixed;
  inset-block-end: var(--afterclick-toasts-block, 1rem);
  inset-inline-end: var(--afterclick-toasts-inline, 1rem);
  z-index: var(--afterclick-toasts-layer, 1000);
  width: min(24rem, calc(100vw - 2rem));
  pointer-events: none;
}
.toasts { display: flex; flex-direction: column; gap: .5rem; }
.toast {
  display: flex;
  align-items: center;
  gap: .5rem;
  padding-inline-start: 1rem;
  border: 1px solid var(--_line);
  border-inline-start: .3rem solid var(--_edge);
  border-radius: var(--_radius);
  background: var(--_paper);
  box-shadow: 0 .25rem 1.25rem var(--_shadow);
  pointer-events: auto;
}
.toast[data-kind="good"] { border-inline-start-color: var(--_good); }
.toast p { flex: 1; padding-block: .65rem; font-weight: 600; overflow-wrap: anywhere; }
.toast[data-kind="good"] p::before { content: "✓ " / ""; color: var(--_good); }
@media (prefers-reduced-motion: no-preference) {
  .toast { animation: come .25s ease-out; }
  @keyframes come { from { opacity: 0; transform: translateY(.75rem); } }
}
`);

/** How long a toast stays while nobody is at it, in milliseconds: time to read a line twice. */
const STAYS = 8_000;

/** More than this many at once are no longer read; the oldest goes. */
const MOST = 4;

/**
 * `<afterclick-toasts>`: says in passing that the address is verified, the identity check has gone
 * on, or the account has changed. A toast waits while a pointer or the focus is on it, and while
 * the page is hidden; Escape dismisses the one that has the focus.
 *
 * Fires `toast`, cancelable, before each; `detail` is `{kind, text, user, before}`.
 * Parts: `toasts`, `toast`, `text`, `dismiss`.
 */
export class AfterclickToasts extends RealtimeElement {
  #toasts = node("div", { class: "toasts", part: "toasts", role: "status", "aria-live": "polite", "aria-atomic": "false" });
  /** @type {User | null} */ #before = null;
  /** @type {Map<HTMLElement, {left: number, since: number, timer: ReturnType<typeof setTimeout> | undefined}>} */ #timers = new Map();
  /** @type {HTMLElement | null} */ #cameFrom = null;
  #onVisibility = () => this.#each((toast) => this.#run(toast));

  constructor() {
    super(SHEET);
    this.#toasts.addEventListener("focusin", ({ relatedTarget }) => {
      if (relatedTarget instanceof HTMLElement && !this.#toasts.contains(relatedTarget)) this.#cameFrom = relatedTarget;
    });
    this.shadowRoot?.append(this.#toasts);
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#onVisibility();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#each((toast) => this.#hold(toast));
  }

  reset() {
    this.#before = null;
    this.#each((toast) => this.#remove(toast));
  }

  update() {
    this.#toasts.setAttribute("aria-label", this.say("toasts"));
    const user = this.client?.user ?? null;
    const before = this.#before;
    this.#before = user;
    if (!user || before?.id !== user.id || before.cursor === user.cursor) return;
    for (const toast of this.#news(before, user)) {
      const detail = { ...toast, user, before };
      if (this.dispatchEvent(new CustomEvent("toast", { detail, cancelable: true, bubbles: true, composed: true }))) this.show(toast);
    }
  }

  /**
   * Shows a toast, of the page's own too.
   *
   * @param {Toast} toast  `stays` in milliseconds, `Infinity` until it is dismissed
   */
  show({ kind = "note", text, stays = STAYS }) {
    const dismiss = node("button", { type: "button", class: "close", part: "dismiss", "aria-label": this.say("dismiss") }, "×");
    const toast = node("div", { class: "toast", part: "toast", "data-kind": kind }, node("p", { part: "text" }, text), dismiss);
    dismiss.addEventListener("click", () => this.#dismiss(toast));
    toast.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.#dismiss(toast); });
    for (const name of ["pointerenter", "pointerleave", "focusin", "focusout"]) {
      toast.addEventListener(name, () => queueMicrotask(() => this.#run(toast)));
    }
    this.#timers.set(toast, { left: stays, since: 0, timer: undefined });
    this.#toasts.append(toast);
    this.#run(toast);
    const [oldest] = this.#timers.keys();
    if (this.#timers.size > MOST) this.#dismiss(oldest);
  }

  /** @param {User} before @param {User} user @returns {Toast[]} */
  #news(before, user) {
    /** @type {Toast[]} */
    const news = [];
    const differs = (/** @type {"kyc" | "attributes"} */ part) => JSON.stringify(before[part]) !== JSON.stringify(user[part]);
    if (user.email_verified && !before.email_verified) news.push({ kind: "good", text: this.say("toastVerified") });
    if (user.email !== before.email) {
      news.push({ text: this.say(user.email ? "toastEmail" : "toastNoEmail", { email: user.email }) });
    }
    if (differs("kyc")) {
      const { status } = /** @type {{status?: unknown}} */ (user.kyc);
      const known = typeof status === "string" && status !== /** @type {any} */ (before.kyc).status;
      const word = known && (this.say(`kyc:${status}`) || String(status));
      news.push({ kind: status === "approved" ? "good" : "note", text: word ? this.say("toastKyc", { status: word }) : this.say("toastKycChanged") });
    }
    if (differs("attributes")) news.push({ text: this.say("toastAccount") });
    return news;
  }

  /** Lets the time of a toast run, or stand while somebody is at it. */
  #run(/** @type {HTMLElement} */ toast) {
    const clock = this.#timers.get(toast);
    if (!clock) return;
    this.#hold(toast);
    if (document.hidden || toast.matches(":hover, :focus-within") || clock.left === Infinity) return;
    clock.since = performance.now();
    clock.timer = setTimeout(() => this.#remove(toast), clock.left);
  }

  #hold(/** @type {HTMLElement} */ toast) {
    const clock = this.#timers.get(toast);
    if (!clock?.timer) return;
    clearTimeout(clock.timer);
    clock.timer = undefined;
    clock.left = Math.max(1_000, clock.left - (performance.now() - clock.since));
  }

  /** Removes a toast, and leads the focus on where it was in it. */
  #dismiss(/** @type {HTMLElement} */ toast) {
    const focused = toast.contains(this.shadowRoot?.activeElement ?? null);
    const next = toast.nextElementSibling ?? toast.previousElementSibling;
    this.#remove(toast);
    if (focused) (next?.querySelector("button") ?? this.#cameFrom)?.focus();
  }

  #remove(/** @type {HTMLElement} */ toast) {
    this.#hold(toast);
    this.#timers.delete(toast);
    toast.remove();
  }

  #each(/** @type {(toast: HTMLElement) => void} */ act) {
    for (const toast of [...this.#timers.keys()]) act(toast);
  }
}
