-- How claims of the platform end.

ALTER TABLE recourse_claim
    ADD COLUMN reference  text NOT NULL DEFAULT '',
    ADD COLUMN reason     text NOT NULL DEFAULT '',
    ADD COLUMN settled_by text NOT NULL DEFAULT '',
    ADD COLUMN settled_at timestamptz,
    ADD CONSTRAINT recourse_claim_settled_check CHECK ((state = 'claimed') = (settled_at IS NULL)),
    ADD CONSTRAINT recourse_claim_four_eyes_check CHECK (settled_by <> claimed_by);
COMMENT ON COLUMN recourse_claim.reference IS 'The platform''s own reference of the payment it got; empty unless it was paid.';
COMMENT ON COLUMN recourse_claim.reason IS 'Why it was given up, as a code; empty otherwise.';
COMMENT ON COLUMN recourse_claim.settled_by IS 'Who said that it is over: somebody else than who made it, or the service.';

-- What was given up is claimed from nobody, and nobody owes what the platform has taken back.
CREATE OR REPLACE VIEW money_mismatch AS
SELECT l.tenant, l.complaint_id, l.currency, l.ordered_minor, l.executed_minor, l.advanced_minor, l.reversed_minor,
       coalesce(p.paid_minor, 0) AS proved_minor, coalesce(p.reversed_minor, 0) AS proved_reversed_minor,
       coalesce(r.claimed_minor, 0) AS claimed_minor
FROM money_line l
     LEFT JOIN (SELECT tenant, complaint_id, currency,
                       coalesce(sum(amount_minor) FILTER (WHERE what = 'paid'), 0)     AS paid_minor,
                       coalesce(sum(amount_minor) FILTER (WHERE what = 'reversed'), 0) AS reversed_minor
                FROM remedy_report WHERE what <> 'unfit'
                GROUP BY tenant, complaint_id, currency) p USING (tenant, complaint_id, currency)
     LEFT JOIN (SELECT tenant, complaint_id, currency, sum(amount_minor) AS claimed_minor
                FROM recourse_claim WHERE state <> 'given_up'
                GROUP BY tenant, complaint_id, currency) r USING (tenant, complaint_id, currency)
WHERE l.ordered_minor <> l.executed_minor + l.advanced_minor + l.failed_minor + l.pending_minor + l.cancelled_minor
      OR l.executed_minor + l.advanced_minor <> coalesce(p.paid_minor, 0)
      OR l.reversed_minor <> coalesce(p.reversed_minor, 0)
      OR coalesce(r.claimed_minor, 0) > l.executed_minor + l.advanced_minor - l.reversed_minor;
