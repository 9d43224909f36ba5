CREATE TABLE changes_by_user (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id, version)
) STRICT, WITHOUT ROWID;
INSERT INTO changes_by_user
    SELECT tenant, user_id, version, kind, data, document, at FROM changes;
DROP TABLE changes;
ALTER TABLE changes_by_user RENAME TO changes;
CREATE INDEX changes_by_time ON changes (at);
