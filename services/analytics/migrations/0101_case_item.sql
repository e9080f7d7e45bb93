-- What investigation, resolution and the clocks tell of a complaint.

ALTER TABLE complaint_fact
    -- Of the lifecycle.
    ADD COLUMN cause text,
    -- Of investigation.
    ADD COLUMN investigation_opened_at timestamptz,
    ADD COLUMN investigation_concluded_at timestamptz;
COMMENT ON COLUMN complaint_fact.cause IS 'Where the cause lay, as a code; NULL while it is open.';
COMMENT ON COLUMN complaint_fact.investigation_opened_at IS 'When an investigation was first opened.';
COMMENT ON COLUMN complaint_fact.investigation_concluded_at IS 'When one was first concluded.';

CREATE TABLE case_item (
    tenant       text NOT NULL,
    complaint_id uuid NOT NULL,
    kind         text NOT NULL,
    item_id      uuid NOT NULL,
    what         text,
    state        text,
    began_at     timestamptz,
    due_at       timestamptz,
    ended_at     timestamptz,
    currency     text,
    amount_minor bigint,
    CONSTRAINT case_item_pkey PRIMARY KEY (tenant, complaint_id, kind, item_id),
    CONSTRAINT case_item_kind_check CHECK (kind IN ('evidence_request', 'remedy', 'appeal', 'clock'))
) WITH (fillfactor = 80);
COMMENT ON TABLE case_item IS 'Requests for evidence, remedies, appeals and clocks of a complaint. All items of a kind are told on one topic.';
COMMENT ON COLUMN case_item.what IS 'The type of a remedy, the definition of a clock.';
COMMENT ON COLUMN case_item.state IS 'Where it stands; NULL while only a deadline is known of it.';
COMMENT ON COLUMN case_item.ended_at IS 'When it came to where it stands.';
COMMENT ON COLUMN case_item.amount_minor IS 'What was ordered, minor units of the currency.';

CREATE OR REPLACE VIEW fact AS
SELECT f.tenant, f.complaint_id, f.received_at, f.acknowledge_by, f.channel, f.complainant_index, f.merchant, f.anchor,
       f.live_room, f.state, f.decided_at, f.result_at, f.ended_at, f.outcome, f.resubmissions,
       coalesce(f.category, f.assessed_category) AS category,
       coalesce(f.severity, f.assessed_severity) AS severity,
       coalesce(f.urgent, f.assessed_urgent) AS urgent,
       f.first_response_at, f.acknowledged_at, f.satisfaction,
       -- Asked and not kept: the complaint before may be registered later.
       EXISTS (SELECT FROM complaint_fact AS before
               WHERE before.tenant = f.tenant
                 AND before.complainant_index = f.complainant_index
                 AND before.received_at >= f.received_at - interval '72 hours'
                 AND (before.received_at, before.complaint_id) < (f.received_at, f.complaint_id)) AS repeated,
       (SELECT m.incident_id
        FROM incident_member AS m LEFT JOIN incident AS i USING (tenant, incident_id)
        WHERE m.tenant = f.tenant AND m.complaint_id = f.complaint_id AND i.state IS DISTINCT FROM 'dissolved'
        ORDER BY m.added_at, m.incident_id LIMIT 1) AS incident_id,
       f.cause, f.investigation_opened_at, f.investigation_concluded_at,
       -- One question per column, so that a number that needs none of them asks none. A case has one currency; of one that
       -- has several nonetheless no amount is told, for they have no sum.
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'evidence_request') AS evidence_requested,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'evidence_request' AND i.state = 'lapsed') AS evidence_lapsed,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy') AS remedies_ordered,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy' AND i.state = 'executed') AS remedies_executed,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy' AND i.state = 'advanced') AS remedies_advanced,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy' AND i.state = 'failed') AS remedies_failed,
       (SELECT CASE WHEN count(DISTINCT i.currency) = 1 THEN min(i.currency) END FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy') AS currency,
       (SELECT CASE WHEN count(DISTINCT i.currency) = 1 THEN coalesce(sum(i.amount_minor), 0) ELSE 0 END::bigint
        FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy') AS amount_ordered,
       (SELECT CASE WHEN count(DISTINCT i.currency) = 1 THEN coalesce(sum(i.amount_minor) FILTER (WHERE i.state = 'executed'), 0) ELSE 0 END::bigint
        FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy') AS amount_executed,
       (SELECT CASE WHEN count(DISTINCT i.currency) = 1 THEN coalesce(sum(i.amount_minor) FILTER (WHERE i.state = 'advanced'), 0) ELSE 0 END::bigint
        FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy') AS amount_advanced,
       (SELECT CASE WHEN count(DISTINCT i.currency) = 1 THEN coalesce(sum(i.amount_minor) FILTER (WHERE i.state = 'failed'), 0) ELSE 0 END::bigint
        FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'remedy') AS amount_failed,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'appeal') AS appeals,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'clock' AND i.what <> 'C05' AND i.state = 'met') AS clocks_met,
       (SELECT count(*)::integer FROM case_item AS i
        WHERE i.tenant = f.tenant AND i.complaint_id = f.complaint_id AND i.kind = 'clock' AND i.what <> 'C05' AND i.state IN ('met', 'met_late', 'breached')) AS clocks_judged
FROM complaint_fact AS f
WHERE f.received_at IS NOT NULL;
