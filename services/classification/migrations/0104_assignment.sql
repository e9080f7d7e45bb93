-- Who takes which case.

CREATE TABLE handler (
    tenant        text        NOT NULL,
    handler       text        NOT NULL,
    capacity      integer     NOT NULL,
    registered_by text        NOT NULL,
    registered_at timestamptz NOT NULL,
    CONSTRAINT handler_pkey PRIMARY KEY (tenant, handler),
    CONSTRAINT handler_capacity_check CHECK (capacity BETWEEN 0 AND 1000)
);
COMMENT ON TABLE handler IS 'People who take cases.';
COMMENT ON COLUMN handler.handler IS 'The subject of the handler''s token.';
COMMENT ON COLUMN handler.capacity IS 'Most cases at once, offered ones included; 0 takes no more.';

CREATE TABLE handler_queue (
    tenant   text NOT NULL,
    handler  text NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    language text NOT NULL,
    CONSTRAINT handler_queue_pkey PRIMARY KEY (tenant, handler, category, severity, language),
    CONSTRAINT handler_queue_handler_fkey FOREIGN KEY (tenant, handler) REFERENCES handler
);
COMMENT ON TABLE handler_queue IS 'Which queues a handler serves; * stands for any.';

CREATE TABLE assignment (
    tenant        text        NOT NULL,
    complaint_id  uuid        NOT NULL,
    category      text        NOT NULL,
    severity      text        NOT NULL,
    language      text        NOT NULL,
    urgent        boolean     NOT NULL,
    state         text        NOT NULL,
    waiting_since timestamptz NOT NULL,
    handler       text        NOT NULL DEFAULT '',
    expires_at    timestamptz,
    passed_by     text[]      NOT NULL DEFAULT '{}',
    passed_at     timestamptz,
    CONSTRAINT assignment_pkey PRIMARY KEY (tenant, complaint_id),
    CONSTRAINT assignment_state_check CHECK (state IN ('waiting', 'offered', 'taken', 'ended')),
    CONSTRAINT assignment_handler_check CHECK ((state IN ('offered', 'taken')) = (handler <> '')),
    CONSTRAINT assignment_expiry_check CHECK ((state = 'offered') = (expires_at IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON TABLE assignment IS 'Where every complaint stands on its way to a person: none is without a row, so none is forgotten.';
COMMENT ON COLUMN assignment.category IS 'Category, severity and language name the queue.';
COMMENT ON COLUMN assignment.waiting_since IS 'Since when nobody has had it: from its receipt, or from the day it was opened again.';
COMMENT ON COLUMN assignment.handler IS 'To whom it is offered or who has it; empty otherwise.';
COMMENT ON COLUMN assignment.expires_at IS 'Until when an offer can be taken.';
COMMENT ON COLUMN assignment.passed_by IS 'Who returned it or let an offer pass, the last at passed_at; others go before them.';

CREATE INDEX assignment_waiting_idx ON assignment (tenant, category, severity, language, urgent DESC, waiting_since, complaint_id)
    WHERE state = 'waiting';
CREATE INDEX assignment_held_idx ON assignment (tenant, handler) WHERE state IN ('offered', 'taken');
CREATE INDEX assignment_expiry_idx ON assignment (expires_at) WHERE state = 'offered';
