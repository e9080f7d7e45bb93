-- What analytics keeps. The kit's tables (inbox, progress, parked events, outbox) come before, with numbers below 100.
-- Every primary key begins with the tenant. No personal data: of a complainant only a keyed hash.

CREATE TABLE complaint_fact (
    tenant            text        NOT NULL,
    complaint_id      uuid        NOT NULL,
    -- Of the lifecycle.
    received_at       timestamptz,
    acknowledge_by    timestamptz,
    channel           text,
    complainant_index bytea,
    merchant          text,
    anchor            text,
    live_room         text,
    state             text,
    category          text,
    severity          text,
    urgent            boolean,
    decided_at        timestamptz,
    result_at         timestamptz,
    ended_at          timestamptz,
    outcome           text,
    resubmissions     integer     NOT NULL DEFAULT 0,
    -- Of assessments.
    assessed_category text,
    assessed_severity text,
    assessed_urgent   boolean,
    -- Of notices.
    first_response_at timestamptz,
    acknowledged_at   timestamptz,
    satisfaction      smallint,
    CONSTRAINT complaint_fact_pkey PRIMARY KEY (tenant, complaint_id),
    CONSTRAINT complaint_fact_satisfaction_check CHECK (satisfaction BETWEEN 1 AND 5)
) WITH (fillfactor = 70);
COMMENT ON TABLE complaint_fact IS 'One row per complaint. Each column is written by the events of one topic alone, so the order between topics does not matter; a row may begin with any of them.';
COMMENT ON COLUMN complaint_fact.received_at IS 'When it was received; NULL until its registration has been read, and until then it is not counted.';
COMMENT ON COLUMN complaint_fact.acknowledge_by IS 'By when receipt is to be acknowledged (C05).';
COMMENT ON COLUMN complaint_fact.complainant_index IS 'Keyed hash of the complainant; NULL if unknown.';
COMMENT ON COLUMN complaint_fact.merchant IS 'The first merchant complained of, by the platform''s identifier.';
COMMENT ON COLUMN complaint_fact.category IS 'By which assessment the register goes; NULL until it has one.';
COMMENT ON COLUMN complaint_fact.assessed_category IS 'What classification found last.';
COMMENT ON COLUMN complaint_fact.decided_at IS 'When it was first decided whether it is taken up.';
COMMENT ON COLUMN complaint_fact.result_at IS 'When a result was first told.';
COMMENT ON COLUMN complaint_fact.ended_at IS 'When it ended; NULL while it is open.';
COMMENT ON COLUMN complaint_fact.outcome IS 'What it came to, as a code; NULL while it is open.';
COMMENT ON COLUMN complaint_fact.resubmissions IS 'How often its submission came again.';
COMMENT ON COLUMN complaint_fact.first_response_at IS 'When the first notice to the complainant was handed to a channel.';
COMMENT ON COLUMN complaint_fact.acknowledged_at IS 'When N01 was first handed to a channel.';
COMMENT ON COLUMN complaint_fact.satisfaction IS 'The complainant''s last answer to the survey.';

-- Windows and pages go by time of receipt, which never changes: later facts move no index entry.
CREATE INDEX complaint_fact_received_idx ON complaint_fact (tenant, received_at, complaint_id);
CREATE INDEX complaint_fact_complainant_idx ON complaint_fact (tenant, complainant_index, received_at, complaint_id)
    WHERE complainant_index IS NOT NULL;

CREATE TABLE incident (
    tenant      text NOT NULL,
    incident_id uuid NOT NULL,
    state       text NOT NULL,
    CONSTRAINT incident_pkey PRIMARY KEY (tenant, incident_id),
    CONSTRAINT incident_state_check CHECK (state IN ('suspected', 'confirmed', 'dissolved'))
);
COMMENT ON TABLE incident IS 'Where each incident stands.';

CREATE TABLE incident_member (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    incident_id  uuid        NOT NULL,
    added_at     timestamptz NOT NULL,
    CONSTRAINT incident_member_pkey PRIMARY KEY (tenant, complaint_id, incident_id)
);
COMMENT ON TABLE incident_member IS 'Which complaints belong to which incidents; a table of its own, since events of two incidents have no order between them.';

CREATE VIEW fact AS
SELECT f.tenant, f.complaint_id, f.received_at, f.acknowledge_by, f.channel, f.complainant_index, f.merchant, f.anchor,
       f.live_room, f.state, f.decided_at, f.result_at, f.ended_at, f.outcome, f.resubmissions,
       coalesce(f.category, f.assessed_category) AS category,
       coalesce(f.severity, f.assessed_severity) AS severity,
       coalesce(f.urgent, f.assessed_urgent) AS urgent,
       f.first_response_at, f.acknowledged_at, f.satisfaction,
       -- Asked and not kept: the complaint before may be registered later.
       EXISTS (SELECT FROM complaint_fact AS before
               WHERE before.tenant = f.tenant
                 AND before.complainant_index = f.complainant_index
                 AND before.received_at >= f.received_at - interval '72 hours'
                 AND (before.received_at, before.complaint_id) < (f.received_at, f.complaint_id)) AS repeated,
       (SELECT m.incident_id
        FROM incident_member AS m LEFT JOIN incident AS i USING (tenant, incident_id)
        WHERE m.tenant = f.tenant AND m.complaint_id = f.complaint_id AND i.state IS DISTINCT FROM 'dissolved'
        ORDER BY m.added_at, m.incident_id LIMIT 1) AS incident_id
FROM complaint_fact AS f
WHERE f.received_at IS NOT NULL;
COMMENT ON VIEW fact IS 'The complaints that count, with what follows from other rows.';
