-- A decision on the appeal of a major case waits for a second person: the appeal is open as long.

DROP INDEX case_record_one_appeal;
CREATE UNIQUE INDEX case_record_one_appeal ON case_record (tenant, complaint_id)
    WHERE kind = 'appeal' AND state IN ('filed', 'under_review', 'awaiting_second');
