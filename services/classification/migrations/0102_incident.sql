-- Incidents: many complaints with one cause.

CREATE TABLE subject_rate (
    tenant       text             NOT NULL,
    dimension    text             NOT NULL,
    subject      text             NOT NULL,
    category     text             NOT NULL,
    sub_category text             NOT NULL,
    minute       bigint           NOT NULL,
    recent       integer[]        NOT NULL,
    latest       uuid[]           NOT NULL,
    latest_at    bigint[]         NOT NULL,
    baseline     double precision NOT NULL,
    CONSTRAINT subject_rate_pkey PRIMARY KEY (tenant, dimension, subject, category, sub_category)
) WITH (fillfactor = 50);
COMMENT ON TABLE subject_rate IS 'How many complaints a subject draws about one matter: the last minutes, and its own baseline. One row per subject and matter, written once per batch.';
COMMENT ON COLUMN subject_rate.dimension IS 'live_room, anchor, sku, merchant or carrier.';
COMMENT ON COLUMN subject_rate.minute IS 'The latest minute counted, since 1970 UTC, by the time of receipt.';
COMMENT ON COLUMN subject_rate.recent IS 'Complaints per minute, that minute first.';
COMMENT ON COLUMN subject_rate.latest IS 'The last of these complaints, 64 at most, with the minute of each in latest_at: they become members of an incident.';
COMMENT ON COLUMN subject_rate.baseline IS 'Complaints per minute before these, as an average that forgets by half in a day.';

CREATE TABLE incident (
    tenant         text             NOT NULL,
    incident_id    uuid             NOT NULL,
    dimension      text             NOT NULL,
    subject        text             NOT NULL,
    category       text             NOT NULL,
    sub_category   text             NOT NULL,
    state          text             NOT NULL,
    opened_at      timestamptz      NOT NULL,
    last_member_at timestamptz      NOT NULL,
    members        bigint           NOT NULL,
    window_count   bigint           NOT NULL,
    baseline       double precision NOT NULL,
    exemplars      bigint[]         NOT NULL,
    version        bigint           NOT NULL,
    decided_by     text             NOT NULL,
    reason         text             NOT NULL,
    CONSTRAINT incident_pkey PRIMARY KEY (tenant, incident_id),
    CONSTRAINT incident_state_check CHECK (state IN ('suspected', 'confirmed', 'handled', 'dissolved'))
) WITH (fillfactor = 50);
COMMENT ON TABLE incident IS 'Many complaints with one cause: the aggregate of the incidents topic.';
COMMENT ON COLUMN incident.opened_at IS 'When the complaint that made it visible was received.';
COMMENT ON COLUMN incident.window_count IS 'Complaints in the window when it was noticed.';
COMMENT ON COLUMN incident.baseline IS 'Complaints that such a window has had before, on average.';
COMMENT ON COLUMN incident.exemplars IS 'Similarity hashes of its first members: a near text belongs to it although it was labelled otherwise.';
COMMENT ON COLUMN incident.version IS 'Version of the last event on the incidents topic; the value callers name as expected_version.';
COMMENT ON COLUMN incident.decided_by IS 'Subject of the person who decided last; empty where rules did.';
COMMENT ON COLUMN incident.reason IS 'Why it was dissolved, as a code.';
CREATE INDEX incident_open_idx ON incident (tenant, dimension, subject) WHERE state IN ('suspected', 'confirmed');
CREATE INDEX incident_opened_idx ON incident (tenant, opened_at DESC, incident_id DESC);

CREATE TABLE incident_member (
    tenant       text        NOT NULL,
    incident_id  uuid        NOT NULL,
    ordinal      bigint      NOT NULL,
    complaint_id uuid        NOT NULL,
    joined_at    timestamptz NOT NULL,
    CONSTRAINT incident_member_pkey PRIMARY KEY (tenant, incident_id, ordinal),
    CONSTRAINT incident_member_complaint_key UNIQUE (tenant, complaint_id)
);
COMMENT ON TABLE incident_member IS 'Which complaints belong to which incident; a complaint belongs to one at most.';
COMMENT ON COLUMN incident_member.ordinal IS 'Order of joining, from 1.';
COMMENT ON COLUMN incident_member.joined_at IS 'When the complaint was received.';

CREATE TABLE incident_term (
    tenant      text   NOT NULL,
    incident_id uuid   NOT NULL,
    term        text   NOT NULL,
    members     bigint NOT NULL,
    CONSTRAINT incident_term_pkey PRIMARY KEY (tenant, incident_id, term)
);
COMMENT ON TABLE incident_term IS 'In how many of its members the rules saw a term of the lexicon. Words of the lexicon, none of a complaint.';
