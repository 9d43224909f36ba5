/**
 * Calls to the service for the elements and the pages: JSON both ways, and words for what went wrong.
 */

import { span } from "./elements-words.js";

/**
 * What a call came to.
 *
 * @typedef {{ok: boolean, status: number, body: any, retryAfter: number}} Answer
 *   `status` is 0 where no answer came; `retryAfter` in seconds, 0 where the service does not say
 *
 * @typedef {(key: string, places?: {[place: string]: unknown}) => string} Say  a text by its key
 */

/**
 * @param {(path: string, init: RequestInit) => Promise<Response>} ask  `fetch`, or a client's
 * @param {string} method @param {string} path @param {object} [body]
 * @returns {Promise<Answer>}  never rejects
 */
export async function call(ask, method, path, body) {
  /** @type {{[name: string]: string}} */
  const headers = { Accept: "application/json" };
  // The service takes nothing else from a browser, since any site can send a plain form.
  if (body) headers["Content-Type"] = "application/json";
  try {
    const response = await ask(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    const told = (await response.json().catch(() => null)) ?? {};
    const header = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return { ok: response.ok, status: response.status, body: told, retryAfter: header || told.retry_after || 0 };
  } catch {
    return { ok: false, status: 0, body: {}, retryAfter: 0 };
  }
}

/**
 * Why a call came to nothing, in a sentence: the text `error:CODE` where there is one, else what the
 * service says.
 *
 * @param {Say} say @param {Partial<Answer>} answer
 */
export function reason(say, { status = 0, body = {}, retryAfter = 0 }) {
  if (!status) return say("unreachable");
  const said = say(`error:${body.code}`) || body.detail || say("answered", { status });
  const sentence = `${said[0].toUpperCase()}${said.slice(1)}${/[.!?…]$/.test(said) ? "" : "."}`;
  return retryAfter > 0 ? `${sentence} ${saySpan(say, "tryAgain", retryAfter)}` : sentence;
}

/**
 * A text with a span of time: that of `key`, or of `key` + `Minutes` where it is long.
 *
 * @param {Say} say @param {string} key @param {number} seconds
 */
export function saySpan(say, key, seconds) {
  const { minutes, count } = span(seconds);
  return say(minutes ? `${key}Minutes` : key, { count });
}
