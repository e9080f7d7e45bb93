-- The audit chains. A complaint's history as people read it is the chain that is verified: one record, not two.
--
-- Each tenant has 48 chains; a complaint's chain follows from its id by the hash that also places its records in
-- Kafka's partitions. The register's workers own partitions, and 48 is a multiple of the usual partition counts, so
-- two workers never wait for each other's chain.

CREATE TABLE audit_head (
    tenant text     NOT NULL,
    chain  smallint NOT NULL,
    seq    bigint   NOT NULL,
    hash   bytea    NOT NULL,
    CONSTRAINT audit_head_pkey PRIMARY KEY (tenant, chain)
) WITH (fillfactor = 50);
COMMENT ON TABLE audit_head IS 'The end of each chain; locked while entries are appended.';

CREATE TABLE audit_entry (
    tenant        text        NOT NULL,
    chain         smallint    NOT NULL,
    seq           bigint      NOT NULL,
    complaint_id  uuid        NOT NULL,
    state_version integer,
    state         text        NOT NULL,
    action        text        NOT NULL,
    actor         text        NOT NULL,
    decided_by    text        NOT NULL,
    happened_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    detail        json        NOT NULL,
    hash          bytea       NOT NULL,
    CONSTRAINT audit_entry_pkey PRIMARY KEY (tenant, chain, seq)
);
COMMENT ON TABLE audit_entry IS 'Append only. Each hash covers the entry and the hash before it in its chain.';
COMMENT ON COLUMN audit_entry.state_version IS 'The lifecycle version reached; empty for entries that are no lifecycle event.';
COMMENT ON COLUMN audit_entry.state IS 'Where the complaint stood afterwards; empty where there may be none.';
COMMENT ON COLUMN audit_entry.detail IS 'The facts, kept to the letter (json, not jsonb), for they are hashed. No personal data.';
CREATE INDEX audit_entry_complaint_idx ON audit_entry (tenant, complaint_id, seq);
-- Rows lie in the order in which they were recorded, so a few bytes per block find a span of time; a tree would cost
-- every write.
CREATE INDEX audit_entry_recorded_idx ON audit_entry USING brin (recorded_at) WITH (autosummarize = on);

-- Nobody changes what was written, the owner of the table included; a trigger holds also where a right was granted back.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM PUBLIC, CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON access_record FROM PUBLIC, CURRENT_USER;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
