-- What a password was hashed with where that is not its address's salt: a backend gave the account
-- another address, at which others have passwords of their own.
ALTER TABLE users ADD COLUMN salt BLOB;

-- The answers of a day to calls that came with an Idempotency-Key. The row is the key's lock: while
-- the first call is under way it has no answer, and the second waits for it.
CREATE TABLE idempotency_keys (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    answer TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_user ON idempotency_keys (tenant, user_id);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
