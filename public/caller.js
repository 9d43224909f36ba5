const PATIENCE = 10_000; // Milliseconds, for a call and for the application's token.

/** What went wrong; `afterclick.d.ts` has the codes. */
export class Trouble extends Error {
  constructor(code, message, { floor = 0, refused = false, served = false } = {}) {
    super(message);
    this.code = code;
    this.floor = floor; // The pause that the service asks for, in milliseconds.
    this.refused = refused; // Nobody is logged in, it seems.
    this.served = served; // The way there is good: it is the service that said no.
  }
}

export const asTrouble = (error) => error instanceof Trouble ? error
  : error instanceof SyntaxError ? new Trouble("bad_answer", "The service sent what is no JSON.")
    : new Trouble("network", `The service cannot be reached (${error}).`);

export async function troubleOf(world, response) {
  const { status, ok, headers } = response;
  const after = headers.get("Retry-After") ?? "";
  const floor = Number(after) * 1000 || Math.max(0, Date.parse(after) - world.Date.now()) || 0;
  const kind = headers.get("Content-Type") ?? "no content";
  const problem = kind.includes("json") ? await response.json().catch(() => null) : discard(response);
  const code = ok ? "bad_answer" : problem?.code ?? `http_${status}`;
  const message = problem?.detail ?? `The service answered ${status} with ${kind}.`;
  return new Trouble(code, message, { floor, refused: status === 401 });
}

const discard = (response) => void response.body?.cancel().catch(() => {});

/** A signal that aborts with `parent`, and `span` ms after it was `set`. */
export function makeAlarm(world, parent) {
  const controller = new AbortController();
  const { signal } = controller;
  let timer;
  const off = () => world.clearTimeout(timer);
  const set = (span, code, message) => {
    off();
    timer = world.setTimeout(() => controller.abort(new Trouble(code, message)), span);
  };
  const follow = () => controller.abort(parent.reason);
  parent.addEventListener("abort", follow, { signal });
  if (parent.aborted) follow();
  return { signal, set, off };
}

/** Calls the service by the application's token, else by the cookie; renews a refused one once. */
export function makeCaller(world, base, token) {
  let held;
  let renewing;

  const within = (promise, code) => Promise.race([promise, new Promise((_, reject) => {
    world.setTimeout(() => reject(new Trouble(code, "The credential took too long to renew.")), PATIENCE);
  })]);
  const fresh = async () => {
    try {
      return await within(token(), "token_failed");
    } catch (error) {
      throw error instanceof Trouble ? error : new Trouble("token_failed", `The application gave no token (${error}).`);
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
    if (!held) throw new Trouble("signed_out", "The application gave no token.", { refused: true });
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
  /** The JSON of a 200, null for a 204. */
  const get = async (path, signal) => {
    await ready();
    const alarm = makeAlarm(world, signal);
    alarm.set(PATIENCE, "timeout", "The service did not answer in time.");
    try {
      const response = await ask(path, { signal: alarm.signal });
      if (response.status === 200) return await response.json();
      if (response.status !== 204) throw await troubleOf(world, response);
      return null;
    } catch (error) {
      throw asTrouble(alarm.signal.reason ?? error);
    } finally {
      alarm.off();
    }
  };
  return { ready, ask, get, expire: () => { held = undefined; } };
}
