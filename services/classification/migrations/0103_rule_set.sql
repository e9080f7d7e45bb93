CREATE TABLE rule_set (
    tenant       text        NOT NULL,
    version      integer     NOT NULL,
    digest       text        NOT NULL,
    files        json        NOT NULL,
    published_by text        NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT rule_set_pkey PRIMARY KEY (tenant, version)
);
COMMENT ON TABLE rule_set IS 'Rule sets that a tenant has published; the highest version decides. Without a row the built-in rules do. Append only.';
COMMENT ON COLUMN rule_set.digest IS 'Name and hash of the content, as assessments pin it.';
COMMENT ON COLUMN rule_set.files IS 'The files by name, to the letter.';
REVOKE UPDATE, DELETE, TRUNCATE ON rule_set FROM PUBLIC, CURRENT_USER;
CREATE TRIGGER rule_set_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_set
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
