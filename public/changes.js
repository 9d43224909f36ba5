/**
 * The list of changes that the first page shows. Pure, so that it can be tested without a browser.
 *
 * @typedef {import("./afterclick.js").Change} Change
 */

import { parseCursor } from "./cursor.js";

/** How many changes the page lists. */
const LISTED = 50;

/**
 * The changes held and more of them, newest first, each once. Only those of the epoch of `cursor`
 * can be put in order with the state that has it; others are left out.
 *
 * @param {Change[]} held @param {Change[]} more @param {string} cursor
 * @returns {Change[]}
 */
export function merge(held, more, cursor) {
  const epoch = parseCursor(cursor)?.epoch;
  const known = new Map([...held, ...more].map((change) => [change.cursor, change]));
  return [...known.values()]
    .flatMap((change) => {
      const own = parseCursor(change.cursor);
      return own?.epoch === epoch ? [{ change, version: own?.version ?? 0 }] : [];
    })
    .sort((a, b) => b.version - a.version)
    .slice(0, LISTED)
    .map(({ change }) => change);
}
