-- What is due and may not begin is not read again and again.

ALTER TABLE remedy_work ADD COLUMN held boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN remedy_work.held IS 'Due, but its case stands where nothing may begin: it is let go when the case moves on, and looked at by a seldom sweep.';

DROP INDEX remedy_work_due_idx;
CREATE INDEX remedy_work_due_idx ON remedy_work (due_at) WHERE NOT held;
CREATE INDEX remedy_work_held_idx ON remedy_work (tenant, complaint_id) WHERE held;
