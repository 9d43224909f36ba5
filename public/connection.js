// In milliseconds.
const PATIENCE = 10_000; // For a call, and for a token.
const FIRST = 5_000; // A stream is mute without a first event,
const MUTE = 40_000; // or without another.
const PROVED = 10_000; // A stream with events for so long gets through.
const STREAM_AGAIN = 120_000;
const STALE = 25_000; // The service beats every 15 s.
const PARKED = 20_000; // Strict proxies end a poll after 30 s.
const SPIN = 1_000; // A poll answered too soon rests for up to four.
const MOST = 4_000; // What chance adds to a pause.
const MOST_HIDDEN = 30_000;
const LONGEST = 2 ** 31 - 1; // What a timer takes.

/** What went wrong; `afterclick.d.ts` has the codes. */
export class Trouble extends Error {
  constructor(code = "", { message = code, floor = 0, refused = false, served = false } = {}) {
    super(message);
    this.code = code;
    this.floor = floor; // The pause that the service asks for, in milliseconds.
    this.refused = refused; // Nobody is logged in, it seems.
    this.served = served; // By the service itself: the way there is good.
  }
}

/** A fetch rejects for many reasons, and tells none of them. */
export const asTrouble = (error) => error instanceof Trouble ? error
  : new Trouble(error instanceof SyntaxError ? "bad_answer" : "network", { message: String(error) });

export async function troubleOf(world, response) {
  const { status, ok, headers } = response;
  const after = headers.get("Retry-After") ?? "";
  const floor = Number(after) * 1000 || Math.max(0, Date.parse(after) - world.Date.now()) || 0;
  const kind = headers.get("Content-Type") ?? "";
  const problem = kind.includes("json") ? await response.json().catch(() => null) : discard(response);
  const code = ok ? "bad_answer" : problem?.code ?? `http_${status}`;
  return new Trouble(code, { message: problem?.detail ?? `The service answered ${status}.`, floor, refused: status === 401 });
}

const discard = (response) => void response.body?.cancel().catch(() => {});

/** A signal that aborts with `parent`, and `span` milliseconds after it was last `set`; to be stopped. */
export function makeAlarm(world, parent) {
  const controller = new AbortController();
  const { signal } = controller;
  let timer;
  const off = () => world.clearTimeout(timer);
  const stop = (reason) => {
    off();
    controller.abort(reason);
  };
  const set = (span, code) => {
    off();
    timer = world.setTimeout(() => stop(new Trouble(code)), Math.min(span, LONGEST));
  };
  const wait = (span) => new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
    if (signal.aborted) resolve(0);
    else set(span);
  });
  const follow = () => stop(parent.reason);
  parent.addEventListener("abort", follow, { signal });
  if (parent.aborted) follow();
  return { signal, set, wait, off, stop };
}

/** Calls the service by the application's token, else by the cookie; renews a refused one once. */
export function makeCaller(world, base, token) {
  let held;
  let renewing;

  const within = (promise, code) => Promise.race([promise, new Promise((_, reject) => {
    world.setTimeout(() => reject(new Trouble(code)), PATIENCE);
  })]);
  const fresh = async () => {
    try {
      return await within(token(), "token_failed");
    } catch (error) {
      throw new Trouble("token_failed", { message: String(error) });
    }
  };
  const send = (path, init) => {
    const headers = new Headers(init.headers);
    if (held) headers.set("Authorization", `Bearer ${held}`);
    return world.fetch(base + path, {
      ...init, headers, credentials: token ? "same-origin" : "include", cache: "no-store",
    });
  };
  const renew = async (used) => {
    if (token) {
      if (held === used) held = await fresh();
      return Boolean(held) && held !== used;
    }
    const headers = { "Content-Type": "application/json" };
    const response = await within(send("/v1/sessions/refresh", { method: "POST", headers, body: "{}" }), "timeout");
    if (response.status === 429 || response.status >= 500) throw await troubleOf(world, response);
    discard(response);
    return response.ok;
  };
  const ready = async () => {
    if (!token || held) return;
    held = await fresh();
    if (!held) throw new Trouble("signed_out", { refused: true });
  };
  /** @returns {Promise<Response>} */
  const ask = async (path, init) => {
    await ready();
    const used = held;
    const response = await send(path, init);
    if (response.status !== 401) return response;
    renewing ??= renew(used).finally(() => { renewing = undefined; });
    if (!await renewing) return response;
    discard(response);
    return send(path, init);
  };
  /** The JSON of a 200, nothing for a 204. */
  const get = async (path, signal) => {
    await ready();
    const alarm = makeAlarm(world, signal);
    alarm.set(PATIENCE, "timeout");
    try {
      const response = await ask(path, { signal: alarm.signal });
      if (response.status === 200) return await response.json();
      if (response.status !== 204) throw await troubleOf(world, response);
    } catch (error) {
      throw asTrouble(alarm.signal.reason ?? error);
    } finally {
      alarm.stop();
    }
  };
  return { ready, ask, get, expire: () => { held = undefined; } };
}

const AGAIN = new Trouble("again"); // Ends an attempt, for another.

export const isVisible = (world) => world.document?.visibilityState !== "hidden";

export const failing = (world, tries) => tries > 2 || world.navigator?.onLine === false ? "offline" : "connecting";

/** Back-off that doubles, with full jitter. */
export const makePace = (world) => ({
  tries: 0,
  wake() {},
  /** `wake` cuts it short, but for the floor; those who were given the same one are spread. */
  async rest(floor, signal) {
    const [asked, own] = [makeAlarm(world, signal), makeAlarm(world, signal)];
    this.wake = own.stop;
    await asked.wait(floor);
    const most = Math.min(isVisible(world) ? MOST : MOST_HIDDEN, 500 * 2 ** this.tries);
    if (this.tries) await own.wait(world.Math.random() * most);
    own.stop();
  },
});

/**
 * A stream, long polls where streams do not get through, and then a stream again.
 *
 * Streams are read by `fetch`: an EventSource gives up for ever on any answer but a stream, is deaf to
 * the types that a backend makes up, and sends no token, only a ticket that is spent when it
 * reconnects. What buffers one buffers the other, and shows as a mute stream.
 */
export function connect(world, caller, transport, hooks) {
  const pace = makePace(world);
  const end = new AbortController();
  let attempt = new AbortController();
  let status = "connecting";
  let broken = 0; // Streams that did not get through.
  let streamAt = 0;
  let pollFailed = false;
  let hint = 0;
  let heardAt = 0;
  const now = () => world.Date.now();
  const connection = { transport: "sse", streamId: null, attempts: 0, stop, wake, revive() {} };

  function stop() {
    end.abort();
    attempt.abort(AGAIN);
    connection.revive();
  }

  function wake(again) {
    if (streamAt === Infinity) streamAt = 0;
    if (again || now() - heardAt > STALE) attempt.abort(AGAIN);
    pace.wake();
  }

  const say = (next) => {
    status = next;
    if (!end.signal.aborted) hooks.status(next);
  };

  async function run() {
    while (!end.signal.aborted) {
      const polling = transport === "poll" || (transport === "auto" && broken >= 2 && now() < streamAt);
      attempt = new AbortController();
      const alarm = makeAlarm(world, attempt.signal);
      let floor;
      try {
        await caller.ready();
        connection.transport = polling ? "poll" : "sse";
        floor = await (polling ? poll(alarm) : stream(alarm));
      } catch (error) {
        const reason = alarm.signal.reason ?? error;
        if (reason === AGAIN) continue;
        floor = await failed(asTrouble(reason), polling);
      } finally {
        alarm.stop();
      }
      await pace.rest(floor, end.signal);
    }
  }

  async function stream(alarm) {
    connection.attempts += 1;
    heardAt = now();
    alarm.set(FIRST, "mute");
    const response = await caller.ask(`/v1/stream?last_event_id=${hooks.after()}`, {
      headers: { Accept: "text/event-stream" }, signal: alarm.signal,
    });
    const kind = response.headers.get("Content-Type") ?? "";
    if (response.status !== 200 || !kind.startsWith("text/event-stream")) throw await troubleOf(world, response);
    let openedAt = 0;
    for await (const { name, data, retry } of events(response.body)) {
      if (alarm.signal.aborted) break;
      heardAt = now();
      const told = JSON.parse(data);
      hooks.log(name, told);
      if (name === "goodbye") return goodbye(told);
      hint = retry || hint;
      alarm.set(MUTE, "mute");
      openedAt ||= heardAt;
      if (heardAt - openedAt >= PROVED) broken = pace.tries = 0;
      connection.streamId = response.headers.get("X-Request-Id");
      say("live");
      if (name === "snapshot") hooks.snapshot(told.user);
      else if (name === "heartbeat") hooks.heartbeat(told.cursor);
      else hooks.change(told);
    }
    throw new Trouble("ended");
  }

  async function goodbye({ code, reconnect, retry_ms: floor = SPIN }) {
    if (code === "token_expired") caller.expire();
    if (code === "overloaded" || code === "unavailable") throw new Trouble(code, { floor, served: true });
    if (code === "session_revoked" || code === "user_deleted") throw new Trouble(code, { refused: true });
    if (reconnect) {
      say("connecting");
      return floor;
    }
    hooks.trouble(new Trouble(code));
    if (code === "too_many_streams" && transport === "auto") {
      // Another would end another device's, and so on.
      [broken, streamAt] = [2, Infinity];
      return 0;
    }
    say("offline");
    await new Promise((resolve) => { connection.revive = () => resolve(0); });
    return 0;
  }

  async function poll(alarm) {
    let wait = 0; // Shows that polls get through.
    do {
      const after = hooks.after();
      const began = heardAt = now();
      alarm.set(wait + 10_000, "timeout");
      const response = await caller.ask(`/v1/poll?wait=${wait / 1000}&after=${after}`, { signal: alarm.signal });
      if (response.status === 200) hooks.news(await response.json());
      else if (response.status !== 204) throw await troubleOf(world, response);
      alarm.off();
      connection.streamId = null;
      say("polling");
      pace.tries = 0;
      if (pollFailed) streamAt = 0; // So it was not the stream's fault.
      pollFailed = false;
      const early = hooks.after() === after && now() - began < wait - SPIN;
      if (early) await pace.rest(SPIN + world.Math.random() * 3 * SPIN, alarm.signal);
      wait = PARKED;
    } while (!alarm.signal.aborted && (transport === "poll" || now() < streamAt));
    return 0;
  }

  async function failed(trouble, polling) {
    if (end.signal.aborted) return 0;
    hooks.trouble(trouble);
    if (trouble.refused && !await hooks.refused()) return 0;
    pace.tries += 1;
    if (polling) pollFailed = true;
    else if (!trouble.served) {
      broken += 1;
      streamAt = now() + STREAM_AGAIN;
    }
    if (polling || status !== "polling") say(failing(world, pace.tries));
    return Math.max(trouble.floor, hint);
  }

  run();
  return connection;
}

/** Server-sent events, as HTML §9.2.6 has them. @param {ReadableStream<Uint8Array>} body */
export async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // Drops a byte order mark, as it should.
  const empty = { name: "message", data: "", retry: 0 };
  let [text, event] = ["", { ...empty }];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // What is unfinished is no event.
      text += decoder.decode(value, { stream: true });
      // A CR at the end may have its LF still to come.
      for (let end; (end = /\r\n|\n|\r(?!$)/.exec(text));) {
        const line = text.slice(0, end.index);
        text = text.slice(end.index + end[0].length);
        const [, field, rest] = /^([^:]*):? ?(.*)/s.exec(line) ?? [];
        if (field === "event") event.name = rest || "message";
        else if (field === "data") event.data += `${rest}\n`;
        else if (field === "retry" && /^\d+$/.test(rest)) event.retry = Number(rest);
        if (line) continue;
        if (event.data) yield { ...event, data: event.data.slice(0, -1) };
        event = { ...empty };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
