-- What a notice of a delay tells of it stands beside its content, which may be sealed: the event that it was sent says it too.
ALTER TABLE notice
    ADD COLUMN delayed_clock text,
    ADD COLUMN new_due_at    timestamptz;
COMMENT ON COLUMN notice.delayed_clock IS 'Definition of the clock that takes longer, by a notice of a delay (N09); empty where nobody told it, NULL for other kinds.';
COMMENT ON COLUMN notice.new_due_at IS 'Until when it takes, by a notice of a delay (N09); NULL for other kinds.';
