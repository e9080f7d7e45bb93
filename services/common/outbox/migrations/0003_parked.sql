-- Records that could not be applied, and those of the same key after them. Written in the transaction of their batch.
-- Settled rows stay: a replay passes their offsets by.
CREATE TABLE parked_event (
    id                bigint      GENERATED ALWAYS AS IDENTITY,
    topic             text        NOT NULL,
    incarnation       integer     NOT NULL,
    partition         integer     NOT NULL,
    log_offset        bigint      NOT NULL,
    key               bytea,
    headers           json        NOT NULL,
    payload           bytea       NOT NULL,
    recorded_at       timestamptz NOT NULL,
    event_at          timestamptz NOT NULL,
    tenant            text,
    aggregate_id      uuid,
    aggregate_version bigint,
    event_type        text,
    cause             text        NOT NULL
        CHECK (cause IN ('UNDECODABLE', 'HANDLER_REFUSED', 'HANDLER_PANICKED', 'GAP', 'BEHIND_PARKED')),
    detail            text        NOT NULL,
    attempts          integer     NOT NULL,
    parked_at         timestamptz NOT NULL DEFAULT now(),
    status            text        NOT NULL DEFAULT 'parked' CHECK (status IN ('parked', 'redriven', 'discarded')),
    settled_at        timestamptz,
    settled_by        text,
    reason            text,
    PRIMARY KEY (topic, incarnation, partition, log_offset)
);
CREATE INDEX parked_event_chain ON parked_event (topic, key) WHERE status <> 'redriven';
CREATE INDEX parked_event_listed ON parked_event (id) WHERE status = 'parked';
COMMENT ON TABLE parked_event IS 'Records that could not be applied';
COMMENT ON COLUMN parked_event.id IS 'Order in which records were parked';
COMMENT ON COLUMN parked_event.incarnation IS 'progress.incarnation when it was read: offsets begin again in a log made anew';
COMMENT ON COLUMN parked_event.log_offset IS 'Offset in the partition';
COMMENT ON COLUMN parked_event.key IS 'Record key; later records of the same tenant and key park behind this one';
COMMENT ON COLUMN parked_event.headers IS 'Headers as [[name, text or {hex}], ...]';
COMMENT ON COLUMN parked_event.payload IS 'Value as read; personal fields are sealed';
COMMENT ON COLUMN parked_event.recorded_at IS 'When the record was written to the log';
COMMENT ON COLUMN parked_event.event_at IS 'When the event was recorded: by its writer''s word, but not later than in the log; the watermark stays before it';
COMMENT ON COLUMN parked_event.tenant IS 'Tenant, if its header could be read';
COMMENT ON COLUMN parked_event.aggregate_id IS 'Aggregate as the inbox knows it, if the headers could be read';
COMMENT ON COLUMN parked_event.aggregate_version IS 'Version as the inbox knows it, if the headers could be read';
COMMENT ON COLUMN parked_event.event_type IS 'Type named by its header';
COMMENT ON COLUMN parked_event.cause IS 'Why it was parked';
COMMENT ON COLUMN parked_event.detail IS 'The cause in words; nothing of the record''s content';
COMMENT ON COLUMN parked_event.attempts IS 'How often applying it alone was tried';
COMMENT ON COLUMN parked_event.status IS 'parked: waits; redriven: applied later, or found applied; discarded: given up';
COMMENT ON COLUMN parked_event.settled_by IS 'Who had it redriven or discarded';
COMMENT ON COLUMN parked_event.reason IS 'Why it was redriven or discarded';

-- What operators did.
CREATE TABLE operator_action (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now(),
    actor  text        NOT NULL,
    tenant text        NOT NULL,
    action text        NOT NULL CHECK (action IN ('redrive', 'discard', 'replay')),
    target json        NOT NULL,
    reason text        NOT NULL
);
COMMENT ON TABLE operator_action IS 'What operators did to the kit, and why: append only';
COMMENT ON COLUMN operator_action.actor IS 'Subject of the operator''s token';
COMMENT ON COLUMN operator_action.tenant IS 'Tenant of the operator''s token';
COMMENT ON COLUMN operator_action.target IS 'What it concerned: topic, and positions or time';

-- Nobody changes what was written, the owner of the table included; a trigger holds also where a right was granted back.
REVOKE UPDATE, DELETE, TRUNCATE ON operator_action FROM PUBLIC, CURRENT_USER;
CREATE FUNCTION refuse_operator_action_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER operator_action_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_action
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_operator_action_change();
