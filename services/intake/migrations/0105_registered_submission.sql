-- The register asks of each complaint that comes again which submission it was registered from. A caller who loops on one
-- key makes thousands of repetitions: they are not to be read to find it.

CREATE UNIQUE INDEX submission_registered_key ON submission (tenant, complaint_id) WHERE disposition = 'registered';
COMMENT ON INDEX submission_registered_key IS 'The one submission that a complaint was registered from.';
