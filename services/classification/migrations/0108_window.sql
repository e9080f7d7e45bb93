-- The complaints of a window about one matter: an incident takes them all up when it is noticed, however many there are.
CREATE INDEX complaint_matter_idx ON complaint (tenant, category, sub_category, received_at);
