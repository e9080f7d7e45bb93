-- What the commands on a case need: a label of confidentiality, and the grounds on which a review of a refusal is asked for.

ALTER TABLE complaint ADD COLUMN label text;
COMMENT ON COLUMN complaint.label IS 'Confidentiality label that it was split off under (T39); two complaints are merged under one label only.';

ALTER TABLE note DROP CONSTRAINT note_kind_check;
ALTER TABLE note ADD CONSTRAINT note_kind_check
    CHECK (kind IN ('completion', 'refusal_facts', 'review_grounds', 'withdrawal_reason'));
