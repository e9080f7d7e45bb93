-- Windows that pass unused, clocks of which word is owed, and the policy that a clock runs under.

ALTER TABLE clock DROP CONSTRAINT clock_state_check;
ALTER TABLE clock ADD CONSTRAINT clock_state_check
    CHECK (state IN ('running', 'paused', 'met', 'cancelled', 'breached', 'lapsed'));

ALTER TABLE clock
    ADD COLUMN policy_version integer NOT NULL DEFAULT 0,
    ADD COLUMN notice_owed_at timestamptz;
UPDATE clock SET policy_version = coalesce((told ->> 'policy_version')::integer, 0);
COMMENT ON COLUMN clock.policy_version IS 'The version of the policy that it runs under.';
COMMENT ON COLUMN clock.notice_owed_at IS 'Since when the parties are owed word that it takes longer; none if they are not, or were told.';
COMMENT ON COLUMN clock.breach_at IS 'When a breach is to be judged, also of a clock that became needless when it had been missed; none if it cannot come, or has come.';

-- Those that a policy moves which is published for running clocks too.
CREATE INDEX clock_policy_version ON clock (tenant, policy_version) WHERE state IN ('running', 'paused');
CREATE INDEX clock_notice_owed ON clock (tenant, notice_owed_at, clock_id) WHERE notice_owed_at IS NOT NULL;

-- Tickets that somebody may still take up: looked at again whenever something is heard of their case.
CREATE INDEX escalation_ticket_open ON escalation_ticket (tenant, complaint_id) WHERE state IN ('waiting', 'raised');

ALTER TABLE clock_policy ADD COLUMN move_running boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN clock_policy.move_running IS 'Whether clocks that run when it takes effect move to it too.';
