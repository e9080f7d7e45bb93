-- What this service has decided and not yet published. A row is written in the transaction of the change it reports
-- and deleted once Kafka has acknowledged it; the table is empty when all is well.
CREATE TABLE outbox (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bucket            smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL CHECK (aggregate_version > 0),
    topic             text        NOT NULL,
    key               text        NOT NULL,
    headers           json        NOT NULL,
    payload           bytea       NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
) WITH (
    -- Every row dies young: clean up by count, at once, at full speed. The page read stays at 1 ms.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_threshold = -1,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 20000
);
COMMENT ON TABLE outbox IS 'Events decided and not yet published';
COMMENT ON COLUMN outbox.id IS 'Order of publication within a bucket';
COMMENT ON COLUMN outbox.bucket IS 'Hash of the aggregate; one relay at a time publishes a bucket, so the order per aggregate holds';
COMMENT ON COLUMN outbox.aggregate_id IS 'Aggregate that changed';
COMMENT ON COLUMN outbox.aggregate_version IS 'Its version after the change, contiguous per aggregate and topic';
COMMENT ON COLUMN outbox.topic IS 'Topic without the installation''s prefix';
COMMENT ON COLUMN outbox.key IS 'Record key; no personal data';
COMMENT ON COLUMN outbox.headers IS 'Headers as [[name, value], ...]; no personal data';
COMMENT ON COLUMN outbox.payload IS 'Protobuf message; personal fields are sealed';
COMMENT ON COLUMN outbox.created_at IS 'Start of the transaction that decided';

-- Who publishes which bucket, until when.
CREATE TABLE outbox_lease (
    bucket     smallint PRIMARY KEY CHECK (bucket BETWEEN 0 AND 63),
    holder     text,
    expires_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE outbox_lease IS 'Which relay publishes a bucket';
COMMENT ON COLUMN outbox_lease.holder IS 'Name of the relay; NULL when free';
COMMENT ON COLUMN outbox_lease.expires_at IS 'After this the bucket is free, whoever holds it';
INSERT INTO outbox_lease (bucket) SELECT generate_series(0, 63);

-- Which relays live; each takes an equal share of the buckets.
CREATE TABLE outbox_relay (
    holder     text PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    refused    text[]      NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE outbox_relay IS 'Relays that live';
COMMENT ON COLUMN outbox_relay.holder IS 'Name of the relay: of its process';
COMMENT ON COLUMN outbox_relay.expires_at IS 'After this it counts as gone';
COMMENT ON COLUMN outbox_relay.refused IS 'Topics that Kafka does not take from it: their events wait, all others go on';
