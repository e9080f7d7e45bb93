-- Complaints that could not be handled wait here, so that the others need not.

CREATE TABLE set_aside (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    work         text        NOT NULL,
    why          text        NOT NULL,
    since        timestamptz NOT NULL,
    tries        integer     NOT NULL,
    until        timestamptz NOT NULL,
    CONSTRAINT set_aside_pkey PRIMARY KEY (tenant, complaint_id, work),
    CONSTRAINT set_aside_work_check CHECK (work IN ('firing', 'escalation', 'recalculation'))
);
COMMENT ON TABLE set_aside IS 'What could not be done for a complaint, and when it is tried again. Empty when all is well.';
COMMENT ON COLUMN set_aside.why IS 'The kind of the failure, as a code; the log of that time has the rest.';
COMMENT ON COLUMN set_aside.since IS 'When it was first tried in vain.';
COMMENT ON COLUMN set_aside.tries IS 'How often it was tried in vain.';
COMMENT ON COLUMN set_aside.until IS 'When it is tried again.';
