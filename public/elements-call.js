/**
 * Calls of the elements to the service, as the client's user.
 *
 * @typedef {{ok: boolean, status: number, body: any, retryAfter: number}} Answer
 *   `status` is 0 where none came; `retryAfter` in seconds, 0 where the service does not say
 */

/** @typedef {import("./elements-base.js").RealtimeElement} RealtimeElement */

/**
 * @param {import("./afterclick.js").Afterclick} client
 * @param {string} method @param {string} path @param {object} body
 * @returns {Promise<Answer>}  never rejects
 */
export async function call(client, method, path, body) {
  try {
    const response = await client.fetch(path, {
      method, headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = (await response.json().catch(() => null)) ?? {};
    const header = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return { ok: response.ok, status: response.status, body: told, retryAfter: header || told.retry_after || 0 };
  } catch {
    return { ok: false, status: 0, body: {}, retryAfter: 0 };
  }
}

/**
 * Why a call came to nothing, in a sentence of the element's language: its text `error:CODE` where
 * there is one, else what the service says.
 *
 * @param {RealtimeElement} element @param {Partial<Answer>} answer
 */
export function reason(element, { status = 0, body = {}, retryAfter = 0 }) {
  if (!status) return element.say("unreachable");
  const said = element.say(`error:${body.code}`) || body.detail || element.say("answered", { status });
  const sentence = /[.!?…]$/.test(said) ? said : `${said[0].toUpperCase()}${said.slice(1)}.`;
  return retryAfter > 0 ? `${sentence} ${element.saySpan("tryAgain", "tryAgainMinutes", retryAfter)}` : sentence;
}
