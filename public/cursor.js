/**
 * The one rule by which state changes: it never goes back.
 *
 * @typedef {{epoch: string, version: number}} Cursor
 */

/**
 * Reads `<epoch>.<version>`; null for anything else.
 *
 * @param {unknown} text
 * @returns {Cursor | null}
 */
export function parseCursor(text) {
  const parts = /^([a-z0-9]{8})\.([1-9][0-9]{0,15})$/.exec(typeof text === "string" ? text : "");
  return parts && { epoch: parts[1], version: Number(parts[2]) };
}

/**
 * What to do with state at `offered` while holding state at `held`.
 *
 * Same epoch and greater version: "apply". Same epoch and not greater: "drop". Another epoch:
 * "snapshot", for its versions cannot be compared with ours.
 *
 * @param {string | null | undefined} held
 * @param {string} offered
 * @returns {"apply" | "drop" | "snapshot"}
 */
export function judge(held, offered) {
  const [ours, theirs] = [parseCursor(held), parseCursor(offered)];
  if (!theirs) return "drop";
  if (!ours) return "apply";
  if (ours.epoch !== theirs.epoch) return "snapshot";
  return theirs.version > ours.version ? "apply" : "drop";
}
