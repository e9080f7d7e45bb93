-- Letters of all tenants take turns: who has many waiting holds up nobody else's. Both lanes are claimed tenant by tenant.
CREATE INDEX delivery_party_tenant_idx ON delivery (tenant, due_at)
    WHERE webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NULL;
DROP INDEX delivery_party_idx;
CREATE INDEX delivery_channel_tenant_idx ON delivery (channel, tenant, due_at)
    WHERE webhook_id = '00000000-0000-0000-0000-000000000000' AND channel IS NOT NULL;
DROP INDEX delivery_channel_idx;
