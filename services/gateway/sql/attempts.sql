-- name: keep_attempt
-- What was asked for; nothing comes back where it was before.
INSERT INTO attempts (tenant_id, attempt_id, gateway_id, contact_id, subject, wanted, number, display_name, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING attempt_id

-- name: attempt
-- One attempt, and whether it was begun; nobody else changes it meanwhile.
SELECT a.tenant_id, a.contact_id, a.subject, a.wanted, a.number, a.display_name, d.begun_at, a.answered_at, a.connected_at,
    a.connected_by, a.withdrawn, a.ended
FROM attempts a LEFT JOIN dials d USING (attempt_id, tenant_id)
WHERE a.tenant_id = $1 AND a.attempt_id = $2 FOR UPDATE OF a

-- name: attempts_of_contacts
-- Attempts under way that these contacts are of.
SELECT a.tenant_id, a.contact_id, a.subject, a.wanted, a.number, a.display_name, d.begun_at, a.answered_at, a.connected_at,
    a.connected_by, a.withdrawn, a.ended
FROM attempts a LEFT JOIN dials d USING (attempt_id, tenant_id)
WHERE a.contact_id = ANY($1::text[]) AND a.ended IS NULL FOR UPDATE OF a

-- name: attempts_under_way
-- Calls a gateway has begun to place, the customer first, that have no outcome yet.
SELECT a.tenant_id, a.contact_id, a.subject, a.wanted, a.number, a.display_name, d.begun_at, a.answered_at, a.connected_at,
    a.connected_by, a.withdrawn, a.ended
FROM attempts a JOIN dials d USING (attempt_id, tenant_id)
WHERE a.gateway_id = $1 AND a.ended IS NULL AND a.wanted ->> 'first' = 'customer' ORDER BY a.asked_at

-- name: withdraw_attempt
-- It must not be dialled any more; a first reason stays.
UPDATE attempts SET withdrawn = coalesce(withdrawn, $3) WHERE tenant_id = $1 AND attempt_id = $2 AND ended IS NULL

-- name: attempt_answered
-- Somebody took the call. Comes back: whether they were connected before that was said.
UPDATE attempts SET answered_at = coalesce(answered_at, $3) WHERE tenant_id = $1 AND attempt_id = $2
RETURNING connected_at, connected_by

-- name: attempt_connected
-- An agent, or a dialogue, has the customer. Comes back: since when somebody has taken the call, as far as that was said.
UPDATE attempts SET connected_at = coalesce(connected_at, $3), connected_by = $4
WHERE tenant_id = $1 AND attempt_id = $2 RETURNING answered_at

-- name: end_attempt
-- The one outcome, whereupon the person is forgotten; nothing comes back where there is one.
UPDATE attempts SET ended = $3, number = NULL, display_name = NULL
WHERE tenant_id = $1 AND attempt_id = $2 AND ended IS NULL RETURNING attempt_id

-- name: forget_attempts
-- The $2 longest gone ones of each tenant that ended and were asked for before $1, and what was begun before then and is an open
-- attempt of nobody. Asked for again, they are stale and are not dialled.
WITH ended AS (
    DELETE FROM attempts WHERE (attempt_id, tenant_id) IN (
        SELECT a.attempt_id, a.tenant_id FROM (SELECT DISTINCT tenant_id FROM gateways) t
         CROSS JOIN LATERAL (SELECT attempt_id, tenant_id FROM attempts
                              WHERE tenant_id = t.tenant_id AND asked_at < $1 AND ended IS NOT NULL ORDER BY asked_at LIMIT $2) a)
    RETURNING 1),
begun AS (
    DELETE FROM dials WHERE (attempt_id, tenant_id) IN (
        SELECT d.attempt_id, d.tenant_id FROM (SELECT DISTINCT tenant_id FROM gateways) t
         CROSS JOIN LATERAL (SELECT attempt_id, tenant_id FROM dials d
                              WHERE tenant_id = t.tenant_id AND begun_at < $1
                                AND NOT EXISTS (SELECT FROM attempts a
                                                 WHERE a.attempt_id = d.attempt_id AND a.tenant_id = d.tenant_id AND a.ended IS NULL)
                              ORDER BY begun_at LIMIT $2) d)
    RETURNING 1)
SELECT greatest((SELECT count(*) FROM ended), (SELECT count(*) FROM begun))
