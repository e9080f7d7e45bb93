-- What is too old to be asked for is removed by age; see relay/upkeep.rs.
CREATE INDEX call_receipt_age ON call_receipt (recorded_at);
CREATE INDEX parked_event_redriven ON parked_event (settled_at) WHERE status = 'redriven';
