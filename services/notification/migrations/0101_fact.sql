-- What investigation, resolution and the clocks tell, kept until its letters may go out.

CREATE TABLE fact (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    event_id     uuid        NOT NULL,
    topic        text,
    version      bigint,
    event_type   text,
    occurred_at  timestamptz,
    payload      bytea,
    actor        text,
    decided_by   text,
    causation    uuid,
    traceparent  text,
    tracestate   text,
    verdict      text,
    told         boolean     NOT NULL DEFAULT false,
    CONSTRAINT fact_pkey PRIMARY KEY (tenant, complaint_id, event_id),
    CONSTRAINT fact_verdict_check CHECK (verdict IN ('taken', 'refused'))
) WITH (fillfactor = 80);
COMMENT ON TABLE fact IS 'Events of other services about a complaint. A letter that follows from a fact which the lifecycle may refuse waits for the lifecycle''s answer; later letters quote earlier facts.';
COMMENT ON COLUMN fact.event_id IS 'The event; the lifecycle''s answer names it as its cause, and may be read before it.';
COMMENT ON COLUMN fact.topic IS 'Where it was told, with version, type, time and message; NULL while only the lifecycle''s answer is known.';
COMMENT ON COLUMN fact.payload IS 'The message as it came. What people typed in it is sealed under the complaint''s data key.';
COMMENT ON COLUMN fact.verdict IS 'Whether the lifecycle took it; NULL before, and for facts that it is not asked about.';
COMMENT ON COLUMN fact.actor IS 'Who did it: a subject of the platform''s own staff, or a service.';
COMMENT ON COLUMN fact.causation IS 'The event that caused it; a clock names what started it.';
COMMENT ON COLUMN fact.told IS 'Whether its letters are queued.';

ALTER TABLE notice ADD COLUMN parts json;
COMMENT ON COLUMN notice.parts IS 'Fields of the letter that came sealed with the event and are opened when it is written; NULL if there are none.';
