/**
 * What is wrong between a page and its user's mail, and what helps. Pure, so that it can be tested
 * without a browser (`tests/web/elements.test.mjs`).
 *
 * @typedef {"none" | "polling" | "connecting" | "offline" | "signed-out" | "closed"} Trouble
 */

/** A connection that is still being made after this long, in milliseconds, is in trouble. */
export const PATIENCE = 5_000;

/** The texts that tell of each trouble: beside the form, and first in the list of what helps. */
const TEXTS = {
  none: ["waiting", null],
  polling: ["waitingPolling", "helpPolling"],
  connecting: ["waitingOffline", "helpConnecting"],
  offline: ["waitingOffline", "helpOffline"],
  "signed-out": ["helpSignedOut", null],
  closed: ["helpClosed", null],
};

/**
 * @param {string} status  the client's `connectionStatus`
 * @param {number} since  milliseconds it has been so
 * @returns {Trouble}
 */
export function trouble(status, since) {
  if (status === "connecting") return since < PATIENCE ? "none" : "connecting";
  return status in TEXTS ? /** @type {Trouble} */ (status) : "none";
}

/** The text beside the form. */
export const notice = (/** @type {Trouble} */ wrong) => /** @type {string} */ (TEXTS[wrong][0]);

/** The texts of what helps, the likeliest first. */
export function advice(/** @type {Trouble} */ wrong) {
  const [, first] = TEXTS[wrong];
  return [...(first ? [first] : []), "helpSpam", "helpAddress", "helpLink"];
}

/**
 * The digits of a code as it was typed or pasted: with blanks, hyphens, or Arabic digits.
 *
 * @param {string} typed
 * @returns {string | null}  null where it cannot be a code, so that no try is wasted on it
 */
export function digits(typed) {
  const plain = typed.replace(/[\s\-–‑]/g, "").replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15));
  return /^[0-9]{6}$/.test(plain) ? plain : null;
}
