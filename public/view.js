/**
 * Puts state on the page. Text only ever goes in as `textContent`.
 */

/** @typedef {import("./afterclick.js").User} User */

/** How the page is told, by the client's status. */
const WAYS = {
  connecting: "Connecting…",
  live: "By a stream, as it happens",
  polling: "By long polls, one after the other",
  shared: "Through another tab, which holds the connection",
  offline: "Not at all: the service cannot be reached",
  "signed-out": "Not at all: nobody is logged in",
  closed: "Not at all",
};

/** Who is using a device, by what its `User-Agent` holds; those that also claim to be another first. */
const BROWSERS = {
  Edg: "Edge", "OPR/": "Opera", Firefox: "Firefox", FxiOS: "Firefox", CriOS: "Chrome", Chrome: "Chrome", Safari: "Safari", curl: "curl",
};
const SYSTEMS = {
  iPhone: "iPhone", iPad: "iPad", Android: "Android", Windows: "Windows", CrOS: "ChromeOS", "Mac OS": "Mac", Linux: "Linux",
};

/** An element of the page, which has it. @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** All elements of the page that a selector finds. @param {string} selector @returns {any[]} */
export const allOf = (selector) => [...document.querySelectorAll(selector)];

/** Shows or hides an element. @param {string} id @param {boolean} visible */
export function show(id, visible) {
  byId(id).hidden = !visible;
}

/** A line under a form; an empty text hides it. @param {string} id @param {string} text */
export function say(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}

/** How this page is told, of the client. @param {import("./afterclick.js").Afterclick} realtime */
export function showConnection(realtime) {
  const { transport, lastHeartbeat, reconnects } = realtime.debug;
  const shared = realtime.connectionStatus === "shared" && transport;
  byId("how").textContent = WAYS[realtime.connectionStatus] + (shared ? ` (${transport === "sse" ? "a stream" : "long polls"})` : "");
  byId("heard").textContent = lastHeartbeat ? moment(lastHeartbeat) : "–";
  byId("reconnects").textContent = String(reconnects);
  // Who was connected is not known while this page is not.
  byId("sessions").classList.toggle("stale", !realtime.isConnected);
}

/** The card with the user's state. @param {User} user */
export function showUser(user) {
  const badge = byId("badge");
  const verified = String(user.email_verified);
  // The ring is drawn when the badge turns, not when the page opens on it.
  if (badge.dataset.verified === "false" && user.email_verified) badge.classList.add("turned");
  if (badge.dataset.verified !== verified) {
    badge.dataset.verified = verified;
    byId("badge-words").textContent = user.email_verified ? "Verified" : "Not verified yet";
  }
  byId("email").textContent = user.email ?? "No address";
  byId("since").textContent = user.email_verified && user.email_verified_at ? moment(user.email_verified_at) : "–";
  byId("cursor").textContent = user.cursor;
  byId("updated").textContent = moment(user.updated_at);
  showObject("kyc", user.kyc);
  showObject("attributes", user.attributes);
}

/** The list of changes, newest first. @param {import("./afterclick.js").Change[]} changes */
export function showChanges(changes) {
  const list = byId("changes");
  const held = new Map([...list.children].map((item) => [item.dataset.cursor, item]));
  list.replaceChildren(...changes.map((change) => held.get(change.cursor) ?? changeItem(change, held.size > 0)));
  list.hidden = changes.length === 0;
  show("no-changes", changes.length === 0);
}

/** The list of sessions; `onEnd(id)` logs one out. */
export function showSessions(sessions, onEnd) {
  const list = byId("sessions");
  const shown = JSON.stringify(sessions);
  // Drawn anew only where something differs, and the focus stays on the button it was on.
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  const focused = document.activeElement?.closest("[data-session]")?.getAttribute("data-session");
  list.replaceChildren(...sessions.map((session) => sessionItem(session, onEnd)));
  if (focused) list.querySelector(`[data-session="${focused}"] button`)?.focus();
}

function changeItem(change, fresh) {
  const item = element("li", fresh ? "change new" : "change", "");
  item.dataset.cursor = change.cursor;
  const head = element("p", "change-head", "");
  head.append(element("code", "change-type", change.type), element("span", "soft", ` ${moment(change.at)}`));
  item.append(head, element("p", "soft change-data", `${change.cursor} ${brief(change.data)}`));
  return item;
}

function sessionItem(session, onEnd) {
  const item = element("li", "session", "");
  item.dataset.session = session.id;
  const name = element("p", "session-name", device(session.user_agent));
  if (session.current) name.append(" ", element("span", "tag", "This one"));
  const live = element("span", session.live_streams > 0 ? "lamp lit" : "lamp", session.live_streams > 0 ? "Connected now" : "Not connected");
  const since = element("p", "soft", "");
  since.append(live, ` · since ${moment(session.created_at)}`);
  const about = element("div", "session-words", "");
  about.append(name, since);
  const button = element("button", "quiet", "Log out");
  button.type = "button";
  button.setAttribute("aria-label", `Log out ${device(session.user_agent)}${session.current ? ", this one" : ""}`);
  button.addEventListener("click", () => onEnd(session.id));
  item.append(about, button);
  return item;
}

/** A new element with a class and a text. */
function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function showObject(id, object) {
  const filled = Object.keys(object ?? {}).length > 0;
  show(`${id}-row`, filled);
  byId(id).textContent = filled ? JSON.stringify(object) : "";
}

function moment(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

function brief(data) {
  const text = JSON.stringify(data ?? {});
  return text === "{}" ? "" : text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

function device(agent) {
  const among = (table) => Object.entries(table).find(([part]) => (agent ?? "").includes(part))?.[1];
  const system = among(SYSTEMS);
  return [among(BROWSERS) ?? "A device", system && `on ${system}`].filter(Boolean).join(" ");
}
