-- The tables of resolution. Words that people typed stand in sealed_text alone, under the complaint's data key.

CREATE TABLE case_file (
    tenant            text   NOT NULL,
    complaint_id      uuid   NOT NULL,
    state             text   NOT NULL,
    severity          text   NOT NULL,
    complainant_index bytea  NOT NULL,
    version           bigint NOT NULL,
    stream_version    bigint NOT NULL,
    chain_length      bigint NOT NULL,
    chain_head        text   NOT NULL,
    facts             jsonb  NOT NULL,
    course            jsonb  NOT NULL,
    CONSTRAINT case_file_pkey PRIMARY KEY (tenant, complaint_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE case_file IS 'What resolution knows of a complaint: the aggregate of its topic. Every change locks its row.';
COMMENT ON COLUMN case_file.state IS 'Where the lifecycle stands, as far as was heard.';
COMMENT ON COLUMN case_file.complainant_index IS 'Keyed hash of the complainant; empty if unknown.';
COMMENT ON COLUMN case_file.version IS 'Counts every change; the value callers name as expected_version.';
COMMENT ON COLUMN case_file.stream_version IS 'Version of the last event on our topic.';
COMMENT ON COLUMN case_file.chain_length IS 'Links in the chain of offers; with chain_head it shows a tail that was cut.';
COMMENT ON COLUMN case_file.facts IS 'What the registration told, without anything personal.';
COMMENT ON COLUMN case_file.course IS 'What happened since, apart from what has a record of its own.';

CREATE TABLE subject_key (
    tenant       text  NOT NULL,
    complaint_id uuid  NOT NULL,
    wrapped_key  bytea NOT NULL,
    CONSTRAINT subject_key_pkey PRIMARY KEY (tenant, complaint_id)
);
COMMENT ON TABLE subject_key IS 'The data key of each complaint, wrapped. Deleting it erases the words of the case.';

CREATE TABLE case_record (
    tenant       text   NOT NULL,
    complaint_id uuid   NOT NULL,
    record_id    uuid   NOT NULL,
    kind         text   NOT NULL,
    ordinal      bigint NOT NULL,
    state        text   NOT NULL,
    content      jsonb  NOT NULL,
    CONSTRAINT case_record_pkey PRIMARY KEY (tenant, complaint_id, record_id),
    CONSTRAINT case_record_kind_check CHECK
        (kind IN ('liability', 'proposal', 'settlement', 'ruling', 'appeal', 'report', 'sanction'))
) WITH (fillfactor = 70);
COMMENT ON TABLE case_record IS 'What was decided in a case, one row per determination, proposal, settlement, ruling, appeal, report and recommendation; read whole with its case.';
COMMENT ON COLUMN case_record.ordinal IS 'Order of making within its kind, from 0.';
COMMENT ON COLUMN case_record.state IS 'Where it stands; empty for what never changes.';

-- One talk, one decision and one appeal at a time, whatever the code says.
CREATE UNIQUE INDEX case_record_one_proposal ON case_record (tenant, complaint_id)
    WHERE kind = 'proposal' AND state IN ('in_review', 'approved', 'open');
CREATE UNIQUE INDEX case_record_one_decision_pending ON case_record (tenant, complaint_id)
    WHERE kind IN ('settlement', 'ruling') AND state IN ('awaiting_second', 'pending');
CREATE UNIQUE INDEX case_record_one_decision_effective ON case_record (tenant, complaint_id)
    WHERE kind IN ('settlement', 'ruling') AND state = 'effective';
CREATE UNIQUE INDEX case_record_one_appeal ON case_record (tenant, complaint_id)
    WHERE kind = 'appeal' AND state IN ('filed', 'under_review');

CREATE TABLE offer_link (
    tenant        text   NOT NULL,
    complaint_id  uuid   NOT NULL,
    sequence      bigint NOT NULL,
    body          jsonb  NOT NULL,
    previous_hash text   NOT NULL,
    hash          text   NOT NULL,
    CONSTRAINT offer_link_pkey PRIMARY KEY (tenant, complaint_id, sequence)
);
COMMENT ON TABLE offer_link IS 'The chain of offers of a case: every act of the parties and of the platform, bound to the one before by its hash. Append only.';

CREATE TABLE sealed_text (
    tenant       text  NOT NULL,
    complaint_id uuid  NOT NULL,
    field        text  NOT NULL,
    value        bytea NOT NULL,
    CONSTRAINT sealed_text_pkey PRIMARY KEY (tenant, complaint_id, field)
);
COMMENT ON TABLE sealed_text IS 'Words that people typed, each sealed under its field''s name. Append only.';

CREATE TABLE clock_result (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    clock_id     text        NOT NULL,
    definition   text        NOT NULL,
    state        text        NOT NULL,
    due_at       timestamptz,
    told_at      timestamptz NOT NULL,
    CONSTRAINT clock_result_pkey PRIMARY KEY (tenant, complaint_id, clock_id)
);
COMMENT ON TABLE clock_result IS 'How the clocks of a case ended, as sla told: for the closing report.';

CREATE TABLE evidence_hash (
    tenant       text NOT NULL,
    complaint_id uuid NOT NULL,
    evidence_id  text NOT NULL,
    sha256       text NOT NULL,
    party        text NOT NULL,
    CONSTRAINT evidence_hash_pkey PRIMARY KEY (tenant, complaint_id, evidence_id)
);
COMMENT ON TABLE evidence_hash IS 'The evidence of a case by its hash, as investigation told: for the closing report.';

CREATE TABLE moment (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    event_id     uuid        NOT NULL,
    at           timestamptz NOT NULL,
    event        text        NOT NULL,
    CONSTRAINT moment_pkey PRIMARY KEY (tenant, complaint_id, event_id)
);
COMMENT ON TABLE moment IS 'The course of a case: what the lifecycle told and what was published here, for the closing report.';

CREATE TABLE incident (
    tenant      text NOT NULL,
    incident_id uuid NOT NULL,
    state       text NOT NULL,
    CONSTRAINT incident_pkey PRIMARY KEY (tenant, incident_id),
    CONSTRAINT incident_state_check CHECK (state IN ('suspected', 'confirmed', 'dissolved'))
);
COMMENT ON TABLE incident IS 'Many complaints with one cause, as classification told.';

CREATE TABLE incident_member (
    tenant       text NOT NULL,
    incident_id  uuid NOT NULL,
    complaint_id uuid NOT NULL,
    CONSTRAINT incident_member_pkey PRIMARY KEY (tenant, incident_id, complaint_id)
);
COMMENT ON TABLE incident_member IS 'Which complaints belong to which incident.';

CREATE TABLE access_record (
    tenant       text        NOT NULL,
    access_id    bigint      GENERATED ALWAYS AS IDENTITY,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    purpose      text        NOT NULL,
    accessed_at  timestamptz NOT NULL,
    CONSTRAINT access_record_pkey PRIMARY KEY (tenant, access_id)
);
COMMENT ON TABLE access_record IS 'When a case''s words were opened, by whom and for which purpose. Append only.';
CREATE INDEX access_record_complaint_idx ON access_record (tenant, complaint_id);

-- Nobody changes what was written, the owner of the table included; a trigger holds also where a right was granted back.
REVOKE UPDATE, DELETE, TRUNCATE ON offer_link FROM PUBLIC, CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON sealed_text FROM PUBLIC, CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON access_record FROM PUBLIC, CURRENT_USER;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER offer_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offer_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sealed_text_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sealed_text
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
