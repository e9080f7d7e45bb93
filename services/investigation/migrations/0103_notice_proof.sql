-- Nobody lapses who was not told that they are asked (T14).

ALTER TABLE evidence_request
    ADD COLUMN noticed_at timestamptz,
    ADD COLUMN overdue_at timestamptz;
COMMENT ON COLUMN evidence_request.noticed_at IS 'When the notice of it went out (N06), by notification''s proof; empty without one.';
COMMENT ON COLUMN evidence_request.overdue_at IS 'The deadline for which its clock ran out without such a proof; it lapses once the proof has come, if that is of before.';
