-- Money and deeds that were ordered, and the registry of rules. Nothing here is personal: references are the platform's own.

CREATE TABLE remedy (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    remedy_id    uuid        NOT NULL,
    source_id    uuid        NOT NULL,
    ordinal      bigint      NOT NULL,
    terms        jsonb       NOT NULL,
    currency     text,
    amount_minor bigint,
    order_no     text        NOT NULL,
    ordered_by   text        NOT NULL,
    ordered_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    state        text        NOT NULL,
    purse        text        NOT NULL DEFAULT 'payer',
    advances     integer     NOT NULL DEFAULT 0,
    overdue      boolean     NOT NULL DEFAULT false,
    attempts     integer     NOT NULL DEFAULT 0,
    unwanted     boolean     NOT NULL DEFAULT false,
    reason       text        NOT NULL DEFAULT '',
    changed_at   timestamptz NOT NULL,
    proof        jsonb,
    CONSTRAINT remedy_pkey PRIMARY KEY (tenant, complaint_id, remedy_id),
    CONSTRAINT remedy_state_check CHECK (state IN
        ('ordered', 'dispatched', 'confirmed', 'failed', 'advanced_by_platform', 'parked', 'reversed', 'cancelled')),
    CONSTRAINT remedy_purse_check CHECK (purse IN ('payer', 'platform')),
    CONSTRAINT remedy_money_check CHECK ((currency IS NULL) = (amount_minor IS NULL)),
    CONSTRAINT remedy_amount_check CHECK (amount_minor > 0),
    CONSTRAINT remedy_proof_check CHECK (proof IS NOT NULL OR state NOT IN ('confirmed', 'advanced_by_platform', 'reversed'))
) WITH (fillfactor = 70);
COMMENT ON TABLE remedy IS 'What was ordered in a case, and where it stands. What was ordered never changes.';
COMMENT ON COLUMN remedy.remedy_id IS 'UUIDv8 from what ordered it and its place there: ordering again finds its row. Also the key towards whoever pays.';
COMMENT ON COLUMN remedy.purse IS 'Out of whose purse it is or was paid; platform: it paid first, in the payer''s place.';
COMMENT ON COLUMN remedy.advances IS 'How often the platform began to pay first; each time has a key of its own.';
COMMENT ON COLUMN remedy.unwanted IS 'An appeal has taken it back while it was under way.';

CREATE FUNCTION refuse_change_of_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was ordered does not change' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER remedy_order_fixed
    BEFORE UPDATE OF tenant, complaint_id, remedy_id, source_id, ordinal, terms, currency, amount_minor, ordered_by, ordered_at
    ON remedy FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_order();
CREATE TRIGGER remedy_kept BEFORE DELETE OR TRUNCATE ON remedy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_order();

CREATE TABLE remedy_report (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    remedy_id    uuid        NOT NULL,
    report_id    bigint      GENERATED ALWAYS AS IDENTITY,
    what         text        NOT NULL,
    told_by      text        NOT NULL,
    reference    text        NOT NULL,
    executed_at  timestamptz,
    currency     text,
    amount_minor bigint,
    sha256       text        NOT NULL,
    told_at      timestamptz NOT NULL,
    CONSTRAINT remedy_report_pkey PRIMARY KEY (tenant, complaint_id, remedy_id, report_id),
    CONSTRAINT remedy_report_what_check CHECK (what IN ('paid', 'unfit', 'reversed'))
);
COMMENT ON TABLE remedy_report IS 'What was told of money and deeds, as it was told. Append only: it is the proof.';
COMMENT ON COLUMN remedy_report.what IS 'paid: it fits the order and counts; unfit: it does not, and a person looks; reversed: taken back.';
-- Money is paid once and taken back once, whatever the code says.
CREATE UNIQUE INDEX remedy_report_once ON remedy_report (tenant, complaint_id, remedy_id, what) WHERE what <> 'unfit';
REVOKE UPDATE, DELETE, TRUNCATE ON remedy_report FROM PUBLIC, CURRENT_USER;
CREATE TRIGGER remedy_report_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON remedy_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE remedy_work (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    remedy_id    uuid        NOT NULL,
    errand       text        NOT NULL,
    due_at       timestamptz NOT NULL,
    lease        uuid,
    tries        integer     NOT NULL DEFAULT 0,
    failures     integer     NOT NULL DEFAULT 0,
    CONSTRAINT remedy_work_pkey PRIMARY KEY (tenant, complaint_id, remedy_id, errand),
    CONSTRAINT remedy_work_errand_check CHECK (errand IN ('execute', 'advance', 'reverse', 'announce'))
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE remedy_work IS 'What is still to be done about remedies; a row goes when it is over. Claiming a row puts its due time off to the end of the lease.';
COMMENT ON COLUMN remedy_work.lease IS 'Names the claim in whose hand it is or was last; a worker that lost its lease finds another name and writes nothing.';
COMMENT ON COLUMN remedy_work.tries IS 'Claims so far: from the second on, whoever pays is asked first what became of it.';
COMMENT ON COLUMN remedy_work.failures IS 'Tries that left the outcome open.';
CREATE INDEX remedy_work_due_idx ON remedy_work (due_at);

CREATE TABLE recourse_claim (
    tenant       text        NOT NULL,
    complaint_id uuid        NOT NULL,
    recourse_id  uuid        NOT NULL,
    remedy_id    uuid        NOT NULL,
    debtor       jsonb       NOT NULL,
    currency     text        NOT NULL,
    amount_minor bigint      NOT NULL,
    state        text        NOT NULL,
    claimed_by   text        NOT NULL,
    claimed_at   timestamptz NOT NULL,
    CONSTRAINT recourse_claim_pkey PRIMARY KEY (tenant, complaint_id, recourse_id),
    CONSTRAINT recourse_claim_amount_check CHECK (amount_minor > 0),
    CONSTRAINT recourse_claim_state_check CHECK (state IN ('claimed', 'settled', 'given_up')),
    CONSTRAINT recourse_claim_remedy_fkey FOREIGN KEY (tenant, complaint_id, remedy_id)
        REFERENCES remedy (tenant, complaint_id, remedy_id)
);
COMMENT ON TABLE recourse_claim IS 'What the platform claims back of what it paid first (L43).';

CREATE TABLE rule_version (
    tenant        text        NOT NULL,
    rule_id       text        NOT NULL,
    version       integer     NOT NULL,
    title         text        NOT NULL,
    text          text        NOT NULL,
    published_at  timestamptz NOT NULL,
    effective_at  timestamptz NOT NULL,
    large_change  boolean     NOT NULL,
    law           boolean     NOT NULL,
    sha256        text        NOT NULL,
    published_by  text        NOT NULL,
    registered_at timestamptz NOT NULL,
    CONSTRAINT rule_version_pkey PRIMARY KEY (tenant, rule_id, version),
    CONSTRAINT rule_version_number_check CHECK (version >= 1),
    CONSTRAINT rule_version_notice_check CHECK
        (law OR effective_at >= published_at + CASE WHEN large_change THEN interval '360 hours' ELSE interval '168 hours' END)
);
COMMENT ON TABLE rule_version IS 'The tenant''s rules, all versions for ever (L22, L24). Append only.';
REVOKE UPDATE, DELETE, TRUNCATE ON rule_version FROM PUBLIC, CURRENT_USER;
CREATE TRIGGER rule_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW money_line AS
SELECT tenant, complaint_id, currency,
       sum(amount_minor)                                                                          AS ordered_minor,
       coalesce(sum(amount_minor) FILTER
           (WHERE state IN ('confirmed', 'reversed') AND purse = 'payer'), 0)                      AS executed_minor,
       coalesce(sum(amount_minor) FILTER
           (WHERE state IN ('advanced_by_platform', 'confirmed', 'reversed') AND purse = 'platform'), 0) AS advanced_minor,
       coalesce(sum(amount_minor) FILTER (WHERE state = 'failed'), 0)                              AS failed_minor,
       coalesce(sum(amount_minor) FILTER (WHERE state IN ('ordered', 'dispatched', 'parked')), 0)  AS pending_minor,
       coalesce(sum(amount_minor) FILTER (WHERE state = 'cancelled'), 0)                           AS cancelled_minor,
       coalesce(sum(amount_minor) FILTER (WHERE state = 'reversed'), 0)                            AS reversed_minor
FROM remedy WHERE currency IS NOT NULL
GROUP BY tenant, complaint_id, currency;
COMMENT ON VIEW money_line IS 'The money of a case per currency (I12).';

CREATE VIEW money_mismatch AS
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
                FROM recourse_claim GROUP BY tenant, complaint_id, currency) r USING (tenant, complaint_id, currency)
WHERE l.ordered_minor <> l.executed_minor + l.advanced_minor + l.failed_minor + l.pending_minor + l.cancelled_minor
      OR l.executed_minor + l.advanced_minor <> coalesce(p.paid_minor, 0)
      OR l.reversed_minor <> coalesce(p.reversed_minor, 0)
      OR coalesce(r.claimed_minor, 0) > l.executed_minor + l.advanced_minor;
COMMENT ON VIEW money_mismatch IS 'Cases whose money does not add up, or is not covered by proofs. Empty, always.';
