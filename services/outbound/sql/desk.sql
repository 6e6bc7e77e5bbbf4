-- What the agent's desk asks of attempts, and who rang back.

-- name: attempt_card
-- An attempt with its record and campaign; a call by hand has no record.
SELECT a.*, r.payload, r.numbers, r.language AS record_language, r.address_zone, r.customer_id, c.title, c.document, c.business_line,
       b.contact_id AS rang_back
  FROM attempts a
  JOIN campaigns c ON c.tenant_id = a.tenant_id AND c.campaign_id = a.campaign_id
  LEFT JOIN records r ON r.tenant_id = a.tenant_id AND r.campaign_id = a.campaign_id AND r.record_id = a.record_id
  LEFT JOIN ring_backs b ON b.tenant_id = a.tenant_id AND b.attempt_id = a.attempt_id AND b.contact_id = $3
 WHERE a.tenant_id = $1 AND a.attempt_id = $2

-- name: attempt_of_contact
-- The attempt whose person a contact is, or the one a contact rings back.
SELECT attempt_id FROM attempts WHERE tenant_id = $1 AND contact_id = $2
UNION ALL SELECT attempt_id FROM ring_backs WHERE tenant_id = $1 AND contact_id = $2 LIMIT 1

-- name: book_callback
-- The record is due at $4, for one agent or anybody, because its person asked for it: no recycling takes it from there.
UPDATE records SET state = 'resting', reason = 'callback', not_before = $4, agent_id = $5, turn = CASE WHEN $5::text IS NULL THEN 1 ELSE 0 END,
       purpose = 'requested_callback', requested_at = $6, payload = payload || $7, claimed_epoch = NULL,
       contacts = contacts + CASE WHEN state = 'dialling' THEN 1 ELSE 0 END
 WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3 RETURNING record_id

-- name: keep_disposition
UPDATE attempts SET disposition = $3 WHERE tenant_id = $1 AND attempt_id = $2

-- name: last_attempt_to_number
-- The latest call to a number since $3 that was really placed.
SELECT * FROM attempts WHERE tenant_id = $1 AND number_key = $2 AND authorised_at > $3 AND placed_at IS NOT NULL
 ORDER BY authorised_at DESC LIMIT 1

-- name: keep_ring_back
INSERT INTO ring_backs (tenant_id, contact_id, attempt_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING contact_id

-- name: close_rung_back
-- The record whose person called us: nobody calls them for it again.
UPDATE records SET state = 'done', reason = 'rang_back', not_before = NULL, claimed_epoch = NULL
 WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3 AND state IN ('waiting', 'in_hopper', 'resting', 'dialling')

-- name: refused_in_conversation
UPDATE ledger SET refused = true WHERE tenant_id = $1 AND attempt_id = $2

-- name: keep_answerer
-- A person's word on who answered; the first stays. Of a call that sounded like a machine it is an audit.
UPDATE attempts SET said_machine = $3, audited = answered_by IS NOT DISTINCT FROM 'machine', said_at = coalesce(said_at, $4)
 WHERE tenant_id = $1 AND attempt_id = $2 AND answered_at IS NOT NULL AND coalesce(said_machine, $3) = $3 RETURNING attempt_id

-- name: machine_spoke
-- The outcome of a conversation that was none.
UPDATE attempts SET outcome = 'machine' WHERE tenant_id = $1 AND attempt_id = $2 AND outcome = 'answered_person' RETURNING attempt_id

-- name: call_again_after_machine
-- A record that was done because somebody had been spoken to, as it stood while it was dialled.
UPDATE records SET state = 'dialling', contacts = greatest(contacts - 1, 0), outcomes = added(outcomes, '{"answered_person": -1}')
 WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3 AND state = 'done' AND reason = 'answered_person' RETURNING record_id

-- name: machine_figures
-- Who answered since $3, as it sounded and as somebody said.
SELECT count(*) FILTER (WHERE answered_by = 'machine') AS flagged,
       count(*) FILTER (WHERE answered_by = 'machine' AND audited) AS audited,
       count(*) FILTER (WHERE answered_by = 'machine' AND audited AND NOT said_machine) AS falsely,
       count(*) FILTER (WHERE answered_by IS DISTINCT FROM 'machine' AND said_machine) AS missed
  FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND answered_at >= $3
