import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, parseCursor } from "../../public/cursor.js";
import {
  EMPTY, secondsUntil, takeChange, takeDocument, takeHeartbeat, takeHistory,
} from "../../public/state.js";

const user = (cursor, more = {}) => ({ id: "u1", cursor, email: "ana@example.com", email_verified: false, ...more });
const change = (cursor, more = {}) => ({ cursor, type: "user.updated", data: {}, at: "", user: user(cursor, more) });

test("a cursor is an epoch and a version", () => {
  assert.deepEqual(parseCursor("k3f9w2qa.42"), { epoch: "k3f9w2qa", version: 42 });
  for (const bad of ["", null, undefined, 42, "k3f9w2qa", "k3f9w2qa.0", "k3f9w2qa.-1", "K3F9W2QA.1", "k3f9w2qa.1.2", "k3f9w2qa.1e3"]) {
    assert.equal(parseCursor(bad), null, String(bad));
  }
});

test("newer is applied, older is dropped, another epoch takes the snapshot", () => {
  assert.equal(judge(null, "aaaaaaaa.1"), "apply");
  assert.equal(judge("aaaaaaaa.1", "aaaaaaaa.2"), "apply");
  assert.equal(judge("aaaaaaaa.9", "aaaaaaaa.10"), "apply");
  assert.equal(judge("aaaaaaaa.2", "aaaaaaaa.2"), "drop");
  assert.equal(judge("aaaaaaaa.2", "aaaaaaaa.1"), "drop");
  assert.equal(judge("aaaaaaaa.2", "bbbbbbbb.1"), "snapshot");
  assert.equal(judge("aaaaaaaa.2", "nonsense"), "drop");
});

test("in whatever order things arrive, state never goes back", () => {
  const cursors = [1, 2, 3, 4, 5, 6].map((version) => `aaaaaaaa.${version}`);
  for (let round = 0; round < 200; round += 1) {
    const order = [...cursors, ...cursors].sort(() => Math.random() - 0.5);
    let [state, seen] = [EMPTY, 0];
    for (const cursor of order) {
      state = Math.random() < 0.5 ? takeChange(state, change(cursor)) : takeDocument(state, user(cursor));
      const { version } = parseCursor(state.user.cursor);
      assert.ok(version >= seen);
      seen = version;
    }
    assert.equal(state.user.cursor, "aaaaaaaa.6");
  }
});

test("a change verifies the address at once", () => {
  const before = takeDocument(EMPTY, user("aaaaaaaa.1"));

  const after = takeChange(before, change("aaaaaaaa.2", { email_verified: true }));

  assert.equal(after.user.email_verified, true);
  assert.equal(after.changes.length, 1);
});

test("a change of another epoch is not applied but asks for the document, which is", () => {
  const before = takeChange(takeDocument(EMPTY, user("aaaaaaaa.7")), change("aaaaaaaa.8"));

  const told = takeChange(before, change("bbbbbbbb.1"));
  const fetched = takeDocument(told, user("bbbbbbbb.2"));

  assert.equal(told.user.cursor, "aaaaaaaa.8");
  assert.equal(told.stale, true);
  assert.deepEqual(fetched, { user: user("bbbbbbbb.2"), changes: [], stale: false });
});

test("the document of another user is taken, though its version is smaller", () => {
  const before = takeChange(takeDocument(EMPTY, user("aaaaaaaa.7")), change("aaaaaaaa.8"));

  const other = user("aaaaaaaa.1", { id: "u2" });

  assert.deepEqual(takeDocument(before, other), { user: other, changes: [], stale: false });
});

test("a heartbeat tells what was missed, and nothing else", () => {
  const state = takeDocument(EMPTY, user("aaaaaaaa.3"));

  assert.equal(takeHeartbeat(state, "aaaaaaaa.3"), state);
  assert.equal(takeHeartbeat(state, "aaaaaaaa.2"), state);
  assert.equal(takeHeartbeat(state, "aaaaaaaa.4").stale, true);
  assert.equal(takeHeartbeat(state, "bbbbbbbb.1").stale, true);
});

test("the list has each change once, newest first, and fifty at most", () => {
  let state = takeDocument(EMPTY, user("aaaaaaaa.1"));
  for (let version = 2; version <= 60; version += 1) state = takeChange(state, change(`aaaaaaaa.${version}`));

  state = takeHistory(state, [change("aaaaaaaa.60"), change("aaaaaaaa.1"), change("bbbbbbbb.99")]);

  assert.equal(state.changes.length, 50);
  assert.equal(state.changes[0].cursor, "aaaaaaaa.60");
  assert.equal(state.changes[49].cursor, "aaaaaaaa.11");
  assert.equal(state.user.cursor, "aaaaaaaa.60");
});

test("a countdown shows whole seconds and ends at zero", () => {
  assert.equal(secondsUntil(10_001, 9_000), 2);
  assert.equal(secondsUntil(10_000, 9_000), 1);
  assert.equal(secondsUntil(9_000, 9_500), 0);
});
