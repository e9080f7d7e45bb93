-- Evidence: what was received, who saw it, what was made of it. The files themselves lie in an object store.

CREATE TABLE pending_object (
    tenant       text        NOT NULL,
    evidence_id  uuid        NOT NULL DEFAULT gen_random_uuid(),
    complaint_id uuid        NOT NULL,
    place        text        NOT NULL,
    object_key   text        GENERATED ALWAYS AS (tenant || '/' || complaint_id::text || '/' || evidence_id::text) STORED,
    started_at   timestamptz NOT NULL DEFAULT now(),
    swept_at     timestamptz,
    CONSTRAINT pending_object_pkey PRIMARY KEY (tenant, evidence_id),
    CONSTRAINT pending_object_place_check CHECK (place IN ('plain', 'sensitive'))
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE pending_object IS 'Files that are being written. The row goes in the transaction that makes the file count; what stays behind longer than an upload may take was left by a crash and is removed with its file.';
COMMENT ON COLUMN pending_object.evidence_id IS 'The id that the piece or copy will have; drawn anew for each attempt, so no two attempts write one file.';
COMMENT ON COLUMN pending_object.swept_at IS 'Taken for removal: from now on it cannot count any more.';
CREATE INDEX pending_object_started_idx ON pending_object (started_at);

CREATE TABLE evidence (
    tenant        text        NOT NULL,
    complaint_id  uuid        NOT NULL,
    evidence_id   uuid        NOT NULL,
    type          text        NOT NULL,
    provider      text        NOT NULL,
    provider_ref  text        NOT NULL,
    brought_by    text        NOT NULL,
    source_system text        NOT NULL,
    media_type    text        NOT NULL,
    size          bigint      NOT NULL,
    sha256        bytea       NOT NULL,
    file_name     bytea       NOT NULL,
    description   bytea       NOT NULL,
    obtained_at   timestamptz,
    received_at   timestamptz NOT NULL,
    request_id    uuid,
    place         text        NOT NULL,
    object_key    text        NOT NULL,
    seq           bigint      NOT NULL,
    CONSTRAINT evidence_pkey PRIMARY KEY (tenant, complaint_id, evidence_id),
    CONSTRAINT evidence_size_check CHECK (size > 0),
    CONSTRAINT evidence_sha256_check CHECK (length(sha256) = 32)
);
COMMENT ON TABLE evidence IS 'Pieces of evidence. Append only.';
COMMENT ON COLUMN evidence.provider_ref IS 'Which of several respondents brought it, by its platform reference; empty for others.';
COMMENT ON COLUMN evidence.brought_by IS 'The subject of the token under which it came.';
COMMENT ON COLUMN evidence.file_name IS 'Sealed under the complaint''s data key; so is the description.';
COMMENT ON COLUMN evidence.seq IS 'The link of the chain by which it was received.';

CREATE TABLE rendition (
    tenant          text        NOT NULL,
    complaint_id    uuid        NOT NULL,
    rendition_id    uuid        NOT NULL,
    evidence_id     uuid        NOT NULL,
    audience        text        NOT NULL,
    policy_version  text        NOT NULL,
    treatment       text        NOT NULL,
    withheld_reason text        NOT NULL,
    media_type      text        NOT NULL,
    size            bigint      NOT NULL,
    sha256          bytea       NOT NULL,
    place           text        NOT NULL,
    object_key      text        NOT NULL,
    produced_by     text        NOT NULL,
    produced_at     timestamptz NOT NULL,
    seq             bigint      NOT NULL,
    CONSTRAINT rendition_pkey PRIMARY KEY (tenant, complaint_id, rendition_id),
    CONSTRAINT rendition_policy_key UNIQUE (tenant, complaint_id, evidence_id, audience, policy_version),
    CONSTRAINT rendition_withheld_check CHECK ((treatment = 'withheld') = (object_key = ''))
);
COMMENT ON TABLE rendition IS 'What audiences were shown of evidence that was not their own, with the version of the policy. Append only.';

CREATE TABLE custody_link (
    tenant       text   NOT NULL,
    complaint_id uuid   NOT NULL,
    seq          bigint NOT NULL,
    evidence_id  uuid,
    entry        text   NOT NULL,
    hash         bytea  NOT NULL,
    CONSTRAINT custody_link_pkey PRIMARY KEY (tenant, complaint_id, seq)
);
COMMENT ON TABLE custody_link IS 'The chain of custody of each complaint. Append only; each hash covers the one before it.';
COMMENT ON COLUMN custody_link.entry IS 'The link''s text to the letter, for it is hashed. Pseudonyms, codes and hashes; no words.';

CREATE TABLE custody_chain (
    tenant       text   NOT NULL,
    complaint_id uuid   NOT NULL,
    links        bigint NOT NULL,
    head         bytea  NOT NULL,
    CONSTRAINT custody_chain_pkey PRIMARY KEY (tenant, complaint_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE custody_chain IS 'Where each chain ends, so that the loss of its last link is seen. Locked while a link is added.';

CREATE TABLE evidence_refusal (
    tenant         text        NOT NULL,
    refusal_id     bigint      GENERATED ALWAYS AS IDENTITY,
    complaint_id   uuid        NOT NULL,
    type           text        NOT NULL,
    media_type     text        NOT NULL,
    reason         text        NOT NULL,
    claimed_size   bigint,
    claimed_sha256 text        NOT NULL,
    received_bytes bigint      NOT NULL,
    request_id     uuid,
    refused_for    text        NOT NULL,
    refused_at     timestamptz NOT NULL,
    CONSTRAINT evidence_refusal_pkey PRIMARY KEY (tenant, refusal_id)
);
COMMENT ON TABLE evidence_refusal IS 'Files that were not taken: what, why, when, from whom. Nothing else is kept of them. Append only.';
COMMENT ON COLUMN evidence_refusal.media_type IS 'As its sender said; ? where that is no media type.';
CREATE INDEX evidence_refusal_complaint_idx ON evidence_refusal (tenant, complaint_id);

REVOKE UPDATE, DELETE, TRUNCATE ON evidence, rendition, custody_link, evidence_refusal FROM PUBLIC, CURRENT_USER;
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rendition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rendition
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER custody_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON custody_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_refusal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
