-- A parked record holds back what is judged of its own aggregate, and of nothing else.
CREATE INDEX parked_event_of ON parked_event (aggregate_id) WHERE status = 'parked';

-- Whether something of an aggregate waits on one of the topics. By what the inbox knows it as; and by the record's key,
-- where the envelope could not be read, in every tenant if not even the tenant could be. What names neither is nobody's.
CREATE FUNCTION is_held_back(topics text[], of_tenant text, aggregate uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT 1 FROM parked_event
                   WHERE status = 'parked' AND aggregate_id = aggregate
                     AND topic = ANY (topics) AND coalesce(tenant, of_tenant) = of_tenant)
        OR EXISTS (SELECT 1 FROM parked_event
                   WHERE status = 'parked' AND topic = ANY (topics)
                     AND key = convert_to(aggregate::text, 'UTF8') AND coalesce(tenant, of_tenant) = of_tenant)
$$;
COMMENT ON FUNCTION is_held_back IS 'Whether a parked record of the aggregate waits on one of the topics';
COMMENT ON COLUMN parked_event.event_at IS
    'When the event was recorded: by its writer''s word, but not later than in the log; what is counted for its tenant stays before it';
