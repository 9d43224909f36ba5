-- What a key may do. The keys that were there could do everything, and still can.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read publish admin';
-- When a key was last used, to the minute.
ALTER TABLE api_keys ADD COLUMN used_at BIGINT;

-- What of the service's settings is another for this tenant: a JSON object.
ALTER TABLE tenants ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- The digest of the key that the holder's token was signed by: its removal ends the stream.
ALTER TABLE tickets ADD COLUMN signed_by BYTEA;

-- Who did what to whom. No secrets, and no whole addresses.
CREATE TABLE audit (
    id BYTEA PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    deed TEXT NOT NULL,
    subject TEXT,
    request TEXT
);
CREATE INDEX audit_by_time ON audit (at, id);
