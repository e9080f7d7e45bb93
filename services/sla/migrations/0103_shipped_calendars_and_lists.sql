-- Calendars that come with the product are rows too; and lists find what they show without going through the rest.

COMMENT ON TABLE calendar IS 'Calendars, every version: those that a tenant published and, under the empty tenant, those that come with the product.';

-- Lists are in this order, those without a due time last; a question for several states takes the first rows of each.
CREATE INDEX clock_listed ON clock
    (tenant, state, coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id);
CREATE INDEX clock_listed_of ON clock
    (tenant, definition, state, coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id);
DROP INDEX clock_due;
DROP INDEX clock_notice_owed;
CREATE INDEX clock_notice_owed ON clock
    (tenant, state, coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id)
    WHERE notice_owed_at IS NOT NULL;
