-- Consultations whose time is over are counted.

CREATE INDEX consultation_asked_idx ON consultation (due_at) WHERE state = 'asked';
COMMENT ON INDEX consultation_asked_idx IS 'Those that wait for an answer, by when it is due.';
