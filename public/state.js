/**
 * What this page knows, and the one rule by which it changes: state never goes back.
 *
 * Pure functions, so that they can be tested without a browser (`tests/web/state.test.mjs`).
 *
 * @typedef {{id: string, cursor: string, email: string | null, email_verified: boolean}} User
 * @typedef {{cursor: string, type: string, data: object, at: string, user: User}} Change
 * @typedef {{user: User | null, changes: Change[], stale: boolean}} State
 */

import { judge, parseCursor } from "./cursor.js";

/** How many changes the page lists. */
const LISTED = 50;

/** @type {State} */
export const EMPTY = Object.freeze({ user: null, changes: [], stale: false });

/**
 * Takes a whole document: a snapshot, or an answer of `GET /v1/me`. That of another user, who has
 * logged in in another tab, is taken whatever its cursor.
 *
 * @param {State} state
 * @param {User} user
 * @returns {State}
 */
export function takeDocument(state, user) {
  const other = state.user !== null && state.user.id !== user.id;
  const verdict = other ? "snapshot" : judge(state.user?.cursor, user.cursor);
  if (verdict === "drop") return { ...state, stale: false };
  return { user, changes: verdict === "apply" ? state.changes : [], stale: false };
}

/**
 * Takes a change from the stream. One of another epoch is not applied but marks the state as stale:
 * the caller then fetches the document.
 *
 * @param {State} state
 * @param {Change} change
 * @returns {State}
 */
export function takeChange(state, change) {
  const verdict = judge(state.user?.cursor, change.cursor);
  if (verdict === "snapshot") return { ...state, stale: true };
  const changes = list(state.changes, [change]);
  return verdict === "apply" ? { ...state, user: change.user, changes } : { ...state, changes };
}

/**
 * Takes a heartbeat: stale where its cursor tells of something missed.
 *
 * @param {State} state
 * @param {string} cursor
 * @returns {State}
 */
export function takeHeartbeat(state, cursor) {
  return judge(state.user?.cursor, cursor) === "drop" ? state : { ...state, stale: true };
}

/**
 * Takes what `GET /v1/me/changes` told, for the list alone.
 *
 * @param {State} state
 * @param {Change[]} changes
 * @returns {State}
 */
export function takeHistory(state, changes) {
  const epoch = parseCursor(state.user?.cursor)?.epoch;
  const ours = changes.filter((change) => parseCursor(change.cursor)?.epoch === epoch);
  return { ...state, changes: list(state.changes, ours) };
}

/**
 * Whole seconds until `deadline`, rounded up; never below zero.
 *
 * @param {number} deadline  milliseconds since the Unix epoch
 * @param {number} now  the same
 */
export function secondsUntil(deadline, now) {
  return Math.max(0, Math.ceil((deadline - now) / 1000));
}

/** Newest first, each version once. */
function list(held, more) {
  const known = new Map([...held, ...more].map((change) => [change.cursor, change]));
  const version = (change) => parseCursor(change.cursor)?.version ?? 0;
  return [...known.values()].sort((a, b) => version(b) - version(a)).slice(0, LISTED);
}
