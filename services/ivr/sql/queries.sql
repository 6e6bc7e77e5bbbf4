-- name: revision_of_tenant
-- How new the tenant's questions and dialogues are; no row: there are none.
SELECT questions, dialogues FROM revisions WHERE tenant_id = $1

-- name: tenants_with_content
SELECT tenant_id FROM revisions ORDER BY tenant_id

-- name: raise_question_revision
INSERT INTO revisions AS r (tenant_id, questions) VALUES ($1, 1)
ON CONFLICT (tenant_id) DO UPDATE SET questions = r.questions + 1

-- name: raise_dialogue_revision
INSERT INTO revisions AS r (tenant_id, dialogues) VALUES ($1, 1)
ON CONFLICT (tenant_id) DO UPDATE SET dialogues = r.dialogues + 1

-- name: questions_in_force
SELECT question_id, version, document FROM questions WHERE tenant_id = $1 AND enabled ORDER BY question_id

-- name: list_questions
-- By id, from after a cursor on; of one line or group, containing a text in title or examples.
SELECT question_id, version, document, updated_at, updated_by FROM questions
WHERE tenant_id = $1 AND question_id > $2
  AND ($3::text IS NULL OR business_line = $3) AND ($4::text IS NULL OR group_name = $4)
  AND ($5::text IS NULL OR position(lower($5) IN lower(question_id || (document -> 'titles')::text || (document -> 'examples')::text)) > 0)
ORDER BY question_id LIMIT $6

-- name: read_question
SELECT question_id, version, document, updated_at, updated_by FROM questions WHERE tenant_id = $1 AND question_id = $2

-- name: lock_question
SELECT version, document FROM questions WHERE tenant_id = $1 AND question_id = $2 FOR UPDATE

-- name: insert_question
-- No row comes back where the id is taken.
INSERT INTO questions (tenant_id, question_id, version, business_line, group_name, reason, enabled, document, updated_at, updated_by)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, question_id) DO NOTHING RETURNING version

-- name: update_question
UPDATE questions SET version = $3, business_line = $4, group_name = $5, reason = $6, enabled = $7, document = $8, updated_at = $9, updated_by = $10
WHERE tenant_id = $1 AND question_id = $2

-- name: keep_question_version
INSERT INTO question_versions (tenant_id, question_id, version, document, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)

-- name: question_versions
SELECT version, document, created_at, created_by FROM question_versions
WHERE tenant_id = $1 AND question_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4

-- name: corrections_to_learn
-- Oldest first: what was said later weighs more.
SELECT text, language, question_id, group_name FROM corrections WHERE tenant_id = $1 ORDER BY corrected_at, correction_id

-- name: insert_correction
INSERT INTO corrections (tenant_id, correction_id, contact_id, text, language, question_id, group_name, corrected_by, corrected_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, correction_id) DO UPDATE SET (question_id, group_name, corrected_by, corrected_at)
    = (excluded.question_id, excluded.group_name, excluded.corrected_by, excluded.corrected_at)

-- name: list_corrections
SELECT correction_id, contact_id, text, language, question_id, group_name, corrected_by, corrected_at FROM corrections
WHERE tenant_id = $1 AND (corrected_at, correction_id) < ($2, $3) ORDER BY corrected_at DESC, correction_id DESC LIMIT $4

-- name: heard_text
-- What a contact's customer typed last, while it is remembered.
SELECT heard_text FROM sessions WHERE tenant_id = $1 AND contact_id = $2

-- name: dialogues_in_force
SELECT dialogue_id, version, document FROM dialogues WHERE tenant_id = $1 ORDER BY dialogue_id

-- name: list_dialogues
SELECT dialogue_id, version, updated_at, updated_by FROM dialogues WHERE tenant_id = $1 ORDER BY dialogue_id

-- name: read_dialogue
SELECT version, document, updated_at, updated_by FROM dialogues WHERE tenant_id = $1 AND dialogue_id = $2

-- name: read_dialogue_version
SELECT document FROM dialogue_versions WHERE tenant_id = $1 AND dialogue_id = $2 AND version = $3

-- name: dialogue_versions
SELECT version, created_at, created_by FROM dialogue_versions
WHERE tenant_id = $1 AND dialogue_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4

-- name: publish_dialogue
-- The next version; the same words again are the same version. $3: the version the author started from (0: none), NULL: any.
INSERT INTO dialogues AS d (tenant_id, dialogue_id, version, document, updated_at, updated_by)
SELECT $1, $2, 1, $4, $5, $6
WHERE $3::int IS NULL OR $3 = 0 OR EXISTS (SELECT 1 FROM dialogues e WHERE e.tenant_id = $1 AND e.dialogue_id = $2)
ON CONFLICT (tenant_id, dialogue_id) DO UPDATE
    SET version = d.version + (d.document <> excluded.document)::int, document = excluded.document,
        updated_at = CASE WHEN d.document = excluded.document THEN d.updated_at ELSE excluded.updated_at END,
        updated_by = CASE WHEN d.document = excluded.document THEN d.updated_by ELSE excluded.updated_by END
    WHERE $3::int IS NULL OR d.version = $3
RETURNING version

-- name: keep_dialogue_version
-- No row comes back where the version is kept already.
INSERT INTO dialogue_versions (tenant_id, dialogue_id, version, document, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING version

-- name: begin_session
-- No row comes back for an arrival that was heard before.
INSERT INTO sessions (tenant_id, contact_id, pool_id, partition, channel, dialogue_id, dialogue_version, step, state, started_at, deadline,
    outcome, ended_at, heard_text, note, note_due)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING RETURNING contact_id

-- name: read_session
SELECT pool_id, partition, dialogue_id, dialogue_version, step, state, outcome, heard_text FROM sessions
WHERE tenant_id = $1 AND contact_id = $2

-- name: lock_session
SELECT step, outcome FROM sessions WHERE tenant_id = $1 AND contact_id = $2 FOR UPDATE

-- name: advance_session
UPDATE sessions SET step = $3, state = $4, deadline = $5, outcome = $6, ended_at = $7, heard_text = coalesce($8, heard_text),
    note = $9, note_due = $10
WHERE tenant_id = $1 AND contact_id = $2

-- name: end_session
-- The contact left self-service by another way (the customer, the router, the end of its time).
UPDATE sessions SET outcome = $3, ended_at = $4, state = NULL, step = NULL WHERE tenant_id = $1 AND contact_id = $2 AND outcome IS NULL
RETURNING pool_id, partition

-- name: end_sessions
-- The same for what a batch of decisions says.
UPDATE sessions s SET outcome = d.outcome, ended_at = d.at, state = NULL, step = NULL
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS d (tenant_id, contact_id, outcome, at)
WHERE (s.tenant_id, s.contact_id) = (d.tenant_id, d.contact_id) AND s.outcome IS NULL

-- name: sessions_overdue
SELECT tenant_id, contact_id, channel, step FROM sessions WHERE outcome IS NULL AND deadline < $1 ORDER BY deadline LIMIT 100

-- name: notes_due
SELECT tenant_id, contact_id, note FROM sessions WHERE note_due ORDER BY ended_at LIMIT 100

-- name: note_taken
UPDATE sessions SET note_due = false WHERE tenant_id = $1 AND contact_id = $2

-- name: forget_texts
UPDATE sessions SET heard_text = NULL, note = NULL, note_due = false WHERE ended_at < $1 AND (heard_text IS NOT NULL OR note IS NOT NULL)

-- name: delete_sessions
DELETE FROM sessions WHERE ended_at < $1

-- name: use_asked
INSERT INTO question_uses (tenant_id, contact_id, question_id, question_version, channel, found_by, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING

-- name: use_answered
UPDATE question_uses SET answered_at = coalesce(answered_at, $4) WHERE tenant_id = $1 AND contact_id = $2 AND question_id = $3

-- name: uses_closed
-- The one end of contacts in which questions were asked.
UPDATE question_uses u SET contact_end = c.contact_end, closed_at = c.at, customer_id = coalesce(c.customer_id, u.customer_id)
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[]) AS c (tenant_id, contact_id, contact_end, at, customer_id)
WHERE (u.tenant_id, u.contact_id) = (c.tenant_id, c.contact_id) AND u.contact_end IS NULL

-- name: customer_known
-- Who asked, for contacts still open.
UPDATE question_uses SET customer_id = $3 WHERE tenant_id = $1 AND contact_id = $2

-- name: customer_came_back
-- The customer of self-served contacts is in contact again ($3: in another one; $4: now; $5: closed since).
UPDATE question_uses SET came_back_at = $4
WHERE tenant_id = $1 AND customer_id = $2 AND contact_id <> $3 AND contact_end = 'self_served' AND came_back_at IS NULL
  AND closed_at BETWEEN $5 AND $4

-- name: question_usage
-- Per question since $2: asked, answered whole, contained (answered, and the contact ended self-served), of those with a known
-- customer and a full window ($3: closed before), how many came back.
SELECT question_id, count(*) AS asked, count(answered_at) AS answered, count(*) FILTER (WHERE found_by = 'matcher') AS by_matcher,
    count(*) FILTER (WHERE answered_at IS NOT NULL AND contact_end IS NOT NULL) AS closed,
    count(*) FILTER (WHERE answered_at IS NOT NULL AND contact_end = 'self_served') AS contained,
    count(*) FILTER (WHERE answered_at IS NOT NULL AND contact_end = 'self_served' AND customer_id IS NOT NULL AND closed_at < $3) AS followed,
    count(*) FILTER (WHERE answered_at IS NOT NULL AND contact_end = 'self_served' AND closed_at < $3 AND came_back_at IS NOT NULL) AS came_back
FROM question_uses WHERE tenant_id = $1 AND asked_at >= $2 GROUP BY question_id ORDER BY question_id

-- name: audio_there
SELECT hash FROM audio WHERE tenant_id = $1 AND hash = ANY ($2)

-- name: keep_audio
INSERT INTO audio (tenant_id, hash, language, wav) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: read_audio
-- The same hash is the same sound, whoever's.
SELECT wav FROM audio WHERE hash = $1 AND ($2::text IS NULL OR tenant_id = $2) LIMIT 1
