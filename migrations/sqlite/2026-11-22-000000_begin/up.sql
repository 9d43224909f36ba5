-- The database's own draw; `afterclick restored` draws it again.
CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    name TEXT PRIMARY KEY NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Every transaction about an address writes its row first: the row is the address's lock, and the
-- one place that says who verified it.
CREATE TABLE addresses (
    tenant TEXT NOT NULL,
    address TEXT NOT NULL,
    salt BLOB NOT NULL,
    verified_user TEXT,
    mailed TEXT NOT NULL,
    PRIMARY KEY (tenant, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    origin TEXT NOT NULL,
    email TEXT,
    address TEXT,
    email_verified_at INTEGER,
    kyc TEXT NOT NULL,
    attributes TEXT NOT NULL,
    password BLOB,
    device TEXT,
    client TEXT,
    mailed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    active_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_address ON users (address, tenant);
CREATE INDEX users_by_expiry ON users (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE changes (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX changes_by_time ON changes (at);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    cookie BLOB NOT NULL,
    generation INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_cookie ON sessions (cookie);
CREATE INDEX sessions_by_user ON sessions (tenant, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Log-outs, kicks, and deletions, kept a day: what a window over `updated_at` would never see.
CREATE TABLE endings (
    id BLOB PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT,
    code TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX endings_by_time ON endings (at);

CREATE TABLE verifications (
    id BLOB PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    address TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX verifications_by_digest ON verifications (digest);
CREATE INDEX verifications_by_user ON verifications (tenant, user_id);
CREATE INDEX verifications_by_expiry ON verifications (expires_at);

CREATE TABLE code_tries (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tickets (
    digest BLOB PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT,
    issued_at INTEGER NOT NULL,
    until INTEGER,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- One number a limited thing: when it will next be idle (GCRA's theoretical arrival time).
CREATE TABLE limits (
    name TEXT PRIMARY KEY NOT NULL,
    idle_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX limits_by_time ON limits (idle_at);

CREATE TABLE letters (
    id BLOB PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    verification BLOB,
    made_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX letters_by_due ON letters (due_at);
