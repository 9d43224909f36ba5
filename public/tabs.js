import { isVisible } from "./connection.js";

// In milliseconds.
const TICK = 3_000; // A follower that hears nothing asks, and then leads.
const SPREAD = 200; // Keeps tabs from taking the lead together.

/** Messages to the other tabs of this origin; `alone` where storage is blocked. */
export function openChannel(world, name, hear) {
  try {
    if (world.BroadcastChannel) {
      const channel = new world.BroadcastChannel(name);
      channel.onmessage = ({ data }) => hear(data);
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
    }
    const storage = world.localStorage;
    storage.removeItem(name); // Throws where it is blocked.
    const take = ({ key, newValue }) => { if (key === name && newValue) hear(JSON.parse(newValue)); };
    world.addEventListener("storage", take);
    const post = (message) => {
      try {
        storage.setItem(name, JSON.stringify(message));
        storage.removeItem(name);
      } catch { /* It is full. */ }
    };
    return { post, close: () => world.removeEventListener("storage", take) };
  } catch {
    return { alone: true, post() {}, close() {} };
  }
}

/**
 * The tabs of one user in one browser; the one that leads holds the connection.
 *
 * A Web Lock does not tell that its holder is frozen, and hidden tabs have slow timers: so followers
 * ask, and a leader answers at once or loses the lead. A hidden one loses it to a visible one.
 * Without locks the same messages decide, and of two leaders the later stays.
 */
export function joinTabs(world, name, tab, hooks) {
  let locks = world.navigator?.locks;
  let left = false;
  let asked = false;
  let heardAt = 0;
  let hiddenLeader = false;
  let term = 0;
  let round = 0; // Of asking the locks; only the last counts.
  let queue = new AbortController();
  let release = () => {};
  let later;
  const channel = openChannel(world, name, hear);
  const tabs = { leading: false, post: channel.post, look, leave };
  const ticking = world.setInterval(() => {
    if (tabs.leading) return;
    if (asked) contend(true);
    else if (world.Date.now() - heardAt > TICK / 2) look();
  }, TICK);

  const soon = (then, least) => {
    world.clearTimeout(later);
    later = world.setTimeout(then, least + world.Math.random() * SPREAD);
  };

  function look() {
    asked = !tabs.leading;
    if (asked) channel.post({ kind: "ask" });
    else channel.post({ kind: "beat", tab, term, visible: isVisible(world), ...hooks.report() });
  }

  function hear(message) {
    if (left) return;
    if (message.kind === "beat") beat(message);
    else if (message.kind === "ask") {
      if (tabs.leading) look();
    } else if (message.kind === "bye") {
      if (locks || tabs.leading) return;
      look();
      contend(false);
    } else hooks.hear(message);
  }

  function beat(message) {
    if (tabs.leading) {
      if (locks) return;
      if (message.term < term || (message.term === term && message.tab < tab)) return look();
      follow();
    }
    [term, asked, heardAt, hiddenLeader] = [Math.max(term, message.term), false, world.Date.now(), !message.visible];
    hooks.follow(message);
    const takes = () => !tabs.leading && hiddenLeader && isVisible(world);
    if (takes()) soon(() => { if (takes()) contend(true); }, 0);
  }

  function contend(taking) {
    if (channel.alone) return lead();
    if (!locks) {
      if (taking) lead();
      else soon(() => { if (asked) lead(); }, SPREAD);
      return;
    }
    queue.abort();
    queue = new AbortController();
    const own = round += 1;
    const held = locks.request(name, taking ? { steal: true } : { signal: queue.signal }, () => {
      if (own !== round) return;
      lead();
      return new Promise((resolve) => { release = () => resolve(0); });
    });
    held.catch((error) => {
      if (own !== round) return;
      if (error?.name !== "AbortError") locks = null; // Such as in a sandboxed frame.
      follow();
      contend(false);
    });
  }

  function lead() {
    if (tabs.leading || left) return;
    tabs.leading = true;
    term += 1;
    hooks.lead();
    look();
  }

  function follow() {
    if (tabs.leading) hooks.yield();
    tabs.leading = false;
    look();
  }

  function leave() {
    if (tabs.leading) channel.post({ kind: "bye" });
    tabs.leading = false;
    left = true;
    round = -1;
    queue.abort();
    release();
    world.clearInterval(ticking);
    world.clearTimeout(later);
    channel.close();
  }

  look();
  world.queueMicrotask(() => { if (!left) contend(false); });
  return tabs;
}
