/**
 * The first page: sign up, follow your own state, and watch it change after the click. An example of
 * an application too: it uses what any page can.
 */

import { Afterclick } from "./afterclick.js";
import { call, reason } from "./call.js";
import { merge } from "./changes.js";
import { say as words } from "./elements-words.js";
import "./elements.js";
import { allOf, byId, say, show, showChanges, showConnection, showSessions, showUser } from "./view.js";

/** Between two mails, in seconds: a sign-up's mail counts. */
const RESEND = 60;

/** Between two looks at the sessions and the connection, in milliseconds. */
const LOOK = 5_000;

/** Where the choice of a transport is kept, for this tab alone. */
const CHOICE = "afterclick.transport";

/** What the signed-out page says where the service ended it, by the code of the client's error. */
const ENDED = { session_revoked: "You were logged out.", user_deleted: "This account no longer exists." };

/** What is said where the service let this browser go, by the same. */
const LET_GO = {
  too_many_streams: "Too many tabs are connected, so this browser was let go. “Check now” connects it again.",
  disconnected: "This browser was disconnected. “Check now” connects it again.",
};

/** @typedef {import("./afterclick.js").User} User */

/** @type {Afterclick} */
let realtime;
/** @type {User | null} */
let user = null;
/** @type {import("./afterclick.js").Change[]} */
let changes = [];
/** What the signed-out page is to say, where somebody is on the way out. */
let farewell = "";

const english = (/** @type {string} */ key, /** @type {any} */ places) => words({}, "en", key, places);
const why = (/** @type {import("./call.js").Answer} */ answer) => reason(english, answer);

/**
 * Calls the service with the session's cookie.
 *
 * @param {string} method @param {string} path @param {object} [body]
 */
const ask = (method, path, body) => call(fetch, method, path, body);

/** Follows whoever is logged in, by a transport. */
function connect(transport) {
  realtime?.close();
  realtime = new Afterclick({ transport });
  for (const id of ["connection", "verification", "toasts"]) byId(id).client = realtime;
  const own = realtime;
  const on = (name, act) => own.addEventListener(name, ({ detail }) => { if (own === realtime) act(detail); });
  on("user", become);
  on("change", (change) => list([change]));
  on("status", (status) => {
    showConnection(realtime);
    if (realtime.isConnected) {
      say("notice", "");
      loadSessions();
    }
    if (status === "signed-out") leave();
  });
  on("error", ({ code }) => {
    if (code in ENDED) farewell ||= ENDED[code];
    else if (code in LET_GO) say("notice", LET_GO[code]);
    else if (!user && byId("door").hidden) say("notice", "The service cannot be reached. This page tries again by itself.");
  });
}

/** Shows the present state; another user's from the start. */
function become(next) {
  if (!next) return;
  const other = user?.id !== next.id;
  if (other) clear();
  user = next;
  showUser(next);
  list([]);
  if (other) enter();
}

/** The signed-in page. */
function enter() {
  farewell = "";
  say("notice", "");
  show("door", false);
  show("home", true);
  show("connection", true);
  showConnection(realtime);
  loadSessions();
  loadHistory();
  lookForInbox();
}

/** The signed-out page. */
function leave() {
  clear();
  user = null;
  say("notice", farewell);
  farewell = "";
  show("home", false);
  show("connection", false);
  show("door", true);
}

/** Empties what the next person at this browser would see. */
function clear() {
  changes = [];
  for (const form of allOf("#home form")) form.reset();
  for (const details of allOf("#home details")) details.open = false;
  showChanges([]);
  showSessions([], endSession);
  for (const id of ["sessions-problem", "password-problem", "leave-problem"]) say(id, "");
  byId("badge").classList.remove("turned");
  delete byId("badge").dataset.verified;
}

function list(more) {
  if (!user) return;
  changes = merge(changes, more, user.cursor);
  showChanges(changes);
}

async function loadHistory() {
  const answer = await ask("GET", "/v1/me/changes?limit=100");
  if (answer.ok) list(answer.body.changes);
}

async function loadSessions() {
  const asked = user?.id;
  const answer = await ask("GET", "/v1/sessions");
  if (answer.ok && user?.id === asked) showSessions(answer.body.sessions, endSession);
}

async function endSession(id) {
  const answer = await ask("DELETE", `/v1/sessions/${encodeURIComponent(id)}`);
  say("sessions-problem", answer.ok || answer.status === 401 ? "" : why(answer));
  if (await realtime.refresh().catch(() => null)) loadSessions();
}

/** Only a development service has an inbox; elsewhere the mail is in a real one. */
async function lookForInbox() {
  const query = user?.email ? `?to=${encodeURIComponent(user.email)}` : "";
  const answer = await ask("GET", `/dev/inbox.json${query}`);
  byId("inbox-link").href = `/dev/inbox${query}`;
  show("inbox-line", answer.ok);
}

/**
 * Ends the session by a call. The stream may tell of it before the call's answer does.
 *
 * @param {string} notice  what the signed-out page says then
 * @param {string} problem  the line that says what went wrong
 * @param {string} method @param {string} path @param {object} [body]
 */
async function goBy(notice, problem, method, path, body) {
  farewell = notice;
  say(problem, "");
  const answer = await ask(method, path, body);
  if (answer.ok || ["unauthenticated", "invalid_token"].includes(answer.body.code)) return realtime.refresh().catch(() => {});
  farewell = "";
  return say(problem, why(answer));
}

/** While a form is under way its buttons rest. */
function onSubmit(id, act) {
  byId(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = [...event.target.querySelectorAll("button")];
    buttons.forEach((button) => { button.disabled = true; });
    await act(event.target, event.submitter);
    buttons.forEach((button) => { button.disabled = false; });
  });
}

onSubmit("door-form", async (form, button) => {
  const credentials = { email: form.email.value.trim(), password: form.password.value };
  const signingUp = button?.value !== "log-in";
  say("door-problem", "");
  if (signingUp) {
    const answer = await ask("POST", "/v1/users", credentials);
    if (!answer.ok) return say("door-problem", why(answer));
  }
  const answer = await ask("POST", "/v1/sessions", credentials);
  if (!answer.ok) return say("door-problem", why(answer));
  form.password.value = "";
  await realtime.refresh().catch(() => {});
  byId("verification").retryAfter = signingUp ? RESEND : 0;
});

onSubmit("password-form", async (form) => {
  const passwords = { current_password: form.present.value, password: form.fresh.value };
  const answer = await ask("PUT", "/v1/me/password", passwords);
  say("password-problem", answer.ok ? "" : why(answer));
  if (!answer.ok) return;
  form.reset();
  form.closest("details").open = false;
  byId("toasts").show({ kind: "good", text: "The password is changed, and every other device is logged out." });
  loadSessions();
});

onSubmit("leave-form", (form) => goBy("Your account is deleted.", "leave-problem", "POST", "/v1/me/deletion", { password: form.present.value }));

byId("log-out").addEventListener("click", () => goBy("You are logged out here.", "sessions-problem", "DELETE", "/v1/sessions/current"));

byId("log-out-everywhere").addEventListener("click", () => goBy("You are logged out everywhere.", "sessions-problem", "DELETE", "/v1/sessions"));

byId("transport").addEventListener("change", ({ target }) => {
  sessionStorage.setItem(CHOICE, target.value);
  connect(target.value);
});

setInterval(() => {
  if (document.hidden || !user) return;
  showConnection(realtime);
  loadSessions();
}, LOOK);

const [chosen] = [...allOf(`#transport [value="${sessionStorage.getItem(CHOICE)}"]`), ...allOf("#transport :checked")];
chosen.checked = true;
connect(chosen.value);
