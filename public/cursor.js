/** `<epoch>.<version>`; null for anything else. */
export function parseCursor(text) {
  const parts = /^([a-z0-9]{8})\.([1-9][0-9]{0,15})$/.exec(text ?? "");
  return parts && { epoch: parts[1], version: Number(parts[2]) };
}

/**
 * What to do with state at `offered` while holding state at `held`: it never goes back. Versions of
 * another epoch cannot be compared: "snapshot".
 *
 * @returns {"apply" | "drop" | "snapshot"}
 */
export function judge(held, offered) {
  const [ours, theirs] = [parseCursor(held), parseCursor(offered)];
  if (!theirs) return "drop";
  if (!ours) return "apply";
  if (ours.epoch !== theirs.epoch) return "snapshot";
  return theirs.version > ours.version ? "apply" : "drop";
}
