-- What intake owns. The kit's tables (outbox, inbox, progress, parked events) come before, with numbers below 100.
-- Every primary key begins with the tenant. Personal fields stand here only as sealed bytes.

CREATE TABLE complaint (
    tenant            text        NOT NULL,
    complaint_id      uuid        NOT NULL,
    complaint_no      text        NOT NULL,
    no_code           text        NOT NULL,
    submitted_by      text        NOT NULL,
    submitted_as      text        NOT NULL,
    complainant_index bytea       NOT NULL,
    complainant_kind  text        NOT NULL,
    channel           text        NOT NULL,
    origin            text        NOT NULL,
    language          text,
    state             text        NOT NULL,
    lifecycle         json        NOT NULL,
    state_version     integer     NOT NULL,
    stream_version    bigint      NOT NULL,
    category          text,
    severity          text,
    urgent            boolean     NOT NULL DEFAULT false,
    live_room_id      text,
    received_at       timestamptz NOT NULL,
    submitted_at      timestamptz,
    registered_at     timestamptz NOT NULL,
    acknowledge_by    timestamptz NOT NULL,
    CONSTRAINT complaint_pkey PRIMARY KEY (tenant, complaint_id),
    CONSTRAINT complaint_no_code_key UNIQUE (tenant, no_code)
);
COMMENT ON TABLE complaint IS 'One row per complaint: the lifecycle aggregate. Written by the register alone.';
COMMENT ON COLUMN complaint.complaint_id IS 'UUIDv8 from tenant, subject and request id: a retry reaches the same row.';
COMMENT ON COLUMN complaint.complaint_no IS 'Number for people, as told on acceptance.';
COMMENT ON COLUMN complaint.no_code IS 'The identifying part of the number, without day and check character.';
COMMENT ON COLUMN complaint.submitted_by IS 'Subject of the token that submitted; may see the complaint.';
COMMENT ON COLUMN complaint.submitted_as IS 'As what: complainant, or adapter for somebody else.';
COMMENT ON COLUMN complaint.complainant_index IS 'Keyed hash of the complainant''s reference or first contact; empty if neither was given.';
COMMENT ON COLUMN complaint.lifecycle IS 'State with its data and the orthogonal regions, in the form of the domain.';
COMMENT ON COLUMN complaint.state_version IS 'Number of lifecycle events; the value callers name as expected_version.';
COMMENT ON COLUMN complaint.stream_version IS 'Version of the last event published on the lifecycle topic; also counts repeated submissions.';
COMMENT ON COLUMN complaint.acknowledge_by IS 'By when receipt is to be acknowledged (C05).';

-- The lists: newest first, by keyset.
CREATE INDEX complaint_received_idx ON complaint (tenant, received_at DESC, complaint_id DESC);
CREATE INDEX complaint_state_idx ON complaint (tenant, state, received_at DESC, complaint_id DESC);
CREATE INDEX complaint_category_idx ON complaint (tenant, category, received_at DESC, complaint_id DESC) WHERE category IS NOT NULL;
CREATE INDEX complaint_live_room_idx ON complaint (tenant, live_room_id, received_at DESC, complaint_id DESC) WHERE live_room_id IS NOT NULL;
CREATE INDEX complaint_submitted_by_idx ON complaint (tenant, submitted_by, received_at DESC, complaint_id DESC);
CREATE INDEX complaint_complainant_idx ON complaint (tenant, complainant_index, received_at DESC, complaint_id DESC) WHERE complainant_index <> '';

CREATE TABLE submission (
    tenant        text        NOT NULL,
    complaint_id  uuid        NOT NULL,
    submission_id uuid        NOT NULL,
    disposition   text        NOT NULL,
    fingerprint   bytea       NOT NULL,
    received_at   timestamptz NOT NULL,
    body          bytea,
    sealed        bytea,
    CONSTRAINT submission_pkey PRIMARY KEY (tenant, complaint_id, submission_id),
    CONSTRAINT submission_disposition_check CHECK (disposition IN ('registered', 'repeated', 'conflicting', 'completion'))
);
COMMENT ON TABLE submission IS 'Every inbound act: the one that was registered, its repetitions, other bodies under the same request id, later completions.';
COMMENT ON COLUMN submission.submission_id IS 'Identity of the attempt (ce_id): the same record read twice finds its row.';
COMMENT ON COLUMN submission.fingerprint IS 'Keyed hash of the whole body: equal for equal bodies.';
COMMENT ON COLUMN submission.body IS 'The submission without personal fields, as protobuf; empty for repetitions.';
COMMENT ON COLUMN submission.sealed IS 'The personal fields: a protobuf Sealed without its wrapped key, which is in subject_key alone.';

CREATE TABLE party (
    tenant       text     NOT NULL,
    complaint_id uuid     NOT NULL,
    ordinal      smallint NOT NULL,
    role         text     NOT NULL,
    kind         text     NOT NULL,
    external_ref text,
    CONSTRAINT party_pkey PRIMARY KEY (tenant, complaint_id, ordinal),
    CONSTRAINT party_role_check CHECK (role IN ('complainant', 'respondent'))
);
COMMENT ON TABLE party IS 'Who takes part. Names and contacts are in the submission''s sealed fields; the complainant''s reference is sealed too.';
COMMENT ON COLUMN party.ordinal IS '0 is the complainant, respondents follow from 1.';
CREATE INDEX party_respondent_idx ON party (tenant, external_ref, complaint_id) WHERE external_ref IS NOT NULL;

CREATE TABLE subject_key (
    tenant        text  NOT NULL,
    complaint_id  uuid  NOT NULL,
    submission_id uuid  NOT NULL,
    wrapped_key   bytea NOT NULL,
    CONSTRAINT subject_key_pkey PRIMARY KEY (tenant, complaint_id, submission_id)
);
COMMENT ON TABLE subject_key IS 'Data keys of personal fields, wrapped by the tenant''s key. Deleting a complaint''s rows erases all its fields.';
COMMENT ON COLUMN subject_key.submission_id IS 'Whose key it is: the registered submission''s opens completions and notes too, a conflicting body has its own.';

CREATE TABLE context_snapshot (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    source       text        NOT NULL,
    captured_at  timestamptz NOT NULL,
    content      json        NOT NULL,
    sha256       bytea       NOT NULL,
    CONSTRAINT context_snapshot_pkey PRIMARY KEY (tenant, complaint_id, source)
);
COMMENT ON TABLE context_snapshot IS 'Order and live session as told at receipt (F002): immutable, hashed, without personal fields.';

CREATE TABLE access_record (
    tenant       text        NOT NULL,
    access_id    bigint      GENERATED ALWAYS AS IDENTITY,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    purpose      text        NOT NULL,
    accessed_at  timestamptz NOT NULL,
    CONSTRAINT access_record_pkey PRIMARY KEY (tenant, access_id)
);
COMMENT ON TABLE access_record IS 'Who opened a complaint''s personal fields, when and for which purpose.';
CREATE INDEX access_record_complaint_idx ON access_record (tenant, complaint_id);

CREATE TABLE note (
    tenant        text    NOT NULL,
    complaint_id  uuid    NOT NULL,
    state_version integer NOT NULL,
    kind          text    NOT NULL,
    sealed        bytea   NOT NULL,
    CONSTRAINT note_pkey PRIMARY KEY (tenant, complaint_id, state_version, kind),
    CONSTRAINT note_kind_check CHECK (kind IN ('completion', 'refusal_facts', 'withdrawal_reason'))
);
COMMENT ON TABLE note IS 'Free text that belongs to one lifecycle event: sealed under the complaint''s data key, never published.';
