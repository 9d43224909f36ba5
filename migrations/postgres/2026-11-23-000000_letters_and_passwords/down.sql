DROP TABLE password_resets;
ALTER TABLE letters DROP COLUMN cause;
ALTER TABLE letters DROP COLUMN given_up_at;
ALTER TABLE letters DROP COLUMN languages;
ALTER TABLE letters RENAME COLUMN token_id TO verification;
