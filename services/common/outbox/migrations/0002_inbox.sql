-- The one guard against everything that arrives twice or in disorder.
CREATE TABLE inbox (
    stream       text   NOT NULL,
    aggregate_id uuid   NOT NULL,
    last_version bigint NOT NULL CHECK (last_version > 0),
    swapped_from bigint NOT NULL,
    PRIMARY KEY (stream, aggregate_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE inbox IS 'The last version applied, per aggregate and source topic';
COMMENT ON COLUMN inbox.stream IS 'Source topic without the installation''s prefix';
COMMENT ON COLUMN inbox.aggregate_id IS 'Aggregate; for topics guarded by event id, the event''s id';
COMMENT ON COLUMN inbox.last_version IS 'Version up to which everything has been applied';
COMMENT ON COLUMN inbox.swapped_from IS 'The version the last write expected; a row is written only from exactly that version';

-- Where reading goes on. Moved in the transaction that applies what was read.
CREATE TABLE progress (
    topic           text        NOT NULL,
    partition       integer     NOT NULL CHECK (partition >= 0),
    next_offset     bigint      NOT NULL CHECK (next_offset >= 0),
    applied_through timestamptz,
    witness_offset  bigint,
    witness         bytea,
    adopts          boolean     NOT NULL,
    partitions      integer,
    replays         integer     NOT NULL DEFAULT 0,
    incarnation     integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE progress IS 'How far each partition has been applied';
COMMENT ON COLUMN progress.topic IS 'Topic without the installation''s prefix';
COMMENT ON COLUMN progress.next_offset IS 'First offset not yet applied';
COMMENT ON COLUMN progress.applied_through IS
    'What was recorded up to this time and came into the log within 15 s has been applied or parked; NULL before the first record or end was seen. Limits: what a writer holds back for longer (its relay or broker away) is not known here, and clocks of hosts may differ within the 15 s only';
COMMENT ON COLUMN progress.witness_offset IS 'Offset of the last record read';
COMMENT ON COLUMN progress.witness IS 'Fingerprint of that record: another one at its offset means another log';
COMMENT ON COLUMN progress.adopts IS 'The log''s beginning was gone when reading began: the first version seen of an unknown aggregate is its base';
COMMENT ON COLUMN progress.partitions IS 'Partitions of the topic when this one was last given to a consumer: all must have a row before the topic counts as applied';
COMMENT ON COLUMN progress.replays IS 'How often the position was set back on purpose; tells a replay from a restored database';
COMMENT ON COLUMN progress.incarnation IS 'How often the log was found to have been made anew';
