-- Which row a letter's link is made from depends on its kind: a verification, or a password reset.
ALTER TABLE letters RENAME COLUMN verification TO token_id;
-- What its reader's browser prefers, as the browser said it.
ALTER TABLE letters ADD COLUMN languages TEXT NOT NULL DEFAULT '';
-- Given up it is kept for a while, for an operator to see and to send again.
ALTER TABLE letters ADD COLUMN given_up_at INTEGER;
ALTER TABLE letters ADD COLUMN cause TEXT;

-- Asked for by anybody, for any address: whether there is an account shows only when the letter is
-- about to leave, and the row names its user from then on.
CREATE TABLE password_resets (
    id BLOB PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    address TEXT NOT NULL,
    digest BLOB NOT NULL,
    user_id TEXT,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX password_resets_by_digest ON password_resets (digest);
CREATE INDEX password_resets_by_address ON password_resets (address);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

-- A sign-up that nobody confirms goes after a week; those of before count from when they were made.
UPDATE users SET expires_at = created_at + 604800000000
WHERE origin = 'sign-up' AND email_verified_at IS NULL AND expires_at IS NULL;
