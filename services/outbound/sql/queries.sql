-- Named statements of outbound. Each is prepared against the migrated schema by a test.

-- name: campaigns_of_tenant
-- Newest first, going on after a (created_at, campaign_id).
SELECT * FROM campaigns WHERE tenant_id = $1 AND (created_at, campaign_id) < ($2, $3)
ORDER BY created_at DESC, campaign_id DESC LIMIT $4
