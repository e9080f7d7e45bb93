-- Who may do nothing more on a complaint: declared not impartial in the investigation (L06), or named to resolution as one
-- who made the decision that is disputed (F141).

CREATE TABLE recusal (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    told_at      timestamptz NOT NULL,
    CONSTRAINT recusal_pkey PRIMARY KEY (tenant, complaint_id, subject)
);
COMMENT ON TABLE recusal IS 'Staff who take no part in a complaint. Nobody comes off this list.';
COMMENT ON COLUMN recusal.subject IS 'The subject of their token.';
COMMENT ON COLUMN recusal.told_at IS 'When the other service told of it first.';
