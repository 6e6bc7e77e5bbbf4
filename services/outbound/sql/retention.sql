-- Statements of forgetting. Refusals are never forgotten.

-- name: chosen_rulesets
-- What any campaign of a tenant, or its operator, names: an attempt was authorised by some of them.
SELECT DISTINCT unnest(rulesets) AS name FROM campaigns WHERE tenant_id = $1
UNION SELECT unnest(rulesets) FROM operators WHERE tenant_id = $1

-- name: forget_attempts
-- The $3 longest closed before $2, with their rows of the ledger and all that hangs on them. One that is open or unknown has no end
-- and stays; one whose own rules asked for more days than $4 (it was dialled by a ruleset nobody names any more) stays as well.
WITH gone AS (
    DELETE FROM attempts WHERE (tenant_id, attempt_id) IN (
        SELECT tenant_id, attempt_id FROM attempts
         WHERE tenant_id = $1 AND closed_at < $2 AND coalesce((authorisation ->> 'keep_days')::int, 0) <= $4
         ORDER BY closed_at LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING tenant_id, attempt_id),
entries AS (DELETE FROM ledger l USING gone g WHERE l.tenant_id = g.tenant_id AND l.attempt_id = g.attempt_id),
answers AS (DELETE FROM authorisations a USING gone g WHERE a.tenant_id = g.tenant_id AND a.attempt_id = g.attempt_id),
rung_back AS (DELETE FROM ring_backs r USING gone g WHERE r.tenant_id = g.tenant_id AND r.attempt_id = g.attempt_id)
SELECT count(*) FROM gone

-- name: forget_entries
-- Calls no campaign asked for: they stand in the ledger alone.
WITH gone AS (
    DELETE FROM ledger WHERE (tenant_id, attempt_id) IN (
        SELECT tenant_id, attempt_id FROM ledger WHERE tenant_id = $1 AND campaign_id = '' AND at < $2 ORDER BY at LIMIT $3)
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_answers
-- What gateways were answered about attempts that are not, or no longer, ours.
WITH gone AS (
    DELETE FROM authorisations WHERE (tenant_id, attempt_id) IN (
        SELECT q.tenant_id, q.attempt_id FROM authorisations q
         WHERE q.tenant_id = $1 AND q.asked_at < $2
           AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.tenant_id = q.tenant_id AND a.attempt_id = q.attempt_id)
         ORDER BY q.asked_at LIMIT $3)
    RETURNING 1)
SELECT count(*) FROM gone
