-- Named statements of outbound. Each is prepared against the migrated schema by a test.

-- ---------------------------------------------------------------- campaigns

-- name: create_campaign
INSERT INTO campaigns (tenant_id, campaign_id, title, mode, purpose, subject, pool_id, group_name, business_line, gateway_id,
                       rulesets, document, created_at, created_by, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13)
ON CONFLICT DO NOTHING

-- name: change_campaign
-- Only on the version it was made on, and not while it dials.
UPDATE campaigns SET title = $4, mode = $5, purpose = $6, subject = $7, group_name = $8, business_line = $9, gateway_id = $10,
       rulesets = $11, document = $12, changed_at = $13, version = version + 1
 WHERE tenant_id = $1 AND campaign_id = $2 AND version = $3 RETURNING version

-- name: read_campaign
SELECT * FROM campaigns WHERE tenant_id = $1 AND campaign_id = $2

-- name: list_campaigns
-- Newest first, going on after a (created_at, campaign_id).
SELECT * FROM campaigns WHERE tenant_id = $1 AND (created_at, campaign_id) < ($2, $3)
 ORDER BY created_at DESC, campaign_id DESC LIMIT $4

-- name: lock_campaign
-- Its state, held against whoever dials by it until the transaction ends.
SELECT * FROM campaigns WHERE tenant_id = $1 AND campaign_id = $2 FOR UPDATE

-- name: share_campaign
-- Its state, which nobody changes until the transaction ends; many may dial by it at once.
SELECT state FROM campaigns WHERE tenant_id = $1 AND campaign_id = $2 FOR SHARE

-- name: move_campaign
UPDATE campaigns SET state = $3, state_reason = $4, changed_at = $5, version = version + 1,
       started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, $5) ELSE started_at END,
       ended_at = CASE WHEN $3 IN ('stopped', 'finished') THEN $5 END
 WHERE tenant_id = $1 AND campaign_id = $2

-- name: pools_at_work
-- Where somebody has to plan: campaigns run, or attempts of theirs are not over.
SELECT DISTINCT tenant_id, pool_id FROM campaigns WHERE state IN ('running', 'paused')
UNION SELECT DISTINCT tenant_id, pool_id FROM attempts WHERE closed_at IS NULL AND state <> 'unknown'

-- name: campaigns_of_pool
SELECT * FROM campaigns WHERE tenant_id = $1 AND pool_id = $2 AND state IN ('running', 'paused') ORDER BY campaign_id

-- name: write_audit
INSERT INTO audit (tenant_id, at, by_user, action, campaign_id, details) VALUES ($1, $2, $3, $4, $5, $6)

-- ---------------------------------------------------------------- lists and records

-- name: create_list
INSERT INTO lists (tenant_id, list_id, campaign_id, title, source, lineage, registry_checked_on, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING

-- name: lists_of_campaign
SELECT * FROM lists WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY list_id

-- name: create_record
INSERT INTO records (tenant_id, campaign_id, record_id, list_id, source_key, person_key, customer_id, numbers, address_zone, region,
                     language, turn, agent_id, window_until, priority, value, score, state, not_before, requested_at, payload,
                     created_at, purpose)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
ON CONFLICT DO NOTHING

-- name: claim_records
-- The hopper's next n of these languages ('' = none named), by index; others' claims are passed over. Only under the lease of this
-- epoch. (Materialized: a join must not run the locking query once for each row.)
WITH next AS MATERIALIZED (
    SELECT c.record_id FROM unnest($6::text[]) AS spoken (language)
     CROSS JOIN LATERAL (
        SELECT w.record_id, w.turn, w.priority, w.score FROM records w
         WHERE w.tenant_id = $1 AND w.campaign_id = $2 AND w.state = 'waiting' AND coalesce(w.language, '') = spoken.language
           AND EXISTS (SELECT 1 FROM dialling_leases l WHERE l.tenant_id = $1 AND l.pool_id = $3 AND l.epoch = $5)
         ORDER BY coalesce(w.language, ''), w.turn, w.priority DESC, w.score DESC, w.record_id -- as the index: nothing is sorted
         LIMIT $4 FOR UPDATE SKIP LOCKED) c
     ORDER BY c.turn, c.priority DESC, c.score DESC, c.record_id LIMIT $4)
UPDATE records r SET state = 'in_hopper', claimed_epoch = $5 FROM next
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = next.record_id
RETURNING r.*, (SELECT l.registry_checked_on FROM lists l WHERE l.tenant_id = $1 AND l.list_id = r.list_id) AS registry_checked_on

-- name: claimed_records
-- Those of a batch that are still ours, held until the transaction ends.
SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = ANY($3) AND state = 'in_hopper'
   AND claimed_epoch = $4 ORDER BY record_id FOR UPDATE

-- name: read_records
SELECT r.*, l.registry_checked_on FROM records r JOIN lists l ON l.tenant_id = r.tenant_id AND l.list_id = r.list_id
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = ANY($3)

-- name: lock_record
SELECT r.*, l.registry_checked_on FROM records r JOIN lists l ON l.tenant_id = r.tenant_id AND l.list_id = r.list_id
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = $3 FOR UPDATE OF r

-- name: records_of_number
-- In every campaign, by the keys of a number and of its customer.
SELECT * FROM records WHERE tenant_id = $1 AND person_key = ANY($2) ORDER BY campaign_id, record_id LIMIT $3

-- name: give_back_records
-- What an earlier owner, or a step of ours that broke off, claimed and did not dial. Between two steps nothing is on its way.
UPDATE records SET state = 'waiting', claimed_epoch = NULL
 WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'in_hopper' AND claimed_epoch <= $3

-- name: settle_records
-- What the gate found: dialling, resting until, suppressed for good, or back to waiting.
UPDATE records r SET state = n.state, reason = n.reason, not_before = n.not_before, claimed_epoch = $7,
       attempts = r.attempts + CASE WHEN n.state = 'dialling' THEN 1 ELSE 0 END,
       last_attempt_at = CASE WHEN n.state = 'dialling' THEN $8 ELSE r.last_attempt_at END
  FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) AS n (record_id, state, reason, not_before)
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = n.record_id

-- name: wake_records
-- Those whose rest is over, a batch at a time.
WITH due AS MATERIALIZED (
    SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'resting' AND not_before <= $3
     ORDER BY not_before LIMIT $4 FOR UPDATE SKIP LOCKED)
UPDATE records r SET state = 'waiting', reason = NULL, not_before = NULL FROM due
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = due.record_id

-- name: records_ready
-- Languages ('' = none named) and how many of each could be claimed now, counted no further than $3; by index, a step a language.
SELECT s.language, (SELECT count(*) FROM (
            SELECT 1 FROM records r WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.state = 'waiting'
               AND coalesce(r.language, '') = s.language LIMIT $3) counted) AS waiting
  FROM outbound.waiting_languages($1, $2) s

-- name: records_left
-- Whether any record of the campaign may still be dialled.
SELECT EXISTS (SELECT 1 FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'waiting')
    OR EXISTS (SELECT 1 FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'resting')
    OR EXISTS (SELECT 1 FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'in_hopper')
    OR EXISTS (SELECT 1 FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND closed_at IS NULL AND state <> 'unknown')

-- name: recycle_record
-- After an attempt: where the record goes on.
UPDATE records SET state = $4, reason = $5, not_before = $6, number_index = $7, contacts = contacts + $8, last_outcome = $9,
       outcomes = added(outcomes, jsonb_build_object($9::text, 1)), turn = 2, claimed_epoch = NULL
 WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3 AND state = 'dialling'

-- name: record_counts
SELECT campaign_id, state, records FROM record_counts WHERE tenant_id = $1 AND campaign_id = ANY($2) AND records > 0

-- name: all_records
SELECT * FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND record_id > $3 ORDER BY record_id LIMIT $4

-- name: waiting_records
SELECT * FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'waiting' AND record_id > $3 ORDER BY record_id LIMIT $4

-- name: records_in_state
-- Any other than waiting.
SELECT * FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND state = $5 AND state <> 'waiting' AND record_id > $3
 ORDER BY record_id LIMIT $4

-- name: search_records
-- $3 state ('' any); $4 what was typed: an id, a key, a subject; $5 key of a person; names in [$6, $7); numbers read backwards in
-- [$8, $9). Each kind by its index, the first $10 of it; of them by id, going on after $11.
SELECT r.* FROM (
    SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $4 AND ($3 = '' OR state = $3)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND source_key = $4 AND campaign_id = $2 AND ($3 = '' OR state = $3)
            LIMIT $10)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND subject = $4 AND subject <> ''
            AND ($3 = '' OR state = $3) ORDER BY subject, record_id LIMIT $10)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND person_key = $5 AND campaign_id = $2 AND ($3 = '' OR state = $3)
            LIMIT $10)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND by_name >= $6 AND by_name < $7
            AND ($3 = '' OR state = $3) ORDER BY by_name, record_id LIMIT $10)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND by_later_name >= $6 AND by_later_name < $7
            AND by_later_name <> '' AND ($3 = '' OR state = $3) ORDER BY by_later_name, record_id LIMIT $10)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND by_ending >= $8 AND by_ending < $9
            AND ($3 = '' OR state = $3) ORDER BY by_ending, record_id LIMIT $10)
    UNION (SELECT record_id FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND by_other_ending >= $8 AND by_other_ending < $9
            AND ($3 = '' OR state = $3) ORDER BY by_other_ending, record_id LIMIT $10)) found
  JOIN records r ON r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = found.record_id
 WHERE r.record_id > $11 ORDER BY r.record_id LIMIT $12

-- ---------------------------------------------------------------- attempts and the ledger

-- name: insert_attempts
-- The intents. One whose person has another open attempt, or that is there already, is left out.
INSERT INTO attempts (tenant_id, campaign_id, mode, pool_id, group_name, gateway_id, epoch, authorised_at,
                      attempt_id, record_id, n, person_key, number_key, number_index, purpose, subject, first, caller_id, trunk_id,
                      agent_id, not_after, ring_seconds, authorisation, state)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, a.*, 'authorised'
  FROM unnest($9::text[], $10::text[], $11::smallint[], $12::text[], $13::text[], $14::smallint[], $15::text[], $16::text[],
              $17::text[], $18::text[], $19::text[], $20::text[], $21::bigint[], $22::smallint[], $23::jsonb[]) AS a
ON CONFLICT DO NOTHING RETURNING attempt_id

-- name: insert_ledger
INSERT INTO ledger (tenant_id, campaign_id, at, attempt_id, record_id, person_key, number_key, purpose, subject)
SELECT $1, $2, $3, l.* FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) AS l
ON CONFLICT DO NOTHING

-- name: ledger_of_persons
-- What every cap counts, for a batch: rows by person and by number.
SELECT * FROM ledger WHERE tenant_id = $1 AND person_key = ANY($2) AND at > $4
UNION SELECT * FROM ledger WHERE tenant_id = $1 AND number_key = ANY($3) AND at > $4

-- name: close_ledger
UPDATE ledger SET outcome = $3, ended_at = $4 WHERE tenant_id = $1 AND attempt_id = $2

-- name: lock_attempt
SELECT * FROM attempts WHERE tenant_id = $1 AND attempt_id = $2 FOR UPDATE

-- name: read_attempt
SELECT * FROM attempts WHERE tenant_id = $1 AND attempt_id = $2

-- name: attempts_of_campaign
-- Newest first; $5 a state or outcome, '' any.
SELECT * FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND (authorised_at, attempt_id) < ($3, $4)
   AND ($5 = '' OR outcome = $5 OR state = $5)
 ORDER BY authorised_at DESC, attempt_id DESC LIMIT $6

-- name: attempts_of_record
SELECT * FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3 ORDER BY n DESC LIMIT 200

-- name: attempt_rang
UPDATE attempts SET state = 'dialled', placed_at = $3, rang_at = $4 WHERE tenant_id = $1 AND attempt_id = $2

-- name: attempt_rings
-- The line told later that it rings: how long it rang is counted from here.
UPDATE attempts SET rang_at = $3 WHERE tenant_id = $1 AND attempt_id = $2 AND rang_at IS NULL

-- name: attempt_taken_up
UPDATE attempts SET contact_id = $3 WHERE tenant_id = $1 AND attempt_id = $2 AND contact_id IS NULL AND state = 'authorised'

-- name: attempt_answered
UPDATE attempts SET state = 'answered', placed_at = coalesce(placed_at, $3), answered_at = $3, answered_by = $4,
       greeting_began_at = $5, greeting_ended_at = $6, contact_id = coalesce($7, contact_id)
 WHERE tenant_id = $1 AND attempt_id = $2

-- name: attempt_connected
UPDATE attempts SET state = 'connected', connected_at = $3, agent_id = coalesce($4, agent_id) WHERE tenant_id = $1 AND attempt_id = $2

-- name: attempt_closed
UPDATE attempts SET state = 'closed', ended_at = $3, closed_at = $4, outcome = $5, result = $6, reason = $7, cause = $8,
       announced = $9, announced_at = $10
 WHERE tenant_id = $1 AND attempt_id = $2

-- name: attempt_unknown
UPDATE attempts SET state = 'unknown', reason = $3, told_at = coalesce(told_at, $4) WHERE tenant_id = $1 AND attempt_id = $2

-- name: attempt_asked_for
UPDATE attempts SET told_at = $3 WHERE tenant_id = $1 AND attempt_id = $2

-- name: open_attempts_of_pool
SELECT a.*, r.language
  FROM attempts a LEFT JOIN records r ON r.tenant_id = a.tenant_id AND r.campaign_id = a.campaign_id AND r.record_id = a.record_id
 WHERE a.tenant_id = $1 AND a.pool_id = $2 AND a.closed_at IS NULL AND a.state <> 'unknown'

-- name: attempts_by_id
SELECT * FROM attempts WHERE tenant_id = $1 AND attempt_id = ANY($2)

-- name: open_attempts_of_persons
SELECT * FROM attempts WHERE tenant_id = $1 AND (person_key = ANY($2) OR number_key = ANY($2)) AND closed_at IS NULL

-- name: open_attempts_of_campaign
SELECT * FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND closed_at IS NULL

-- name: lately_closed
-- The last attempts of a campaign, to learn from when its planning begins.
SELECT * FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND closed_at > $3 ORDER BY closed_at DESC LIMIT $4

-- name: answered_since
SELECT attempt_id, answered_at, answered_by, greeting_began_at, greeting_ended_at, connected_at, ended_at, result, reason,
       said_machine, audited
  FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND (answered_at >= $3 OR said_at >= $3) AND answered_at >= $4
 ORDER BY answered_at

-- name: channels_in_use
-- Calls under way over each trunk; those an agent has not begun take none.
SELECT coalesce(trunk_id, '') AS trunk_id, count(*) AS calls FROM attempts
 WHERE tenant_id = $1 AND closed_at IS NULL AND state <> 'unknown' AND NOT (first = 'agent' AND state = 'authorised') GROUP BY 1

-- name: unknown_attempts
SELECT * FROM attempts WHERE tenant_id = $1 AND closed_at IS NULL AND state = 'unknown' ORDER BY authorised_at LIMIT $2

-- name: count_campaign
-- Counters of the hour, in the transaction of what they count.
INSERT INTO campaign_hours AS h (tenant_id, campaign_id, hour, counts) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, campaign_id, hour) DO UPDATE SET counts = added(h.counts, excluded.counts)

-- name: hours_of_campaign
SELECT hour, counts FROM campaign_hours WHERE tenant_id = $1 AND campaign_id = $2 AND hour >= $3 ORDER BY hour

-- name: counts_since
-- Counters of campaigns since an hour, summed.
SELECT campaign_id, jsonb_object_agg(key, total) AS counts FROM (
    SELECT h.campaign_id, c.key, sum(c.value::bigint) AS total
      FROM campaign_hours h CROSS JOIN jsonb_each_text(h.counts) c
     WHERE h.tenant_id = $1 AND h.campaign_id = ANY($2) AND h.hour >= $3 GROUP BY 1, 2) sums
 GROUP BY campaign_id

-- name: funnel
-- Attempts under way by state.
SELECT state, count(*) AS attempts FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND closed_at IS NULL GROUP BY state

-- name: enqueue_all
INSERT INTO outbox (tenant_id, topic, key, headers, body)
SELECT $1, $2, m.* FROM unnest($3::text[], $4::jsonb[], $5::bytea[]) AS m

-- ---------------------------------------------------------------- refusals

-- name: keep_refusals
INSERT INTO refusals (tenant_id, refusal_id, subject_key, purpose, withdrawn_at, source, campaign_id, attempt_id)
SELECT $1, $2, s, $4, $5, $6, $7, $8 FROM unnest($3::text[]) AS s ON CONFLICT DO NOTHING

-- name: unsilence_records
-- Records of who has consented since: they are judged again.
UPDATE records r SET state = 'waiting', reason = NULL
  FROM campaigns c
 WHERE r.tenant_id = $1 AND r.person_key = ANY($2) AND r.state = 'suppressed' AND r.reason IN ('opted_out', 'no_consent', 'consent_expired')
   AND c.tenant_id = r.tenant_id AND c.campaign_id = r.campaign_id AND c.purpose = $3

-- name: refusals_of
SELECT subject_key, purpose, withdrawn_at FROM refusals WHERE tenant_id = $1 AND subject_key = ANY($2)

-- name: list_refusals
SELECT refusal_id, purpose, withdrawn_at, source, campaign_id, attempt_id, min(subject_key) AS subject_key
  FROM refusals WHERE tenant_id = $1 AND (withdrawn_at, refusal_id) < ($2, $3)
 GROUP BY refusal_id, purpose, withdrawn_at, source, campaign_id, attempt_id
 ORDER BY withdrawn_at DESC, refusal_id DESC LIMIT $4

-- name: silence_records
-- Records of who refused, in every campaign of the purposes it covers.
UPDATE records r SET state = 'suppressed', reason = 'opted_out', not_before = NULL
  FROM campaigns c
 WHERE r.tenant_id = $1 AND r.person_key = ANY($2) AND r.state IN ('waiting', 'resting', 'in_hopper')
   AND c.tenant_id = r.tenant_id AND c.campaign_id = r.campaign_id AND c.purpose = ANY($3)
RETURNING r.campaign_id, r.record_id

-- ---------------------------------------------------------------- leases

-- name: take_lease
-- A pool nobody plans, under a new epoch; one row where it is ours now.
INSERT INTO dialling_leases AS l (tenant_id, pool_id, owner, epoch, lease_until)
VALUES ($1, $2, $3, 1, now() + make_interval(secs => $4))
ON CONFLICT (tenant_id, pool_id) DO UPDATE
   SET owner = $3, epoch = l.epoch + 1, lease_until = now() + make_interval(secs => $4) WHERE l.lease_until < now()
RETURNING epoch

-- name: renew_lease
-- Nothing comes back where somebody else has it: whoever asked has lost it for good.
UPDATE dialling_leases SET lease_until = now() + make_interval(secs => $5)
 WHERE tenant_id = $1 AND pool_id = $2 AND owner = $3 AND epoch = $4 RETURNING epoch

-- name: free_pools
SELECT p.tenant_id, p.pool_id
  FROM (SELECT unnest($1::text[]) AS tenant_id, unnest($2::text[]) AS pool_id) p
  LEFT JOIN dialling_leases l ON l.tenant_id = p.tenant_id AND l.pool_id = p.pool_id
 WHERE l.lease_until IS NULL OR l.lease_until < now()

-- name: release_lease
UPDATE dialling_leases SET lease_until = '-infinity' WHERE tenant_id = $1 AND pool_id = $2 AND owner = $3 AND epoch = $4

-- name: keep_pacing
UPDATE dialling_leases SET pacing = $5 WHERE tenant_id = $1 AND pool_id = $2 AND owner = $3 AND epoch = $4

-- name: read_pacing
SELECT owner, epoch, lease_until > now() AS held, pacing FROM dialling_leases WHERE tenant_id = $1 AND pool_id = $2

-- ---------------------------------------------------------------- lines

-- name: caller_ids
SELECT number, pool_name, region, verified_at, active FROM caller_ids WHERE tenant_id = $1 ORDER BY pool_name, number

-- name: keep_caller_id
INSERT INTO caller_ids (tenant_id, number, pool_name, region, verified_at, active) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, number) DO UPDATE SET pool_name = $3, region = $4, verified_at = $5, active = $6

-- name: trunks
SELECT trunk_id, gateway_id, calls_per_second, channels FROM trunks WHERE tenant_id = $1 ORDER BY trunk_id

-- name: keep_trunk
INSERT INTO trunks (tenant_id, trunk_id, gateway_id, calls_per_second, channels) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, trunk_id) DO UPDATE SET gateway_id = $3, calls_per_second = $4, channels = $5

-- name: read_operator
SELECT licence, records_conversations, keeps_days, rulesets FROM operators WHERE tenant_id = $1

-- name: keep_operator
INSERT INTO operators (tenant_id, licence, records_conversations, keeps_days, rulesets) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id) DO UPDATE SET licence = $2, records_conversations = $3, keeps_days = $4, rulesets = $5

-- ---------------------------------------------------------------- questions of gateways

-- name: read_authorisation
SELECT answer, asked_at FROM authorisations WHERE tenant_id = $1 AND attempt_id = $2

-- name: keep_authorisation
INSERT INTO authorisations (tenant_id, attempt_id, asked_at, allowed, answer) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, attempt_id) DO UPDATE SET asked_at = $3, allowed = $4, answer = $5
