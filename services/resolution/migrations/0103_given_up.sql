-- What is stuck can be given up, or settled by hand, without silence about what its executor says later.

ALTER TABLE remedy ADD COLUMN late boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN remedy.late IS 'Whoever carries it out says that it paid after a person had settled it by hand or given it up, and has not taken it back.';

ALTER TABLE remedy_report
    DROP CONSTRAINT remedy_report_what_check,
    ADD CONSTRAINT remedy_report_what_check
        CHECK (what IN ('paid', 'unfit', 'reversed', 'given_up', 'late', 'late_reversed'));
COMMENT ON COLUMN remedy_report.what IS 'paid: it fits the order and counts; unfit: it does not, and a person looks; reversed: taken back; given_up: by a person, the reference is the reason; late: paid after a person had settled it by hand or given it up; late_reversed: that payment was taken back.';

ALTER TABLE remedy_work
    DROP CONSTRAINT remedy_work_errand_check,
    ADD CONSTRAINT remedy_work_errand_check CHECK (errand IN ('execute', 'advance', 'reverse', 'announce', 'watch'));

CREATE VIEW late_payment AS
SELECT tenant, complaint_id, remedy_id, currency, amount_minor, told_at
FROM remedy_report l
WHERE what = 'late' AND NOT EXISTS (
    SELECT FROM remedy_report b
    WHERE (b.tenant, b.complaint_id, b.remedy_id, b.what) = (l.tenant, l.complaint_id, l.remedy_id, 'late_reversed'));
COMMENT ON VIEW late_payment IS 'Money that moved beside the sums: paid after a person had settled the remedy by hand or given it up, and not taken back.';

CREATE OR REPLACE VIEW money_mismatch AS
SELECT l.tenant, l.complaint_id, l.currency, l.ordered_minor, l.executed_minor, l.advanced_minor, l.reversed_minor,
       coalesce(p.paid_minor, 0) AS proved_minor, coalesce(p.reversed_minor, 0) AS proved_reversed_minor,
       coalesce(r.claimed_minor, 0) AS claimed_minor, coalesce(late.payments, 0) AS late_payments
FROM money_line l
     LEFT JOIN (SELECT tenant, complaint_id, currency,
                       coalesce(sum(amount_minor) FILTER (WHERE what = 'paid'), 0)     AS paid_minor,
                       coalesce(sum(amount_minor) FILTER (WHERE what = 'reversed'), 0) AS reversed_minor
                FROM remedy_report WHERE what IN ('paid', 'reversed')
                GROUP BY tenant, complaint_id, currency) p USING (tenant, complaint_id, currency)
     LEFT JOIN (SELECT tenant, complaint_id, currency, sum(amount_minor) AS claimed_minor
                FROM recourse_claim WHERE state <> 'given_up'
                GROUP BY tenant, complaint_id, currency) r USING (tenant, complaint_id, currency)
     -- Whatever its currency: it shows in every line of the case.
     LEFT JOIN (SELECT tenant, complaint_id, count(*) AS payments
                FROM late_payment GROUP BY tenant, complaint_id) late USING (tenant, complaint_id)
WHERE l.ordered_minor <> l.executed_minor + l.advanced_minor + l.failed_minor + l.pending_minor + l.cancelled_minor
      OR l.executed_minor + l.advanced_minor <> coalesce(p.paid_minor, 0)
      OR l.reversed_minor <> coalesce(p.reversed_minor, 0)
      OR coalesce(r.claimed_minor, 0) > l.executed_minor + l.advanced_minor - l.reversed_minor
      OR coalesce(late.payments, 0) > 0;
