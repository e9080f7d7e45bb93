-- Two complaints may come to one number. The second is registered under another, and found by the one it was told, too.

CREATE TABLE shared_number (
    tenant       text NOT NULL,
    no_code      text NOT NULL,
    complaint_id uuid NOT NULL,
    CONSTRAINT shared_number_pkey PRIMARY KEY (tenant, no_code, complaint_id)
);
COMMENT ON TABLE shared_number IS 'Numbers that were told of complaints which are registered under another one.';
COMMENT ON COLUMN shared_number.no_code IS 'The identifying part of the number as it was told on acceptance.';
