-- A change is put at the end of its table, and its key alone in the midst of others. As the table was
-- kept by that key, every few changes split a page of theirs and wrote its neighbours with it: a third
-- of what a publish wrote.
CREATE TABLE changes_in_order (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id, version)
) STRICT;
INSERT INTO changes_in_order
    SELECT tenant, user_id, version, kind, data, document, at FROM changes ORDER BY at;
DROP TABLE changes;
ALTER TABLE changes_in_order RENAME TO changes;
CREATE INDEX changes_by_time ON changes (at);
