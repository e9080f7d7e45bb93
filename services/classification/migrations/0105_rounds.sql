-- Cases that go round, and queues that are counted without reading what is over.

ALTER TABLE assignment ADD COLUMN rounds integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN assignment.rounds IS 'How often it was offered and came back since it last needed somebody anew.';

-- Waiting cases have an index already; those that are held get one, and those that are over none.
CREATE INDEX assignment_held_queue_idx ON assignment (tenant, category, severity, language, state)
    WHERE state IN ('offered', 'taken');
-- What nobody has had: an offer is nobody's case yet.
CREATE INDEX assignment_unattended_idx ON assignment (waiting_since) WHERE state IN ('waiting', 'offered');
CREATE INDEX assignment_rounds_idx ON assignment (rounds) WHERE state IN ('waiting', 'offered') AND rounds > 0;
