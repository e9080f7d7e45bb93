-- By when a remedy is due says its decision, or nobody here: the limits of each type are policies of sla's clock C19.

ALTER TABLE remedy ALTER COLUMN due_at DROP NOT NULL;
COMMENT ON COLUMN remedy.due_at IS 'By when its terms say that it is to be done; none where they leave it to clock C19.';
COMMENT ON COLUMN remedy.unwanted IS 'A later decision has taken it back while it was under way, or after it had failed.';
