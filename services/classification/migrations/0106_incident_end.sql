-- Since when a tenant's complaints are counted: without a day of them nobody knows what is ordinary.
CREATE TABLE counted_since (
    tenant text        NOT NULL,
    since  timestamptz NOT NULL,
    CONSTRAINT counted_since_pkey PRIMARY KEY (tenant)
);
COMMENT ON TABLE counted_since IS 'When the earliest complaint of a tenant was received: numbers alone confirm no incident before a day of them is known.';
INSERT INTO counted_since (tenant, since) SELECT tenant, min(received_at) FROM complaint GROUP BY tenant;
