-- Statements of the compliance report. Each is prepared against the migrated schema by a test.

-- name: attempts_of_persons_called
-- Every attempt, of whichever campaign, to the people whom a campaign dialled in ($3, $4], from $5 on; person by person.
SELECT l.person_key, l.number_key, l.at, l.purpose, l.subject, l.campaign_id, l.record_id, l.outcome, l.refused,
       a.authorisation, a.rang_at, a.placed_at, a.answered_at, a.ended_at, a.announced_at
  FROM ledger l LEFT JOIN attempts a ON a.tenant_id = l.tenant_id AND a.attempt_id = l.attempt_id
 WHERE l.tenant_id = $1 AND l.at > $5 AND l.at <= $4
   AND l.person_key IN (SELECT person_key FROM attempts
                         WHERE tenant_id = $1 AND campaign_id = $2 AND authorised_at > $3 AND authorised_at <= $4)
 ORDER BY l.person_key, l.at

-- name: refusals_of_persons_called
-- Refusals of the people whom a campaign dialled in ($3, $4], by person or number.
SELECT subject_key, purpose, withdrawn_at FROM refusals
 WHERE tenant_id = $1 AND withdrawn_at <= $4
   AND subject_key IN (SELECT unnest(ARRAY[person_key, number_key]) FROM attempts
                        WHERE tenant_id = $1 AND campaign_id = $2 AND authorised_at > $3 AND authorised_at <= $4)
 ORDER BY subject_key, withdrawn_at

-- name: answered_within
-- What the abandonment ledger is made of, answered in [$3, $4].
SELECT attempt_id, answered_at, answered_by, greeting_began_at, greeting_ended_at, connected_at, ended_at, result, reason,
       said_machine, audited
  FROM attempts WHERE tenant_id = $1 AND campaign_id = $2 AND answered_at BETWEEN $3 AND $4 ORDER BY answered_at

-- name: hours_within
SELECT counts FROM campaign_hours WHERE tenant_id = $1 AND campaign_id = $2 AND hour >= $3 AND hour < $4 ORDER BY hour
