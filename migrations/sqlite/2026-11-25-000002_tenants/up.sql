-- What a key may do. The keys that were there could do everything, and still can.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read publish admin';
-- When a key was last used, to the minute.
ALTER TABLE api_keys ADD COLUMN used_at INTEGER;

-- What of the service's settings is another for this tenant: a JSON object.
ALTER TABLE tenants ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- The digest of the key that the holder's token was signed by: its removal ends the stream.
ALTER TABLE tickets ADD COLUMN signed_by BLOB;

-- Who did what to whom. No secrets, and no whole addresses.
CREATE TABLE audit (
    id BLOB PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    deed TEXT NOT NULL,
    subject TEXT,
    request TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_time ON audit (at, id);
