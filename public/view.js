/**
 * Puts state on the page. Text only ever goes in as `textContent`.
 */

/** @param {string} id */
export const byId = (id) => document.getElementById(id);

/** Shows or hides an element. */
export function show(id, visible) {
  byId(id).hidden = !visible;
}

/** A new element with a class and a text. */
function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The indicator in the bar. */
export function showConnection(state) {
  const words = { live: "Live", connecting: "Connecting…", closed: "Not connected", none: "" };
  const pill = byId("connection");
  if (pill.dataset.state === state) return;
  pill.dataset.state = state;
  pill.textContent = words[state];
  pill.hidden = state === "none";
}

/** The card with the user's state. */
export function showUser(user) {
  const badge = byId("badge");
  const verified = user.email_verified;
  // The ring is drawn when the badge turns, not when the page opens on it.
  if (badge.dataset.verified === "false" && verified) badge.classList.add("turned");
  if (badge.dataset.verified !== String(verified)) {
    badge.dataset.verified = String(verified);
    byId("badge-words").textContent = verified ? "Verified" : "Not verified yet";
  }
  byId("email").textContent = user.email ?? "No address";
  byId("since").textContent = verified && user.email_verified_at ? moment(user.email_verified_at) : "–";
  byId("cursor").textContent = user.cursor;
  byId("updated").textContent = moment(user.updated_at);
  showObject("kyc", user.kyc);
  showObject("attributes", user.attributes);
  show("mail-card", !verified);
}

/** The list of changes, newest first. */
export function showChanges(changes) {
  const items = changes.map((change) => {
    const item = element("li", "change", "");
    const head = element("p", "change-head", "");
    head.append(element("code", "change-type", change.type), element("span", "soft", ` ${moment(change.at)}`));
    item.append(head, element("p", "soft change-data", `${change.cursor} ${brief(change.data)}`));
    return item;
  });
  byId("changes").replaceChildren(...items);
  show("no-changes", items.length === 0);
}

/** The list of sessions; `onEnd(id)` logs one out. */
export function showSessions(sessions, onEnd) {
  const items = sessions.map((session) => {
    const item = element("li", "session", "");
    const words = element("div", "session-words", "");
    const name = element("p", "session-name", device(session.user_agent));
    if (session.current) name.append(" ", element("span", "tag", "This one"));
    const live = session.live_streams === 1 ? "1 live stream" : `${session.live_streams ?? 0} live streams`;
    words.append(name, element("p", "soft", `Since ${moment(session.created_at)} · ${live}`));
    const button = element("button", "quiet", "Log out");
    button.type = "button";
    button.setAttribute("aria-label", `Log out ${device(session.user_agent)}${session.current ? ", this one" : ""}`);
    button.addEventListener("click", () => onEnd(session.id));
    item.append(words, button);
    return item;
  });
  byId("sessions").replaceChildren(...items);
}

/** A line under a form; an empty text hides it. */
export function say(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
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
  const first = (table) => table.find(([part]) => (agent ?? "").includes(part))?.[1];
  const browser = first([["Edg", "Edge"], ["OPR/", "Opera"], ["Firefox", "Firefox"], ["FxiOS", "Firefox"],
    ["CriOS", "Chrome"], ["Chrome", "Chrome"], ["Safari", "Safari"], ["curl", "curl"]]);
  const system = first([["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"],
    ["CrOS", "ChromeOS"], ["Mac OS", "Mac"], ["Linux", "Linux"]]);
  return [browser ?? "A device", system && `on ${system}`].filter(Boolean).join(" ");
}
