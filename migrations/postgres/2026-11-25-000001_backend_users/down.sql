DROP TABLE idempotency_keys;
ALTER TABLE users DROP COLUMN salt;
