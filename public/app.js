/**
 * The first page: sign up, follow your own state, and watch it change after the click.
 */

import { call } from "./api.js";
import { EMPTY, secondsUntil, takeChange, takeDocument, takeHeartbeat, takeHistory } from "./state.js";
import { follow } from "./stream.js";
import { byId, say, show, showChanges, showConnection, showSessions, showUser } from "./view.js";

/** Between two mails, in seconds, where the service has not said otherwise. */
const RESEND = 60;

const GOODBYES = {
  session_revoked: "You were logged out.",
  user_deleted: "This account no longer exists.",
};

let state = EMPTY;
let stop = null;
let resendAt = 0;
let fetching = false;

/** Applies the next state and fetches the document where something was missed. */
function become(next) {
  state = next;
  if (state.user) {
    showUser(state.user);
    showChanges(state.changes);
  }
  if (state.stale) refresh();
}

/** Fetches the document; whether the caller is still logged in as far as anybody can tell. */
async function refresh() {
  if (fetching) return true;
  fetching = true;
  const answer = await call("GET", "/v1/me");
  fetching = false;
  if (answer.status === 401) {
    leave("You are logged out.");
    return false;
  }
  if (answer.ok && stop) {
    // Somebody else logged in in another tab, and the cookie is theirs.
    if (state.user && answer.body.id !== state.user.id) {
      leave("");
      enter(answer.body);
      return false;
    }
    const missed = state.stale;
    become(takeDocument(state, answer.body));
    if (missed) loadHistory();
  }
  return true;
}

function take(name, data) {
  if (name === "snapshot") become(takeDocument(state, data.user));
  else if (name === "heartbeat") become(takeHeartbeat(state, data.cursor));
  else become(takeChange(state, data));
}

function connect() {
  stop?.();
  show("reconnect", false);
  stop = follow({
    cursor: () => state.user?.cursor,
    onEvent: take,
    onState: showConnection,
    onEnd(code) {
      if (code in GOODBYES) return leave(GOODBYES[code]);
      say("notice", code === "too_many_streams"
        ? "Too many tabs are connected, so this one was let go." : "This tab was disconnected.");
      show("reconnect", true);
    },
    mayReturn: refresh,
  });
}

/** The signed-in page. */
function enter(user) {
  become(takeDocument(EMPTY, user));
  say("notice", "");
  show("door", false);
  show("home", true);
  connect();
  loadSessions();
  loadHistory();
  lookForInbox(user.email);
}

/** The signed-out page. */
function leave(notice) {
  stop?.();
  stop = null;
  state = EMPTY;
  resendAt = 0;
  tick();
  for (const form of document.querySelectorAll("#home form")) form.reset();
  for (const details of document.querySelectorAll("#home details")) details.open = false;
  byId("changes").replaceChildren();
  byId("sessions").replaceChildren();
  for (const id of ["code-problem", "resend-words", "sessions-problem", "password-problem", "leave-problem"]) say(id, "");
  byId("badge").classList.remove("turned");
  delete byId("badge").dataset.verified;
  showConnection("none");
  say("notice", notice);
  show("reconnect", false);
  show("home", false);
  show("door", true);
}

async function loadHistory() {
  const answer = await call("GET", "/v1/me/changes?limit=100");
  if (answer.ok && stop) become(takeHistory(state, answer.body.changes));
}

async function loadSessions() {
  const answer = await call("GET", "/v1/sessions");
  if (answer.ok) showSessions(answer.body.sessions, endSession);
}

async function endSession(id) {
  const answer = await call("DELETE", `/v1/sessions/${encodeURIComponent(id)}`);
  say("sessions-problem", answer.ok || answer.status === 401 ? "" : answer.reason);
  if (await refresh()) loadSessions();
}

/** Only a development service has an inbox; elsewhere the mail is in a real one. */
async function lookForInbox(email) {
  const query = email ? `?to=${encodeURIComponent(email)}` : "";
  const answer = await call("GET", `/dev/inbox.json${query}`);
  byId("inbox-link").href = `/dev/inbox${query}`;
  show("inbox-line", answer.ok);
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
    const answer = await call("POST", "/v1/users", credentials);
    if (!answer.ok) return say("door-problem", answer.reason);
  }
  const answer = await call("POST", "/v1/sessions", credentials);
  if (!answer.ok) return say("door-problem", answer.reason);
  form.password.value = "";
  if (signingUp) resendAt = Date.now() + RESEND * 1000;
  enter(answer.body.user);
  tick();
});

onSubmit("code-form", async (form) => {
  const answer = await call("POST", "/v1/verifications/confirm", { code: form.code.value });
  const left = answer.body.attempts_left;
  const wrong = left === undefined ? answer.reason : `That is not the code. ${left === 1 ? "1 try" : `${left} tries`} left.`;
  say("code-problem", answer.ok ? "" : wrong);
  if (answer.ok) form.reset();
  else form.code.select();
});

byId("resend").addEventListener("click", async () => {
  byId("resend").disabled = true;
  const answer = await call("POST", "/v1/verifications", {});
  if (answer.ok && answer.body.already) await refresh();
  const sent = answer.ok ? "Another mail is on its way. Links of earlier mails still work." : answer.reason;
  say("resend-words", answer.status === 429 ? "Not so soon: the last mail should be there by now." : sent);
  const pause = answer.retryAfter || (answer.ok ? RESEND : 0);
  resendAt = Date.now() + pause * 1000;
  tick();
});

onSubmit("password-form", async (form) => {
  const passwords = { current_password: form.present.value, password: form.fresh.value };
  const answer = await call("PUT", "/v1/me/password", passwords);
  say("password-problem", answer.ok ? "" : answer.reason);
  if (!answer.ok) return;
  form.reset();
  form.closest("details").open = false;
  say("notice", "The password is changed, and every other device is logged out.");
  loadSessions();
});

onSubmit("leave-form", async (form) => {
  const answer = await call("POST", "/v1/me/deletion", { password: form.present.value });
  say("leave-problem", answer.ok ? "" : answer.reason);
  if (answer.ok) leave("Your account is deleted.");
});

byId("log-out").addEventListener("click", async () => {
  const answer = await call("DELETE", "/v1/sessions/current");
  if (answer.ok || answer.status === 401) leave("You are logged out here.");
  else say("sessions-problem", answer.reason);
});

byId("log-out-everywhere").addEventListener("click", async () => {
  const answer = await call("DELETE", "/v1/sessions");
  if (answer.ok || answer.status === 401) leave("You are logged out everywhere.");
  else say("sessions-problem", answer.reason);
});

byId("reconnect").addEventListener("click", () => {
  say("notice", "");
  connect();
});

byId("reload-sessions").addEventListener("click", loadSessions);

/** The countdown of the resend button. */
function tick() {
  const seconds = secondsUntil(resendAt, Date.now());
  byId("resend").disabled = seconds > 0;
  byId("resend").textContent = seconds > 0 ? `Send the mail again in ${seconds} s` : "Send the mail again";
}

setInterval(tick, 1000);

// A page that was put away (back-forward cache, a sleeping phone) may have missed anything.
addEventListener("pageshow", (event) => { if (event.persisted && stop) connect(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && stop) refresh(); });

const me = await call("GET", "/v1/me");
if (me.ok) enter(me.body);
else leave(me.status === 401 ? "" : me.reason);
