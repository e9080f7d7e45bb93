-- What classification owns. The kit's tables come before, with numbers below 100. Every primary key begins with the
-- tenant. No text of a complaint stands here: it is opened, read and forgotten.

CREATE TABLE complaint (
    tenant            text        NOT NULL,
    complaint_id      uuid        NOT NULL,
    received_at       timestamptz NOT NULL,
    complainant_index bytea       NOT NULL,
    order_no          text        NOT NULL,
    live_room         text        NOT NULL,
    anchor            text        NOT NULL,
    sku               text        NOT NULL,
    merchant          text        NOT NULL,
    carrier           text        NOT NULL,
    text_hash         bigint,
    terms             text[]      NOT NULL,
    category          text        NOT NULL,
    sub_category      text        NOT NULL,
    severity          text        NOT NULL,
    language          text        NOT NULL,
    urgent            boolean     NOT NULL,
    assessments       integer     NOT NULL,
    stream_version    bigint      NOT NULL,
    CONSTRAINT complaint_pkey PRIMARY KEY (tenant, complaint_id)
);
COMMENT ON TABLE complaint IS 'What classification keeps of a complaint: the aggregate of its assessments topic.';
COMMENT ON COLUMN complaint.complainant_index IS 'Keyed hash of the complainant; empty if unknown.';
COMMENT ON COLUMN complaint.order_no IS 'Order, live room, anchor, unit, merchant and carrier as named by the submission; empty where it names none.';
COMMENT ON COLUMN complaint.text_hash IS 'Similarity hash of the text, from which no word can be read; empty for texts too short to compare.';
COMMENT ON COLUMN complaint.terms IS 'Terms of the lexicon that the rules saw: words of the lexicon, none of the writer''s own.';
COMMENT ON COLUMN complaint.category IS 'Labels of the latest assessment, for queues and incidents.';
COMMENT ON COLUMN complaint.assessments IS 'How many assessments there are; the latest has this ordinal.';
COMMENT ON COLUMN complaint.stream_version IS 'Version of the last event on the assessments topic.';

-- What may be the same: another complaint of the same complainant or about the same order.
CREATE INDEX complaint_complainant_idx ON complaint (tenant, complainant_index, received_at DESC) WHERE complainant_index <> '';
CREATE INDEX complaint_order_idx ON complaint (tenant, order_no, received_at DESC) WHERE order_no <> '';

CREATE TABLE assessment (
    tenant        text        NOT NULL,
    complaint_id  uuid        NOT NULL,
    ordinal       integer     NOT NULL,
    assessment_id uuid        NOT NULL,
    supersedes    uuid,
    content       bytea       NOT NULL,
    rule_set      text        NOT NULL,
    decided_by    text        NOT NULL,
    actor         text        NOT NULL,
    reason        text        NOT NULL,
    made_at       timestamptz NOT NULL,
    CONSTRAINT assessment_pkey PRIMARY KEY (tenant, complaint_id, ordinal),
    CONSTRAINT assessment_decided_by_check CHECK (decided_by IN ('human', 'rule', 'model'))
);
COMMENT ON TABLE assessment IS 'Every assessment of a complaint, superseded and never edited.';
COMMENT ON COLUMN assessment.ordinal IS 'From 1; the highest counts.';
COMMENT ON COLUMN assessment.content IS 'The assessment with its reasons, as protobuf; places in the text, no words of it.';
COMMENT ON COLUMN assessment.rule_set IS 'The version of the rules that decided, pinned.';
COMMENT ON COLUMN assessment.reason IS 'Why it superseded the one before, as a code; empty on the first.';

CREATE TABLE access_record (
    tenant       text        NOT NULL,
    access_id    bigint      GENERATED ALWAYS AS IDENTITY,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    purpose      text        NOT NULL,
    accessed_at  timestamptz NOT NULL,
    CONSTRAINT access_record_pkey PRIMARY KEY (tenant, access_id)
);
COMMENT ON TABLE access_record IS 'When a complaint''s text was opened, by what and for which purpose. Append only.';
CREATE INDEX access_record_complaint_idx ON access_record (tenant, complaint_id);

-- Nobody changes what was written, the owner of the table included; a trigger holds also where a right was granted back.
REVOKE UPDATE, DELETE, TRUNCATE ON assessment FROM PUBLIC, CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON access_record FROM PUBLIC, CURRENT_USER;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER assessment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assessment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
