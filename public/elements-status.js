import { reason } from "./call.js";
import { RealtimeElement } from "./elements-base.js";
import { node, rest, rests, sheet, write } from "./elements-draw.js";

const SHEET = sheet(`
:host { display: inline-block; }
div { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
.state {
  display: inline-flex;
  align-items: center;
  gap: .5em;
  padding: .2rem .75rem;
  border-radius: 99rem;
  background: var(--_wait-paper);
  color: var(--_wait);
  font-size: .875rem;
  font-weight: 600;
  white-space: nowrap;
}
/* A full dot, a ring, and a half: told apart without colours too. */
.state::before {
  content: "";
  flex: none;
  width: .625rem;
  height: .625rem;
  border: .125rem solid currentColor;
  border-radius: 50%;
}
.state[data-mood="good"] { background: var(--_good-paper); color: var(--_good); }
.state[data-mood="good"]::before { border-width: .3125rem; }
.state[data-mood="bad"] { background: var(--_bad-paper); color: var(--_bad); }
.state[data-mood="bad"]::before { border-radius: .125rem; }
button { padding-inline: .75rem; font-size: .875rem; }
.said { font-size: .875rem; color: var(--_soft); }
.said:empty { display: none; }
@media (prefers-reduced-motion: no-preference) {
  .state[data-state="connecting"]::before { animation: wait 1.2s ease-in-out infinite alternate; }
  @keyframes wait { to { opacity: .25; } }
}
`);

/** How each state is coloured; the others are on the way. @type {{[status: string]: string}} */
const MOODS = { live: "good", shared: "good", polling: "good", offline: "bad", "signed-out": "bad", closed: "bad" };

/** How long the word about a check stays, in milliseconds. */
const STAYS = 6_000;

/**
 * `<afterclick-status>`: whether this page hears of changes, and a button that looks right now.
 *
 * Parts: `state`, `check`, `said`.
 */
export class AfterclickStatus extends RealtimeElement {
  #state = node("span", { class: "state", part: "state", role: "status" });
  #check = node("button", { type: "button", part: "check" });
  #said = node("span", { class: "said", part: "said", role: "status" });
  #checking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  constructor() {
    super(SHEET);
    this.#check.addEventListener("click", () => this.#look());
    this.shadowRoot?.append(node("div", {}, this.#state, this.#check, this.#said));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.reset();
  }

  reset() {
    clearTimeout(this.#timer);
    write(this.#said, "");
  }

  update() {
    const state = this.client?.connectionStatus ?? "connecting";
    this.#state.dataset.state = state;
    this.#state.dataset.mood = MOODS[state] ?? "wait";
    write(this.#state, this.say(state));
    write(this.#check, this.say(this.#checking ? "checking" : "check"));
    rest(this.#check, this.#checking);
  }

  /** Asks for the present state, and says what came of it. */
  async #look() {
    const { client } = this;
    if (!client || rests(this.#check)) return;
    const before = client.user?.cursor;
    this.#checking = true;
    this.update();
    const said = await client.refresh().then(
      (user) => this.say(user?.cursor === before ? "checked" : "checkedNew"),
      (error) => this.say("checkFailed", { reason: why(this.say, error) }),
    );
    this.#checking = false;
    this.update();
    if (!this.isConnected || client !== this.client) return;
    write(this.#said, said);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => write(this.#said, ""), STAYS);
  }
}

/** Why the client could not ask, by its error's code. @param {import("./call.js").Say} say @param {any} error */
function why(say, { code, message }) {
  const answered = code && !["network", "timeout"].includes(code);
  return reason(say, answered ? { status: 1, body: { code, detail: message } } : {});
}
