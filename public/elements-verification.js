import { call, reason, saySpan } from "./call.js";
import { SHEET, drawBanner } from "./elements-banner.js";
import { RealtimeElement } from "./elements-base.js";
import { node, rest, rests, write } from "./elements-draw.js";
import { PATIENCE, advice, digits, notice, trouble } from "./elements-help.js";

/** @typedef {import("./afterclick.js").User} User */

/** A mail is due again this soon, in seconds; a longer wait is for another reason. */
const SOON = 60;

/**
 * `<afterclick-verification>`: a banner while the user's address is not verified. It says where the
 * mail went, takes the code, sends the mail again, and helps with what is wrong. It shows nothing
 * to users who are verified, and says so to those who become it before its eyes.
 *
 * Attributes: `retry-after`, seconds until a mail may be sent again (a sign-up's counts);
 * `sign-in-url`, where to go when signed out; `level`, of its heading, 2 unless told.
 * Slots: the default one, below the text; `help`, below what helps.
 * Parts: `banner`, `title`, `lead`, `notice`, `form`, `input`, `confirm`, `problem`, `resend`,
 * `said`, `help`, `sign-in`, `dismiss`.
 */
export class AfterclickVerification extends RealtimeElement {
  static observedAttributes = [...RealtimeElement.observedAttributes, "retry-after", "sign-in-url", "level"];

  #parts = drawBanner();
  /** @type {User | null} whom the banner is about */ #shown = null;
  #turned = false;
  #status = "";
  #since = 0;
  #resendAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #ticking;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #losing;

  constructor() {
    super(SHEET);
    const { banner, form, resend, dismiss } = this.#parts;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#spend(); });
    resend.addEventListener("click", () => this.#send());
    dismiss.addEventListener("click", () => { this.reset(); this.update(); });
    this.shadowRoot?.append(banner);
  }

  /** Seconds until a mail may be sent again. */
  get retryAfter() {
    return Math.max(0, Math.ceil((this.#resendAt - Date.now()) / 1000));
  }

  set retryAfter(seconds) {
    this.#resendAt = Date.now() + (Number(seconds) || 0) * 1000;
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), 1000);
    this.#tick();
  }

  connectedCallback() {
    this.upgrade("retryAfter");
    super.connectedCallback();
    if (this.retryAfter > 0) this.retryAfter = this.retryAfter;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#ticking);
    clearTimeout(this.#losing);
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (name === "retry-after") this.retryAfter = Number(now);
    super.attributeChangedCallback(name, before, now);
  }

  reset() {
    const { form, code, problem, said } = this.#parts;
    this.#shown = null;
    this.#turned = false;
    form.reset();
    code.removeAttribute("aria-invalid");
    for (const words of [problem, said]) write(words, "");
  }

  update() {
    const { user = null, connectionStatus: status = "connecting" } = this.client ?? {};
    const { banner, dismiss, notice: word, more, form, again, help } = this.#parts;
    this.#look(user);
    this.#follow(status);
    const focused = this.shadowRoot?.activeElement;
    const verified = this.#turned;
    banner.hidden = !this.#shown;
    banner.dataset.state = verified ? "verified" : "waiting";
    dismiss.hidden = !verified;
    for (const part of [word, more, help]) part.hidden = verified;
    for (const part of [form, again]) part.hidden = verified || status === "signed-out";
    this.#write(trouble(status, performance.now() - this.#since));
    // What had the focus is gone, and it should not fall back to the top of the page.
    if (verified && focused && focused !== dismiss) dismiss.focus();
  }

  /** Notices who waits, and the moment it is over. Who signs out while waiting is still shown. */
  #look(/** @type {User | null} */ user) {
    if (!user) return;
    if (this.#shown && this.#shown.id !== user.id) {
      this.reset();
      this.retryAfter = 0;
    }
    this.#turned = user.email_verified && (this.#turned || this.#shown !== null);
    this.#shown = this.#turned || (!user.email_verified && user.email) ? user : null;
  }

  /** Notices how the connection is, and looks again where it takes too long. */
  #follow(/** @type {string} */ status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#since = performance.now();
    clearTimeout(this.#losing);
    this.#losing = setTimeout(() => this.update(), PATIENCE);
  }

  #write(/** @type {import("./elements-help.js").Trouble} */ wrong) {
    const { title, lead, dismiss, notice: word, signIn, label, confirm, help, summary, advice: list } = this.#parts;
    const places = { email: this.#shown?.email ?? "" };
    title.setAttribute("aria-level", this.getAttribute("level") ?? "2");
    write(title, this.say(this.#turned ? "verifiedTitle" : "title"));
    write(lead, this.say(this.#turned ? "verifiedLead" : "lead", places));
    dismiss.setAttribute("aria-label", this.say("dismiss"));
    word.dataset.mood = wrong === "none" ? "good" : "wait";
    write(word, this.say(notice(wrong), places));
    signIn.hidden = wrong !== "signed-out" || !this.hasAttribute("sign-in-url");
    signIn.setAttribute("href", this.getAttribute("sign-in-url") ?? "");
    write(signIn, this.say("signIn"));
    write(label, this.say("code"));
    write(confirm, this.say("confirm"));
    write(summary, this.say("help"));
    help.dataset.trouble = wrong;
    const items = advice(wrong).map((key) => this.say(key, places));
    if (items.join() !== [...list.children].map((item) => item.textContent).join()) {
      list.replaceChildren(...items.map((text) => node("li", {}, text)));
    }
    this.#tick();
  }

  #tick() {
    const { resend } = this.#parts;
    const seconds = this.retryAfter;
    if (seconds === 0) clearInterval(this.#ticking);
    write(resend, seconds > 0 ? saySpan(this.say, "resendIn", seconds) : this.say("resend"));
    rest(resend, seconds > 0);
  }

  /** Sends the mail again. */
  async #send() {
    const { resend, said } = this.#parts;
    const { client } = this;
    if (!client || rests(resend)) return;
    rest(resend, true);
    const answer = await call(client.fetch.bind(client), "POST", "/v1/verifications", {});
    if (client !== this.client) return;
    this.retryAfter = answer.retryAfter;
    const soon = answer.status === 429 && answer.retryAfter <= SOON;
    write(said, answer.ok ? this.say(answer.body.already ? "checked" : "resent") : soon ? this.say("resendTooSoon") : reason(this.say, answer));
    if (answer.status === 401 || answer.body.already) client.refresh().catch(() => {});
  }

  /** Spends the code that was typed. */
  async #spend() {
    const { confirm, code, problem, form } = this.#parts;
    const { client } = this;
    if (!client || rests(confirm)) return;
    const typed = digits(code.value);
    if (!typed) return this.#refuse(this.say("codeForm"));
    rest(confirm, true);
    const answer = await call(client.fetch.bind(client), "POST", "/v1/verifications/confirm", { code: typed });
    rest(confirm, false);
    if (client !== this.client) return;
    const count = answer.body.attempts_left;
    if (answer.ok) {
      form.reset();
      code.removeAttribute("aria-invalid");
      write(problem, "");
    } else if (count !== undefined) {
      this.#refuse(this.say("wrongCode", { count }));
    } else if (answer.status === 429) {
      this.#refuse(this.say("tooManyCodes", { reason: saySpan(this.say, "tryAgain", answer.retryAfter) }));
    } else {
      this.#refuse(reason(this.say, answer));
    }
    // By the stream it comes as well; where that is down, this is how the page learns of it.
    if (answer.ok || answer.status === 401) client.refresh().catch(() => {});
  }

  #refuse(/** @type {string} */ why) {
    const { code, problem } = this.#parts;
    write(problem, why);
    code.setAttribute("aria-invalid", "true");
    code.select();
  }
}
