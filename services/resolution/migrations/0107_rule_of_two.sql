-- A text of law and a rule that is older than its entry hold without the notice that people get of others: two people
-- publish them.

ALTER TABLE rule_version ADD COLUMN seconded_by text NOT NULL DEFAULT '';
COMMENT ON COLUMN rule_version.seconded_by IS 'Who published the same text after published_by, where two are needed; empty otherwise.';

CREATE TABLE rule_awaiting (
    tenant      text        NOT NULL,
    rule_id     text        NOT NULL,
    sha256      text        NOT NULL,
    proposed_by text        NOT NULL,
    proposed_at timestamptz NOT NULL,
    CONSTRAINT rule_awaiting_pkey PRIMARY KEY (tenant, rule_id)
);
COMMENT ON TABLE rule_awaiting IS 'The next version of a rule that waits for a second person, who sends the same text. A later proposal takes its place.';
COMMENT ON COLUMN rule_awaiting.sha256 IS 'Of everything that the first person told.';
