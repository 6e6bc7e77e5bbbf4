-- Statements of the router, one intent each; `$1` is the partition unless a statement says otherwise.

-- name: ensure_partitions
-- The rows of partitions 0 … $1 - 1 exist.
INSERT INTO partitions (partition) SELECT generate_series(0, $1::int - 1) ON CONFLICT DO NOTHING

-- name: keep_alive
-- $1 is alive for another $2 seconds.
INSERT INTO instances (instance_id, alive_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2::float8))
ON CONFLICT (instance_id) DO UPDATE SET alive_until = excluded.alive_until

-- name: retire
-- $1 takes no share any more; the long dead are swept along.
DELETE FROM instances WHERE instance_id = $1 OR alive_until < clock_timestamp() - interval '1 hour'

-- name: shares
-- Partitions with their owner and whether the lease has run out.
SELECT partition, owner, lease_until < clock_timestamp() AS free FROM partitions ORDER BY partition

-- name: living
-- Instances that are alive.
SELECT instance_id FROM instances WHERE alive_until > clock_timestamp() ORDER BY instance_id

-- name: claim
-- Take a partition whose lease has run out (or that is one's own) under a new epoch, for $3 seconds. The update waits for
-- an append in flight and then sees what it committed, so the journal is read only after the old epoch is fenced.
WITH taken AS (
    UPDATE partitions SET owner = $2, epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $3::float8)
    WHERE partition = $1 AND (lease_until < clock_timestamp() OR owner = $2)
    RETURNING partition, epoch, cluster_id, next_offset, next_position, next_sequence, published_sequence, last_now
), noted AS (
    INSERT INTO claims (partition, epoch, owner, position) SELECT partition, epoch, $2, next_position FROM taken
)
SELECT epoch, cluster_id, next_offset, next_position, next_sequence, published_sequence, last_now FROM taken

-- name: append
-- One batch, one statement, one transaction: prolong the lease and move the offset if the epoch ($2) is still ours, then
-- the inputs with their decisions, which contacts they speak of, and (where given) the hash of the state after them.
WITH owned AS (
    UPDATE partitions SET
        lease_until = clock_timestamp() + make_interval(secs => $3::float8),
        cluster_id = $4, next_offset = $5, next_position = $6, next_sequence = $7,
        published_sequence = greatest(published_sequence, $8), last_now = $9
    WHERE partition = $1 AND epoch = $2
    RETURNING partition, epoch
), written AS (
    INSERT INTO journal (partition, position, epoch, now, tenant_id, pool_id, event_id,
                         first_sequence, decision_count, input, decisions)
    SELECT owned.partition, r.position, owned.epoch, r.now, r.tenant_id, r.pool_id, r.event_id,
           r.first_sequence, r.decision_count, r.input::json, r.decisions::json
    FROM owned, unnest($10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::int[],
                       $17::text[], $18::text[])
         AS r(position, now, tenant_id, pool_id, event_id, first_sequence, decision_count, input, decisions)
), contacts AS (
    INSERT INTO journal_contacts (tenant_id, contact_id, partition, position)
    SELECT c.tenant_id, c.contact_id, owned.partition, c.position
    FROM owned, unnest($19::text[], $20::text[], $21::bigint[]) AS c(tenant_id, contact_id, position)
), hashed AS (
    INSERT INTO state_hashes (partition, position, epoch, hash)
    SELECT owned.partition, $6 - 1, owned.epoch, $22::text FROM owned WHERE $22::text IS NOT NULL
    ON CONFLICT (partition, position) DO NOTHING
)
SELECT epoch FROM owned

-- name: renew
-- Prolong the lease of epoch $2 by $3 seconds and write down how far publishing came ($4).
UPDATE partitions SET lease_until = clock_timestamp() + make_interval(secs => $3::float8),
                      published_sequence = greatest(published_sequence, $4)
WHERE partition = $1 AND epoch = $2 RETURNING epoch

-- name: release
-- Give the partition back: whoever has the smaller share may claim it at once.
UPDATE partitions SET owner = NULL, lease_until = '-infinity', published_sequence = greatest(published_sequence, $3)
WHERE partition = $1 AND epoch = $2 RETURNING epoch

-- name: rows_after
-- Journal rows following position $2, not beyond $3, at most $4.
SELECT position, epoch, now, tenant_id, pool_id, first_sequence, decision_count, input::text AS input,
       decisions::text AS decisions
FROM journal WHERE partition = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4

-- name: rows_with_decisions_after
-- Journal rows that hold decisions following sequence $2, at most $3 rows.
SELECT position, epoch, now, tenant_id, pool_id, first_sequence, decision_count, input::text AS input,
       decisions::text AS decisions
FROM journal
WHERE partition = $1 AND decision_count > 0 AND first_sequence >= coalesce(
    (SELECT max(first_sequence) FROM journal WHERE partition = $1 AND decision_count > 0 AND first_sequence <= $2::bigint), 0)
ORDER BY first_sequence LIMIT $3

-- name: rows_with_answers
-- Of the $3 journal rows up to position $2, those in which an agent accepted a contact.
SELECT position, epoch, now, tenant_id, pool_id, first_sequence, decision_count, input::text AS input,
       decisions::text AS decisions
FROM journal
WHERE partition = $1 AND position > $2::bigint - $3::bigint AND position <= $2
AND decisions::text LIKE '%"type":"ContactAssigned"%' ORDER BY position

-- name: rows_of_contact
-- The life of contact $2 of tenant $1, oldest first (API role: that tenant's rows only).
SELECT j.partition, j.position, j.epoch, j.now, j.tenant_id, j.pool_id, j.first_sequence, j.decision_count,
       j.input::text AS input, j.decisions::text AS decisions
FROM journal_contacts AS c JOIN journal AS j USING (partition, position)
WHERE c.tenant_id = $1 AND c.contact_id = $2 ORDER BY j.position LIMIT 1000

-- name: head
-- Where the partition's journal ends.
SELECT next_position - 1 AS position, next_sequence - 1 AS sequence, published_sequence, epoch, last_now
FROM partitions WHERE partition = $1

-- name: claims_of
-- Who took the partition, when, and where the journal stood.
SELECT epoch, owner, position, claimed_at FROM claims WHERE partition = $1 ORDER BY epoch

-- name: nearest_snapshot
-- The newest snapshot at or before position $2.
SELECT position, hash, facts FROM snapshots WHERE partition = $1 AND position <= $2 ORDER BY position DESC LIMIT 1

-- name: save_snapshot
-- State after position $2 with its hash $3 and facts $4.
INSERT INTO snapshots (partition, position, hash, facts) VALUES ($1, $2, $3, $4)
ON CONFLICT (partition, position) DO UPDATE SET hash = excluded.hash, facts = excluded.facts

-- name: thin_snapshots
-- Keep the newest eight of a partition, and further back the last of every 20,000 positions.
DELETE FROM snapshots AS s WHERE s.partition = $1
AND s.position < (SELECT min(position) FROM (SELECT position FROM snapshots WHERE partition = $1
                                             ORDER BY position DESC LIMIT 8) AS newest)
AND EXISTS (SELECT 1 FROM snapshots AS n WHERE n.partition = $1 AND n.position > s.position
            AND n.position / 20000 = s.position / 20000)

-- name: unverified_hashes
-- Hashes the owner wrote down after position $2 that nobody has compared yet.
SELECT position, hash FROM state_hashes WHERE partition = $1 AND position > $2 AND agrees IS NULL ORDER BY position

-- name: settle_hash
-- The fold to position $2 agreed with the owner, or did not ($3).
UPDATE state_hashes SET agrees = $3 WHERE partition = $1 AND position = $2

-- name: thin_hashes
-- Compared hashes behind position $2 have done their work; disagreements stay.
DELETE FROM state_hashes WHERE partition = $1 AND position < $2 AND agrees

-- name: disagreements
-- Positions at which a fold did not give the owner's state.
SELECT partition, position FROM state_hashes WHERE agrees = false ORDER BY 1, 2 LIMIT 100

-- name: newest_policy
-- The newest version of tenant $1's pool $2.
SELECT version, hash, document, mapping::text AS mapping, author, note, created_at, waiting, approved_by, restores
FROM policy_versions WHERE tenant_id = $1 AND pool_id = $2 ORDER BY version DESC LIMIT 1

-- name: policy_version
-- Version $3 of tenant $1's pool $2.
SELECT version, hash, document, mapping::text AS mapping, author, note, created_at, waiting, approved_by, restores
FROM policy_versions WHERE tenant_id = $1 AND pool_id = $2 AND version = $3

-- name: policy_versions_before
-- Versions of tenant $1's pool $2 older than $3, newest first, at most $4.
SELECT version, hash, author, note, created_at, waiting, approved_by, restores FROM policy_versions
WHERE tenant_id = $1 AND pool_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4

-- name: save_policy
-- One more version; a concurrent author meets the primary key.
INSERT INTO policy_versions (tenant_id, pool_id, version, hash, document, mapping, author, note, waiting, approved_by,
                             restores, request_id)
VALUES ($1, $2, $3, $4, $5, $6::text::json, $7, $8, $9, $10, $11, $12)

-- name: policy_of_request
-- The version a request of tenant $1 already published in pool $2, by its Idempotency-Key $3.
SELECT version, hash, author, note, created_at, waiting, approved_by, restores FROM policy_versions
WHERE tenant_id = $1 AND pool_id = $2 AND request_id = $3

-- name: plan_policy
-- A policy to come; the same request again changes nothing.
INSERT INTO policy_plans (tenant_id, pool_id, plan_id, state, document, mapping, hash, base_version, waiting, publish_at,
                          author, note)
VALUES ($1, $2, $3, $4, $5, $6::text::json, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING

-- name: policy_plan
-- Plan $3 of tenant $1's pool $2, held until the transaction ends.
SELECT plan_id, state, document, mapping::text AS mapping, hash, base_version, waiting, publish_at, author, note,
       approved_by, settled_by, version, created_at, settled_at
FROM policy_plans WHERE tenant_id = $1 AND pool_id = $2 AND plan_id = $3 FOR UPDATE

-- name: policy_plans
-- Plans of tenant $1's pool $2: those to come first, then the newest $3 that are settled.
(SELECT plan_id, state, hash, base_version, waiting, publish_at, author, note, approved_by, settled_by, version,
        created_at, settled_at
 FROM policy_plans WHERE tenant_id = $1 AND pool_id = $2 AND state IN ('proposed', 'scheduled')
 ORDER BY publish_at NULLS FIRST, plan_id)
UNION ALL
(SELECT plan_id, state, hash, base_version, waiting, publish_at, author, note, approved_by, settled_by, version,
        created_at, settled_at
 FROM policy_plans WHERE tenant_id = $1 AND pool_id = $2 AND state NOT IN ('proposed', 'scheduled')
 ORDER BY settled_at DESC, plan_id LIMIT $3)

-- name: due_policy_plan
-- The first plan due at $1 (policy time, µs) that nobody else has in hand, held until the transaction ends. A pool's plans
-- go in their order: while one is in somebody's hands the next waits for it.
SELECT tenant_id, pool_id, plan_id FROM policy_plans AS due WHERE state = 'scheduled' AND publish_at <= $1
AND NOT EXISTS (SELECT 1 FROM policy_plans AS p WHERE p.tenant_id = due.tenant_id AND p.pool_id = due.pool_id
                AND p.state = 'scheduled' AND (p.publish_at, p.plan_id) < (due.publish_at, due.plan_id))
ORDER BY publish_at, tenant_id, plan_id LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: plan_is_outdated
-- Whether a version came after plan $3's base that was not itself planned before it.
SELECT EXISTS (
    SELECT 1 FROM policy_plans AS mine JOIN policy_versions AS v USING (tenant_id, pool_id)
    WHERE mine.tenant_id = $1 AND mine.pool_id = $2 AND mine.plan_id = $3 AND v.version > mine.base_version
    AND NOT EXISTS (SELECT 1 FROM policy_plans AS p WHERE p.tenant_id = v.tenant_id AND p.pool_id = v.pool_id
                    AND p.version = v.version AND p.created_at < mine.created_at))

-- name: settle_policy_plan
-- Plan $3 is in state $4 now: approved by $5, settled by $6, as version $7 (each where it applies).
UPDATE policy_plans SET state = $4, approved_by = coalesce($5, approved_by), settled_by = coalesce($6, settled_by),
       version = $7::int, settled_at = CASE WHEN $4 = 'scheduled' THEN NULL ELSE clock_timestamp() END
WHERE tenant_id = $1 AND pool_id = $2 AND plan_id = $3

-- name: policy_draft
-- What $3 is writing.
SELECT base_version, document, saved_at FROM policy_drafts WHERE tenant_id = $1 AND pool_id = $2 AND author = $3

-- name: save_policy_draft
-- Keep what $3 is writing.
INSERT INTO policy_drafts (tenant_id, pool_id, author, base_version, document) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, pool_id, author)
DO UPDATE SET base_version = excluded.base_version, document = excluded.document, saved_at = now()

-- name: drop_policy_draft
-- $3 has published it, or no longer wants it.
DELETE FROM policy_drafts WHERE tenant_id = $1 AND pool_id = $2 AND author = $3

-- name: oldest_position
-- The oldest journal position of the partition that is kept.
SELECT position FROM journal WHERE partition = $1 ORDER BY position LIMIT 1

-- name: time_of_position
-- When the first input at or after position $2 was decided.
SELECT now FROM journal WHERE partition = $1 AND position >= $2 ORDER BY position LIMIT 1

-- name: save_what_if_record
-- A call record of tenant $1, without names.
INSERT INTO what_if_records (tenant_id, record_id, name, mapping, uploaded_by, begins, ends, read, calls, rejected, content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: what_if_records
-- Call records of tenant $1, newest first, at most $2.
SELECT record_id, name, mapping, uploaded_by, uploaded_at, begins, ends, read, calls, rejected FROM what_if_records
WHERE tenant_id = $1 ORDER BY uploaded_at DESC, record_id DESC LIMIT $2

-- name: what_if_record
-- One call record with its content.
SELECT content FROM what_if_records WHERE tenant_id = $1 AND record_id = $2

-- name: drop_what_if_record
-- Forget a call record.
DELETE FROM what_if_records WHERE tenant_id = $1 AND record_id = $2 RETURNING record_id

-- name: ask_what_if
-- A run to be done.
INSERT INTO what_if_runs (tenant_id, pool_id, run_id, title, asked_by, question) VALUES ($1, $2, $3, $4, $5, $6::text::json)

-- name: what_if_unfinished
-- How many runs of tenant $1 are not over.
SELECT count(*)::int FROM what_if_runs WHERE tenant_id = $1 AND state IN ('waiting', 'running')

-- name: what_if_runs
-- Runs of tenant $1 asked before ($2, $3), newest first, at most $4.
SELECT run_id, title, asked_by, asked_at, state, doing, share, fault FROM what_if_runs
WHERE tenant_id = $1 AND (asked_at, run_id) < ($2, $3) ORDER BY asked_at DESC, run_id DESC LIMIT $4

-- name: what_if_run
-- One run with its result.
SELECT run_id, title, asked_by, asked_at, state, doing, share, fault, question::text AS question, result FROM what_if_runs
WHERE tenant_id = $1 AND run_id = $2

-- name: cancel_what_if
-- A run that is not over is; whoever works on it sees so.
UPDATE what_if_runs SET state = 'cancelled', touched_at = clock_timestamp()
WHERE tenant_id = $1 AND run_id = $2 AND state IN ('waiting', 'running') RETURNING run_id

-- name: drop_what_if
-- A run that is over is forgotten.
DELETE FROM what_if_runs WHERE tenant_id = $1 AND run_id = $2 AND state NOT IN ('waiting', 'running') RETURNING run_id

-- name: claim_what_if
-- The oldest run nobody works on: new, or left by a router that fell silent for $1 seconds. Given up after three tries.
UPDATE what_if_runs SET state = 'running', doing = 'reading', share = 0, tries = tries + 1, touched_at = clock_timestamp()
WHERE (tenant_id, run_id) = (
    SELECT tenant_id, run_id FROM what_if_runs
    WHERE state = 'waiting' OR (state = 'running' AND touched_at < clock_timestamp() - make_interval(secs => $1::float8))
    ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING tenant_id, pool_id, run_id, question::text AS question, tries

-- name: tell_what_if
-- How far run $2 of tenant $1 is; no row when it was cancelled.
UPDATE what_if_runs SET doing = $3, share = $4, touched_at = clock_timestamp()
WHERE tenant_id = $1 AND run_id = $2 AND state = 'running' RETURNING run_id

-- name: touch_what_if
-- Run $2 of tenant $1 is still worked on; no row when it was cancelled.
UPDATE what_if_runs SET touched_at = clock_timestamp()
WHERE tenant_id = $1 AND run_id = $2 AND state = 'running' RETURNING run_id

-- name: finish_what_if
-- Run $2 of tenant $1 is over: $3 done or failed, $4 why, $5 its result.
UPDATE what_if_runs SET state = $3, fault = $4, result = $5, share = 1, doing = '', touched_at = clock_timestamp()
WHERE tenant_id = $1 AND run_id = $2 AND state = 'running'
