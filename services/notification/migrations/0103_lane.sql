-- What waits for a channel that is slow waits apart, so that nobody else's letters stand behind it.
ALTER TABLE delivery ADD COLUMN channel text;
COMMENT ON COLUMN delivery.channel IS 'The channel whose own workers have it in hand; NULL while nobody knows its way, and where its channel is not slow.';
DROP INDEX delivery_party_idx;
CREATE INDEX delivery_party_idx ON delivery (due_at) WHERE webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NULL;
CREATE INDEX delivery_channel_idx ON delivery (channel, due_at) WHERE webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NOT NULL;
