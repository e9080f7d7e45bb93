-- Who is to lapse must have been reminded, and in time (T04).

CREATE TABLE completion_reminder (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    asked_at     timestamptz NOT NULL,
    reminded_at  timestamptz NOT NULL,
    CONSTRAINT completion_reminder_pkey PRIMARY KEY (tenant, complaint_id)
);
COMMENT ON TABLE completion_reminder IS 'When the clock of a request for completion warned, and so the complainant was reminded of it.';
COMMENT ON COLUMN completion_reminder.asked_at IS 'Which request: a later one of the same complaint takes its place.';
COMMENT ON COLUMN completion_reminder.reminded_at IS 'When the warning was told, not the instant that it was due: the reminder goes out with it.';
