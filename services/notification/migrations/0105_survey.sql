-- What addressees answer to the survey after a closing (N18).
CREATE TABLE survey_answer (
    tenant       text        NOT NULL,
    notice_id    uuid        NOT NULL,
    complaint_id uuid        NOT NULL,
    satisfaction smallint    NOT NULL,
    process      smallint,
    answered_by  text        NOT NULL,
    answered_at  timestamptz NOT NULL,
    CONSTRAINT survey_answer_pkey PRIMARY KEY (tenant, notice_id),
    CONSTRAINT survey_answer_satisfaction_check CHECK (satisfaction BETWEEN 1 AND 5),
    CONSTRAINT survey_answer_process_check CHECK (process BETWEEN 1 AND 5)
);
COMMENT ON TABLE survey_answer IS 'The last answer of each addressee who was asked. Those before stand in the events.';
COMMENT ON COLUMN survey_answer.satisfaction IS 'With the result, 1 to 5.';
COMMENT ON COLUMN survey_answer.process IS 'With the way it was handled, 1 to 5; NULL if not told.';
COMMENT ON COLUMN survey_answer.answered_by IS 'The side that answered, or the subject of the service on whose page it was answered.';
