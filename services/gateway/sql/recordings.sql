-- name: set_memberships
-- Teams and sites of agents (ids, separated by commas), as their last state says.
INSERT INTO memberships AS m (tenant_id, agent_id, teams, sites)
SELECT n.tenant_id, n.agent_id, string_to_array(n.teams, ','), string_to_array(n.sites, ',')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n (tenant_id, agent_id, teams, sites)
ORDER BY n.tenant_id, n.agent_id
ON CONFLICT (tenant_id, agent_id) DO UPDATE SET teams = excluded.teams, sites = excluded.sites
WHERE m.teams <> excluded.teams OR m.sites <> excluded.sites

-- name: add_handlings
-- Agents who began to speak with callers; the first group named stays.
INSERT INTO handlings AS h (tenant_id, contact_id, agent_id, group_name, teams, sites)
SELECT n.tenant_id, n.contact_id, n.agent_id, n.group_name, coalesce(m.teams, '{}'), coalesce(m.sites, '{}')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n (tenant_id, contact_id, agent_id, group_name)
LEFT JOIN memberships m USING (tenant_id, agent_id)
ORDER BY n.tenant_id, n.contact_id, n.agent_id
ON CONFLICT (tenant_id, contact_id, agent_id) DO UPDATE SET group_name = coalesce(h.group_name, excluded.group_name)

-- name: add_call_ends
-- Who ended calls.
INSERT INTO call_ends (tenant_id, contact_id, ended_by) SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING

-- name: add_recording
-- A finished recording; nothing is inserted when it is there already.
INSERT INTO recordings (tenant_id, recording_id, contact_id, gateway_id, started_at, ended_at, seconds, bytes, consent_played,
    pauses, hung_up_by, peaks, delete_after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING

-- name: add_recording_pieces
-- Its sound, in order.
INSERT INTO recording_pieces (tenant_id, recording_id, piece, body)
SELECT $1, $2, n.piece - 1, n.body FROM unnest($3::bytea[]) WITH ORDINALITY AS n (body, piece) ON CONFLICT DO NOTHING

-- name: recordings
-- Newest first, before a place ($1, $2); each filter is off when NULL. $8, $9: teams and sites in one of whose sight it must be (none: all).
SELECT r.recording_id, r.contact_id, r.started_at, r.ended_at, r.seconds, r.bytes, r.consent_played, r.pauses,
    coalesce(r.hung_up_by, (SELECT e.ended_by FROM call_ends e WHERE e.tenant_id = r.tenant_id AND e.contact_id = r.contact_id)) AS hung_up_by,
    r.delete_after,
    ARRAY(SELECT h.agent_id FROM handlings h WHERE h.tenant_id = r.tenant_id AND h.contact_id = r.contact_id ORDER BY h.at) AS agents,
    (SELECT h.group_name FROM handlings h WHERE h.tenant_id = r.tenant_id AND h.contact_id = r.contact_id
     AND h.group_name IS NOT NULL ORDER BY h.at DESC LIMIT 1) AS group_name
FROM recordings r
WHERE ($1::bigint IS NULL OR (r.started_at, r.recording_id) < ($1, $2))
  AND ($3::bigint IS NULL OR r.started_at >= $3) AND ($4::bigint IS NULL OR r.started_at < $4)
  AND ($5::text IS NULL OR r.contact_id = $5)
  AND (($6::text IS NULL AND $7::text IS NULL AND $8::text[] = '{}' AND $9::text[] = '{}') OR EXISTS (
      SELECT FROM handlings h WHERE h.tenant_id = r.tenant_id AND h.contact_id = r.contact_id
        AND ($6::text IS NULL OR h.agent_id = $6) AND ($7::text IS NULL OR h.group_name = $7)
        AND (($8::text[] = '{}' AND $9::text[] = '{}') OR h.teams && $8 OR h.sites && $9)))
  AND ($10::text IS NULL OR r.recording_id = $10)
ORDER BY r.started_at DESC, r.recording_id DESC LIMIT $11

-- name: recording_peaks
-- Its shape, for drawing.
SELECT peaks FROM recordings WHERE recording_id = $1

-- name: recording_bytes
-- The pieces that hold a range of its sound.
SELECT body FROM recording_pieces WHERE recording_id = $1 AND piece BETWEEN $2 AND $3 ORDER BY piece

-- name: delete_recording
-- It is gone, with its sound.
DELETE FROM recordings WHERE recording_id = $1 RETURNING contact_id

-- name: note_recording
-- Who heard, took or deleted it, and why. Hearing is written once in ten minutes.
INSERT INTO recording_audit (tenant_id, recording_id, contact_id, action, who, reason, at)
SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint
WHERE $4 <> 'heard' OR NOT EXISTS (SELECT FROM recording_audit a WHERE a.tenant_id = $1 AND a.recording_id = $2
    AND a.action = 'heard' AND a.who = $5 AND a.at > $7 - 600000000)

-- name: recording_notes
-- Everything that was done with recordings (or one), newest first, before a number.
SELECT number, recording_id, contact_id, action, who, reason, at FROM recording_audit
WHERE ($1::text IS NULL OR recording_id = $1) AND ($2::bigint IS NULL OR number < $2) ORDER BY number DESC LIMIT $3

-- name: recording_rules
-- A tenant's own rules.
SELECT days, agents_listen FROM recording_rules WHERE tenant_id = $1

-- name: set_recording_rules
-- From now on; recordings already kept follow ($2 days after their end).
INSERT INTO recording_rules (tenant_id, days, agents_listen) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id) DO UPDATE SET days = excluded.days, agents_listen = excluded.agents_listen

-- name: rekeep_recordings
-- The days recordings are kept have changed.
UPDATE recordings SET delete_after = ended_at + $2::bigint * 86400000000 WHERE tenant_id = $1

-- name: expire_recordings
-- Delete what has been kept long enough, a few at a time, and say so in the audit.
WITH due AS (
    SELECT tenant_id, recording_id FROM recordings WHERE delete_after <= $1 ORDER BY delete_after LIMIT 100 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM recordings r USING due d WHERE (r.tenant_id, r.recording_id) = (d.tenant_id, d.recording_id)
    RETURNING r.tenant_id, r.recording_id, r.contact_id
)
INSERT INTO recording_audit (tenant_id, recording_id, contact_id, action, who, at)
SELECT tenant_id, recording_id, contact_id, 'expired', 'retention', $1 FROM gone

-- name: forget_call_ends
-- Likewise who ended them.
DELETE FROM call_ends e WHERE e.at < now() - interval '2 days'
  AND NOT EXISTS (SELECT FROM recordings r WHERE r.tenant_id = e.tenant_id AND r.contact_id = e.contact_id)

-- name: forget_handlings
-- Who spoke with callers of whom nothing was recorded.
DELETE FROM handlings h WHERE h.at < now() - interval '2 days'
  AND NOT EXISTS (SELECT FROM recordings r WHERE r.tenant_id = h.tenant_id AND r.contact_id = h.contact_id)
