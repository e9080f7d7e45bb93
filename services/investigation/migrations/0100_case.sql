-- What investigation owns, but for the files (0101). The kit's tables come before, with numbers below 100. Every primary
-- key begins with the tenant. What people typed is sealed under the complaint's data key.

CREATE TABLE case_file (
    tenant            text        NOT NULL,
    complaint_id      uuid        NOT NULL,
    received_at       timestamptz NOT NULL,
    submission        bytea       NOT NULL,
    wrapped_key       bytea       NOT NULL,
    complainant_index bytea       NOT NULL,
    submitted_by      text        NOT NULL,
    complaint_state   text        NOT NULL,
    category          text,
    severity          text,
    urgent            boolean     NOT NULL DEFAULT false,
    handler           text        NOT NULL DEFAULT '',
    lead              text        NOT NULL DEFAULT '',
    department        text        NOT NULL DEFAULT '',
    members           text[]      NOT NULL DEFAULT '{}',
    state             text        NOT NULL DEFAULT 'not_opened',
    round             integer     NOT NULL DEFAULT 0,
    investigation_id  uuid,
    opened_at         timestamptz,
    plan              bytea       NOT NULL DEFAULT '',
    issues            text[]      NOT NULL DEFAULT '{}',
    concluded_at      timestamptz,
    concluded_by      text        NOT NULL DEFAULT '',
    conclusion        bytea       NOT NULL DEFAULT '',
    concluded_version bigint      NOT NULL DEFAULT 0,
    ended_reason      text        NOT NULL DEFAULT '',
    stream_version    bigint      NOT NULL DEFAULT 0,
    entries           bigint      NOT NULL DEFAULT 0,
    CONSTRAINT case_file_pkey PRIMARY KEY (tenant, complaint_id),
    CONSTRAINT case_file_state_check CHECK (state IN ('not_opened', 'open', 'concluded', 'ended'))
) WITH (fillfactor = 70);
COMMENT ON TABLE case_file IS 'A complaint and its investigation: the aggregate of the cases topic.';
COMMENT ON COLUMN case_file.submission IS 'What was brought in without its personal fields, as protobuf: order, live session, respondents.';
COMMENT ON COLUMN case_file.wrapped_key IS 'The complaint''s data key, wrapped by the tenant''s key. Deleting it erases what people typed.';
COMMENT ON COLUMN case_file.complainant_index IS 'Keyed hash of who complains; empty if unknown.';
COMMENT ON COLUMN case_file.complaint_state IS 'Where intake''s lifecycle stands.';
COMMENT ON COLUMN case_file.lead IS 'Who leads the task group; empty if there is none.';
COMMENT ON COLUMN case_file.round IS 'How often it was opened; earlier rounds are in past_round.';
COMMENT ON COLUMN case_file.concluded_version IS 'Version of the event that told the conclusion, by which intake''s refusal names it.';
COMMENT ON COLUMN case_file.stream_version IS 'Version of the last event on the cases topic; the value callers name as expected_version.';
COMMENT ON COLUMN case_file.entries IS 'How many entries of the handling the timeline has; each is numbered by it.';

CREATE TABLE past_round (
    tenant           text        NOT NULL,
    complaint_id     uuid        NOT NULL,
    round            integer     NOT NULL,
    investigation_id uuid        NOT NULL,
    opened_at        timestamptz NOT NULL,
    concluded_at     timestamptz,
    concluded_by     text        NOT NULL,
    conclusion       bytea       NOT NULL,
    ended_reason     text        NOT NULL,
    CONSTRAINT past_round_pkey PRIMARY KEY (tenant, complaint_id, round)
);
COMMENT ON TABLE past_round IS 'What earlier rounds came to.';

CREATE TABLE assignment (
    tenant       text NOT NULL,
    complaint_id uuid NOT NULL,
    handler      text NOT NULL,
    CONSTRAINT assignment_pkey PRIMARY KEY (tenant, complaint_id)
);
COMMENT ON TABLE assignment IS 'Who has taken a case, by classification; it may say so before intake has told of the complaint.';

CREATE TABLE task (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    task_id      uuid        NOT NULL,
    kind         text        NOT NULL,
    assignee     text        NOT NULL,
    due_at       timestamptz,
    done_at      timestamptz,
    added_at     timestamptz NOT NULL,
    CONSTRAINT task_pkey PRIMARY KEY (tenant, complaint_id, task_id)
);
COMMENT ON TABLE task IS 'What is to be done in an investigation.';

CREATE TABLE conflict (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    kind         text        NOT NULL,
    recused      boolean     NOT NULL,
    declared_by  text        NOT NULL,
    declared_at  timestamptz NOT NULL,
    CONSTRAINT conflict_pkey PRIMARY KEY (tenant, complaint_id, subject)
);
COMMENT ON TABLE conflict IS 'Who may not be impartial. Who is recused stays so.';

CREATE TABLE evidence_request (
    tenant         text        NOT NULL,
    complaint_id   uuid        NOT NULL,
    request_id     uuid        NOT NULL,
    round          integer     NOT NULL,
    party          text        NOT NULL,
    respondent_ref text        NOT NULL,
    addressees     text[]      NOT NULL,
    items          jsonb       NOT NULL,
    state          text        NOT NULL,
    issued_at      timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    extended       boolean     NOT NULL,
    mandatory      boolean     NOT NULL,
    consequence    text        NOT NULL,
    why            bytea       NOT NULL,
    settled_at     timestamptz,
    announced      bigint      NOT NULL,
    CONSTRAINT evidence_request_pkey PRIMARY KEY (tenant, complaint_id, request_id),
    CONSTRAINT evidence_request_settled_check
        CHECK ((settled_at IS NULL) = (state IN ('issued', 'partially_answered', 'extended')))
);
COMMENT ON TABLE evidence_request IS 'What parties were asked to bring.';
COMMENT ON COLUMN evidence_request.addressees IS 'Who may answer, as c:<keyed hash> and s:<subject> for who complains, r:<platform reference> for respondents: a party finds its open requests by it.';
COMMENT ON COLUMN evidence_request.announced IS 'Version of the event that announced it, by which intake''s refusal names it.';
CREATE INDEX evidence_request_open_idx ON evidence_request USING gin (addressees) WHERE settled_at IS NULL;

CREATE TABLE goods_test (
    tenant           text        NOT NULL,
    complaint_id     uuid        NOT NULL,
    test_id          uuid        NOT NULL,
    round            integer     NOT NULL,
    state            text        NOT NULL,
    lab              text        NOT NULL,
    subject          text        NOT NULL,
    currency         text        NOT NULL,
    fee_minor        bigint      NOT NULL,
    fee_bearer       text        NOT NULL,
    agreement        uuid[]      NOT NULL,
    custody          jsonb       NOT NULL,
    report           uuid,
    abandoned_reason text        NOT NULL,
    agreed_at        timestamptz NOT NULL,
    ordered_at       timestamptz,
    ended_at         timestamptz,
    announced        bigint      NOT NULL,
    CONSTRAINT goods_test_pkey PRIMARY KEY (tenant, complaint_id, test_id),
    CONSTRAINT goods_test_fee_check CHECK (fee_minor >= 0)
);
COMMENT ON TABLE goods_test IS 'Tests by independent laboratories; who bears the fee is agreed first.';

CREATE TABLE consultation (
    tenant          text        NOT NULL,
    complaint_id    uuid        NOT NULL,
    consultation_id uuid        NOT NULL,
    round           integer     NOT NULL,
    state           text        NOT NULL,
    department      text        NOT NULL,
    consulted       text        NOT NULL,
    asked_by        text        NOT NULL,
    question        bytea       NOT NULL,
    answer          bytea       NOT NULL,
    due_at          timestamptz NOT NULL,
    asked_at        timestamptz NOT NULL,
    ended_at        timestamptz,
    announced       bigint      NOT NULL,
    CONSTRAINT consultation_pkey PRIMARY KEY (tenant, complaint_id, consultation_id)
);
COMMENT ON TABLE consultation IS 'Other departments'' views. Few may see them; question and answer are sealed.';

CREATE TABLE finding (
    tenant       text        NOT NULL,
    file_id      uuid        NOT NULL,
    finding_id   uuid        NOT NULL,
    issue        text        NOT NULL,
    fact         bytea       NOT NULL,
    marks        jsonb       NOT NULL,
    outcome      text        NOT NULL,
    standard     text        NOT NULL,
    burden       text        NOT NULL,
    burden_rule  text        NOT NULL,
    found_by     text        NOT NULL,
    found_at     timestamptz NOT NULL,
    supersedes   uuid,
    superseded   boolean     NOT NULL,
    CONSTRAINT finding_pkey PRIMARY KEY (tenant, file_id, finding_id)
);
COMMENT ON TABLE finding IS 'What was found, fact by fact, with what each piece of evidence says of it. Replaced, never edited.';
COMMENT ON COLUMN finding.file_id IS 'The complaint or the incident.';

CREATE TABLE incident_file (
    tenant      text        NOT NULL,
    incident_id uuid        NOT NULL,
    state       text        NOT NULL,
    category    text        NOT NULL,
    live        boolean     NOT NULL,
    opened_at   timestamptz,
    issues      text[]      NOT NULL,
    wrapped_key bytea       NOT NULL,
    version     bigint      NOT NULL,
    CONSTRAINT incident_file_pkey PRIMARY KEY (tenant, incident_id),
    CONSTRAINT incident_file_state_check CHECK (state IN ('suspected', 'open', 'over'))
);
COMMENT ON TABLE incident_file IS 'One investigation for all members of an incident.';
COMMENT ON COLUMN incident_file.wrapped_key IS 'The incident''s own data key, wrapped; empty until somebody has written.';
COMMENT ON COLUMN incident_file.version IS 'Version of the last event of the incident on the cases topic.';

CREATE TABLE incident_member (
    tenant       text NOT NULL,
    complaint_id uuid NOT NULL,
    incident_id  uuid NOT NULL,
    CONSTRAINT incident_member_pkey PRIMARY KEY (tenant, complaint_id)
);
COMMENT ON TABLE incident_member IS 'Which complaint belongs to which incident; it may be told before the complaint is.';
CREATE INDEX incident_member_incident_idx ON incident_member (tenant, incident_id);

CREATE TABLE timeline_entry (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    at           timestamptz NOT NULL,
    entry_id     uuid        NOT NULL,
    source       text        NOT NULL,
    code         text        NOT NULL,
    about        uuid,
    actor        text        NOT NULL,
    visibility   text        NOT NULL,
    CONSTRAINT timeline_entry_pkey PRIMARY KEY (tenant, complaint_id, at, entry_id)
);
COMMENT ON TABLE timeline_entry IS 'The course of events from all sources; codes and ids, no words.';

CREATE TABLE access_record (
    tenant       text        NOT NULL,
    access_id    bigint      GENERATED ALWAYS AS IDENTITY,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    purpose      text        NOT NULL,
    accessed_at  timestamptz NOT NULL,
    CONSTRAINT access_record_pkey PRIMARY KEY (tenant, access_id)
);
COMMENT ON TABLE access_record IS 'When sealed words of a case were opened, by whom and for which purpose. Append only.';
CREATE INDEX access_record_complaint_idx ON access_record (tenant, complaint_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
REVOKE UPDATE, DELETE, TRUNCATE ON access_record FROM PUBLIC, CURRENT_USER;
CREATE TRIGGER access_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON timeline_entry FROM PUBLIC, CURRENT_USER;
CREATE TRIGGER timeline_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON timeline_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
