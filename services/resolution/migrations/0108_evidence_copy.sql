-- An appeal is decided on no evidence that the other side was not shown: investigation tells who brought a piece, and for
-- whom it made copies.

ALTER TABLE evidence_hash ADD COLUMN brought_by text NOT NULL DEFAULT '';
COMMENT ON COLUMN evidence_hash.brought_by IS 'Which side brought it; empty for what came from neither, or came before this was kept.';

CREATE TABLE evidence_copy (
    tenant       text    NOT NULL,
    complaint_id uuid    NOT NULL,
    evidence_id  text    NOT NULL,
    audience     text    NOT NULL,
    shown        boolean NOT NULL,
    CONSTRAINT evidence_copy_pkey PRIMARY KEY (tenant, complaint_id, evidence_id, audience)
);
COMMENT ON TABLE evidence_copy IS 'The latest copy of each piece for each side, as investigation told.';
COMMENT ON COLUMN evidence_copy.shown IS 'Whether it shows something; a copy that is withheld shows nothing.';
