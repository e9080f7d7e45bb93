-- What a respondent is told of a complaint beside its category: particulars that are public, and name nobody.
ALTER TABLE complaint
    ADD COLUMN ordered_at timestamptz,
    ADD COLUMN live_at    timestamptz,
    ADD COLUMN claimed    text NOT NULL DEFAULT '';
COMMENT ON COLUMN complaint.ordered_at IS 'When the order was placed that it is about; NULL if not told.';
COMMENT ON COLUMN complaint.live_at IS 'The moment of the live session that is complained of; NULL if not told.';
COMMENT ON COLUMN complaint.claimed IS 'The amount asked for, currency and number; empty if not told.';
