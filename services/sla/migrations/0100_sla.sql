-- The tables of sla. Nothing personal: ids, codes, numbers and instants.

CREATE TABLE case_file (
    tenant         text    NOT NULL,
    complaint_id   uuid    NOT NULL,
    stream_version bigint  NOT NULL DEFAULT 0,
    extended       boolean NOT NULL DEFAULT false,
    CONSTRAINT case_file_pkey PRIMARY KEY (tenant, complaint_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE case_file IS 'One row per complaint (or incident) of which anything was heard. Whoever changes clocks locks it.';
COMMENT ON COLUMN case_file.stream_version IS 'Version of the last event on our topic.';
COMMENT ON COLUMN case_file.extended IS 'Whether more time was ever granted, so that most batches need not ask.';

CREATE TABLE heard (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    topic        text        NOT NULL,
    version      bigint      NOT NULL,
    at           timestamptz NOT NULL,
    event        text        NOT NULL,
    fields       jsonb       NOT NULL,
    CONSTRAINT heard_pkey PRIMARY KEY (tenant, complaint_id, topic, version)
);
COMMENT ON TABLE heard IS 'What clocks are a function of: the events of other services that a rule may name, with the fields that rules may name.';
COMMENT ON COLUMN heard.at IS 'When it happened, by its envelope.';
COMMENT ON COLUMN heard.event IS 'The short name of its type.';

CREATE TABLE clock (
    tenant             text        NOT NULL,
    clock_id           uuid        NOT NULL,
    complaint_id       uuid        NOT NULL,
    definition         text        NOT NULL,
    subject_id         text        NOT NULL,
    state              text        NOT NULL,
    reason             text        NOT NULL,
    started_at         timestamptz NOT NULL,
    due_at             timestamptz,
    warn_at            timestamptz,
    breach_at          timestamptz,
    calendar_id        text        NOT NULL,
    calendar_version   integer     NOT NULL,
    told               jsonb       NOT NULL,
    CONSTRAINT clock_pkey PRIMARY KEY (tenant, clock_id),
    CONSTRAINT clock_state_check CHECK (state IN ('running', 'paused', 'met', 'cancelled', 'breached'))
) WITH (fillfactor = 70);
COMMENT ON TABLE clock IS 'What was told of each clock. The clock itself follows from what was heard.';
COMMENT ON COLUMN clock.reason IS 'Why it is paused or cancelled, as a code; else empty.';
COMMENT ON COLUMN clock.warn_at IS 'The next share that is to be warned of; none if there is none.';
COMMENT ON COLUMN clock.breach_at IS 'When a breach is to be judged; none if it cannot come, or has come.';
COMMENT ON COLUMN clock.told IS 'All that was told, as the rules keep it.';
COMMENT ON COLUMN clock.calendar_version IS 'The version it was computed with; 0 where it counts in no calendar.';

CREATE INDEX clock_case ON clock (tenant, complaint_id);
-- Lists are in this order, those without a due time last.
CREATE INDEX clock_due ON clock (tenant, coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id);
-- What is due, in its order, and nothing else.
CREATE INDEX clock_warn ON clock (warn_at) WHERE warn_at IS NOT NULL;
CREATE INDEX clock_breach ON clock (breach_at) WHERE breach_at IS NOT NULL;
CREATE INDEX clock_breached ON clock (tenant) WHERE state = 'breached';
-- Those that a new version of a calendar touches.
CREATE INDEX clock_calendar ON clock (tenant, calendar_id, calendar_version) WHERE state IN ('running', 'paused');

CREATE TABLE extension (
    tenant        text        NOT NULL,
    extension_id  uuid        NOT NULL,
    complaint_id  uuid        NOT NULL,
    clock_id      uuid        NOT NULL,
    amount        bigint      NOT NULL,
    reason        text        NOT NULL,
    state         text        NOT NULL,
    requested_by  text        NOT NULL,
    requested_at  timestamptz NOT NULL,
    decided_by    text,
    decided_at    timestamptz,
    decision      text,
    old_due_at    timestamptz,
    new_due_at    timestamptz,
    CONSTRAINT extension_pkey PRIMARY KEY (tenant, extension_id),
    CONSTRAINT extension_state_check CHECK (state IN ('requested', 'approved', 'refused')),
    CONSTRAINT extension_amount_check CHECK (amount > 0),
    -- Two people, whatever the code says.
    CONSTRAINT extension_two_people CHECK (decided_by IS NULL OR decided_by <> requested_by)
);
COMMENT ON TABLE extension IS 'More time: who asked, who decided.';
COMMENT ON COLUMN extension.amount IS 'In the unit of the clock.';
COMMENT ON COLUMN extension.decision IS 'Why it was not granted, as a code.';
CREATE INDEX extension_case ON extension (tenant, complaint_id);
CREATE UNIQUE INDEX extension_one_open ON extension (tenant, clock_id) WHERE state = 'requested';

CREATE TABLE escalation_ticket (
    tenant          text        NOT NULL,
    ticket_id       uuid        NOT NULL,
    complaint_id    uuid        NOT NULL,
    clock_id        uuid,
    level           smallint    NOT NULL,
    reason          text        NOT NULL,
    target_role     text        NOT NULL,
    state           text        NOT NULL,
    raised_at       timestamptz NOT NULL,
    not_before      timestamptz NOT NULL,
    acknowledge_by  timestamptz,
    acknowledged_by text,
    acknowledged_at timestamptz,
    next_at         timestamptz,
    call            jsonb       NOT NULL,
    CONSTRAINT escalation_ticket_pkey PRIMARY KEY (tenant, ticket_id),
    CONSTRAINT escalation_ticket_level_check CHECK (level BETWEEN 1 AND 4),
    CONSTRAINT escalation_ticket_state_check CHECK
        (state IN ('waiting', 'raised', 'acknowledged', 'passed_on', 'settled'))
);
COMMENT ON TABLE escalation_ticket IS 'Who is called, why, and who took it up.';
COMMENT ON COLUMN escalation_ticket.not_before IS 'When the call goes out: the next opening of the office of whoever is called, at once if it is urgent.';
COMMENT ON COLUMN escalation_ticket.acknowledge_by IS 'By when it is to be taken up, else the next level is called; none at the highest.';
COMMENT ON COLUMN escalation_ticket.next_at IS 'When it is to be looked at again: to call, or to call the next level; none if never.';
COMMENT ON COLUMN escalation_ticket.call IS 'What calls, for the next level.';
CREATE INDEX escalation_ticket_case ON escalation_ticket (tenant, complaint_id, raised_at);
CREATE INDEX escalation_ticket_next ON escalation_ticket (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE calendar (
    tenant       text        NOT NULL,
    calendar_id  text        NOT NULL,
    version      integer     NOT NULL,
    body         jsonb       NOT NULL,
    published_by text        NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT calendar_pkey PRIMARY KEY (tenant, calendar_id, version),
    CONSTRAINT calendar_version_check CHECK (version > 0)
);
COMMENT ON TABLE calendar IS 'Calendars that a tenant published, every version; those that come with the product have no row.';

CREATE TABLE clock_policy (
    tenant       text        NOT NULL,
    version      integer     NOT NULL,
    body         text        NOT NULL,
    effective_at timestamptz NOT NULL,
    published_by text        NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT clock_policy_pkey PRIMARY KEY (tenant, version),
    CONSTRAINT clock_policy_version_check CHECK (version > 0)
);
COMMENT ON TABLE clock_policy IS 'Declarations of clocks that a tenant published, every version; version 0 comes with the product.';
