-- The database's own draw; `afterclick restored` draws it again.
CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE tenants (
    name TEXT PRIMARY KEY NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Every transaction about an address writes its row first: the row is the address's lock, and the
-- one place that says who verified it.
CREATE TABLE addresses (
    tenant TEXT NOT NULL,
    address TEXT NOT NULL,
    salt BYTEA NOT NULL,
    verified_user TEXT,
    mailed TEXT NOT NULL,
    PRIMARY KEY (tenant, address)
);

CREATE TABLE users (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    epoch TEXT NOT NULL,
    origin TEXT NOT NULL,
    email TEXT,
    address TEXT,
    email_verified_at BIGINT,
    kyc TEXT NOT NULL,
    attributes TEXT NOT NULL,
    password BYTEA,
    device TEXT,
    client TEXT,
    mailed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant, id)
) WITH (fillfactor = 80);
CREATE INDEX users_by_address ON users (address, tenant);
CREATE INDEX users_by_expiry ON users (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE changes (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    document TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, user_id, version)
);
CREATE INDEX changes_by_time ON changes (at);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    cookie BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_by_cookie ON sessions (cookie);
CREATE INDEX sessions_by_user ON sessions (tenant, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Log-outs, kicks, and deletions, kept a day: what a window over `updated_at` would never see.
CREATE TABLE endings (
    id BYTEA PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT,
    code TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX endings_by_time ON endings (at);

CREATE TABLE verifications (
    id BYTEA PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    address TEXT NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE UNIQUE INDEX verifications_by_digest ON verifications (digest);
CREATE INDEX verifications_by_user ON verifications (tenant, user_id);
CREATE INDEX verifications_by_expiry ON verifications (expires_at);

CREATE TABLE code_tries (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (tenant, user_id)
);

CREATE TABLE tickets (
    digest BYTEA PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT,
    issued_at BIGINT NOT NULL,
    until BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- One number a limited thing: when it will next be idle (GCRA's theoretical arrival time).
CREATE TABLE limits (
    name TEXT PRIMARY KEY NOT NULL,
    idle_at BIGINT NOT NULL
);
CREATE INDEX limits_by_time ON limits (idle_at);

CREATE TABLE letters (
    id BYTEA PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    verification BYTEA,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL
);
CREATE INDEX letters_by_due ON letters (due_at);
