import assert from "node:assert/strict";
import { test } from "node:test";
import { merge } from "../../public/changes.js";
import { judge, parseCursor } from "../../public/cursor.js";

const change = (cursor) => ({ cursor, type: "user.updated", data: {}, at: "", user: { id: "u1", cursor } });
const cursors = (changes) => changes.map(({ cursor }) => cursor);

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

test("the list has each change once, newest first, in whatever order they come", () => {
  const all = [1, 2, 9, 10, 11].map((version) => change(`aaaaaaaa.${version}`));

  const listed = merge(merge([], [all[3], all[0]], "aaaaaaaa.10"), [all[4], all[2], all[1], all[0]], "aaaaaaaa.11");

  assert.deepEqual(cursors(listed), ["aaaaaaaa.11", "aaaaaaaa.10", "aaaaaaaa.9", "aaaaaaaa.2", "aaaaaaaa.1"]);
});

test("the list is of the present epoch, and has fifty at most", () => {
  const old = merge([], [change("bbbbbbbb.99"), change("nonsense")], "bbbbbbbb.99");
  const all = Array.from({ length: 60 }, (_, at) => change(`aaaaaaaa.${at + 1}`));

  const listed = merge(old, all, "aaaaaaaa.60");

  assert.deepEqual(cursors(old), ["bbbbbbbb.99"]);
  assert.equal(listed.length, 50);
  assert.equal(listed[0].cursor, "aaaaaaaa.60");
  assert.equal(listed[49].cursor, "aaaaaaaa.11");
  assert.deepEqual(merge([], all, ""), []);
});
