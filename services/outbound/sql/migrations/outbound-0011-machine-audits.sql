-- When somebody said who answered: such words come days later, and the abandonment ledger reads them then.
ALTER TABLE outbound.attempts ADD COLUMN said_at bigint;
CREATE INDEX attempts_said ON outbound.attempts (tenant_id, campaign_id, said_at) WHERE said_at IS NOT NULL;
