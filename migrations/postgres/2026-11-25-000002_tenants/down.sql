DROP TABLE audit;
ALTER TABLE tickets DROP COLUMN signed_by;
ALTER TABLE tenants DROP COLUMN settings;
ALTER TABLE api_keys DROP COLUMN used_at;
ALTER TABLE api_keys DROP COLUMN scopes;
