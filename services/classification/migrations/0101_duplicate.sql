CREATE TABLE duplicate_link (
    tenant             text             NOT NULL,
    complaint_id       uuid             NOT NULL,
    other_complaint_id uuid             NOT NULL,
    score              double precision NOT NULL,
    features           text[]           NOT NULL,
    decision           text             NOT NULL DEFAULT 'undecided',
    decided_by         text             NOT NULL DEFAULT '',
    decided_at         timestamptz,
    found_at           timestamptz      NOT NULL,
    CONSTRAINT duplicate_link_pkey PRIMARY KEY (tenant, complaint_id, other_complaint_id),
    CONSTRAINT duplicate_link_decision_check CHECK (decision IN ('undecided', 'same', 'related', 'different')),
    CONSTRAINT duplicate_link_pair_check CHECK (complaint_id <> other_complaint_id)
);
COMMENT ON TABLE duplicate_link IS 'Two complaints that look the same. One row per pair, found from either side; nothing is dropped or merged by it.';
COMMENT ON COLUMN duplicate_link.complaint_id IS 'The one that was assessed later.';
COMMENT ON COLUMN duplicate_link.score IS 'How alike they are, 0 to 1.';
COMMENT ON COLUMN duplicate_link.features IS 'What is alike: same_complainant, same_order, near_text.';
COMMENT ON COLUMN duplicate_link.decided_by IS 'Subject of the person who decided; empty while undecided.';
CREATE INDEX duplicate_link_other_idx ON duplicate_link (tenant, other_complaint_id);

CREATE TABLE compared (
    tenant    text        NOT NULL,
    shared    bytea       NOT NULL,
    latest_at timestamptz NOT NULL,
    CONSTRAINT compared_pkey PRIMARY KEY (tenant, shared)
) WITH (fillfactor = 70);
COMMENT ON TABLE compared IS 'A row to wait at for every complainant and order: of two complaints in the same instant one sees the other.';
COMMENT ON COLUMN compared.shared IS 'c and the keyed hash of a complainant, or o and an order.';
COMMENT ON COLUMN compared.latest_at IS 'When the latest complaint of it was received; rows of long ago may be deleted.';
