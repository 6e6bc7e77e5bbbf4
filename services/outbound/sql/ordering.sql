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

-- name: keep_answer_table
INSERT INTO answer_tables (tenant_id, campaign_id, chances, made_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, campaign_id) DO UPDATE SET (chances, made_at) = (excluded.chances, excluded.made_at)

-- name: answer_table
SELECT chances FROM answer_tables WHERE tenant_id = $1 AND campaign_id = $2

-- name: waiting_before
-- How many waiting records come before one ($3 turn, $4 priority, $5 score, $6 record), counted no further than $7: by the hopper's
-- index, a range of it for each language and each way to be earlier.
SELECT count(*) FROM (
    SELECT 1 FROM outbound.waiting_languages($1, $2) s CROSS JOIN LATERAL (
        (SELECT 1 FROM records r WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.state = 'waiting'
            AND coalesce(r.language, '') = s.language AND r.turn < $3 LIMIT $7)
        UNION ALL
        (SELECT 1 FROM records r WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.state = 'waiting'
            AND coalesce(r.language, '') = s.language AND r.turn = $3 AND r.priority > $4 LIMIT $7)
        UNION ALL
        (SELECT 1 FROM records r WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.state = 'waiting'
            AND coalesce(r.language, '') = s.language AND r.turn = $3 AND r.priority = $4 AND r.score > $5 LIMIT $7)
        UNION ALL
        (SELECT 1 FROM records r WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.state = 'waiting'
            AND coalesce(r.language, '') = s.language AND r.turn = $3 AND r.priority = $4 AND r.score = $5 AND r.record_id < $6
          LIMIT $7)) earlier
     LIMIT $7) counted

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
-- A piece of a class: worth by value, by success, and by how its chance compares ($5); what is near enough stays, for every change writes an index.
UPDATE records r SET score = greatest(r.value, 1) * r.success * $5::float8
  FROM (SELECT record_id FROM records
         WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'waiting' AND attempts = $4
           AND coalesce(numbers -> number_index -> 'zones' ->> 0, address_zone) IS NOT DISTINCT FROM $3
           AND abs(score - greatest(value, 1) * success * $5::float8) > 0.05 * greatest(value, 1) * success * $5::float8
         LIMIT $6 FOR UPDATE SKIP LOCKED) piece
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = piece.record_id

-- name: endings
-- Conversations whose agent said how they ended, newest first, with what was known of the record.
SELECT a.closed_at, a.disposition = ANY($3) AS succeeded, a.n AS dial, r.payload -> 'fields' AS fields, r.language, r.region,
       r.list_id
  FROM attempts a JOIN records r USING (tenant_id, campaign_id, record_id)
 WHERE a.tenant_id = $1 AND a.campaign_id = $2 AND a.closed_at IS NOT NULL AND a.outcome = 'answered_person'
   AND a.disposition IS NOT NULL
 ORDER BY a.closed_at DESC LIMIT $4

-- name: records_to_judge
-- A piece of what may still be dialled, in order of ids.
SELECT record_id, attempts + 1 AS dial, payload -> 'fields' AS fields, language, region, list_id, success FROM records
 WHERE tenant_id = $1 AND campaign_id = $2 AND record_id > $3 AND state IN ('waiting', 'resting') ORDER BY record_id LIMIT $4

-- name: set_success
UPDATE records r SET success = n.success FROM unnest($3::text[], $4::real[]) AS n (record_id, success)
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = n.record_id

-- name: forget_success
-- The replay shows no gain (any more): everybody is alike.
UPDATE records SET success = 1 WHERE tenant_id = $1 AND campaign_id = $2 AND success <> 1

-- name: list_sizes
SELECT list_id, count(*) AS records FROM records WHERE tenant_id = $1 AND campaign_id = $2 GROUP BY list_id

-- name: next_due
-- When the first record that rests is looked at again, by the index records_resting.
SELECT min(not_before) FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'resting'
