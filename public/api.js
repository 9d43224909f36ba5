/**
 * Calls to the service: JSON both ways, the session cookie as the credential.
 */

/** What a call came to. `status` is 0 where no answer came. */
export class Answer {
  /**
   * @param {number} status
   * @param {any} body  the JSON of the answer, `{}` where there is none
   * @param {number} retryAfter  seconds the service asks to wait, 0 where it does not
   */
  constructor(status, body, retryAfter) {
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /** A sentence for the person, whatever went wrong. */
  get reason() {
    if (this.status === 0) return "The service cannot be reached. Are you offline?";
    const said = this.body.detail || this.body.title || `The service answered ${this.status}.`;
    return this.retryAfter > 0 ? `${said} Try again in ${this.retryAfter} s.` : said;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Answer>}  never rejects
 */
export async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(path, {
      method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "same-origin",
    });
    const told = await response.json().catch(() => ({}));
    const header = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return new Answer(response.status, told ?? {}, header || told?.retry_after || 0);
  } catch {
    return new Answer(0, {}, 0);
  }
}
