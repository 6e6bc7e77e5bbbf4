-- By what the past is forgotten (handlers/retention.py): one tenant's, oldest first.
CREATE INDEX attempts_by_end ON outbound.attempts (tenant_id, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX ledger_of_no_campaign ON outbound.ledger (tenant_id, at) WHERE campaign_id = '';
CREATE INDEX authorisations_by_time ON outbound.authorisations (tenant_id, asked_at);
