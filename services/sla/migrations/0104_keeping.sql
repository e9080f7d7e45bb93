-- Complaints are not kept for ever: what was heard of one, and what was told of its clocks, goes when nothing was heard of
-- it for as long as it is to be kept and none of its clocks waits for anything.

-- Those that are there already are looked at first; then each has its own time.
ALTER TABLE case_file ADD COLUMN kept_from timestamptz DEFAULT timestamptz 'epoch';
ALTER TABLE case_file ALTER COLUMN kept_from SET DEFAULT redress_time(now());
COMMENT ON COLUMN case_file.kept_from IS
    'Since when its time of keeping counts: when it was made, then what was heard of it last. None: it is forgotten, and this row says so for ever, for clocks cannot be computed from the rest of a story.';
CREATE INDEX case_file_kept_from ON case_file (kept_from) WHERE kept_from IS NOT NULL;

ALTER TABLE set_aside DROP CONSTRAINT set_aside_work_check;
ALTER TABLE set_aside ADD CONSTRAINT set_aside_work_check
    CHECK (work IN ('firing', 'escalation', 'recalculation', 'keeping'));
