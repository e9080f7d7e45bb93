-- What the platform's own systems are asked for at registration, and what they have supplied.

CREATE TABLE platform_question (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    question     text        NOT NULL,
    state        text        NOT NULL,
    attempts     integer     NOT NULL,
    asked_since  timestamptz NOT NULL,
    next_at      timestamptz NOT NULL,
    lease        uuid,
    CONSTRAINT platform_question_pkey PRIMARY KEY (tenant, complaint_id, question),
    CONSTRAINT platform_question_state_check CHECK (state IN ('waiting', 'answered', 'failed'))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
COMMENT ON TABLE platform_question IS 'The list of work: what is still to be asked. Leased by moving next_at ahead; whoever dies leaves it to others.';
COMMENT ON COLUMN platform_question.lease IS 'Who asks now; an answer counts only under the lease it was asked for.';
CREATE INDEX platform_question_due_idx ON platform_question (next_at) WHERE state = 'waiting';

CREATE TABLE platform_record (
    tenant        text        NOT NULL,
    complaint_id  uuid        NOT NULL,
    type          text        NOT NULL,
    ordinal       integer     NOT NULL,
    question      text        NOT NULL,
    state         text        NOT NULL,
    evidence_id   uuid,
    source_system text        NOT NULL,
    obtained_at   timestamptz,
    sha256        bytea       NOT NULL,
    settled_at    timestamptz,
    CONSTRAINT platform_record_pkey PRIMARY KEY (tenant, complaint_id, type, ordinal),
    CONSTRAINT platform_record_held_check CHECK ((state = 'held') = (evidence_id IS NOT NULL))
);
COMMENT ON TABLE platform_record IS 'What the platform was asked for, with source and time of what it held; the piece itself is evidence like any other. How complete it is shows by the rows of ordinal 1.';
