-- Named statements of imports, call plans and follow-ups of deals. Each is prepared against the migrated schema by a test.

-- ---------------------------------------------------------------- imports

-- name: begin_import
INSERT INTO imports (tenant_id, import_id, campaign_id, list_id, title, file_bytes, time_zone, uploaded_at, uploaded_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: keep_piece
INSERT INTO import_pieces (tenant_id, import_id, place, bytes) VALUES ($1, $2, $3, $4)

-- name: file_is_whole
-- Only now a worker may read it.
UPDATE imports SET file_bytes = $3 WHERE tenant_id = $1 AND import_id = $2

-- name: read_piece
SELECT bytes FROM import_pieces WHERE tenant_id = $1 AND import_id = $2 AND place = $3

-- name: read_import
SELECT * FROM imports WHERE tenant_id = $1 AND import_id = $2

-- name: list_imports
-- Newest first, of one campaign ($2) or of all (''), going on after an (uploaded_at, import_id).
SELECT * FROM imports WHERE tenant_id = $1 AND ($2 = '' OR campaign_id = $2) AND (uploaded_at, import_id) < ($3, $4)
 ORDER BY uploaded_at DESC, import_id DESC LIMIT $5

-- name: keep_mapping
-- As long as nobody has started it.
UPDATE imports SET fields = $3, wins = $4, time_zone = $5, registry_checked_on = $6, title = $7
 WHERE tenant_id = $1 AND import_id = $2 AND state = 'mapping' RETURNING import_id

-- name: start_import
UPDATE imports SET state = 'waiting', started_at = $3 WHERE tenant_id = $1 AND import_id = $2 AND state = 'mapping' RETURNING import_id

-- name: cancel_import
-- What is written stays; no further piece is.
UPDATE imports SET state = 'cancelled', finished_at = $3, worker = NULL, lease_until = NULL, sample = '[]'
 WHERE tenant_id = $1 AND import_id = $2 AND state IN ('reading', 'mapping', 'waiting', 'running') RETURNING import_id

-- name: import_claimable
SELECT EXISTS (SELECT 1 FROM imports WHERE state IN ('reading', 'waiting', 'running') AND file_bytes > 0
                  AND (lease_until IS NULL OR lease_until < now()))

-- name: claim_import
-- The oldest one nobody works on: a file to be read before one to be taken over, so that nobody waits for a preview.
UPDATE imports SET worker = $1, lease_until = now() + make_interval(secs => $2),
       state = CASE WHEN state = 'waiting' THEN 'running' ELSE state END, tries = tries + 1
 WHERE (tenant_id, import_id) = (
        SELECT tenant_id, import_id FROM imports
         WHERE state IN ('reading', 'waiting', 'running') AND file_bytes > 0 AND (lease_until IS NULL OR lease_until < now())
         ORDER BY state <> 'reading', uploaded_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *

-- name: import_was_read
UPDATE imports SET state = 'mapping', columns = $4, sample = $5, fields = $6, total_rows = $7, tries = 0, worker = NULL,
       lease_until = NULL
 WHERE tenant_id = $1 AND import_id = $2 AND worker = $3 AND state = 'reading'

-- name: extend_import
UPDATE imports SET lease_until = now() + make_interval(secs => $4) WHERE tenant_id = $1 AND import_id = $2 AND worker = $3
RETURNING import_id

-- name: hold_import
-- Whether it is still ours and stands at this row; nobody else moves it until the transaction ends.
SELECT 1 FROM imports WHERE tenant_id = $1 AND import_id = $2 AND worker = $3 AND done_rows = $4 AND state = 'running' FOR UPDATE

-- name: import_went_on
UPDATE imports SET done_rows = done_rows + $3, created = created + $4, updated = updated + $5, duplicates = duplicates + $6,
       rejected = rejected + $7, tries = 0, lease_until = now() + make_interval(secs => $8)
 WHERE tenant_id = $1 AND import_id = $2

-- name: finish_import
UPDATE imports SET state = $4, failure = $5, finished_at = $6, total_rows = coalesce($7, total_rows), worker = NULL,
       lease_until = NULL, sample = '[]'
 WHERE tenant_id = $1 AND import_id = $2 AND worker = $3

-- name: forget_file
DELETE FROM import_pieces WHERE tenant_id = $1 AND import_id = $2

-- name: reject_rows
INSERT INTO import_rejections (tenant_id, import_id, line, faults, cells)
SELECT $1, $2, r.line, r.faults::jsonb, r.cells::jsonb FROM unnest($3::int[], $4::text[], $5::text[]) AS r (line, faults, cells)

-- name: rejected_rows
SELECT line, faults, cells FROM import_rejections WHERE tenant_id = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4

-- name: presets
SELECT name, fields FROM import_presets WHERE tenant_id = $1 ORDER BY kept_at DESC, name LIMIT 200

-- name: keep_preset
INSERT INTO import_presets (tenant_id, name, fields, kept_at, kept_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, name) DO UPDATE SET fields = $3, kept_at = $4, kept_by = $5

-- name: drop_preset
DELETE FROM import_presets WHERE tenant_id = $1 AND name = $2 RETURNING name

-- ---------------------------------------------------------------- records of lists

-- name: lock_lists
-- Whoever adds records to a campaign does so one after the other: who is there already stays true until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 7))

-- name: subject_of_campaign
SELECT subject FROM campaigns WHERE tenant_id = $1 AND campaign_id = $2

-- name: held_records
-- Records of the campaign that share a person or a key with a piece of a list.
-- One look-up for each, by the index of persons or of keys (OFFSET 0; a campaign compared as `|| ''` is not looked up by): while a
-- table is being filled nobody knows how large it is, and an index of campaigns would seem as good.
SELECT r.* FROM unnest($3::text[]) AS wanted (person)
 CROSS JOIN LATERAL (SELECT record_id, person_key, source_key, subject FROM records
                      WHERE tenant_id = $1 AND person_key = wanted.person AND campaign_id || '' = $2 OFFSET 0) r
UNION
SELECT r.* FROM unnest($4::text[]) AS wanted (key)
 CROSS JOIN LATERAL (SELECT record_id, person_key, source_key, subject FROM records
                      WHERE tenant_id = $1 AND source_key = wanted.key AND campaign_id || '' = $2 OFFSET 0) r

-- name: stage_records
CREATE TEMPORARY TABLE IF NOT EXISTS staged_records (
    record_id text, source_key text, person_key text, customer_id text, numbers text, address_zone text, region text, language text,
    priority smallint, value bigint, not_before bigint, requested_at bigint, payload text, subject text,
    consented_at bigint, consents text
) ON COMMIT DELETE ROWS

-- name: insert_staged
INSERT INTO records (tenant_id, campaign_id, list_id, created_at, record_id, source_key, person_key, customer_id, numbers, address_zone,
                     region, language, priority, value, score, not_before, requested_at, payload, subject, consented_at, state, reason)
SELECT $1, $2, $3, $4, record_id, source_key, person_key, customer_id, numbers::jsonb, address_zone, region, language, priority, value,
       greatest(value, 1), not_before, requested_at, payload::jsonb, subject, consented_at,
       CASE WHEN not_before > $4 OR consented_at IS NOT NULL THEN 'resting' ELSE 'waiting' END,
       CASE WHEN not_before > $4 THEN 'not_due' WHEN consented_at IS NOT NULL THEN 'consent_on_its_way' END
  FROM staged_records

-- name: update_staged
-- Contents only: state, attempts and outcomes of the record stay.
UPDATE records r SET source_key = s.source_key, person_key = s.person_key, customer_id = s.customer_id, numbers = s.numbers::jsonb,
       number_index = CASE WHEN r.numbers = s.numbers::jsonb THEN r.number_index ELSE 0 END, address_zone = s.address_zone,
       region = s.region, language = s.language, priority = s.priority, value = s.value,
       score = r.score * greatest(s.value, 1) / greatest(r.value, 1), payload = s.payload::jsonb, subject = s.subject,
       consented_at = coalesce(s.consented_at, r.consented_at)
  FROM staged_records s
 WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.record_id = s.record_id

-- name: keep_list_consents
INSERT INTO list_consents (tenant_id, campaign_id, record_id, consents)
SELECT $1, $2, record_id, consents::jsonb FROM staged_records WHERE consents IS NOT NULL

-- name: take_list_consents
-- The oldest not told yet; whoever tells them takes them away.
DELETE FROM list_consents WHERE (tenant_id, consents_id) IN (
       SELECT tenant_id, consents_id FROM list_consents ORDER BY consents_id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING consents_id, tenant_id, campaign_id, record_id, consents

-- name: consents_told
-- Records that waited for it are judged a moment later, when the profile has read it.
UPDATE records r SET not_before = $4 FROM unnest($2::text[], $3::text[]) AS told (campaign_id, record_id)
 WHERE r.tenant_id = $1 AND r.campaign_id = told.campaign_id AND r.record_id = told.record_id AND r.state = 'resting'
   AND r.reason = 'consent_on_its_way' AND (r.not_before IS NULL OR r.not_before < $4)

-- name: messages_in_outbox
-- Counted no further than $1.
SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1) waiting

-- name: unstage_records
TRUNCATE staged_records

-- name: export_records
-- In the order they came, going on after a record.
SELECT record_id, source_key, customer_id, numbers, address_zone, region, language, priority, value, not_before, payload, subject, state,
       reason, attempts, contacts, last_outcome, last_attempt_at
  FROM records WHERE tenant_id = $1 AND campaign_id = $2 AND ($3 = '' OR list_id = $3) AND record_id > $4
 ORDER BY record_id LIMIT $5

-- name: own_fields
-- Names of the fields a campaign's records have beside the usual ones.
SELECT DISTINCT name FROM (
    SELECT jsonb_object_keys(payload -> 'fields') AS name FROM records
     WHERE tenant_id = $1 AND campaign_id = $2 AND ($3 = '' OR list_id = $3) AND payload ? 'fields') names
 ORDER BY name

-- ---------------------------------------------------------------- call plans

-- name: create_plan
INSERT INTO plans (tenant_id, plan_id, campaign_id, list_id, kind, title, made_at, pages, complete_by, lineage, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING

-- name: read_plan
SELECT campaign_id, list_id FROM plans WHERE tenant_id = $1 AND plan_id = $2 FOR UPDATE

-- name: keep_page
-- Nothing comes back for a page that was taken already.
INSERT INTO plan_pages (tenant_id, plan_id, page, calls, created, duplicates, refused) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING RETURNING page

-- name: page_is_there
SELECT EXISTS (SELECT 1 FROM plan_pages WHERE tenant_id = $1 AND plan_id = $2 AND page = $3)

-- name: list_plans
-- Newest first, of one campaign ($2) or of all (''), going on after a (received_at, plan_id).
SELECT p.*, (SELECT count(*) FROM plan_pages g WHERE g.tenant_id = p.tenant_id AND g.plan_id = p.plan_id) AS pages_there,
       (SELECT coalesce(sum(g.calls), 0) FROM plan_pages g WHERE g.tenant_id = p.tenant_id AND g.plan_id = p.plan_id) AS calls,
       (SELECT coalesce(sum(g.created), 0) FROM plan_pages g WHERE g.tenant_id = p.tenant_id AND g.plan_id = p.plan_id) AS created,
       (SELECT coalesce(sum(g.duplicates), 0) FROM plan_pages g WHERE g.tenant_id = p.tenant_id AND g.plan_id = p.plan_id) AS duplicates,
       (SELECT coalesce(jsonb_agg(r), '[]') FROM plan_pages g, jsonb_array_elements(g.refused) r
         WHERE g.tenant_id = p.tenant_id AND g.plan_id = p.plan_id) AS refused
  FROM plans p WHERE p.tenant_id = $1 AND ($2 = '' OR p.campaign_id = $2) AND (p.received_at, p.plan_id) < ($3, $4)
 ORDER BY p.received_at DESC, p.plan_id DESC LIMIT $5

-- ---------------------------------------------------------------- follow-ups of deals

-- name: read_follow_up_rules
SELECT rules, version, changed_at, changed_by FROM follow_up_rules WHERE tenant_id = $1

-- name: keep_follow_up_rules
-- Nothing comes back where somebody else changed them first.
INSERT INTO follow_up_rules AS f (tenant_id, rules, version, changed_at, changed_by) VALUES ($1, $2, 1, $4, $5)
ON CONFLICT (tenant_id) DO UPDATE SET rules = $2, version = f.version + 1, changed_at = $4, changed_by = $5 WHERE f.version = $3
RETURNING version

-- name: hear_deal
-- Nothing comes back for a revision older than one that was heard.
INSERT INTO followed_deals AS d (tenant_id, source, deal_key, revised_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, source, deal_key) DO UPDATE SET revised_at = $4 WHERE d.revised_at <= $4 RETURNING revised_at

-- name: keep_follow_up
-- One that was opened stays as it is, for good.
INSERT INTO follow_ups AS f (tenant_id, rule_id, source, deal_key, customer_key, revised_at, due_at, look_again_at, deal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
ON CONFLICT (tenant_id, rule_id, source, deal_key) DO UPDATE
   SET customer_key = $5, revised_at = $6, due_at = $7, look_again_at = $7, deal = $8, state = 'due', reason = NULL
 WHERE f.state <> 'opened'

-- name: drop_follow_ups
-- Those of a deal that no rule but these asks for any more.
UPDATE follow_ups SET state = 'dropped', reason = 'deal_changed', revised_at = $4
 WHERE tenant_id = $1 AND source = $2 AND deal_key = $3 AND state = 'due' AND NOT rule_id = ANY($5)

-- name: due_follow_ups
SELECT * FROM follow_ups WHERE state = 'due' AND look_again_at <= $1 ORDER BY look_again_at LIMIT $2

-- name: lock_follow_up
-- As it was seen, nobody else's until the transaction ends; nothing where it changed meanwhile.
SELECT 1 FROM follow_ups WHERE tenant_id = $1 AND rule_id = $2 AND source = $3 AND deal_key = $4 AND state = 'due' AND revised_at = $5
   FOR UPDATE SKIP LOCKED

-- name: follow_up_opened
UPDATE follow_ups SET state = 'opened', campaign_id = $5, record_id = $6, reason = NULL
 WHERE tenant_id = $1 AND rule_id = $2 AND source = $3 AND deal_key = $4

-- name: follow_up_waits
UPDATE follow_ups SET state = $5, reason = $6, look_again_at = $7
 WHERE tenant_id = $1 AND rule_id = $2 AND source = $3 AND deal_key = $4 AND state = 'due'

-- name: list_follow_ups
-- The latest due first, in one state ($2) or in all ('').
SELECT rule_id, source, deal_key, state, reason, due_at, campaign_id, record_id FROM follow_ups
 WHERE tenant_id = $1 AND ($2 = '' OR state = $2) AND (due_at, rule_id || deal_key) < ($3, $4)
 ORDER BY due_at DESC, rule_id || deal_key DESC LIMIT $5
