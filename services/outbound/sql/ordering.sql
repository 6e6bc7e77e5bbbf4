-- Named statements of the order records are dialled in: what is learned of answering, and the scores made of it.

-- name: count_answer
-- One dial more of a cell, in the transaction that closes its attempt.
INSERT INTO answer_counts AS c (tenant_id, campaign_id, day, hour, attempt, missed, dialled, answered)
VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
ON CONFLICT (tenant_id, campaign_id, day, hour, attempt, missed)
DO UPDATE SET dialled = c.dialled + 1, answered = c.answered + excluded.answered

-- name: answer_counts
SELECT day, hour, attempt, missed, dialled, answered FROM answer_counts
 WHERE tenant_id = $1 AND campaign_id = $2 AND day >= $3 ORDER BY day, hour, attempt, missed

-- name: tries_in_vain
-- When a record was dialled before and nobody answered.
SELECT placed_at FROM attempts
 WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3 AND n < $4 AND placed_at IS NOT NULL
   AND outcome IN ('no_answer', 'machine', 'busy')

-- name: campaigns_to_rank
SELECT tenant_id, campaign_id FROM campaigns WHERE state = 'running' ORDER BY tenant_id, campaign_id

-- name: rank_alone
-- Of several instances one ranks a campaign at a time; the others pass on.
SELECT pg_try_advisory_xact_lock(hashtextextended('ranking' || chr(31) || $1 || chr(31) || $2, 0))

-- name: waiting_classes
-- Records alike in what decides the chance of an answer this hour: where they are, and the how-manieth dial it would be.
SELECT coalesce(numbers -> number_index -> 'zones' ->> 0, address_zone) AS zone, attempts, count(*) AS records FROM records
 WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'waiting' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2

-- name: rescore
-- A piece of a class: worth by value and by how its chance compares ($5); what is near enough stays, for every change writes an index.
UPDATE records r SET score = greatest(r.value, 1) * $5::float8
  FROM (SELECT record_id FROM records
         WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'waiting' AND attempts = $4
           AND coalesce(numbers -> number_index -> 'zones' ->> 0, address_zone) IS NOT DISTINCT FROM $3
           AND abs(score - greatest(value, 1) * $5::float8) > 0.05 * greatest(value, 1) * $5::float8
         LIMIT $6 FOR UPDATE SKIP LOCKED) piece
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = piece.record_id
