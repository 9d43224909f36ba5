-- Where a tenant's changes are sent. The signing secret is derived from the service's secret, the
-- id, and the generation: nobody can sign with what stands here.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    -- Joined by commas; empty for all.
    types TEXT NOT NULL,
    generation INTEGER NOT NULL,
    -- Until when the generation before counts too.
    former_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    cause TEXT,
    -- While it does not answer, nothing is sent before this instant.
    paused_until INTEGER NOT NULL,
    failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_by_tenant ON webhooks (tenant, disabled_at);

-- One row for each user of whom a webhook still has something to be told. It is the lock under
-- which deliveries are queued, leased, and settled, and what keeps them in order: only the first
-- of a lane is ever under way, so a backlog costs nothing to look through.
CREATE TABLE webhook_lanes (
    webhook TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- The position of the newest delivery.
    last INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (webhook, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_lanes_due ON webhook_lanes (webhook, due_at);

-- What is to be sent, to the byte, until it has been delivered.
CREATE TABLE webhook_deliveries (
    id BLOB PRIMARY KEY NOT NULL,
    webhook TEXT NOT NULL,
    user_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    given_up_at INTEGER,
    cause TEXT
) STRICT;
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook, user_id, position);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (given_up_at, made_at, webhook);
