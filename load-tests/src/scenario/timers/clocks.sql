-- Shaped like sla's clock: what a timer needs, and about as wide.
CREATE TABLE clock (
    tenant       text        NOT NULL,
    clock_id     uuid        NOT NULL,
    complaint_id uuid        NOT NULL,
    timer_key    bigint      NOT NULL,
    generation   integer     NOT NULL,
    definition   text        NOT NULL,
    state        text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz NOT NULL,
    next_at      timestamptz,
    fired_at     timestamptz,
    PRIMARY KEY (tenant, clock_id)
) WITH (fillfactor = 70);
-- What the index of what is due soon knows a clock by, and what the sweep and a rebuild go by.
CREATE INDEX clock_timer ON clock (timer_key) WHERE next_at IS NOT NULL;
CREATE INDEX clock_next ON clock (next_at) WHERE next_at IS NOT NULL;
